//! Errors: what is at fault, by name.

use super::{operations::*, scenes::*};
use isopach_cloud::Rect;
use isopach_compute::{Error, Result};
use isopach_tiling::{InMemory, PointSource, Tile, TileOperation, TileSink, Tiling};

const OWNED: Owned = Owned {
    halo: 1.0,
    cell: None,
};

/// The message of a run that must fail with invalid input.
fn refused<const N: usize>(sources: [&dyn PointSource; N]) -> String {
    match run(tiles_of(10.0), &OWNED, sources) {
        Err(error @ Error::InvalidInput(_)) => error.to_string(),
        other => panic!(
            "not refused as invalid input: {:?}",
            other.map(|(_, report)| report)
        ),
    }
}

/// Memory for a chunk of the lattices, and what is to be left beside it.
const CHUNK: u64 = 8 * 112_000;

#[test]
fn a_table_of_tiles_that_does_not_fit_is_refused_before_it_is_made() {
    let corners = InMemory::new("corners", named(&[[0.0; 3], [3000.0, 3000.0, 0.0]]));
    let tiling = Tiling {
        tile_size: 1.0,
        memory: 1 << 20,
        ..Tiling::default()
    };
    let error = run(tiling, &OWNED, [&corners]).unwrap_err();
    assert!(
        matches!(error, Error::OutOfMemory { .. }) && error.to_string().contains("larger tiles"),
        "{error}"
    );
}

