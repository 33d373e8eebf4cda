//! Plans: who owns a point, and surveys that cannot be planned.

use super::*;
use crate::regions::Regions;
use proptest::prelude::*;

fn extent(min: [f64; 2], size: [f64; 2]) -> Rect {
    Rect {
        min,
        max: std::array::from_fn(|axis| min[axis] + size[axis]),
    }
}

/// Tiles that a point goes to.
fn routed(plan: &Plan, point: [f64; 2]) -> Vec<usize> {
    let mut tiles = Vec::new();
    assert!(plan.for_each_tile_at(point.map(to_ticks), |tile| tiles.push(tile as usize)));
    tiles
}

proptest! {
    #[test]
    fn each_point_has_one_owner_and_the_tiles_around_it(
        min in prop::array::uniform2(-3000.0..3000.0f64), size in prop::array::uniform2(0.0..400.0f64),
        at in prop::array::uniform2(0.0..=1.0f64),
        tile in prop::sample::select(vec![f64::INFINITY, 500.0, 100.0, 33.3, 0.2]),
        cell in prop::sample::select(vec![1.0, 0.1, 0.3, 2.5]), halo in 0.0..50.0f64, most in prop::sample::select(vec![3, 50, u64::MAX]),
    ) {
        let tile = f64::max(tile, cell * 10.0);
        let heavy = |core: &Cells| TileEstimate { points: 0, bytes: u64::from(core.own(min)) * core.counts()[0] as u64 };
        let plan = Plan::within_limits(&extent(min, size), tile, halo, &[cell], Limits { tile_bytes: most, ..Limits::NONE }, &heavy).unwrap();
        let point = std::array::from_fn(|axis| from_ticks(to_ticks(min[axis] + at[axis] * size[axis])));
        let owners: Vec<usize> = (0..plan.len()).filter(|&i| plan.core(i).own(point)).collect();
        prop_assert_eq!(owners.len(), 1);
        prop_assert!(plan.core(owners[0]).rect().contains(point));
        let routed = routed(&plan, point);
        prop_assert!(routed.contains(&owners[0]));
        for i in 0..plan.len() {
            let core = plan.core(i).rect();
            let away = (0..2).map(|axis| (core.min[axis] - point[axis]).max(point[axis] - core.max[axis]).max(0.0));
            let away = away.fold(0.0, f64::max);
            prop_assert!(away > halo || routed.contains(&i), "needed at {} m and not there", away);
            prop_assert!(away <= halo + 4.0 * TICK || !routed.contains(&i), "there at {} m, not needed", away);
        }
    }

    #[test]
    fn cores_are_apart_and_fill_the_whole(
        min in prop::array::uniform2(-300.0..300.0f64), size in prop::array::uniform2(0.0..90.0f64),
        tile in prop::sample::select(vec![f64::INFINITY, 33.3, 7.0]), cell in prop::sample::select(vec![1.0, 0.7, 2.5]),
        most in prop::sample::select(vec![7, 100, u64::MAX]),
    ) {
        let heavy = |core: &Cells| TileEstimate { points: 0, bytes: core.counts().iter().product::<i64>() as u64 };
        let plan = Plan::within_limits(&extent(min, size), tile, 1.0, &[cell], Limits { tile_bytes: most, ..Limits::NONE }, &heavy).unwrap();
        prop_assert!(most == u64::MAX || (0..plan.len()).all(|i| heavy(&plan.core(i)).bytes <= most));
        let area = |cells: Cells| cells.counts().iter().product::<i64>();
        prop_assert!((0..plan.len()).all(|i| plan.core(i).counts().iter().all(|&n| n > 0)));
        prop_assert_eq!((0..plan.len()).map(|i| area(plan.core(i))).sum::<i64>(), area(plan.whole()));
    }
}

#[test]
fn tile_edges_fall_on_cells() {
    let plan = Plan::new(&extent([0.0, 0.0], [100.0, 100.0]), 33.3, 0.0, &[1.0]).unwrap();
    assert_eq!(plan.core(1).first, [33, 0]);
    assert_eq!(plan.len(), 16);
    let plan = Plan::new(
        &extent([0.0, 0.0], [100.0, 100.0]),
        33.3,
        0.0,
        &[1.0, 0.5, 5.0],
    )
    .unwrap();
    assert_eq!(plan.core(1).rect().min, [35.0, 0.0]);
}

#[test]
fn the_grid_is_absolute_below_zero_too() {
    let plan = Plan::new(&extent([-40.0, -5.0], [30.0, 10.0]), 33.0, 0.0, &[]).unwrap();
    let cores: Vec<_> = (0..plan.len())
        .map(|i| (plan.core(i).first, plan.core(i).end))
        .collect();
    let south = [([-40, -5], [-33, 0]), ([-33, -5], [-9, 0])];
    let north = [([-40, 0], [-33, 6]), ([-33, 0], [-9, 6])];
    assert_eq!(cores, [south, north].concat());
}

