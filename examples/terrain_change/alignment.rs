//! What is left of a misalignment, found on thinned clouds.

use crate::arguments::Align;
use isopach::{
    Backend,
    cloud::{Cloud, Origin, Rect, Rigid},
    compute::{Choice, Error, Result},
    registration::{Alignment, Icp, NORMAL_NEIGHBOURS, Pair, PointToPlane, Target, Tukey, coarse, target_normals},
    tiling::{PointSource, Tile, TileOperation, Tiling},
};

/// Points a cloud is thinned to, about.
const SAMPLE: f64 = 150_000.0;
/// Metres that a pair may be apart at first.
const FIRST_DISTANCE: f64 = 1.0;
/// Rounds with a robust kernel, and its width in residuals of the round before.
const ROUNDS: usize = 4;
const KERNEL_WIDTH: f64 = 3.5;

/// One point a cell of the absolute grid, of the cells that the tile owns.
struct Thinned {
    spacing: f64,
}

impl<B: ?Sized> TileOperation<1, B> for Thinned {
    type Output = Vec<[f64; 3]>;

    fn halo(&self) -> f64 {
        self.spacing * std::f64::consts::SQRT_2
    }

    fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<Self::Output> {
        let points = tile.epochs[0].positions();
        let chosen = points.spaced(self.spacing)?;
        let all = chosen.into_iter().map(|i| points.absolute(i as usize));
        Ok(all.filter(|[x, y, _]| tile.cells.own([*x, *y])).collect())
    }
}

/// The motion that brings `compared` onto `reference`: ICP, after phase correlation if asked for, then again with kernels that do not
/// listen to changed ground.
pub(crate) fn find(
    reference: &dyn PointSource,
    compared: &dyn PointSource,
    how: Align,
    tiling: &Tiling,
    choice: &Choice<dyn Backend>,
) -> Result<Alignment> {
    let area = reference.extent().area().max(compared.extent().area());
    let points = reference.point_count().max(compared.point_count()) as f64;
    // No finer than the points are apart, and no more of them than the sample.
    let spacing = (area / points.min(SAMPLE)).sqrt().max(0.25);
    let (target, source) = (thinned(reference, spacing, tiling, choice)?, thinned(compared, spacing, tiling, choice)?);
    let pair = Pair { source: source.positions(), target: target.positions() };
    let centre = target.positions().extent().ok_or_else(|| Error::InvalidInput("nothing to align".into()))?.centre();
    let start = match how {
        Align::CoarseIcp => coarse::by_phase_correlation(pair, spacing.max(1.0))?.target_from_source,
        Align::Icp | Align::None => Rigid::identity([centre[0], centre[1], 0.0]),
    };
    choice.run(|on| {
        let normals = target_normals(on, pair.target, NORMAL_NEIGHBOURS)?;
        let pairing = on.pairing(pair.source, Target { positions: pair.target, normals: &normals })?;
        let mut found = Icp::point_to_plane(FIRST_DISTANCE).align_paired(&*pairing, pair, start)?;
        // Each round listens less to what is far off: ground that has changed. The last ones agree on who that is.
        for _ in 0..ROUNDS {
            let width = (KERNEL_WIDTH * found.rmse).clamp(0.05, FIRST_DISTANCE);
            let robust = Icp::with_factor(Tukey { factor: PointToPlane, width }, FIRST_DISTANCE);
            found = robust.align_paired(&*pairing, pair, found.target_from_source)?;
        }
        Ok(found)
    })
}

/// A cloud of one point a cell, in an order that does not depend on tiles.
fn thinned(source: &dyn PointSource, spacing: f64, tiling: &Tiling, choice: &Choice<dyn Backend>) -> Result<Cloud> {
    let mut points: Vec<[f64; 3]> = Vec::new();
    tiling.stream(choice, &Thinned { spacing }, [source], &mut |_: Rect, tile: Vec<[f64; 3]>| {
        points.extend(tile);
        Ok(())
    })?;
    points.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])).then(a[2].total_cmp(&b[2])));
    let [x, y] = source.extent().centre();
    let [low, high] = source.height_range();
    Cloud::from_points_about(&points, Origin::near([x, y, 0.5 * (low + high)])?)
}
