//! Outlier filters: other tools' numbers, the definitions, any order and tiles.

use isopach_cloud::Columns;
use isopach_compute::{Dispatcher, conformance::random};
use isopach_features::{
    AfterOutliers, Cloud, Convention, Cpu, DistanceSums, DistanceTiles, Divisor, Error, Feature,
    FeatureTile, FeatureTiles, Features, Neighbourhood, NormalSide, OutlierConvention,
    OutlierFilter, OutlierTile, StatisticalFilter, Wanted,
};
use isopach_tiling::{InMemory, Tiling};
use std::{path::PathBuf, sync::Arc};

fn data(name: &str) -> Vec<f64> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    isopach_npy::read(&folder.join(name)).unwrap().values
}

fn statistical(convention: OutlierConvention, k: usize, deviations: f64) -> OutlierFilter {
    OutlierFilter::Statistical(StatisticalFilter {
        k,
        deviations,
        max_distance: f64::INFINITY,
        convention,
    })
}

/// The filters of `tests/data/make_outliers.py`.
fn filters_of_tools() -> Vec<OutlierFilter> {
    let mut filters = Vec::new();
    for convention in [OutlierConvention::OPEN3D, OutlierConvention::CLOUDCOMPARE] {
        for k in [3, 6, 20] {
            for deviations in [0.05, 0.1, 0.3, 1.0] {
                filters.push(statistical(convention, k, deviations));
            }
        }
    }
    for (fewest, radius) in [(4, 1.5), (9, 2.0)] {
        filters.push(OutlierFilter::Radius { radius, fewest });
    }
    filters
}

fn assert_columns(points: &[f64], filters: &[OutlierFilter], golden: &[f64]) {
    let rows: Vec<[f64; 3]> = points.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    let cloud = Cloud::from_points(&rows).unwrap();
    assert_eq!(golden.len(), rows.len() * filters.len());
    for (at, filter) in filters.iter().enumerate() {
        let found = filter.run(&Cpu, cloud.positions()).unwrap();
        let theirs = golden.iter().skip(at).step_by(filters.len());
        let theirs: Vec<bool> = theirs.map(|left_out| *left_out == 1.0).collect();
        assert_eq!(found.is_outlier, theirs, "{filter:?}");
    }
}

#[test]
fn open3d_and_cloudcompare_leave_out_the_same_points() {
    let points = data("outliers_points.npy");
    assert_columns(&points, &filters_of_tools(), &data("outliers_left_out.npy"));
    // Few points, thresholds between those of the divisors n and n − 1.
    let of_tool = |convention| [1.325, 2.35].map(|m| statistical(convention, 4, m));
    let few = [OutlierConvention::OPEN3D, OutlierConvention::CLOUDCOMPARE].map(of_tool);
    assert_columns(&points[..36], &few.concat(), &data("outliers_of_12.npy"));
}

/// A wavy surface, and scattered points whose distance from it grows.
fn made(count: u64) -> Vec<[f64; 3]> {
    let point = |i: u64| {
        let [x, y] = [random(4 * i) * 50.0, random(4 * i + 1) * 40.0];
        let above = match i % 40 {
            0 => 30.0 * random(4 * i + 2).powi(3),
            _ => 0.2 * random(4 * i + 3),
        };
        [x + 500_000.0, y + 5_000_000.0, (0.2 * x).sin() + above]
    };
    (0..count).map(point).collect()
}

fn finite_filters() -> [OutlierFilter; 4] {
    let by_tool = |convention| {
        OutlierFilter::Statistical(StatisticalFilter {
            k: 6,
            deviations: 1.5,
            max_distance: 4.0,
            convention,
        })
    };
    [
        by_tool(OutlierConvention::ISOPACH),
        by_tool(OutlierConvention::OPEN3D),
        OutlierFilter::Radius {
            radius: 1.5,
            fewest: 3,
        },
        OutlierFilter::Voxels {
            side: 1.5,
            fewest: 5,
        },
    ]
}

