//! Sinks of the results of tiles.

use crate::{
    guard::Finished,
    options::Column,
    overview::Overview,
    rasters::{Kind, Requested},
    settings::Settings,
    styles::{self, Look},
    sums::{self, Sums},
    truth::Truth,
};
use clap::ValueEnum as _;
use isopach::{
    change::{C2cTile, Differences, DodRasters, M3c2Tile, ZonedReport, ZonedVolumes},
    cloud::{Columns, Crs, Rect},
    compute::{Error, Result},
    las::{ExtraBytes, ExtraKind, GpsTime, Schema, SortedLazWriter},
    polygons::Polygons,
    raster::GeoTiffMosaic,
    tiling::TileSink,
};
use isopach_program::{finished, listener::Listener};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};

/// Settings of the files and sums.
pub(crate) struct Plan<'a> {
    pub(crate) folder: PathBuf,
    /// State of the folder before this run.
    pub(crate) before_this: Finished,
    pub(crate) columns: Vec<Column>,
    pub(crate) rasters: Vec<Kind>,
    pub(crate) settings: &'a Settings,
    pub(crate) crs: Option<Crs>,
    /// Columns of the later points that `c2c.laz` keeps.
    pub(crate) kept: Columns,
    /// The type of their GPS times.
    pub(crate) gps_time: GpsTime,
    /// Nothing yet; zones are those of `areas`.
    pub(crate) volumes: ZonedVolumes,
    pub(crate) areas: Option<Arc<Polygons>>,
    /// Bytes in which the points of a result are brought into order.
    pub(crate) memory: u64,
    pub(crate) truth: Option<Truth>,
    /// Identity of the results.
    pub(crate) made_from: Value,
    /// Whether another process may write the same files at the same time.
    pub(crate) among_others: bool,
}

/// The files that are being written, and the sums.
pub(crate) struct Outputs {
    cell_size: f64,
    /// Side of the cells that order the points of the results, metres.
    order: f64,
    columns: Vec<Column>,
    crs: Option<Crs>,
    kept: Columns,
    gps_time: GpsTime,
    folder: PathBuf,
    before_this: Finished,
    memory: u64,
    cells: CellFiles,
    /// Created when the extent is known; taken when finished.
    clouds: Option<Clouds>,
    pub(crate) sums: Sums,
    pub(crate) truth: Option<Truth>,
    made_from: Value,
    among_others: bool,
}

/// The rasters that are being written, and the volumes and the overview of their cells.
struct CellFiles {
    dod: GeoTiffMosaic,
    lod: GeoTiffMosaic,
    /// Rasters on request.
    requested: Vec<Requested>,
    areas: Option<Arc<Polygons>>,
    volumes: ZonedVolumes,
    /// Created when the extent is known.
    overview: Option<Overview>,
}

/// The point clouds that are being written.
struct Clouds {
    core_points: SortedLazWriter,
    /// Later points with their distances.
    later_points: SortedLazWriter,
}

/// Names of the files that hold results.
pub(crate) const FILES: [&str; 4] = ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"];

impl Outputs {
    pub(crate) fn create(plan: Plan<'_>) -> Result<Self> {
        let Plan {
            folder,
            before_this,
            columns,
            rasters,
            settings,
            crs,
            kept,
            gps_time,
            volumes,
            areas,
            memory,
            truth,
            made_from,
            among_others,
        } = plan;
        let mosaic = |name: &str, description: &str| -> Result<GeoTiffMosaic> {
            let mosaic = GeoTiffMosaic::create(folder.join(name), settings.cell)?;
            Ok(mosaic
                .description(description)
                .crs(crs.clone().unwrap_or_default()))
        };
        Ok(Self {
            cell_size: settings.cell,
            order: settings.core_spacing,
            columns,
            cells: CellFiles {
                dod: mosaic(FILES[0], "height difference, later - earlier, m")?,
                lod: mosaic(
                    FILES[1],
                    "95 % level of detection of the height difference, m",
                )?,
                requested: Kind::value_variants()
                    .iter()
                    .filter(|kind| rasters.contains(kind))
                    .map(|kind| Requested::create(*kind, &folder, settings, crs.as_ref()))
                    .collect::<Result<_>>()?,
                areas,
                volumes,
                overview: None,
            },
            crs,
            kept,
            gps_time,
            folder,
            before_this,
            memory,
            clouds: None,
            sums: Sums::default(),
            truth,
            made_from,
            among_others,
        })
    }

