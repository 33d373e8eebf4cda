//! The passes of a run over the survey.

use super::{maps::OnCells, outliers::OutlierRun, output::Output, written::WrittenTile};
use isopach::{
    Backend,
    cloud::Rect,
    compute::{Dispatcher, Result},
    features::{
        AfterOutliers, ClothFilter, ClothTerrain, DistanceSums, DistanceTiles, HeightTiles,
        LowestCells, LowestSink, LowestTiles, OutlierRule, OutlierTile,
    },
    tiling::{
        CheckpointDir, Encode, PointSource, RunOptions, RunReport, TileFailure, TileOperation,
        TileSink, Tiling,
    },
};
use isopach_program::listener::Listener;
use std::sync::{Mutex, PoisonError};

/// Where and how a run goes over the survey.
pub(super) struct Running<'a> {
    pub(super) on: &'a Dispatcher<dyn Backend>,
    pub(super) source: &'a dyn PointSource,
    pub(super) tiling: Tiling,
    pub(super) listener: &'a dyn Listener,
    /// Definition of an outlier, and whether outliers are left out.
    pub(super) rule: Option<(OutlierRule, bool)>,
    /// Where the results of tiles wait until all are there.
    pub(super) results: &'a CheckpointDir,
    /// Side of the cells of maps, metres, if there are maps.
    pub(super) maps: Option<f64>,
    /// Number of columns of the result.
    pub(super) columns: usize,
}

impl Running<'_> {
    /// Finds the threshold of outliers of the survey: with one pass over it where a threshold needs that.
    pub(super) fn prepare_rule(&mut self, outliers: &mut OutlierRun) -> Result<()> {
        if outliers.filter.needs_sums() {
            let mut sums = DistanceSums::default();
            let mut sink = |_, of_tile: DistanceSums| {
                sums = sums.plus(of_tile);
                Ok(())
            };
            let pass = DistanceTiles::new(outliers.filter)?;
            self.stream("outliers", &pass, &mut sink)?;
            outliers.sums = sums;
        }
        let rule = outliers.filter.rule(outliers.sums)?;
        self.rule = Some((rule, outliers.leave_out));
        Ok(())
    }

    /// The terrain that a cloth finds below the lowest points of the survey: one pass over it.
    pub(super) fn find_terrain(&self, filter: ClothFilter, memory: u64) -> Result<ClothTerrain> {
        let pass = LowestTiles::new(&filter)?;
        let mut lowest = LowestSink::new(filter, memory);
        match self.rule {
            Some((rule, true)) => {
                let mut sink = WithoutOutliers(&mut lowest);
                self.stream(
                    "lowest points",
                    &AfterOutliers::new(rule, pass, true)?,
                    &mut sink,
                )?;
            }
            _ => {
                self.stream("lowest points", &pass, &mut lowest)?;
            }
        }
        filter.find_terrain(lowest.into_cells())
    }

    /// Writes the results of an operation, with heights above ground if they are wanted.
    pub(super) fn write_all<O>(
        &self,
        operation: O,
        heights: Option<HeightTiles>,
        output: &mut Output<'_>,
        failed: &mut Option<TileFailure>,
    ) -> Result<RunReport>
    where
        O: TileOperation<1, dyn Backend, Output: Encode + Into<WrittenTile>>,
    {
        match heights {
            Some(heights) => self.write_tiles((operation, heights), output, failed),
            None => self.write_tiles(operation, output, failed),
        }
    }

    /// Writes the results of an operation, after the outliers if they are wanted.
    fn write_tiles<O>(
        &self,
        operation: O,
        output: &mut Output<'_>,
        failed: &mut Option<TileFailure>,
    ) -> Result<RunReport>
    where
        O: TileOperation<1, dyn Backend, Output: Encode + Into<WrittenTile>>,
    {
        let operation = OnCells {
            operation,
            cell: self.maps,
            columns: self.columns,
        };
        let Some((rule, leave_out)) = self.rule else {
            return self.stream_kept(&operation, output, failed);
        };
        let after = AfterOutliers::new(rule, operation, leave_out)?;
        self.stream_kept(&after, output, failed)
    }

    /// Runs an operation over all tiles that are not done yet, and writes all results.
    fn stream_kept<O>(
        &self,
        operation: &O,
        output: &mut Output<'_>,
        failed: &mut Option<TileFailure>,
    ) -> Result<RunReport>
    where
        O: TileOperation<1, dyn Backend, Output: Encode + Into<WrittenTile>>,
    {
        let stage = self.listener.begin_stage("features");
        let failure = Mutex::new(None);
        let note = |found: &TileFailure| {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| found.clone());
        };
        let options = RunOptions {
            progress: &|progress| crate::run::show_progress(&*stage, &progress),
            tile_failed: &note,
            checkpoint: Some(self.results.for_results()),
            ..RunOptions::default()
        };
        let report = self
            .tiling
            .stream_with(self.on, operation, [self.source], output, &options);
        *failed = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        report
    }

    /// Runs an operation over all tiles.
    fn stream<O: TileOperation<1, dyn Backend>>(
        &self,
        name: &'static str,
        operation: &O,
        sink: &mut impl TileSink<O::Output>,
    ) -> Result<RunReport> {
        let stage = self.listener.begin_stage(name);
        let show = |progress| crate::run::show_progress(&*stage, &progress);
        let options = RunOptions {
            progress: &show,
            ..RunOptions::default()
        };
        self.tiling
            .stream_with(self.on, operation, [self.source], sink, &options)
    }
}

/// Passes lowest points on; the outliers were left out of them.
struct WithoutOutliers<'a>(&'a mut LowestSink);

impl TileSink<(LowestCells, OutlierTile)> for WithoutOutliers<'_> {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.0.begin(whole)
    }

    fn accept(&mut self, core: Rect, (cells, _): (LowestCells, OutlierTile)) -> Result<()> {
        self.0.accept(core, cells)
    }
}
