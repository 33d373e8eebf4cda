//! Files that hold the same points: one named twice, a copy under another name, `NAME.laz` beside `NAME.copc.laz`.
//!
//! Cheap first: the place of the file, then the number of points and their box. Only where those agree are both decoded: their
//! coordinates, in steps of one of the two files, must be the same as a set with repetitions, whatever their order.

use crate::Las;
use isopach_cloud::Columns;
use isopach_compute as compute;
use isopach_tiling::PointSource;
use rayon::prelude::*;
use std::path::PathBuf;

/// A file that was left out of a catalogue, because another has its points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The file that is read.
    pub kept: PathBuf,
    /// The file that is not.
    pub left_out: PathBuf,
}

/// Steps of stored integers: coordinates are counted in them.
#[derive(Clone, Copy)]
struct Steps {
    scale: [f64; 3],
    offset: [f64; 3],
}

impl Steps {
    fn of(las: &Las) -> Self {
        Self { scale: las.frame.scale, offset: las.frame.offset }
    }
}

/// Leaves out files whose points another one before them has.
pub(crate) fn drop_duplicates(files: Vec<Las>) -> compute::Result<(Vec<Las>, Vec<Duplicate>)> {
    let mut kept: Vec<Las> = Vec::new();
    let mut duplicates = Vec::new();
    for file in files {
        match first_with_points_of(&kept, &file)? {
            Some(other) => {
                duplicates.push(Duplicate { kept: other.path().to_owned(), left_out: file.path().to_owned() });
            }
            None => kept.push(file),
        }
    }
    Ok((kept, duplicates))
}

/// Pairs of files, one of each, that hold the same points.
pub(crate) fn shared<'a>(ours: &'a [Las], theirs: &'a [Las]) -> compute::Result<Vec<[&'a Las; 2]>> {
    let mut pairs = Vec::new();
    for file in ours {
        if let Some(other) = first_with_points_of(theirs, file)? {
            pairs.push([file, other]);
        }
    }
    Ok(pairs)
}

fn first_with_points_of<'a>(among: &'a [Las], file: &Las) -> compute::Result<Option<&'a Las>> {
    for other in among {
        if have_the_same_points(other, file)? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Whether two files hold the same coordinates, in any order.
fn have_the_same_points(a: &Las, b: &Las) -> compute::Result<bool> {
    if a.header().point_count != b.header().point_count || a.header().point_count == 0 {
        return Ok(false);
    }
    if a.is_file_of(b) {
        return Ok(true);
    }
    if !have_the_same_box(a, b) {
        return Ok(false);
    }
    // A copy may have been rounded to other steps: then those of the copy tell.
    for steps in [Steps::of(a), Steps::of(b)] {
        if sums(a, steps)? == sums(b, steps)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the boxes agree within the rounding of both files.
fn have_the_same_box(a: &Las, b: &Las) -> bool {
    let (here, there) = (a.bounds(), b.bounds());
    let near = |corner: usize, axis: usize| {
        let step = a.frame.scale[axis].abs().max(b.frame.scale[axis].abs());
        (here[corner][axis] - there[corner][axis]).abs() <= 1.5 * step
    };
    (0..2).all(|corner| (0..3).all(|axis| near(corner, axis)))
}

/// Two sums over the points of hashes of their places, which do not depend on their order.
fn sums(las: &Las, steps: Steps) -> compute::Result<[u64; 2]> {
    let chunk = |chunk: usize| -> compute::Result<[u64; 2]> {
        let points = las.read_chunk(chunk, Columns::XYZ)?;
        let hashes = points.xyz.iter().map(|point| {
            let stored = |axis: usize| ((point[axis] - steps.offset[axis]) / steps.scale[axis]).round() as i64 as u64;
            (0..3).fold(0x9E37_79B9_7F4A_7C15, |hash, axis| mixed(hash ^ stored(axis)))
        });
        Ok(hashes.fold([0; 2], |sums, hash| add(sums, [hash, mixed(hash)])))
    };
    (0..las.chunk_count()).into_par_iter().map(chunk).try_reduce(|| [0; 2], |a, b| Ok(add(a, b)))
}

fn add(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])]
}

/// SplitMix64's finaliser.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}