    /// The files of this run, by name.
    pub(crate) fn files(&self) -> Vec<&'static str> {
        FILES
            .into_iter()
            .chain(self.cells.requested.iter().map(|raster| raster.kind.file()))
            .collect()
    }

    /// Writes a style next to each raster, with differences shown up to `limit`, and reports each
    /// user's style that stays instead.
    pub(crate) fn write_styles(&self, limit: f64, listener: &dyn Listener) -> Result<()> {
        let requested = self
            .cells
            .requested
            .iter()
            .map(|raster| (raster.kind.file(), raster.look(limit)));
        let all = [
            (FILES[0], Look::Diverging(limit)),
            (FILES[1], Look::Rising([0.0, limit])),
        ]
        .into_iter();
        for (name, look) in all.chain(requested) {
            if !styles::write_style(&self.folder, name, look)? {
                listener.say(&format!(
                    "kept       {}: not this program's",
                    styles::style_path(&self.folder, name).display()
                ));
            }
        }
        Ok(())
    }

    /// Removes rasters of other results that this run does not write, with their styles: next to
    /// its own, they would seem to belong together.
    fn remove_stale(&self) -> Result<()> {
        let Finished::Others(rasters) = &self.before_this else {
            return Ok(());
        };
        let files = self.files();
        let stale = rasters.iter().filter(|name| !files.contains(name));
        stale
            .clone()
            .try_for_each(|name| styles::remove_style(&self.folder, name))?;
        finished::remove_files(&self.folder, stale)
    }

    /// Volumes and areas of the cells.
    pub(crate) fn volumes(&self) -> ZonedReport {
        self.cells.volumes.report()
    }

    /// The map of the page.
    pub(crate) fn overview(&self) -> Option<&Overview> {
        self.cells.overview.as_ref()
    }

    /// Names of the areas whose volumes are listed separately.
    pub(crate) fn zone_names(&self) -> Vec<String> {
        let zones = self.cells.areas.iter().flat_map(|areas| areas.zones());
        zones.map(|zone| zone.name().to_owned()).collect()
    }

    fn schema(&self, whole: Rect, columns: Columns, extra_bytes: Vec<ExtraBytes>) -> Schema {
        let [x, y] = whole.centre().map(f64::floor);
        Schema {
            crs: self.crs.clone(),
            offset: [x, y, 0.0],
            columns,
            gps_time: self.gps_time,
            extra_bytes,
            ..Schema::default()
        }
    }
}

impl TileSink<(DodRasters, M3c2Tile, C2cTile)> for Outputs {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        let extra = self
            .columns
            .iter()
            .flat_map(|column| column.extra_bytes())
            .collect();
        let distance = ExtraBytes::new("c2c_distance", "m, to the earlier epoch", ExtraKind::F32);
        let create = |name: &str, columns: Columns, extra: Vec<ExtraBytes>| {
            SortedLazWriter::create(
                self.folder.join(name),
                &self.schema(whole, columns, extra),
                self.order,
                self.memory,
            )
        };
        self.clouds = Some(Clouds {
            core_points: create(FILES[2], Columns::XYZ, extra)?,
            later_points: create(FILES[3], self.kept, vec![distance])?,
        });
        self.cells.begin(whole, self.cell_size)
    }

    /// Adds cells, core points and later points at the same time: the order of the tiles is kept in
    /// each.
    fn accept(
        &mut self,
        core: Rect,
        (dod, m3c2, c2c): (DodRasters, M3c2Tile, C2cTile),
    ) -> Result<()> {
        if let Some(truth) = &mut self.truth {
            truth.add_dod(&dod.difference);
            truth.add_m3c2(&m3c2);
        }
        let Self {
            cells,
            clouds,
            sums,
            columns,
            ..
        } = self;
        let Some(Clouds {
            core_points,
            later_points,
        }) = clouds
        else {
            return Ok(());
        };
        let (of_cells, (of_core_points, of_later_points)) = rayon::join(
            || {
                sums.cells.add_tile(&dod);
                cells.write_tile(core, dod)
            },
            || {
                rayon::join(
                    || {
                        sums.core_points.add_tile(&m3c2);
                        write_core_points(core_points, columns, &m3c2)
                    },
                    || {
                        sums::add_distances(&mut sums.c2c, &c2c);
                        later_points.write(&c2c.points, &[&c2c.distances.distance])
                    },
                )
            },
        );
        of_cells?;
        of_core_points?;
        Ok(of_later_points?)
    }

    /// Gives all files their names, or none: if the last one finds the disk full, the earlier ones
    /// are removed. If other processes may write them as well, they stay, as they may be the
    /// others' complete files; without a summary they are no results yet.
    fn finish(&mut self) -> Result<()> {
        self.remove_stale()?;
        // Results without a summary are those of a run that ended here: nothing states the inputs
        // of the earlier results.
        let told = finished::read_summary(&self.folder)?
            .is_some_and(|summary| summary.get(finished::KEY) == Some(&self.made_from));
        if !told {
            finished::remove_files(&self.folder, finished::ABOUT)?;
        }
        let mut named = Vec::new();
        let outcome = self.finish_files(&mut named);
        if outcome.is_err() && !self.among_others {
            // The error to report is the reason of the failure.
            let _ = finished::remove_files(&self.folder, named);
        }
        outcome
    }
}

