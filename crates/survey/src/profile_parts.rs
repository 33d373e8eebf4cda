//! Times the parts of a run separately, as a baseline for its wall time (`--parts`).
//!
//! The same work as a run, one part after the other on all threads. Results of a part stay in
//! memory until the next one, so the survey must fit it. Prints one JSON line with the CPU and wall
//! seconds of
//!
//! * `decode`: every chunk of both epochs once, nothing done with it;
//! * `route`: the tile engine with points that are decoded already and an operation that does
//!   nothing;
//! * `kernels`: the operation on each tile, with nothing read or written;
//! * `write`: all results into the output files, with nothing read or computed.

use crate::{
    SurveyError,
    epochs::{self, Epoch},
    found::find::applied_motion,
    geometry::Geometry,
    guard::Finished,
    masks::Masks,
    operation::{Found, tile_operation},
    outputs::{self, Outputs},
    run::ChangeRun,
    sample::{self, Sample, Sampling},
    settings::Settings,
    warnings::Warnings,
};
use isopach::{
    Backend,
    change::RegistrationError,
    cloud::{Columns, Points, Rect},
    compute::Result,
    las::{Catalogue, GpsTime},
    tiling::{PointSource, Tile, TileOperation, TileSink, TileStats, Tiling},
};
use isopach_program::{machine, measure::Measure};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// Runs the parts one after the other, the kernels on the run's backends.
pub(crate) fn run(run: &ChangeRun<'_>) -> Result<()> {
    let ChangeRun {
        options,
        execution,
        on,
        listener,
    } = *run;
    let epochs = epochs::open_epochs(options, &execution.index_use(), &mut Warnings::default())?;
    let catalogues = epochs.each_ref().map(|epoch: &Epoch| &epoch.catalogue);
    let tiling = execution.plan_tiling(0);
    let masks = Masks::open(options, catalogues[0], &mut Warnings::default())?;
    let (settings, sample) = find_settings(run, &epochs, &masks)?;
    let operation = tile_operation(&settings, &sample, 0.0, Columns::XYZ);
    let mut times = PartTimes::default();

    let clock = Measure::start();
    let decoded = catalogues
        .map(Decoded::count)
        .into_iter()
        .sum::<Result<u64>>()?;
    times.add("decode", &clock);

    let held = [Decoded::read(catalogues[0])?, Decoded::read(catalogues[1])?];
    let clock = Measure::start();
    collect(&tiling, &operation, &held, Keep::Nothing)?;
    times.add("route", &clock);

    let held = [Decoded::read(catalogues[0])?, Decoded::read(catalogues[1])?];
    let (whole, tiles) = collect(&tiling, &operation, &held, Keep::Tiles)?;
    let count = tiles.len();
    let clock = Measure::start();
    let found: Vec<(Rect, Found)> = tiles
        .into_iter()
        .map(|(core, tile)| Ok((core, on.run(|on| operation.run_tile(on, &tile))?)))
        .collect::<Result<_>>()?;
    times.add("kernels", &clock);

    let clock = Measure::start();
    let mut outputs = create_outputs(run, &epochs, &settings, &sample, &masks)?;
    outputs.begin(whole)?;
    found
        .into_iter()
        .try_for_each(|(core, found)| outputs.accept(core, found))?;
    outputs.finish()?;
    times.add("write", &clock);

    let line = json!({
        "what": "parts", "points_decoded": decoded, "tiles": count, "threads": rayon::current_num_threads(),
        "parts": times.parts, "cpu_s": times.cpu_seconds(), "machine": machine::describe_machine(), "commit": machine::built_commit(),
    });
    listener.say(&line.to_string());
    Ok(())
}

/// Settings and sample of the epochs as they are, without an alignment.
fn find_settings(
    run: &ChangeRun<'_>,
    epochs: &[Epoch; 2],
    masks: &Masks,
) -> Result<(Settings, Sample)> {
    let room = run.execution.sample_room();
    let [before, after] = epochs;
    let geometry = Geometry::of(
        run.options,
        [&before.catalogue, &after.catalogue],
        &mut Warnings::default(),
    )?;
    let motion = applied_motion(None);
    let thinned = [
        sample::thin_epoch(&before.catalogue, None, room)?,
        sample::thin_epoch(&after.catalogue, None, room)?,
    ];
    let sampling = Sampling {
        options: run.options,
        geometry: &geometry,
        thinned: [&thinned[0], &thinned[1]],
        sources: [&before.catalogue, &after.catalogue],
        resolution: [before.height_resolution(), after.height_resolution()],
        masks,
        memory: room,
    };
    let registration_error =
        RegistrationError::Given(run.options.registration_error.unwrap_or(0.0));
    let (from_data, sample) = sampling.run(registration_error.clone(), &motion)?;
    let settings = Settings::new(
        run.options,
        &geometry,
        &from_data,
        registration_error,
        &motion,
    )?;
    Ok((settings, sample))
}

