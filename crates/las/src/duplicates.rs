//! Files that hold the same points: one named twice, a copy under another name, `NAME.laz` beside
//! `NAME.copc.laz`.
//!
//! The cheap tests come first: the box of the file, then the number of points. Only if those agree
//! are both files decoded. Their coordinates, in steps of one of the two files, must be equal as
//! multisets, in any order. Attributes are not compared.

use crate::Las;
use isopach_cloud::Columns;
use isopach_compute as compute;
use isopach_tiling::PointSource;
use rayon::prelude::*;
use std::{collections::HashMap, path::PathBuf};

/// A file that was skipped in a catalogue, because another has the same points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The file that is read.
    pub kept: PathBuf,
    /// The file that is skipped.
    pub left_out: PathBuf,
}

/// Steps of stored integers: coordinates are counted in them.
#[derive(Clone, Copy)]
struct Steps {
    scale: [f64; 3],
    offset: [f64; 3],
}

impl Steps {
    fn of_file(las: &Las) -> Self {
        Self {
            scale: las.frame.scale,
            offset: las.frame.offset,
        }
    }

    /// Equal for equal steps.
    fn sort_key(&self) -> [[u64; 3]; 2] {
        [self.scale, self.offset].map(|values| values.map(f64::to_bits))
    }
}

/// Leaves out files whose points another one before them has.
pub(crate) fn drop_duplicates(files: Vec<Las>) -> compute::Result<(Vec<Las>, Vec<Duplicate>)> {
    let mut compared = Compared::from_files(files.iter().collect());
    let mut first: Vec<usize> = Vec::new();
    let mut originals = Vec::new();
    for file in 0..files.len() {
        let original = compared.first_with_points_of(file, first.iter().copied())?;
        if original.is_none() {
            first.push(file);
        }
        originals.push(original.map(|original| files[original].path().to_owned()));
    }
    let mut kept = Vec::new();
    let mut duplicates = Vec::new();
    for (file, original) in files.into_iter().zip(originals) {
        match original {
            Some(original) => duplicates.push(Duplicate {
                kept: original,
                left_out: file.path().to_owned(),
            }),
            None => kept.push(file),
        }
    }
    Ok((kept, duplicates))
}

/// Pairs of files, one of each, that hold the same points.
pub(crate) fn shared_files<'a>(
    ours: &'a [Las],
    theirs: &'a [Las],
) -> compute::Result<Vec<[&'a Las; 2]>> {
    let mut compared = Compared::from_files(ours.iter().chain(theirs).collect());
    let mut pairs = Vec::new();
    for (number, file) in ours.iter().enumerate() {
        if let Some(other) =
            compared.first_with_points_of(number, ours.len()..ours.len() + theirs.len())?
        {
            pairs.push([file, compared.files[other]]);
        }
    }
    Ok(pairs)
}

/// A group of candidate duplicates with their cached checksums, so that each file is decoded once
/// per step size.
struct Compared<'a> {
    files: Vec<&'a Las>,
    /// By the number of a file and the steps.
    sums: HashMap<(usize, [[u64; 3]; 2]), [u64; 2]>,
}

impl<'a> Compared<'a> {
    fn from_files(files: Vec<&'a Las>) -> Self {
        Self {
            files,
            sums: HashMap::new(),
        }
    }

    /// The first file `among` those numbers that has the points of `file`.
    fn first_with_points_of(
        &mut self,
        file: usize,
        among: impl Iterator<Item = usize>,
    ) -> compute::Result<Option<usize>> {
        for other in among {
            if self.have_the_same_points(other, file)? {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// Whether two files hold the same coordinates, in any order.
    fn have_the_same_points(&mut self, first: usize, second: usize) -> compute::Result<bool> {
        let a = self.files[first];
        let b = self.files[second];
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
        for steps in [Steps::of_file(a), Steps::of_file(b)] {
            if self.sums_of_file(first, steps)? == self.sums_of_file(second, steps)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Like [`sums`], once a file and its steps.
    fn sums_of_file(&mut self, file: usize, steps: Steps) -> compute::Result<[u64; 2]> {
        let key = (file, steps.sort_key());
        if let Some(known) = self.sums.get(&key) {
            return Ok(*known);
        }
        let found = sum_points(self.files[file], steps)?;
        self.sums.insert(key, found);
        Ok(found)
    }
}

/// Whether the boxes agree within the rounding of both files.
fn have_the_same_box(a: &Las, b: &Las) -> bool {
    let here = a.point_bounds();
    let there = b.point_bounds();
    (0..3).all(|axis| {
        let step = a.frame.scale[axis].abs().max(b.frame.scale[axis].abs());
        (0..2).all(|corner| (here[corner][axis] - there[corner][axis]).abs() <= 1.5 * step)
    })
}

/// Two sums over the points of hashes of their places, which do not depend on their order.
fn sum_points(las: &Las, steps: Steps) -> compute::Result<[u64; 2]> {
    (0..las.chunk_count())
        .into_par_iter()
        .map(|chunk| sum_chunk(las, chunk, steps))
        .try_reduce(|| [0; 2], |a, b| Ok(add_sums(a, b)))
}

fn sum_chunk(las: &Las, chunk: usize, steps: Steps) -> compute::Result<[u64; 2]> {
    let points = las.read_chunk(chunk, Columns::XYZ)?;
    let hashes = points.xyz.iter().map(|point| {
        (0..3).fold(0x9E37_79B9_7F4A_7C15, |hash, axis| {
            let stored = ((point[axis] - steps.offset[axis]) / steps.scale[axis]).round();
            mix_word(hash ^ stored as i64 as u64)
        })
    });
    Ok(hashes.fold([0; 2], |sums, hash| add_sums(sums, [hash, mix_word(hash)])))
}

fn add_sums(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])]
}

/// SplitMix64's finaliser.
fn mix_word(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LazWriter, Schema};
    use isopach_cloud::Cloud;

    #[test]
    fn a_file_is_decoded_once_for_the_same_steps() {
        let dir = tempfile::tempdir().unwrap();
        // Three files of one box whose middle point differs.
        let open = |height: f64| {
            let path = dir.path().join(format!("{height}.laz"));
            let points = [[0.0; 3], [5.0, 5.0, height], [10.0; 3]];
            let mut writer = LazWriter::create(&path, &Schema::default()).unwrap();
            writer
                .write(&Cloud::from_points(&points).unwrap(), &[])
                .unwrap();
            writer.finish().unwrap();
            Las::open(&path).unwrap()
        };
        let files = [1.0, 2.0, 3.0].map(open);
        let mut compared = Compared::from_files(files.iter().collect());
        for file in 1..3 {
            assert_eq!(compared.first_with_points_of(file, 0..file).unwrap(), None);
        }
        assert_eq!(
            compared.sums.len(),
            3,
            "of each file in the steps that all have"
        );
        // Nothing is left to decode.
        std::fs::remove_dir_all(dir.path()).unwrap();
        let known = compared.sums.clone();
        assert_eq!(compared.first_with_points_of(2, 0..2).unwrap(), None);
        assert_eq!(compared.sums, known);
    }
}