impl Outputs {
    /// Finishes the files, the point clouds at the same time, and notes those that have their names.
    fn finish_files(&mut self, named: &mut Vec<&'static str>) -> Result<()> {
        let clouds = self.clouds.take();
        let (of_clouds, of_cells) = rayon::join(
            || clouds.map_or([Ok(()), Ok(())], Clouds::finish),
            || self.cells.finish(),
        );
        let of_clouds = of_clouds.into_iter().zip([FILES[2], FILES[3]]);
        let mut outcome = Ok(());
        for (finished, name) in of_clouds.chain(of_cells) {
            match finished {
                Ok(()) => named.push(name),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }
}

impl Clouds {
    /// Sorts and completes both files.
    fn finish(self) -> [Result<()>; 2] {
        let (core_points, later_points) =
            rayon::join(|| self.core_points.finish(), || self.later_points.finish());
        [core_points, later_points].map(|finished| finished.map_err(Error::from))
    }
}

impl CellFiles {
    fn begin(&mut self, whole: Rect, cell_size: f64) -> Result<()> {
        self.overview = Some(Overview::new(&whole, cell_size)?);
        self.requested
            .iter_mut()
            .try_for_each(|raster| raster.begin(whole))?;
        self.dod.begin(whole)?;
        self.lod.begin(whole)
    }

    fn write_tile(&mut self, core: Rect, dod: DodRasters) -> Result<()> {
        let areas = self.areas.as_deref();
        self.volumes.add_tile(&dod, |centre| {
            areas
                .into_iter()
                .flat_map(move |areas| areas.zones_of(centre))
        })?;
        if let Some(overview) = &mut self.overview {
            overview.add(&dod);
        }
        self.requested
            .iter_mut()
            .try_for_each(|raster| raster.accept(core, &dod))?;
        self.dod.accept(core, dod.difference)?;
        self.lod.accept(core, dod.level_of_detection)
    }

    /// Completes the files; the outcome of each, with its name.
    fn finish(&mut self) -> Vec<(Result<()>, &'static str)> {
        let difference = self.dod.finish();
        let level = self.lod.finish();
        let mut finished = vec![(difference, FILES[0]), (level, FILES[1])];
        for raster in &mut self.requested {
            finished.push((raster.finish(), raster.kind.file()));
        }
        finished
    }
}

/// Writes the core points of a tile with their columns.
fn write_core_points(
    file: &mut SortedLazWriter,
    columns: &[Column],
    tile: &M3c2Tile,
) -> Result<()> {
    let values: Vec<Vec<f64>> = columns
        .iter()
        .flat_map(|column| column.values(&tile.differences))
        .collect();
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    Ok(file.write(&tile.core_points, &values)?)
}

impl Column {
    /// The extra bytes that it stands for.
    fn extra_bytes(self) -> Vec<ExtraBytes> {
        let float = |name: &str, about: &str| ExtraBytes::new(name, about, ExtraKind::F32);
        let count = |name: &str, about: &str| ExtraBytes::new(name, about, ExtraKind::U32);
        let byte = |name: &str, about: &str| ExtraBytes::new(name, about, ExtraKind::U8);
        match self {
            Self::Distance => vec![float("m3c2_distance", "m along the normal")],
            Self::LevelOfDetection => vec![float("m3c2_lod", "m, 95 %")],
            Self::Significant => vec![byte("significant", "1: beyond the LoD")],
            Self::Counts => vec![
                count("count_before", "points"),
                count("count_after", "points"),
            ],
            Self::Spreads => {
                vec![
                    float("spread_before", "m along the normal"),
                    float("spread_after", "m along the normal"),
                ]
            }
            Self::Normal => ["normal_x", "normal_y", "normal_z"]
                .map(|name| float(name, "unit normal"))
                .into(),
            Self::NormalRadius => vec![float("normal_radius", "m")],
            Self::Status => vec![byte("status", "0: valid, others: index.html")],
        }
    }

    /// The values of those extra bytes.
    fn values(self, found: &Differences) -> Vec<Vec<f64>> {
        let counts = |epoch: usize| found.count[epoch].iter().map(|&n| f64::from(n)).collect();
        match self {
            Self::Distance => vec![found.distance.clone()],
            Self::LevelOfDetection => vec![found.level_of_detection.clone()],
            Self::Significant => vec![
                found
                    .significant
                    .iter()
                    .map(|&s| f64::from(u8::from(s)))
                    .collect(),
            ],
            Self::Counts => vec![counts(0), counts(1)],
            Self::Spreads => found.spread.to_vec(),
            Self::Normal => (0..3)
                .map(|axis| found.normal.iter().map(|n| n[axis]).collect())
                .collect(),
            Self::NormalRadius => vec![found.normal_radius.clone()],
            Self::Status => vec![found.status.iter().map(|&s| f64::from(s as u8)).collect()],
        }
    }
}
