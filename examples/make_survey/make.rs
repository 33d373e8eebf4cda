//! A scene of any size as files, made a chunk at a time on all threads.

use isopach::{
    cloud::{Attributes, Cloud, Columns, Origin, Points},
    las::{Catalogue, LazWriter, Schema},
    tiling::PointSource,
};
use isopach_program::println;
use isopach_survey::scene::{Scene, schema, uniform_random};
use rayon::prelude::*;
use std::{error::Error, fs, path::Path};

/// Metres that a file reaches into its neighbours.
const OVERLAP: f64 = 20.0;
/// Width of a flight strip, metres.
const STRIP: f64 = 60.0;
/// Points that are made at once.
const BUNDLE: u64 = 50_000;

/// Writes both epochs.
pub(crate) fn survey(folder: &Path, points: u64, files: u64) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(points as usize, 1);
    for (epoch, changed) in [("before", 0.0), ("after", 1.0)] {
        let folder = folder.join(epoch);
        fs::create_dir_all(&folder)?;
        for number in 0..files * files {
            let file = File {
                scene,
                files,
                number,
                changed,
            };
            file.write(
                &folder.join(format!("{number:03}.laz")),
                points / (files * files),
            )?;
        }
    }
    println!(
        "{points} points an epoch on {0:.0} × {0:.0} m in {1} files each",
        scene.side(),
        files * files
    );
    Ok(())
}

/// One file of an epoch.
struct File {
    scene: Scene,
    files: u64,
    number: u64,
    changed: f64,
}

impl File {
    fn write(&self, path: &Path, points: u64) -> Result<(), Box<dyn Error>> {
        let mut writer = LazWriter::create(path, &schema())?;
        let firsts: Vec<u64> = (0..points).step_by(BUNDLE as usize).collect();
        for wave in firsts.chunks(2 * rayon::current_num_threads()) {
            let bundle = |&first: &u64| self.bundle(first, (first + BUNDLE).min(points), points);
            let clouds: Vec<Cloud> = wave
                .par_iter()
                .map(bundle)
                .collect::<isopach::compute::Result<_>>()?;
            clouds
                .iter()
                .try_for_each(|cloud| writer.write(cloud, &[]))?;
        }
        Ok(writer.finish()?)
    }

    /// The points `first .. end` of the file's `of`: strip after strip, along each from south to
    /// north.
    fn bundle(&self, first: u64, end: u64, of: u64) -> isopach::compute::Result<Cloud> {
        let side = self.scene.side() / self.files as f64;
        let corner = [self.number % self.files, self.number / self.files].map(|i| i as f64 * side);
        let limit = self.scene.side();
        let low = corner.map(|x| (x - OVERLAP).max(0.0));
        let size: [f64; 2] =
            std::array::from_fn(|axis| (corner[axis] + side + OVERLAP).min(limit) - low[axis]);
        let strips = (size[0] / STRIP).ceil();
        let seed = self.scene.seed + 2 * self.number + self.changed as u64;
        let mut points = Points {
            xyz: Vec::new(),
            attributes: Attributes::default(),
        };
        let mut classes = Vec::new();
        for i in first..end {
            let along = (i as f64 + uniform_random(seed, i * 8)) / of as f64 * strips;
            let x = low[0] + (along.floor() + uniform_random(seed, i * 8 + 1)) / strips * size[0];
            let y = low[1] + along.fract() * size[1];
            let (point, class) = self.scene.point([seed, i], [x, y], self.changed);
            points.xyz.push(point);
            classes.push(class);
        }
        points.attributes.classification = Some(classes);
        if self.changed > 0.0 {
            points.transform(&self.scene.misalignment);
        }
        points.about(Origin::near(self.scene.centre())?)
    }
}

/// Writes the points of several files into one.
pub(crate) fn join(folder: &Path, to: &Path, chunk_points: u32) -> Result<(), Box<dyn Error>> {
    let catalogue = Catalogue::open(&[folder])?;
    let first = catalogue.files().first().ok_or("no file")?.header();
    let schema = Schema {
        crs: catalogue.crs().cloned(),
        scale: first.scale[0],
        offset: first.offset,
        columns: Columns::CLASSIFICATION,
        chunk_points,
        ..Schema::default()
    };
    let [x, y] = catalogue.extent().centre();
    let mut writer = LazWriter::create(to, &schema)?;
    for chunk in 0..catalogue.chunk_count() {
        let points = catalogue.read_chunk(chunk, Columns::CLASSIFICATION)?;
        writer.write(
            &points.about(Origin::near([x, y, catalogue.height_range()[0]])?)?,
            &[],
        )?;
    }
    Ok(writer.finish()?)
}
