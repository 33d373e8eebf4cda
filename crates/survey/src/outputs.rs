//! Sinks of the results of tiles.

use crate::{
    distribution::Distribution,
    guard::Finished,
    options::Column,
    overview::Overview,
    rasters::{Kind, Requested},
    settings::Settings,
    styles::{self, Look},
    truth::Truth,
};
use clap::ValueEnum as _;
use isopach::{
    change::{
        C2cTile, ChangeStatus, Differences, DodRasters, FalseDiscoveries, M3c2Tile, ZonedVolumes,
    },
    cloud::{Columns, Crs, Rect},
    compute::Result,
    las::{ExtraBytes, ExtraKind, GpsTime, Schema, SortedLazWriter},
    polygons::Polygons,
    raster::GeoTiffMosaic,
    tiling::TileSink,
};
use isopach_program::{finished, listener::Listener};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};

/// The sums over tiles.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) dod: Distribution,
    pub(crate) m3c2: Distribution,
    pub(crate) level_of_detection: Distribution,
    pub(crate) c2c: Distribution,
    /// Cells that have points of one epoch only.
    pub(crate) one_epoch: u64,
    pub(crate) significant: u64,
    pub(crate) status: [u64; ChangeStatus::ALL.len()],
    pub(crate) flat_normals: u64,
    /// Probabilities of the distances, for a limit on false discoveries.
    pub(crate) false_discoveries: FalseDiscoveries,
}

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
    dod: GeoTiffMosaic,
    lod: GeoTiffMosaic,
    /// Rasters on request.
    requested: Vec<Requested>,
    /// Created when the extent is known; taken when finished.
    clouds: Option<[SortedLazWriter; 2]>,
    areas: Option<Arc<Polygons>>,
    pub(crate) volumes: ZonedVolumes,
    pub(crate) found: Found,
    pub(crate) overview: Option<Overview>,
    pub(crate) truth: Option<Truth>,
    made_from: Value,
    among_others: bool,
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
            crs,
            kept,
            gps_time,
            folder,
            before_this,
            memory,
            clouds: None,
            areas,
            volumes,
            found: Found::default(),
            overview: None,
            truth,
            made_from,
            among_others,
        })
    }

    /// The files of this run, by name.
    pub(crate) fn files(&self) -> Vec<&'static str> {
        FILES
            .into_iter()
            .chain(self.requested.iter().map(|raster| raster.kind.file()))
            .collect()
    }

    /// Writes a style next to each raster, with differences shown up to `limit`, and reports each
    /// user's style that stays instead.
    pub(crate) fn write_styles(&self, limit: f64, listener: &dyn Listener) -> Result<()> {
        let requested = self
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

    /// Names of the areas whose volumes are listed separately.
    pub(crate) fn zone_names(&self) -> Vec<String> {
        let zones = self.areas.iter().flat_map(|areas| areas.zones());
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

    fn add_m3c2(&mut self, tile: &M3c2Tile) -> Result<()> {
        let found = &tile.differences;
        found.distance.iter().for_each(|d| self.found.m3c2.add(*d));
        found
            .level_of_detection
            .iter()
            .for_each(|d| self.found.level_of_detection.add(*d));
        self.found.significant += found.significant.iter().filter(|s| **s).count() as u64;
        self.found.flat_normals += found.flat_normals as u64;
        self.found.false_discoveries.add_p_values(&found.p_value);
        for (count, status) in self.found.status.iter_mut().zip(ChangeStatus::ALL) {
            *count += found.count_of(status) as u64;
        }
        let values: Vec<Vec<f64>> = self
            .columns
            .iter()
            .flat_map(|column| column.values(found))
            .collect();
        if let Some([m3c2, _]) = &mut self.clouds {
            m3c2.write(
                &tile.core_points,
                &values.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            )?;
        }
        Ok(())
    }
}

impl TileSink<(DodRasters, M3c2Tile, C2cTile)> for Outputs {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        self.overview = Some(Overview::new(&whole, self.cell_size)?);
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
        let core_points = create(FILES[2], Columns::XYZ, extra)?;
        self.clouds = Some([core_points, create(FILES[3], self.kept, vec![distance])?]);
        self.requested
            .iter_mut()
            .try_for_each(|raster| raster.begin(whole))?;
        self.dod.begin(whole)?;
        self.lod.begin(whole)
    }

    fn accept(
        &mut self,
        core: Rect,
        (dod, m3c2, c2c): (DodRasters, M3c2Tile, C2cTile),
    ) -> Result<()> {
        let areas = self.areas.as_deref();
        self.volumes.add_tile(&dod, |centre| {
            areas
                .into_iter()
                .flat_map(move |areas| areas.zones_of(centre))
        })?;
        self.found.add_dod(&dod);
        if let Some(overview) = &mut self.overview {
            overview.add(&dod);
        }
        if let Some(truth) = &mut self.truth {
            truth.add_dod(&dod.difference);
            truth.add_m3c2(&m3c2);
        }
        self.add_m3c2(&m3c2)?;
        c2c.distances
            .distance
            .iter()
            .for_each(|d| self.found.c2c.add(*d));
        if let Some([_, file]) = &mut self.clouds {
            file.write(&c2c.points, &[&c2c.distances.distance])?;
        }
        self.requested
            .iter_mut()
            .try_for_each(|raster| raster.accept(core, &dod))?;
        self.dod.accept(core, dod.difference)?;
        self.lod.accept(core, dod.level_of_detection)
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
    /// Finishes the files and notes those that have their names.
    fn finish_files(&mut self, named: &mut Vec<&'static str>) -> Result<()> {
        for (file, name) in self
            .clouds
            .take()
            .into_iter()
            .flatten()
            .zip([FILES[2], FILES[3]])
        {
            file.finish()?;
            named.push(name);
        }
        for (raster, name) in [(&mut self.dod, FILES[0]), (&mut self.lod, FILES[1])] {
            raster.finish()?;
            named.push(name);
        }
        for raster in &mut self.requested {
            raster.finish()?;
            named.push(raster.kind.file());
        }
        Ok(())
    }
}

impl Found {
    /// Cells with data; empty ones depend on the tiles and are not counted.
    fn add_dod(&mut self, dod: &DodRasters) {
        let [before, after] = &dod.heights;
        for ((difference, before), after) in dod
            .difference
            .values
            .iter()
            .zip(&before.values)
            .zip(&after.values)
        {
            if difference.is_finite() {
                self.dod.add(*difference);
            }
            self.one_epoch += u64::from(before.is_finite() != after.is_finite());
        }
    }
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
