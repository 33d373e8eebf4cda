//! Maps of the columns as GeoTIFFs: the mean of a column over the points of each cell.

use super::{
    FeatureOptionError,
    columns::OutputColumn,
    overwrite::read_summary,
    summary::with_ending,
    sums::{ColumnSums, Placed, SUM_BYTES},
};
use crate::files::remove_about;
use isopach::{
    cloud::{Columns, Crs, Positions, Rect},
    compute::{Error, Result},
    raster::{GeoTiffMosaic, Grid, Raster},
    tiling::{Tile, TileOperation, TileSink, TileStats},
};
use isopach_program::finished::WrittenOver;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Another operation, in tiles whose edges fall on the cells of maps.
#[derive(Clone, Debug)]
pub(super) struct OnCells<O> {
    pub(super) operation: O,
    /// Side of a cell, metres, if there are maps.
    pub(super) cell: Option<f64>,
    /// Number of maps.
    pub(super) columns: usize,
}

impl<O: TileOperation<1, B>, B: ?Sized> TileOperation<1, B> for OnCells<O> {
    type Output = O::Output;

    fn halo(&self) -> f64 {
        self.operation.halo()
    }

    fn cell_sizes(&self) -> Vec<f64> {
        let mut sizes = self.operation.cell_sizes();
        sizes.extend(self.cell);
        sizes
    }

    fn columns(&self) -> Columns {
        self.operation.columns()
    }

    /// Beside the operation, the sums and the means of the tile's cells, which the sink needs.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let cells = self.cell.map_or(0.0, |cell| load.core_area / (cell * cell));
        let each = (SUM_BYTES + size_of::<f64>()) * self.columns;
        let of_maps = (cells * each as f64) as u64;
        self.operation.working_bytes(load).saturating_add(of_maps)
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<O::Output> {
        self.operation.run_tile(on, tile)
    }
}

/// The maps that are being written: one a column.
#[derive(Debug)]
pub(super) struct Maps {
    cell: f64,
    folder: PathBuf,
    files: Vec<(String, GeoTiffMosaic)>,
}

impl Maps {
    /// Bytes of the blocks of all maps: unfinished ones, and as many that are complete.
    pub(super) fn most_bytes(columns: usize, memory: u64) -> u64 {
        let blocks = 2 * columns * blocks_of_map(columns, memory);
        (blocks * GeoTiffMosaic::BLOCK_BYTES) as u64
    }

    /// Maps of columns beside the output, in cells of this side (metres); `memory` is that of the run.
    pub(super) fn create(
        out: &Path,
        cell: f64,
        columns: &[OutputColumn],
        crs: Option<&Crs>,
        memory: u64,
    ) -> Result<Self> {
        let folder = maps_folder(out);
        let blocks = blocks_of_map(columns.len(), memory);
        let mosaic_of = |column: &OutputColumn| {
            let name = map_name(column);
            let mosaic = GeoTiffMosaic::create(folder.join(&name), cell)?;
            let mosaic = mosaic
                .blocks_in_memory(blocks)
                .description(column.map_description())
                .crs(crs.cloned().unwrap_or_default());
            Ok((name, mosaic))
        };
        Ok(Self {
            cell,
            files: columns.iter().map(mosaic_of).collect::<Result<_>>()?,
            folder,
        })
    }

