//! Errors about grids, rasters and pictures.

use crate::Grid;
use isopach_cloud::Rect;
use isopach_compute::Error;

/// Reason why rasters are refused; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_raster::{Grid, Raster, RasterError};
/// let grid = Grid { cell_size: 1.0, first: [0, 0], columns: 2, rows: 2 };
/// let error = Raster::from_rows(grid, vec![1.0]).unwrap_err();
/// let cause = error.find_cause::<RasterError>();
/// assert!(matches!(cause, Some(RasterError::ValueCount { given: 1, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// The rectangle that a grid shall cover is not finite.
    #[error("a grid cannot cover {extent}: give finite coordinates")]
    ExtentNotFinite {
        /// The rectangle.
        extent: Rect,
    },
    /// The values are not one per cell.
    #[error("{given} values for {rows} rows of {columns} cells: give one per cell")]
    ValueCount {
        /// Values that were given.
        given: usize,
        /// Rows of the grid.
        rows: usize,
        /// Cells per row.
        columns: usize,
    },
    /// The arrays of a picture differ in shape.
    #[error(
        "the arrays of a map have the shapes {change:?}, {shown:?} and {shade:?}, but must have the same"
    )]
    PictureShapes {
        /// Rows and columns of the changes.
        change: (usize, usize),
        /// Rows and columns of the kinds of pixels.
        shown: (usize, usize),
        /// Rows and columns of the shade.
        shade: (usize, usize),
    },
    /// A mosaic was given a tile before its extent.
    #[error("a tile arrived before the mosaic was begun: call `TileSink::begin` first")]
    MosaicNotBegun,
    /// A tile does not lie on the cells of its mosaic.
    #[error(
        "a tile's raster ({tile:?}) does not lie on the mosaic's grid ({mosaic:?}): give both the same cell size, and tiles within the extent"
    )]
    TileOffGrid {
        /// Grid of the tile.
        tile: Grid,
        /// Grid of the mosaic.
        mosaic: Grid,
    },
}

impl From<RasterError> for Error {
    fn from(error: RasterError) -> Self {
        Self::invalid_input(error)
    }
}
