//! Backends that decline.

use super::{operations::tiles_of, scenes::lattice};
use isopach_cloud::Rect;
use isopach_compute::{Compute, Device, Dispatcher, Error, Result};
use isopach_tiling::{RunReport, Tile, TileOperation};
use std::sync::Arc;

#[derive(Debug)]
struct Named(&'static str);

impl Compute for Named {
    fn device(&self) -> Device {
        Device {
            name: self.0.into(),
        }
    }
}

/// Counts owned points; the device "gpu" is lost in the western tiles.
struct Count;

impl TileOperation<1, Named> for Count {
    type Output = (&'static str, usize);
    fn halo(&self) -> f64 {
        0.0
    }
    fn run_tile(&self, on: &Named, tile: &Tile<1>) -> Result<Self::Output> {
        if on.0 == "gpu" && tile.core.min[0] < 20.0 {
            return Err(Error::DeviceLost {
                device: on.0.into(),
            });
        }
        Ok((on.0, tile.owned(0).len()))
    }
}

fn stream(on: &Dispatcher<Named>) -> Result<(Vec<(&'static str, usize)>, RunReport)> {
    let mut results = Vec::new();
    let mut sink = |_: Rect, output| {
        results.push(output);
        Ok(())
    };
    let report = tiles_of(10.0).stream(on, &Count, [&lattice(40)], &mut sink)?;
    Ok((results, report))
}

#[test]
fn a_tile_that_one_backend_declines_is_rerun_on_the_next_and_counted() {
    let on = Dispatcher::new(vec![Arc::new(Named("gpu")), Arc::new(Named("cpu"))]);
    for _ in 0..2 {
        let (results, report) = stream(&on).unwrap(); // the second run counts its own reruns alone
        assert_eq!(results.iter().map(|(_, n)| n).sum::<usize>(), 1600);
        assert_eq!(
            results
                .iter()
                .filter(|(device, _)| *device == "cpu")
                .count(),
            8
        );
        assert_eq!((report.fallback_count(), report.fallbacks.len()), (8, 1));
        assert_eq!(
            (
                report.fallbacks[0].device.as_str(),
                report.fallbacks[0].causes["device lost"]
            ),
            ("gpu", 8)
        );
        assert_eq!(report.devices, ["gpu", "cpu"]);
        assert!(
            report
                .to_string()
                .contains("passed on by gpu: 8 × device lost"),
            "{report}"
        );
    }
}

#[test]
fn where_no_backend_is_left_the_run_ends() {
    let on = Dispatcher::new(vec![Arc::new(Named("gpu"))]);
    assert!(matches!(stream(&on), Err(Error::DeviceLost { .. })));
}
