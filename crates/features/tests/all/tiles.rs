//! Tiles of any size give the bits of the whole cloud.

use isopach_cloud::Columns;
use isopach_compute::{Dispatcher, conformance::random};
use isopach_features::{
    Cloud, Convention, Cpu, FeatureTile, FeatureTiles, Features, Neighbourhood, NormalSide, Wanted,
};
use isopach_tiling::{InMemory, Tiling};

fn scattered(count: u64) -> Cloud {
    let point = |i: u64| {
        let [x, y] = [random(3 * i) * 60.0, random(3 * i + 1) * 40.0];
        [
            x + 500_000.0,
            y + 5_000_000.0,
            (x * 0.3).sin() + 0.4 * random(3 * i + 2),
        ]
    };
    let points: Vec<[f64; 3]> = (0..count).map(point).collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    // The index in the cloud travels with the point.
    cloud.attributes.intensity = Some((0..count).map(|i| i as u16).collect());
    cloud
}

/// The features of all points, in their order, by tiles.
fn by_tiles(cloud: &Cloud, features: &Features, tile_size: f64, chunk: usize) -> Vec<Vec<u32>> {
    let source = InMemory::with_chunk_size("points", cloud.clone(), chunk);
    let operation = FeatureTiles::new(features.clone(), Columns::INTENSITY).unwrap();
    let mut rows = vec![Vec::new(); cloud.len()];
    let mut sink = |_, tile: FeatureTile| {
        let ids = tile.points.attributes.intensity.unwrap();
        for (i, id) in ids.into_iter().enumerate() {
            let columns = tile.features.columns.iter();
            rows[usize::from(id)] = columns.map(|column| column.values[i].to_bits()).collect();
        }
        Ok(())
    };
    let tiling = Tiling {
        tile_size,
        ..Tiling::default()
    };
    let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
    tiling
        .stream(&on, &operation, [&source], &mut sink)
        .unwrap();
    rows
}

#[test]
fn tiles_and_chunks_do_not_change_a_bit() {
    let cloud = scattered(6000);
    for neighbourhood in [
        Neighbourhood::Radii(vec![0.7, 1.5]),
        Neighbourhood::Nearest {
            k: 10,
            max_distance: 2.0,
        },
        Neighbourhood::OptimalNearest {
            ks: vec![6, 12],
            max_distance: 3.0,
        },
        Neighbourhood::NearestWithin { k: 8, radius: 1.0 },
    ] {
        let features = Features {
            neighbourhood,
            wanted: Wanted::set("full").unwrap(),
            convention: Convention::ISOPACH,
            normals: NormalSide::Up,
        };
        let whole = features.run(&Cpu, cloud.positions()).unwrap();
        for (tile_size, chunk) in [(20.0, 1000), (7.0, 333), (f64::INFINITY, 10_000)] {
            let rows = by_tiles(&cloud, &features, tile_size, chunk);
            for (at, column) in whole.columns.iter().enumerate() {
                for (row, value) in rows.iter().zip(&column.values) {
                    assert_eq!(
                        row[at],
                        value.to_bits(),
                        "{} in tiles of {tile_size} m",
                        column.name
                    );
                }
            }
        }
    }
}

#[test]
fn an_infinite_reach_is_refused() {
    let features = Features {
        neighbourhood: Neighbourhood::Nearest {
            k: 10,
            max_distance: f64::INFINITY,
        },
        wanted: Wanted::set("minimal").unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let refused = FeatureTiles::new(features, Columns::XYZ).unwrap_err();
    assert!(
        refused.to_string().contains("finite for a survey"),
        "{refused}"
    );
}
