//! The overview picture, in bounded memory: cells are merged until at most some hundred thousand
//! are left.

use isopach::{
    change::DodRasters,
    cloud::Rect,
    compute::Result,
    raster::{
        Grid, Raster,
        picture::{self, PictureScale},
    },
};
use ndarray::Array2;

/// Largest side of the picture, pixels.
const LARGEST: f64 = 1400.0;

/// Sums a pixel.
#[derive(Clone, Copy, Default)]
struct Pixel {
    changes: u32,
    change: f32,
    significant: u32,
    tested: u32,
    one_epoch: u32,
    heights: u32,
    height: f32,
}

impl Pixel {
    /// The most frequent status of its cells.
    fn shown_status(&self) -> PictureScale {
        if self.changes == 0 {
            return if self.one_epoch > 0 {
                PictureScale::OneEpoch
            } else {
                PictureScale::Nothing
            };
        }
        if 2 * self.tested < self.changes {
            return PictureScale::Untested;
        }
        if 2 * self.significant > self.tested {
            PictureScale::Significant
        } else {
            PictureScale::Insignificant
        }
    }

    fn merge(&mut self, other: &Self) {
        self.changes += other.changes;
        self.change += other.change;
        self.significant += other.significant;
        self.tested += other.tested;
        self.one_epoch += other.one_epoch;
        self.heights += other.heights;
        self.height += other.height;
    }
}

/// Changes and heights, averaged to pixels.
pub(crate) struct Overview {
    grid: Grid,
    pixels: Array2<Pixel>,
}

impl Overview {
    pub(crate) fn new(whole: &Rect, cell_size: f64) -> Result<Self> {
        let side = whole.size()[0].max(whole.size()[1]);
        let cells = (side / cell_size / LARGEST).ceil().max(1.0);
        let grid = Grid::covering(whole, cell_size * cells)?;
        Ok(Self {
            grid,
            pixels: Array2::default((grid.rows, grid.columns)),
        })
    }

    pub(crate) fn add(&mut self, tile: &DodRasters) {
        let grid = tile.difference.grid;
        for ((row, column), &change) in tile.difference.values.indexed_iter() {
            let [x, y] = grid.centre(row, column);
            let Some(at) = self.grid.locate(x, y) else {
                continue;
            };
            let pixel = &mut self.pixels[at];
            if change.is_finite() {
                pixel.changes += 1;
                pixel.change += change as f32;
                let limit = tile.level_of_detection.values[[row, column]];
                pixel.significant += u32::from(change.abs() > limit);
                pixel.tested += u32::from(limit.is_finite());
            }
            let [height, later] = [0, 1].map(|epoch| tile.heights[epoch].values[[row, column]]);
            pixel.one_epoch += u32::from(height.is_finite() != later.is_finite());
            if height.is_finite() {
                pixel.heights += 1;
                pixel.height += height as f32;
            }
        }
    }

    /// The shaded change map, blue for gain and red for loss up to `limit` metres, and its grid. If
    /// few cells have points of both epochs, pixels are larger than cells, so that the map does not
    /// dissolve into single dots.
    pub(crate) fn png(&self, limit: f64) -> Result<(Vec<u8>, Grid)> {
        let coarser = self.to_coarser()?;
        // Pixels of twice the side cover as much ground, or a quarter more along the edges: unless
        // most of the small ones were empty.
        if coarser.covered_extent() < 1.5 * self.covered_extent() || coarser.pixels.len() < 1000 {
            return Ok((self.draw_map(limit)?, self.grid));
        }
        coarser.png(limit)
    }

    /// Ground with points of both epochs, m², at the resolution of the pixels.
    fn covered_extent(&self) -> f64 {
        self.pixels.iter().filter(|p| p.changes > 0).count() as f64 * self.grid.cell_size.powi(2)
    }

    /// The same map with pixels of twice the side.
    fn to_coarser(&self) -> Result<Self> {
        let grid = Grid::covering(&self.grid.extent(), 2.0 * self.grid.cell_size)?;
        let mut pixels: Array2<Pixel> = Array2::default((grid.rows, grid.columns));
        for ((row, column), from) in self.pixels.indexed_iter() {
            let [x, y] = self.grid.centre(row, column);
            if let Some(at) = grid.locate(x, y) {
                pixels[at].merge(from);
            }
        }
        Ok(Self { grid, pixels })
    }

    fn draw_map(&self, limit: f64) -> Result<Vec<u8>> {
        let change = self.pixels.mapv(|p| mean_of(p.change, p.changes));
        let shown = self.pixels.mapv(|p| p.shown_status());
        let heights = Raster {
            grid: self.grid,
            values: self.pixels.mapv(|p| mean_of(p.height, p.heights)),
        };
        picture::change_map(&change, &shown, &picture::hillshade(&heights), limit)
    }
}

/// The mean; NaN of none.
fn mean_of(sum: f32, count: u32) -> f64 {
    if count == 0 {
        f64::NAN
    } else {
        f64::from(sum) / f64::from(count)
    }
}
