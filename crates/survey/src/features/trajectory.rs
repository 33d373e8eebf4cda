//! The path of the scanner, from a file.

use super::FeatureOptionError;
use isopach::{
    cloud::Columns,
    compute::{Error, Result},
    features::{OrientationError, Trajectory},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// Bytes of the longest line that is read.
const LONGEST_LINE: u64 = 4096;

/// Bytes of a row in memory.
const ROW_BYTES: u64 = 32;

/// Reads a path: a row `time x y z` a line, separated by commas, semicolons, tabs or spaces. Further
/// columns, a first line of names, empty lines and lines that begin with # are passed over.
///
/// `factors` are metres a unit of x, y and z.
pub(super) fn read_trajectory(path: &Path, memory: u64, factors: [f64; 3]) -> Result<Trajectory> {
    let file = File::open(path).map_err(|error| Error::of_file(path, error))?;
    let mut lines = BufReader::new(file);
    let mut times = Vec::new();
    let mut positions = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut rest = lines.by_ref().take(LONGEST_LINE);
        let count = rest.read_until(b'\n', &mut line);
        if count.map_err(|error| Error::of_file(path, error))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let is_whole = line.ends_with(b"\n") || line.len() < LONGEST_LINE as usize;
        match row_of(text.trim()) {
            _ if text.trim().is_empty() || text.starts_with('#') => {}
            Some([time, x, y, z]) if is_whole => {
                times.push(time);
                positions.push([x * factors[0], y * factors[1], z * factors[2]]);
            }
            None if number == 1 && is_whole => {} // names of columns
            _ => {
                return Err(FeatureOptionError::NoTrajectoryRow {
                    path: path.into(),
                    line: number,
                }
                .into());
            }
        }
        if times.len() as u64 * ROW_BYTES > memory {
            return Err(Error::OutOfMemory {
                what: "the trajectory",
                requested: times.len() as u64 * ROW_BYTES,
                budget: memory,
                advice: "give --memory more, or every tenth row of the trajectory",
            });
        }
    }
    Trajectory::new(times, positions).map_err(|error| Error::of_file(path, error))
}

fn row_of(line: &str) -> Option<[f64; 4]> {
    let is_separator = |c: char| matches!(c, ',' | ';') || c.is_whitespace();
    let words = line.split(is_separator).filter(|word| !word.is_empty());
    let mut numbers = words.map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?, next()?])
}

/// Refuses files without the times that a path needs.
pub(super) fn check_times(of_files: Columns) -> Result<()> {
    if of_files.contains(Columns::GPS_TIME) {
        return Ok(());
    }
    Err(OrientationError::NoTimes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_times_are_refused() {
        assert!(check_times(Columns::XYZ | Columns::GPS_TIME).is_ok());
        let refused = check_times(Columns::XYZ | Columns::INTENSITY).unwrap_err();
        let cause = refused.find_cause::<OrientationError>();
        assert_eq!(cause, Some(&OrientationError::NoTimes));
    }

    #[test]
    fn places_in_feet_become_metres() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("path.txt");
        std::fs::write(&path, "t,x,y,z\n0,100,200,50\n2,300,200,70\n").unwrap();
        let trajectory = read_trajectory(&path, 1 << 20, [0.3048, 0.3048, 1.0]).unwrap();
        let found = trajectory.position_at(1.0).unwrap();
        let expected = [200.0 * 0.3048, 200.0 * 0.3048, 60.0];
        let differences = (0..3).map(|axis| (found[axis] - expected[axis]).abs());
        assert!(differences.fold(0.0, f64::max) < 1e-9, "{found:?}");
    }

    #[test]
    fn rows_have_any_of_the_separators() {
        for line in ["1.5,2,3,4", "1.5 2 3 4 9 9", "1.5;2;3;4", "1.5\t 2,  3 4"] {
            assert_eq!(row_of(line), Some([1.5, 2.0, 3.0, 4.0]), "{line}");
        }
        for line in ["time,x,y,z", "1,2,3", "", "1,2,x,4"] {
            assert_eq!(row_of(line), None, "{line}");
        }
    }
}