#[test]
fn infinite_means_as_few_as_can_be_reached() {
    let tiles = |min: f64, size: f64| {
        Plan::new(&extent([min, 0.0], [size, 5.0]), f64::INFINITY, 10.0, &[]).unwrap()
    };
    assert_eq!(tiles(4000.0, 200.0).len(), 1, "wherever it lies");
    assert_eq!(tiles(0.5, 4095.0).len(), 1);
    let two = tiles(0.0, 5000.0);
    assert_eq!(
        (two.len(), two.core(0).counts()[0], two.core(1).counts()[0]),
        (2, 2501, 2500),
        "and even"
    );
    assert_eq!(
        Plan::new(&extent([4000.0, 0.0], [200.0, 5.0]), 1e9, 0.0, &[])
            .unwrap()
            .len(),
        2,
        "finite: absolute"
    );
}

#[test]
fn a_tile_has_no_more_cells_than_fit() {
    let plan = Plan::new(&extent([0.0, 0.0], [9000.0, 10.0]), 4096.0, 0.0, &[2700.0]).unwrap();
    assert_eq!(plan.core(0).counts()[0], 1);
}

#[test]
fn numbers_that_cannot_be_are_named() {
    let area = extent([0.0, 0.0], [10.0, 10.0]);
    for (tile, halo, cell, name) in [
        (f64::NAN, 0.0, 1.0, "tile size"),
        (-1.0, 0.0, 1.0, "tile size"),
        (10.0, 5000.0, 1.0, "halo"),
        (10.0, f64::NAN, 1.0, "halo"),
        (10.0, -1.0, 1.0, "halo"),
        (10.0, 0.0, 0.0, "cell size"),
        (10.0, 0.0, 9000.0, "cell size"),
        (10.0, 0.0, 1e-300, "cell size"),
        (1e-5, 0.0, 1e-5, "the table of all tiles"),
    ] {
        let error = Plan::new(&area, tile, halo, &[cell])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(name), "{error}");
    }
    assert!(Plan::new(&area, 10.0, 0.0, &[1.0, 0.3]).is_err());
}

#[test]
fn an_extent_that_is_nowhere_is_refused() {
    for bad in [f64::NAN, f64::INFINITY, 1e300, -1.0] {
        let area = Rect {
            min: [0.0; 2],
            max: [1.0, bad],
        };
        assert!(
            matches!(
                Plan::new(&area, 10.0, 0.0, &[]),
                Err(Error::InvalidInput(_))
            ),
            "{bad}"
        );
    }
}

/// Tiles that a point goes to by the regions of an extent, if it is in both.
fn by_region(regions: &Regions, point: [f64; 2]) -> Option<Vec<usize>> {
    let region = regions.region_at(point.map(to_ticks))?;
    let places = regions.places_of(region).iter();
    Some(
        places
            .map(|place| regions.tiles[*place as usize] as usize)
            .collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn regions_have_the_tiles_that_the_plan_tells(
        min in prop::array::uniform2(-3000.0..3000.0f64), size in prop::array::uniform2(0.0..400.0f64),
        at in prop::array::uniform4(0.0..=1.0f64), points in prop::collection::vec(prop::array::uniform2(-0.1..=1.1f64), 20),
        tile in prop::sample::select(vec![f64::INFINITY, 500.0, 100.0, 33.3]),
        cell in prop::sample::select(vec![1.0, 0.1, 0.3, 2.5]), halo in 0.0..50.0f64, most in prop::sample::select(vec![3, 50, u64::MAX]),
    ) {
        let heavy = |core: &Cells| TileEstimate { points: 0, bytes: u64::from(core.own(min)) * core.counts()[0] as u64 };
        let limits = Limits { tile_bytes: most, ..Limits::NONE };
        let plan = Plan::within_limits(&extent(min, size), tile, halo, &[cell], limits, &heavy).unwrap();
        // of a part of the extent, and the points on the edges of reaches besides
        let part = Rect {
            min: std::array::from_fn(|axis| min[axis] + at[axis].min(at[axis + 2]) * size[axis]),
            max: std::array::from_fn(|axis| min[axis] + at[axis].max(at[axis + 2]) * size[axis]),
        };
        let regions = Regions::new(&plan, &part, usize::MAX, |_| true).unwrap();
        let place_of = |at: &[f64; 2]| -> [f64; 2] {
            std::array::from_fn(|axis| min[axis] + at[axis] * size[axis])
        };
        let places = points.iter().map(place_of);
        let edges = (0..plan.len()).take(20).flat_map(|tile| {
            let [low, high] = plan.reach_ticks(tile);
            [low, [low[0] - 1, low[1]], high, [high[0], high[1] + 1]].map(|ticks| ticks.map(from_ticks))
        });
        for point in places.chain(edges) {
            let ticks = point.map(to_ticks);
            let mut expected = Vec::new();
            let is_in_plan = plan.for_each_tile_at(ticks, |tile| expected.push(tile as usize));
            let is_in_part = (0..2).all(|axis| {
                edge_tick(part.min[axis]) <= ticks[axis] && ticks[axis] <= to_ticks(part.max[axis])
            });
            let mut found = by_region(&regions, point);
            found.iter_mut().for_each(|tiles| tiles.sort_unstable());
            expected.sort_unstable();
            prop_assert_eq!(found, (is_in_plan && is_in_part).then_some(expected));
        }
    }
}