#[test]
fn a_chunk_that_does_not_fit_is_refused_before_it_is_decoded() {
    let source = Odd::new("large chunks", lattice(60));
    let error = run(
        Tiling {
            memory: 300_000,
            ..tiles_of(30.0)
        },
        &OWNED,
        [&source],
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("decoding the largest chunk"),
        "{error}"
    );
    assert_eq!(source.reads.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn more_than_the_memory_and_no_disk() {
    let many = InMemory::with_chunk_size("many", scatter(60_000, [0.0; 2], 100.0, 4), 1000);
    let error = run(
        Tiling {
            memory: CHUNK,
            ..tiles_of(50.0)
        },
        &OWNED,
        [&many],
    )
    .unwrap_err();
    assert!(
        matches!(
            error,
            Error::OutOfMemory {
                budget: CHUNK,
                requested: 700_000..,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("name a folder to spill to"),
        "{error}"
    );
}

#[test]
fn a_broken_chunk_ends_the_run_with_its_error() {
    let source = Odd {
        broken_chunk: Some(2),
        ..Odd::new("bad.laz", lattice(60))
    };
    let error = run(tiles_of(10.0), &OWNED, [&source]).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error}");
    assert_eq!(error.to_string(), "bad.laz: chunk 2 is broken");
}

#[test]
fn epochs_that_are_apart() {
    let there = InMemory::new("there", named(&[[500.0, 500.0, 0.0], [510.0, 510.0, 0.0]]));
    let message = refused([&lattice(5), &there]);
    assert!(
        ["lattice", "there", "4.000", "500.000"]
            .iter()
            .all(|part| message.contains(part)),
        "{message}"
    );
}

#[test]
fn nothing_to_read() {
    assert!(
        refused([&lattice(5), &InMemory::new("empty.laz", named(&[]))])
            .contains("empty.laz has no points")
    );
    let filtered = Odd {
        change: |points| *points = Default::default(),
        ..Odd::new("filtered.laz", lattice(5))
    };
    assert!(refused([&lattice(5), &filtered]).starts_with("filtered.laz: none of its 25 points"));
    assert!(refused([]).contains("no source"));
}

#[test]
fn an_extent_that_does_not_hold_its_points() {
    let source = Odd {
        extent: Some(Rect {
            min: [0.0; 2],
            max: [48.5; 2],
        }),
        ..Odd::new("liar.laz", lattice(50))
    };
    let message = refused([&source]);
    assert!(
        message.starts_with("liar.laz: ")
            && message.contains("lie outside the extent that it states"),
        "{message}"
    );
}

#[test]
fn places_that_are_none() {
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let extent = Some(Rect {
            min: [0.0; 2],
            max: [bad, 50.0],
        });
        assert!(
            refused([&Odd {
                extent,
                ..Odd::new("odd.laz", lattice(5))
            }])
            .starts_with("odd.laz states the extent")
        );
        let heights = Some([0.0, bad]);
        assert!(
            refused([&Odd {
                heights,
                ..Odd::new("odd.laz", lattice(5))
            }])
            .starts_with("odd.laz states heights")
        );
    }
    let heights = Some([0.0, 1e6]);
    let message = refused([&Odd {
        heights,
        ..Odd::new("odd.laz", lattice(5))
    }]);
    assert!(
        message.starts_with("odd.laz has a point of height 0 m"),
        "{message}"
    );
}

#[test]
fn coordinates_that_are_no_numbers() {
    let changes: [fn(&mut isopach_cloud::Points); 3] = [
        |p| p.xyz[3][0] = f64::NAN,
        |p| p.xyz[3][2] = f64::NAN,
        |p| p.xyz[3][2] = f64::INFINITY,
    ];
    for change in changes {
        let message = refused([&Odd {
            change,
            ..Odd::new("nan.laz", lattice(5))
        }]);
        assert!(
            message.starts_with("nan.laz: point 3 of chunk 0 has the coordinate"),
            "{message}"
        );
    }
}

#[test]
fn columns_that_are_not_there_or_too_short() {
    let changes: [fn(&mut isopach_cloud::Points); 2] = [
        |p| p.attributes.intensity = None,
        |p| p.attributes.intensity = Some(vec![1]),
    ];
    for change in changes {
        let source = Odd {
            change,
            ..Odd::new("short.laz", lattice(5))
        };
        let error = run(tiles_of(10.0), &Density { radius: 1.0 }, [&source]).unwrap_err();
        assert!(
            error.to_string().starts_with("short.laz lacks a column"),
            "{error}"
        );
    }
}

/// Fails at the third tile, and remembers what it was told.
#[derive(Default)]
struct Full {
    begun: Option<Rect>,
    accepted: usize,
    finished: usize,
    limit: usize,
}

impl TileSink<Lists<1>> for Full {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.begun = Some(whole);
        Ok(())
    }
    fn accept(&mut self, _: Rect, _: Lists<1>) -> Result<()> {
        if self.accepted == self.limit {
            return Err(Error::source("disk full"));
        }
        self.accepted += 1;
        Ok(())
    }
    fn finish(&mut self) -> Result<()> {
        self.finished += 1;
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_ends_the_run_and_is_not_finished() {
    let mut sink = Full {
        limit: 2,
        ..Full::default()
    };
    let error = tiles_of(10.0)
        .stream(&cpu(), &OWNED, [&lattice(50)], &mut sink)
        .unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), sink.accepted, sink.finished),
        ("disk full", 2, 0)
    );
    let mut sink = Full {
        limit: 25,
        ..Full::default()
    };
    let erased: &mut dyn TileSink<Lists<1>> = &mut sink;
    tiles_of(10.0)
        .stream(&cpu(), &OWNED, [&lattice(50)], erased)
        .unwrap();
    assert_eq!((sink.accepted, sink.finished), (25, 1));
    assert_eq!(
        sink.begun,
        Some(Rect {
            min: [0.0; 2],
            max: [50.0; 2]
        })
    );
}

/// Fails at every tile from the fourth column on.
struct Failing;

impl<B: ?Sized> TileOperation<1, B> for Failing {
    type Output = ();
    fn halo(&self) -> f64 {
        0.0
    }
    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<()> {
        let [x, y] = tile.core.min;
        if x < 30.0 {
            Ok(())
        } else {
            Err(Error::source(format!("tile at {x} {y}")))
        }
    }
}

#[test]
fn the_first_tile_that_fails_is_the_one_that_is_told() {
    let mut accepted = 0;
    let mut sink = |_: Rect, ()| {
        accepted += 1;
        Ok(())
    };
    let error = tiles_of(10.0)
        .stream(&cpu(), &Failing, [&lattice(50)], &mut sink)
        .unwrap_err();
    assert_eq!((error.to_string().as_str(), accepted), ("tile at 30 0", 3));
}

#[test]
fn a_halo_that_does_not_fit_says_what_to_change() {
    let error = run(
        tiles_of(10.0),
        &Owned {
            halo: 5000.0,
            cell: None,
        },
        [&lattice(5)],
    )
    .unwrap_err()
    .to_string();
    assert_eq!(
        error,
        "halo is 5000, but must be between 0 and 4096 m: reduce depth, radii or spacing"
    );
}