/// Mean distances, their mean and deviation, and counts, from all pairs of points.
#[test]
fn the_definitions_from_all_pairs_agree() {
    let points = made(1500);
    let cloud = Cloud::from_points(&points).unwrap();
    let at = |i: usize| cloud.positions().absolute(i);
    let distance = |i: usize, j: usize| {
        let [a, b] = [at(i), at(j)];
        (0..3)
            .map(|axis| (a[axis] - b[axis]).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let near = |i: usize| {
        let mut all: Vec<f64> = (0..points.len())
            .filter(|j| *j != i)
            .map(|j| distance(i, j))
            .collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let distances: Vec<Vec<f64>> = (0..points.len()).map(near).collect();
    let mean_of = |all: &Vec<f64>| (all[5] <= 4.0).then(|| all[..6].iter().sum::<f64>() / 6.0);
    let means: Vec<Option<f64>> = distances.iter().map(mean_of).collect();
    let known: Vec<f64> = means.iter().copied().flatten().collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let squares: f64 = known.iter().map(|d| (d - mean).powi(2)).sum();
    let threshold = mean + 1.5 * (squares / (known.len() as f64 - 1.0)).sqrt();
    let voxel = |i: usize| at(i).map(|c| (c / 1.5).floor() as i64);
    let around =
        |i: usize, j: usize| (0..3).all(|axis| (voxel(i)[axis] - voxel(j)[axis]).abs() <= 1);
    let [statistical, _, radius, voxels] = finite_filters();
    let found =
        [statistical, radius, voxels].map(|filter| filter.run(&Cpu, cloud.positions()).unwrap());
    assert!(found[0].out_of_reach == (points.len() - known.len()) as u64);
    assert!(found[0].out_of_reach > 0);
    for i in 0..points.len() {
        let is_far = means[i].is_none_or(|mean| mean > threshold);
        let is_lonely = distances[i][2] > 1.5;
        let others = (0..points.len())
            .filter(|&j| j != i && around(i, j))
            .count();
        let defined = [is_far, is_lonely, others < 5];
        assert_eq!(
            found.each_ref().map(|mask| mask.is_outlier[i]),
            defined,
            "{i}"
        );
    }
    for mask in found {
        let count = mask
            .is_outlier
            .iter()
            .filter(|is_outlier| **is_outlier)
            .count();
        assert!(count > 5 && count < 400, "{count}");
    }
}

#[test]
fn any_order_gives_the_same_outliers() {
    let points = made(4000);
    let there: Vec<usize> = (0..points.len()).map(|i| i * 1237 % points.len()).collect();
    let shuffled: Vec<[f64; 3]> = there.iter().map(|&i| points[i]).collect();
    let [a, b] = [&points, &shuffled].map(|points| Cloud::from_points(points).unwrap());
    for filter in finite_filters() {
        let [a, b] = [&a, &b].map(|cloud| filter.run(&Cpu, cloud.positions()).unwrap());
        let same = there
            .iter()
            .zip(&b.is_outlier)
            .all(|(&from, b)| a.is_outlier[from] == *b);
        assert!(same && a.out_of_reach == b.out_of_reach, "{filter:?}");
    }
}

fn tiling(tile_size: f64) -> Tiling {
    Tiling {
        tile_size,
        ..Tiling::default()
    }
}

fn features() -> FeatureTiles {
    let features = Features {
        neighbourhood: Neighbourhood::Radius(2.0),
        wanted: Wanted::of(&[Feature::NumberOfNeighbours, Feature::HeightRange]),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    FeatureTiles::new(features, Columns::INTENSITY).unwrap()
}

/// Whether a point is an outlier, and its features; `None` if it was left out.
type Row = Option<(bool, Vec<f32>)>;

/// Which points are outliers, and the features of each, by tiles; both in the order of the ids.
fn by_tiles(
    cloud: &Cloud,
    filter: OutlierFilter,
    leave_out: bool,
    tile_size: f64,
) -> (u64, Vec<Row>) {
    let source = InMemory::with_chunk_size("points", cloud.clone(), 777);
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    let mut sums = DistanceSums::default();
    if filter.needs_sums() {
        let mut sink = |_, of_tile: DistanceSums| {
            sums = sums.plus(of_tile);
            Ok(())
        };
        let pass = DistanceTiles::new(filter).unwrap();
        tiling(tile_size)
            .stream(&on, &pass, [&source], &mut sink)
            .unwrap();
    }
    let rule = filter.rule(sums).unwrap();
    let operation = AfterOutliers::new(rule, features(), leave_out).unwrap();
    let mut rows = vec![None; cloud.len()];
    let mut count = 0;
    let mut sink = |_, (tile, outliers): (FeatureTile, OutlierTile)| {
        count += outliers.found;
        let ids = tile.points.attributes.intensity.unwrap();
        for (i, id) in ids.into_iter().enumerate() {
            let values = tile.features.columns.iter().map(|column| column.values[i]);
            rows[usize::from(id)] = Some((outliers.mask.is_outlier[i], values.collect()));
        }
        Ok(())
    };
    tiling(tile_size)
        .stream(&on, &operation, [&source], &mut sink)
        .unwrap();
    (count, rows)
}

#[test]
fn tiles_give_the_outliers_of_the_whole_and_what_follows_from_them() {
    let points = made(6000);
    let mut cloud = Cloud::from_points(&points).unwrap();
    cloud.attributes.intensity = Some((0..6000).collect());
    for filter in finite_filters() {
        let whole = filter.run(&Cpu, cloud.positions()).unwrap();
        let kept: Vec<u32> = (0..6000)
            .filter(|i| !whole.is_outlier[*i as usize])
            .collect();
        for tile_size in [9.0, 25.0, f64::INFINITY] {
            for leave_out in [false, true] {
                let (count, rows) = by_tiles(&cloud, filter, leave_out, tile_size);
                assert_eq!(count, 6000 - kept.len() as u64);
                let marked = |i: usize| rows[i].as_ref().is_none_or(|(is_outlier, _)| *is_outlier);
                assert!(
                    (0..6000).all(|i| marked(i) == whole.is_outlier[i]),
                    "{filter:?}"
                );
                let all: Vec<u32> = (0..6000).collect();
                let there = if leave_out { &kept } else { &all };
                let cloud = cloud.select(there);
                let features = features().features.run(&Cpu, cloud.positions()).unwrap();
                for (at, &id) in there.iter().enumerate() {
                    let (_, row) = rows[id as usize].as_ref().unwrap();
                    let values = features.columns.iter().map(|column| column.values[at]);
                    assert!(
                        values
                            .map(f32::to_bits)
                            .eq(row.iter().map(|value| value.to_bits())),
                        "{filter:?}, {id}"
                    );
                }
            }
        }
    }
}

/// Equal distances: the threshold is the distance itself, and conventions differ.
#[test]
fn points_at_the_threshold_and_at_one_place() {
    let lattice: Vec<[f64; 3]> = (0..27_i32)
        .map(|i| [i % 3, i / 3 % 3, i / 9].map(f64::from))
        .collect();
    let cloud = Cloud::from_points(&lattice).unwrap();
    let count = |filter: OutlierFilter, cloud: &Cloud| {
        let found = filter.run(&Cpu, cloud.positions()).unwrap().is_outlier;
        found.iter().filter(|is_outlier| **is_outlier).count()
    };
    // Three others at 1 m each, everywhere.
    assert_eq!(
        count(statistical(OutlierConvention::ISOPACH, 3, 0.0), &cloud),
        0
    );
    assert_eq!(
        count(statistical(OutlierConvention::PDAL, 3, 0.0), &cloud),
        27
    );
    let mut twice = [[[5.0, 5.0, 5.0]; 4].to_vec(), lattice].concat();
    twice.push([9.0, 9.0, 9.0]);
    let cloud = Cloud::from_points(&twice).unwrap();
    let first = |convention| {
        let filter = statistical(convention, 3, 2.0);
        filter.run(&Cpu, cloud.positions()).unwrap().is_outlier[..4].to_vec()
    };
    assert_eq!(first(OutlierConvention::CLOUDCOMPARE), [false; 4]);
    assert_eq!(first(OutlierConvention::OPEN3D), [true; 4]);
    assert_eq!(Divisor::Count, OutlierConvention::CLOUDCOMPARE.divisor);
}

#[test]
fn few_points_and_none() {
    let empty = Cloud::from_points(&[]).unwrap();
    let one = Cloud::from_points(&[[1.0, 2.0, 3.0]]).unwrap();
    for filter in finite_filters() {
        assert!(
            filter
                .run(&Cpu, empty.positions())
                .unwrap()
                .is_outlier
                .is_empty()
        );
        assert_eq!(
            filter.run(&Cpu, one.positions()).unwrap().is_outlier,
            [true]
        );
        assert_eq!(
            filter.rule(DistanceSums::default()).unwrap().threshold(),
            None
        );
    }
}

#[test]
fn parameters_without_meaning_are_refused() {
    let cloud = Cloud::from_points(&[[0.0; 3]]).unwrap();
    let usual = StatisticalFilter {
        k: 8,
        deviations: 2.0,
        max_distance: 10.0,
        convention: OutlierConvention::ISOPACH,
    };
    for filter in [
        OutlierFilter::Statistical(StatisticalFilter { k: 0, ..usual }),
        OutlierFilter::Statistical(StatisticalFilter {
            k: 1,
            convention: OutlierConvention::OPEN3D,
            ..usual
        }),
        OutlierFilter::Statistical(StatisticalFilter {
            deviations: f64::NAN,
            ..usual
        }),
        OutlierFilter::Statistical(StatisticalFilter {
            max_distance: 0.0,
            ..usual
        }),
        OutlierFilter::Radius {
            radius: f64::INFINITY,
            fewest: 2,
        },
        OutlierFilter::Radius {
            radius: 1.0,
            fewest: 0,
        },
        OutlierFilter::Voxels {
            side: 0.0,
            fewest: 2,
        },
    ] {
        let refused = filter.run(&Cpu, cloud.positions());
        assert!(
            matches!(refused, Err(Error::InvalidParameter { .. })),
            "{filter:?}"
        );
    }
    let endless = statistical(OutlierConvention::ISOPACH, 8, 2.0);
    assert!(DistanceTiles::new(endless).is_err());
}
