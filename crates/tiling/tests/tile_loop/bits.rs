//! The same bits, however the run is cut up.

use super::{operations::*, scenes::*};
use isopach_cloud::Cloud;
use isopach_tiling::InMemory;

type Row = ([i64; 3], u16, u32);

fn densities(epochs: [&Cloud; 2], chunk: usize, tile: f64, threads: usize) -> Vec<Row> {
    let [before, after] =
        epochs.map(|cloud| InMemory::with_chunk_size("points", cloud.clone(), chunk));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let radius = 12.5;
    let (results, report) = pool
        .install(|| run(tiles_of(tile), &Density { radius }, [&before, &after]))
        .unwrap();
    assert!(
        report
            .sources
            .iter()
            .all(|source| source.decodes == source.chunks && source.chunks > 0)
    );
    let mut rows: Vec<Row> = results.into_iter().flat_map(|(_, rows)| rows).collect();
    rows.sort_unstable();
    rows
}

/// The definition: no tiles at all.
fn plain(before: &Cloud, after: &Cloud) -> Vec<Row> {
    let ticks = |cloud: &Cloud| -> Vec<[i64; 3]> {
        (0..cloud.len())
            .map(|i| cloud.positions().absolute_ticks(i))
            .collect()
    };
    let (p, q) = (ticks(before), ticks(after));
    let limit = (12.5 * isopach_cloud::TICKS_PER_METRE) as i128;
    let near = |a: &[i64; 3], b: &[i64; 3]| {
        (0..2).map(|k| i128::from(a[k] - b[k]).pow(2)).sum::<i128>() <= limit * limit
    };
    let intensity = before.attributes.intensity.as_ref().unwrap();
    let mut rows: Vec<Row> = p
        .iter()
        .enumerate()
        .map(|(i, a)| {
            (
                *a,
                intensity[i],
                q.iter().filter(|b| near(a, b)).count() as u32,
            )
        })
        .collect();
    rows.sort_unstable();
    rows
}

#[test]
fn any_tile_size_thread_count_and_chunk_size() {
    let (before, after) = (
        scatter(1500, [-130.0, 480.0], 700.0, 1),
        scatter(1400, [-120.0, 470.0], 705.0, 2),
    );
    let expected = plain(&before, &after);
    assert!(expected.iter().any(|row| row.2 > 2) && expected.iter().any(|row| row.2 == 0));
    for tile in [f64::INFINITY, 500.0, 100.0, 33.3] {
        for (threads, chunk) in [(1, 1000), (2, 7), (5, 1), (5, 1000), (2, 1)] {
            let found = densities([&before, &after], chunk, tile, threads);
            assert!(
                found == expected,
                "tile {tile} m, {threads} threads, chunks of {chunk}"
            );
        }
    }
}

#[test]
fn the_order_of_the_points_changes_nothing_but_their_names() {
    let (before, after) = (
        scatter(600, [0.0, 0.0], 300.0, 4),
        scatter(600, [0.0, 0.0], 300.0, 5),
    );
    let backwards =
        |cloud: &Cloud| cloud.select(&(0..cloud.len() as u32).rev().collect::<Vec<_>>());
    let turned = [backwards(&before), backwards(&after)];
    let expected = densities([&before, &after], 50, 100.0, 2);
    assert_eq!(densities([&turned[0], &turned[1]], 50, 33.3, 2), expected);
}

#[test]
fn a_neighbour_exactly_at_the_halo_is_there() {
    // Owned points on the last tick before, and on, a tile edge; neighbours exactly 12.5 m beyond.
    let tick = isopach_cloud::TICK;
    let edge = 6_653_000.0;
    let owned = [edge - tick, edge].map(|x| [x, 5.0, 0.0]);
    let others = [
        edge - tick + 12.5,
        edge - tick - 12.5,
        edge + 12.5,
        edge - 12.5,
    ]
    .map(|x| [x, 5.0, 0.0]);
    let (before, after) = (named(&owned), named(&others));
    let found = densities([&before, &after], 1, 25.0, 1);
    assert_eq!(found.iter().map(|row| row.2).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(found, plain(&before, &after));
}

#[test]
fn several_operations_at_one_load_give_what_each_gives_alone() {
    let (before, after) = (
        scatter(800, [0.0, 0.0], 200.0, 6),
        scatter(800, [0.0, 0.0], 200.0, 7),
    );
    let [a, b] = [before, after].map(|cloud| InMemory::with_chunk_size("points", cloud, 100));
    let cells = |cell| Owned {
        halo: 0.0,
        cell: Some(cell),
    };
    let together = (Density { radius: 12.5 }, cells(2.0), cells(0.5));
    let (results, report) = run(tiles_of(33.3), &together, [&a, &b]).unwrap();
    assert!(results[1].0.min[0] == 34.0, "whole cells of 2 m");
    let mut dense: Vec<Row> = results
        .iter()
        .flat_map(|(_, (rows, _, _))| rows.clone())
        .collect();
    dense.sort_unstable();
    assert_eq!(
        dense,
        densities([a.cloud(), b.cloud()], 100, f64::INFINITY, 1)
    );
    let owned: usize = results
        .iter()
        .map(|(_, (_, first, second))| first[1].len() + second[1].len())
        .sum();
    assert_eq!((owned, report.sources[0].decodes), (1600, 8));
    assert!(
        run(tiles_of(33.3), &(cells(1.0), cells(0.3)), [&a, &b]).is_err(),
        "no common cell"
    );
}
