//! Choosing points of a patch.

mod farthest;
mod keyed;
mod voxels;

use crate::{
    Sample,
    key::{PatchKey, Purpose},
    order::PointOrder,
};
use isopach_compute::Result;

/// The points of a patch, with the parameters of their choice.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) order: &'a PointOrder<'a>,
    /// Indices of the points of the patch.
    pub(crate) members: &'a [u32],
    /// Centre of the patch, absolute ticks.
    pub(crate) centre: [i64; 2],
    pub(crate) seed: u64,
    /// Column and row of the patch.
    pub(crate) patch: [i64; 2],
}

impl Choice<'_> {
    fn key(&self, round: u64) -> PatchKey {
        PatchKey::new(self.seed, self.patch, Purpose::Draw(round))
    }

    /// Chooses points; their indices, in the order of the rows.
    ///
    /// Fewer points than the sample has are drawn again and again, all of them each time.
    pub(crate) fn choose(&self, sample: Sample) -> Result<Vec<u32>> {
        match sample {
            Sample::All => Ok(keyed::first(self, 0, self.members.len())),
            Sample::Random(n) => Ok(self.in_rounds(n)),
            Sample::VoxelStratified { n, voxel } => {
                let mut chosen = voxels::stratified(self, n, voxel);
                let more = n - chosen.len();
                chosen.extend(self.later_rounds(more));
                Ok(chosen)
            }
            Sample::OnePerVoxel(voxel) => Ok(voxels::one_each(self, voxel)),
            Sample::Farthest(n) => {
                let chosen = farthest::farthest(self, n.min(self.members.len()))?;
                Ok(chosen.iter().copied().cycle().take(n).collect())
            }
        }
    }

    /// `n` points at random, in as many rounds as it takes.
    fn in_rounds(&self, n: usize) -> Vec<u32> {
        let mut chosen = keyed::first(self, 0, n.min(self.members.len()));
        let more = n - chosen.len();
        chosen.extend(self.later_rounds(more));
        chosen
    }

    /// `n` more points at random, after all were drawn once.
    fn later_rounds(&self, n: usize) -> Vec<u32> {
        let mut chosen = Vec::with_capacity(n);
        let mut round = 1;
        while chosen.len() < n {
            let left = n - chosen.len();
            chosen.extend(keyed::first(self, round, left.min(self.members.len())));
            round += 1;
        }
        chosen
    }
}
