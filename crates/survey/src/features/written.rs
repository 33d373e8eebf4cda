//! Results of one tile for the file of a run.

use isopach::features::{FeatureTile, HeightTile, OutlierTile, PathTile};

/// Results of the operations of a run on one tile.
pub(super) struct WrittenTile {
    pub(super) tile: FeatureTile,
    /// Heights above ground, if they are wanted.
    pub(super) heights: Option<HeightTile>,
    /// Outliers, if they are wanted.
    pub(super) outliers: Option<OutlierTile>,
    /// Points whose time is outside the path of the scanner.
    pub(super) outside_path: u64,
}

impl From<FeatureTile> for WrittenTile {
    fn from(tile: FeatureTile) -> Self {
        Self {
            tile,
            heights: None,
            outliers: None,
            outside_path: 0,
        }
    }
}

impl From<PathTile> for WrittenTile {
    fn from(oriented: PathTile) -> Self {
        Self {
            outside_path: oriented.outside_path,
            ..Self::from(oriented.tile)
        }
    }
}

impl<T: Into<Self>> From<(T, HeightTile)> for WrittenTile {
    fn from((others, heights): (T, HeightTile)) -> Self {
        Self {
            heights: Some(heights),
            ..others.into()
        }
    }
}

impl<T: Into<Self>> From<(T, OutlierTile)> for WrittenTile {
    fn from((others, outliers): (T, OutlierTile)) -> Self {
        Self {
            outliers: Some(outliers),
            ..others.into()
        }
    }
}
