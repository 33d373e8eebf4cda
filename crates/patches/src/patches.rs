//! Parameters of patches.

use crate::{Augmentation, grid::PatchGrid};
use isopach_compute::{Error, Result};

/// Square patches of a survey, and the points of each that are taken.
///
/// ```
/// use isopach_patches::{Patches, Sample};
/// let patches = Patches { side: 50.0, sample: Sample::Farthest(4096), ..Patches::default() };
/// assert_eq!((Patches::default().side, Patches::default().sample), (150.0, Sample::Random(16_384)));
/// # let _ = patches;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Patches {
    /// Side of a patch, metres, a whole number of centimetres, at most 4,096 m.
    pub side: f64,
    /// Overlap of neighbouring patches, metres, a whole number of centimetres, less than the side.
    ///
    /// Cores of `side − overlap` tile the plane on absolute multiples of their side. A patch is its
    /// core and half of the overlap around it; it is there if its core has a point.
    pub overlap: f64,
    /// Points that are taken.
    pub sample: Sample,
    /// Seed of all random choices.
    pub seed: u64,
    /// Fewest points of a patch: patches with fewer are left out, and counted. Patches with fewer
    /// points than the sample draw them repeatedly, and are counted.
    pub at_least: u64,
    /// Height that heights are counted from.
    pub zero_height: ZeroHeight,
    /// Columns made to mean 0 and standard deviation 1.
    pub normalisation: Normalisation,
    /// Changed copies of each patch.
    pub augmentation: Option<Augmentation>,
}

/// Points of a patch that are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sample {
    /// All points, in random order.
    All,
    /// So many points at random, each with the same chance.
    Random(usize),
    /// So many points, spread over cubes of a lattice: at random one of each cube, then a second
    /// of each, and so on. The numbers of points of two cubes differ by more than one only where a
    /// cube has no more.
    VoxelStratified {
        /// Number of points.
        n: usize,
        /// Side of a cube, metres.
        voxel: f64,
    },
    /// One point of each cube of a lattice of this side (metres), at random.
    OnePerVoxel(f64),
    /// So many points, each the farthest from those before it: exact. The first is the one
    /// horizontally nearest to the centre of the patch.
    Farthest(usize),
}

impl Sample {
    /// Number of points, where it is the same for every patch.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match *self {
            Self::Random(n) | Self::VoxelStratified { n, .. } | Self::Farthest(n) => Some(n),
            Self::All | Self::OnePerVoxel(_) => None,
        }
    }
}

/// Height that the heights of a patch are counted from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ZeroHeight {
    /// That of the lowest point of the patch.
    #[default]
    Lowest,
    /// The median height of its ground points, those of these ASPRS classes; of a patch without
    /// any, that of the lowest point: such patches are counted.
    Ground(Vec<u8>),
    /// One height for all patches, metres.
    Fixed(f64),
}

/// Whether columns are made to mean 0 and standard deviation 1, and by whose statistics.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Normalisation {
    /// Columns stay as they are.
    #[default]
    None,
    /// By the statistics of these patches.
    Own,
    /// By the statistics of others, such as those of a training set for its test set.
    Given(crate::Statistics),
}

impl Default for Patches {
    /// 150 m without overlap, 16,384 points at random, patches of 1,024 points at least, heights
    /// from the lowest point, neither normalised nor augmented.
    fn default() -> Self {
        Self {
            side: 150.0,
            overlap: 0.0,
            sample: Sample::Random(16_384),
            seed: 0,
            at_least: 1024,
            zero_height: ZeroHeight::Lowest,
            normalisation: Normalisation::None,
            augmentation: None,
        }
    }
}

/// Most points of a sample.
const MOST: usize = 1 << 26;

impl Patches {
    /// Validates all parameters.
    pub(crate) fn check(&self) -> Result<PatchGrid> {
        let grid = PatchGrid::new(self.side, self.overlap)?;
        if let Some(n) = self.sample.count() {
            let is_count = (1..=MOST).contains(&n);
            let must = "be from 1 to 67108864";
            Error::check("number of points of a sample", n as f64, is_count, must)?;
        }
        if let Sample::VoxelStratified { voxel, .. } | Sample::OnePerVoxel(voxel) = self.sample {
            isopach_cloud::checked_cell_size(voxel)?;
        }
        let least = self.at_least;
        let must = "be at least 1";
        Error::check("fewest points of a patch", least as f64, least > 0, must)?;
        match &self.zero_height {
            ZeroHeight::Fixed(height) => {
                let must = "be a finite number";
                Error::check("zero height", *height, height.is_finite(), must)?;
            }
            ZeroHeight::Ground(classes) => {
                let count = classes.len() as f64;
                Error::check("number of ground classes", count, !classes.is_empty(), must)?;
            }
            ZeroHeight::Lowest => {}
        }
        if let Some(augmentation) = &self.augmentation {
            augmentation.check()?;
        }
        Ok(grid)
    }
}