fn create_outputs(
    run: &ChangeRun<'_>,
    epochs: &[Epoch; 2],
    settings: &Settings,
    sample: &Sample,
    masks: &Masks,
) -> Result<Outputs> {
    Outputs::create(outputs::Plan {
        folder: run.options.out.clone(),
        before_this: Finished::Nothing,
        rasters: run.options.rasters.clone(),
        columns: run.options.columns.clone(),
        settings,
        crs: epochs[0].catalogue.crs().cloned(),
        kept: Columns::XYZ,
        gps_time: GpsTime::ADJUSTED_STANDARD,
        volumes: crate::run::empty_volumes(settings, sample, masks),
        areas: masks.areas.clone(),
        memory: run.execution.memory / 32,
        truth: None,
        made_from: json!(null),
        among_others: false,
    })
}

/// Seconds of each part.
#[derive(Default)]
struct PartTimes {
    parts: serde_json::Map<String, Value>,
}

impl PartTimes {
    fn add(&mut self, part: &str, clock: &Measure) {
        let [wall, cpu] = clock.seconds();
        self.parts
            .insert(part.into(), json!({ "cpu_s": cpu, "wall_s": wall }));
    }

    fn cpu_seconds(&self) -> f64 {
        self.parts
            .values()
            .filter_map(|part| part["cpu_s"].as_f64())
            .sum()
    }
}

/// An epoch whose chunks are in memory; each is given away once.
struct Decoded<'a> {
    from: &'a Catalogue,
    chunks: Vec<Mutex<Option<Points>>>,
}

impl<'a> Decoded<'a> {
    /// Decodes everything and keeps nothing.
    fn count(from: &Catalogue) -> Result<u64> {
        (0..from.chunk_count())
            .into_par_iter()
            .map(|chunk| Ok(from.read_chunk(chunk, Columns::XYZ)?.len() as u64))
            .sum()
    }

    fn read(from: &'a Catalogue) -> Result<Self> {
        Ok(Self {
            from,
            chunks: (0..from.chunk_count())
                .into_par_iter()
                .map(|chunk| Ok(Mutex::new(Some(from.read_chunk(chunk, Columns::XYZ)?))))
                .collect::<Result<_>>()?,
        })
    }
}

impl PointSource for Decoded<'_> {
    fn name(&self) -> String {
        self.from.name()
    }
    fn extent(&self) -> Rect {
        self.from.extent()
    }
    fn height_range(&self) -> [f64; 2] {
        self.from.height_range()
    }
    fn point_count(&self) -> u64 {
        self.from.point_count()
    }
    fn chunk_count(&self) -> usize {
        self.from.chunk_count()
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.from.chunk_extent(chunk)
    }
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.from.points_in_chunk(chunk)
    }
    fn read_chunk(&self, chunk: usize, _columns: Columns) -> Result<Points> {
        let points = self.chunks[chunk]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        points.ok_or_else(|| SurveyError::ChunkTwice { chunk }.into())
    }
}

/// The part of a tile's results to keep.
#[derive(Clone, Copy)]
enum Keep {
    Nothing,
    Tiles,
}

/// An operation that requests another's inputs, and computes nothing.
struct Only<'a, O> {
    of: &'a O,
    keep: Keep,
}

impl<O: TileOperation<2, dyn Backend>> TileOperation<2, dyn Backend> for Only<'_, O> {
    type Output = Option<Tile<2>>;

    fn halo(&self) -> f64 {
        self.of.halo()
    }
    fn cell_sizes(&self) -> Vec<f64> {
        self.of.cell_sizes()
    }
    fn columns(&self) -> Columns {
        self.of.columns()
    }
    fn working_bytes(&self, load: &TileStats) -> u64 {
        self.of.working_bytes(load)
    }
    fn run_tile(&self, _on: &dyn Backend, tile: &Tile<2>) -> Result<Self::Output> {
        Ok(match self.keep {
            Keep::Nothing => None,
            Keep::Tiles => Some(tile.clone()),
        })
    }
}

/// A sink that collects all tiles in memory.
#[derive(Default)]
struct Tiles {
    whole: Option<Rect>,
    tiles: Vec<(Rect, Tile<2>)>,
}

impl TileSink<Option<Tile<2>>> for Tiles {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.whole = Some(whole);
        Ok(())
    }
    fn accept(&mut self, core: Rect, tile: Option<Tile<2>>) -> Result<()> {
        self.tiles.extend(tile.map(|tile| (core, tile)));
        Ok(())
    }
}

/// Runs the engine alone.
fn collect<O: TileOperation<2, dyn Backend>>(
    tiling: &Tiling,
    of: &O,
    epochs: &[Decoded<'_>; 2],
    keep: Keep,
) -> Result<(Rect, Vec<(Rect, Tile<2>)>)> {
    let mut tiles = Tiles::default();
    tiling.stream(
        &isopach::cpu(),
        &Only { of, keep },
        [&epochs[0], &epochs[1]],
        &mut tiles,
    )?;
    let whole = tiles.whole.ok_or(SurveyError::NoReport)?;
    Ok((whole, tiles.tiles))
}