    pub(super) fn begin(&mut self, whole: Rect) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(|error| Error::of_file(&self.folder, error))?;
        let mut files = self.files.iter_mut();
        files.try_for_each(|(_, mosaic)| mosaic.begin(whole))
    }

    /// Adds the points of a tile, whose edges fall on edges of cells.
    pub(super) fn add_tile(
        &mut self,
        core: Rect,
        points: Positions<'_>,
        columns: &[Vec<f32>],
    ) -> Result<()> {
        let grid = Grid::covering(&core, self.cell)?;
        let cells = grid.columns as u64 * grid.rows as u64;
        if u32::try_from(cells).is_err() {
            return Err(Error::OutOfMemory {
                what: "numbering the cells of a tile",
                requested: cells,
                budget: u32::MAX.into(),
                advice: "use smaller tiles, or larger cells",
            });
        }
        let placed = place_points(&grid, points);
        let files = self.files.par_iter_mut().zip(columns);
        files
            .map(|((_, mosaic), values)| mosaic.accept(core, means_of(grid, &placed, values)?))
            .find_map_first(Result::err)
            .map_or(Ok(()), Err)
    }

    /// Gives all maps their names, or none.
    pub(super) fn finish(&mut self) -> Result<()> {
        let mut files = self.files.iter_mut();
        let outcome = files.try_for_each(|(_, mosaic)| mosaic.finish());
        if outcome.is_err() {
            // The error to report is the reason of the failure.
            let _ = remove_about(self.paths());
        }
        outcome
    }

    fn paths(&self) -> Vec<PathBuf> {
        let names = self.files.iter();
        names.map(|(name, _)| self.folder.join(name)).collect()
    }

    /// The part of the summary about maps.
    pub(super) fn summary(&self) -> Value {
        json!({
            "folder": self.folder.display().to_string(),
            "cell_m": self.cell,
            "value": "mean of the points of a cell that have one; NaN where there is none",
            FILES: self.files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    }

    /// The folder of the maps.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Maps {
    fn drop(&mut self) {
        // Files that have no name yet are removed first; only an empty folder goes.
        self.files.clear();
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Unfinished blocks in memory of each map: of all, a sixteenth of the memory.
fn blocks_of_map(columns: usize, memory: u64) -> usize {
    let of_all = memory / 16 / GeoTiffMosaic::BLOCK_BYTES as u64;
    (of_all / columns.max(1) as u64).clamp(1, 96) as usize
}

/// Refuses to write over maps that are there and that no summary of an earlier result names.
pub(super) fn refuse_foreign(out: &Path, columns: &[OutputColumn]) -> Result<()> {
    let folder = maps_folder(out);
    let of_earlier = read_names(out)?;
    let names = columns.iter().map(map_name);
    let mut others = names.filter(|name| !of_earlier.contains(name));
    match others.find(|name| folder.join(name).exists()) {
        Some(name) => Err(FeatureOptionError::OtherResults {
            out: folder.join(name),
            difference: "unknown inputs and parameters".to_owned(),
        }
        .into()),
        None => Ok(()),
    }
}

/// Key of the summary: the names of the maps.
const FILES: &str = "files";

/// The folder of an output's maps: `out.laz.maps`.
fn maps_folder(out: &Path) -> PathBuf {
    with_ending(out, ".maps")
}

fn map_name(column: &OutputColumn) -> String {
    format!("{}.tif", column.name)
}

/// Refuses an input that is one of the maps of these columns, or of those that will be removed.
pub(super) fn refuse_input(out: &Path, columns: &[OutputColumn], input: &Path) -> Result<()> {
    let folder = maps_folder(out);
    let names = columns.iter().map(map_name);
    let names = names.chain(read_names(out)?);
    WrittenOver::of(&folder, names).refuse_input(input)
}

/// Removes the maps of an earlier result, which its summary names: beside another result they would
/// seem to belong to it.
pub(super) fn remove_earlier(out: &Path) -> Result<()> {
    let folder = maps_folder(out);
    let names = read_names(out)?;
    remove_about(names.iter().map(|name| folder.join(name)))?;
    // Only an empty folder goes.
    let _ = fs::remove_dir(&folder);
    Ok(())
}

/// Names of the maps in the summary of an output; none if it is no summary of ours.
fn read_names(out: &Path) -> Result<Vec<String>> {
    let summary = read_summary(out)?.unwrap_or_default();
    let names = summary["maps"][FILES].as_array().into_iter().flatten();
    let names = names.filter_map(Value::as_str);
    // A name that has a folder in it is none of ours.
    let is_file = |name: &&str| name.ends_with(".tif") && !name.contains(['/', '\\']);
    Ok(names.filter(is_file).map(str::to_owned).collect())
}

/// The cell of each point.
fn place_points(grid: &Grid, points: Positions<'_>) -> Vec<Placed> {
    let place = |point: usize| {
        let [x, y, _] = points.absolute_ticks(point);
        let [row, column] = grid.locate_ticks([x, y])?;
        Some(Placed {
            point: point as u32, // a tile has fewer than 2³² points
            slot: (row * grid.columns + column) as u32,
        })
    };
    (0..points.len()).filter_map(place).collect()
}

fn means_of(grid: Grid, placed: &[Placed], values: &[f32]) -> Result<Raster> {
    let mut sums = ColumnSums::default();
    let cells = grid.columns * grid.rows;
    sums.resize(cells);
    sums.add(placed, values);
    Raster::from_rows(grid, (0..cells).map(|cell| sums.mean(cell)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach::cloud::Cloud;

    #[test]
    fn a_cell_has_the_mean_of_its_points_that_have_a_value() {
        let points = [
            [0.5, 0.5, 1.0],
            [0.7, 0.1, 9.0],
            [1.0, 0.5, 2.0],
            [1.5, 1.5, 3.0],
        ];
        let cloud = Cloud::from_points(&points).unwrap();
        let grid = Grid {
            cell_size: 1.0,
            first: [0, 0],
            columns: 2,
            rows: 2,
        };
        let placed = place_points(&grid, cloud.positions());
        let means = means_of(grid, &placed, &[0.1, 0.2, f32::NAN, -7.0]).unwrap();
        let rows: Vec<f64> = means.values.iter().copied().collect();
        assert!(rows[0].is_nan() && rows[3].is_nan());
        let exact = (f64::from(0.1_f32) + f64::from(0.2_f32)) / 2.0;
        assert_eq!([rows[1], rows[2]], [-7.0, exact]);
    }

    #[test]
    fn names_of_an_earlier_summary_leave_the_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.laz");
        let path = folder.path().join("out.laz.json");
        let maps = json!({ "maps": { FILES: ["nx.tif", "../a.tif", "b/c.tif", "d.txt", 7] } });
        fs::write(&path, maps.to_string()).unwrap();
        assert_eq!(read_names(&out).unwrap(), ["nx.tif"]);
        fs::write(&path, b"\xff{").unwrap();
        assert!(read_names(&out).unwrap().is_empty());
        assert!(read_names(&folder.path().join("none")).unwrap().is_empty());
    }
}
