//! What is written while blocks come in, and what is kept for the pictures.

use crate::BANDS;
use isopach::{
    compute::{Error, Result},
    emission::{Block, Inversion},
    fits::{Cube, CubeFile, Value},
};
use ndarray::{Array2, Array3, ArrayD, ArrayView3, Axis, Ix2, Ix3, s};
use std::{collections::BTreeMap, path::Path};

/// The FITS file, and maps for the pictures: shapes (rows, columns, bands) and (rows, columns).
pub(crate) struct Outputs {
    file: CubeFile,
    pub(crate) bands: Array3<f32>,
    pub(crate) temperature: Array2<f32>,
    pub(crate) chi_squared: Array2<f32>,
    /// Pixels by status in words.
    pub(crate) statuses: BTreeMap<String, usize>,
    pub(crate) seconds: f64,
}

impl Outputs {
    pub(crate) fn create(path: &Path, inversion: &Inversion, [rows, columns]: [usize; 2]) -> Result<Self> {
        let edges = &inversion.log_t_edges;
        let by_edge =
            |(i, x): (usize, &f64)| (format!("EDGE{i:03}"), Value::Number(*x), "log10 T (K), edge of bins".to_owned());
        let edges: Vec<_> = edges.iter().enumerate().map(by_edge).collect();
        let by_band = |(i, [low, high]): (usize, &[f64; 2])| {
            (format!("BAND{i:03}"), Value::Text(format!("{low} {high}")), "log10 T (K) from, to".to_owned())
        };
        let bands: Vec<_> = BANDS.iter().enumerate().map(by_band).collect();
        let cube = |name: &str, unit: &str, planes: usize, keywords: &[(String, Value, String)]| Cube {
            name: name.into(),
            unit: unit.into(),
            shape: [planes, rows, columns],
            keywords: keywords.to_vec(),
        };
        let cubes = [
            cube("EMISSION", "cm-5", inversion.bins(), &edges),
            cube("UNCERTAINTY", "cm-5", inversion.bins(), &edges),
            cube("RESOLUTION", "dex", inversion.bins(), &edges),
            cube("SYNTHETIC", "DN/s", inversion.channels(), &[]),
            cube("BANDS", "cm-5", BANDS.len(), &bands),
            cube("TEMPERATURE", "K", 1, &[]),
            cube("CHI2", "", 1, &[]),
            cube("STATUS", "", 1, &[]),
        ];
        Ok(Self {
            file: CubeFile::create(path, &cubes)?,
            bands: Array3::zeros((rows, columns, BANDS.len())),
            temperature: Array2::zeros((rows, columns)),
            chi_squared: Array2::zeros((rows, columns)),
            statuses: BTreeMap::new(),
            seconds: 0.0,
        })
    }

    pub(crate) fn accept(&mut self, inversion: &Inversion, block: &Block) -> Result<()> {
        let (rows, map) = (block.rows.clone(), &block.map);
        let bands = inversion.in_bands(map.emission.view(), &BANDS)?;
        let temperature = inversion.mean_temperature(map.emission.view())?;
        let status = map.status.mapv(|s| f32::from(s.code()));
        map.status.iter().for_each(|s| *self.statuses.entry(s.to_string()).or_default() += 1);
        let cubes = [
            Some(&map.emission),
            map.uncertainty.as_ref(),
            map.log_t_resolution.as_ref(),
            Some(&map.synthetic),
            Some(&bands),
        ];
        for (cube, values) in cubes.into_iter().enumerate() {
            if let Some(values) = values {
                self.file.write_rows(cube, rows.start, planes(values)?)?;
            }
        }
        for (cube, values) in [&temperature, &map.chi_squared, &status].into_iter().enumerate() {
            let plane = values.view().insert_axis(Axis(0)).into_dimensionality::<Ix3>().map_err(Error::source)?;
            self.file.write_rows(5 + cube, rows.start, plane)?;
        }
        let flat = |values: &ArrayD<f32>| values.clone().into_dimensionality::<Ix2>().map_err(Error::source);
        self.bands
            .slice_mut(s![rows.clone(), .., ..])
            .assign(&bands.into_dimensionality::<Ix3>().map_err(Error::source)?);
        self.temperature.slice_mut(s![rows.clone(), ..]).assign(&flat(&temperature)?);
        self.chi_squared.slice_mut(s![rows, ..]).assign(&flat(&map.chi_squared)?);
        Ok(())
    }
}

/// From (rows, columns, planes) to (planes, rows, columns).
fn planes(values: &ArrayD<f32>) -> Result<ArrayView3<'_, f32>> {
    let view = values.view().into_dimensionality::<Ix3>().map_err(Error::source)?;
    Ok(view.permuted_axes([2, 0, 1]))
}
