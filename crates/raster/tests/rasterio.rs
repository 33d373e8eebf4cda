//! GeoTIFFs against GDAL, through rasterio. The files of the cases are compared with what rasterio
//! 1.4.4 (GDAL 3.10.3) says of them; many more are made and read by a Python that has it:
//! `RASTERIO_PYTHON`, or `python3`.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Crs, LengthUnit};
use isopach_crs::{from_wkt, well_known_text};
use isopach_raster::{GeoTiff, Grid, Raster, read_geotiff, write_geotiff};
use ndarray::Array2;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn cases() -> Option<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cases");
    if !cases.exists() {
        eprintln!("SKIPPED: {} is not there", cases.display());
        return None;
    }
    Some(cases)
}

/// A Python with rasterio; `None`, and a line that says so, where there is none.
fn python() -> Option<String> {
    let python = std::env::var("RASTERIO_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python)
        .args(["-c", "import rasterio"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !has {
        eprintln!("SKIPPED: {python} has no rasterio; name one that has in RASTERIO_PYTHON");
    }
    has.then_some(python)
}

#[test]
fn the_cases_are_read_as_gdal_reads_them() {
    let Some(cases) = cases() else { return };
    // 4 rows of 6 cells: ten times the row plus the column and so on; cell size, corner and code as
    // rasterio says.
    let plain = GeoTiff::read(cases.join("rasters/dem_area.tif")).unwrap();
    assert_eq!(
        (
            plain.values.dim(),
            plain.values[[0, 0]],
            plain.values.fold(0.0, |a: f64, b| a.max(*b))
        ),
        ((4, 6), 0.0, 53.0)
    );
    let grid = Grid {
        cell_size: 2.0,
        first: [250_000, 2_499_996],
        columns: 6,
        rows: 4,
    };
    for name in ["area", "deflate_pred3", "i16", "lzw", "point", "zstd"] {
        let path = cases.join(format!("rasters/dem_{name}.tif"));
        let found = GeoTiff::read(&path).unwrap();
        assert_eq!(
            (found.crs.horizontal, found.crs.unit),
            (Some(32617), LengthUnit::Metre),
            "{name}"
        );
        let raster = read_geotiff(&path).unwrap();
        assert_eq!(raster.grid, grid, "{name}");
        assert_eq!(raster.values, plain.values, "{name}");
    }
    let holed = read_geotiff(cases.join("rasters/dem_nodata.tif")).unwrap();
    assert_eq!(
        holed.values.iter().filter(|value| value.is_nan()).count(),
        1
    );
    assert!(
        holed
            .values
            .iter()
            .all(|value| value.is_nan() || (0.0..=53.0).contains(value))
    );

    let off = cases.join("rasters/dem_off_lattice.tif");
    let found = GeoTiff::read(&off).unwrap();
    assert_eq!(
        (found.north_west, found.cell_size),
        ([500_000.9, 5_000_000.9], [2.0; 2])
    );
    assert_eq!(found.values, plain.values);
    let message = read_geotiff(&off).unwrap_err().to_string();
    assert!(
        message.contains("dem_off_lattice.tif")
            && message.contains("0.9")
            && message.contains("-tap"),
        "{message}"
    );

    for name in ["nodata-9999", "pixel_is_point"] {
        let raster = read_geotiff(cases.join(format!("io/{name}.tif"))).unwrap();
        assert_eq!(
            raster.grid,
            Grid {
                cell_size: 1.0,
                first: [630_000, 4_833_000],
                columns: 20,
                rows: 20
            },
            "{name}"
        );
        let there: Vec<f64> = raster
            .values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        let (low, high) = there
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        assert_eq!((there.len(), low, high), (340, 61.0, 400.0), "{name}");
    }
    for name in ["g_nodata", "g_point"] {
        let raster = read_geotiff(cases.join(format!("newcomer/{name}.tif"))).unwrap();
        assert_eq!(
            raster.grid,
            Grid {
                cell_size: 1.0,
                first: [500_000, 5_000_000],
                columns: 10,
                rows: 10
            },
            "{name}"
        );
        assert_eq!(
            raster.values.iter().filter(|value| !value.is_nan()).count(),
            99,
            "{name}"
        );
    }
    let half = GeoTiff::read(cases.join("newcomer/g_half.tif")).unwrap();
    assert_eq!(
        (half.north_west, half.crs.horizontal),
        ([500_000.4, 5_000_010.3], Some(32633))
    );
    assert!(half.into_raster().is_err());
}

/// Values that GDAL gives: raw little-endian f64 in a file beside.
fn values(path: &Path, shape: (usize, usize)) -> Array2<f64> {
    let bytes = fs::read(path).unwrap();
    let values = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect();
    Array2::from_shape_vec(shape, values).unwrap()
}

#[test]
fn what_gdal_writes_is_read_as_gdal_reads_it() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/make_rasters.py");
    let made = Command::new(&python)
        .arg(script)
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let cases: Vec<Value> =
        serde_json::from_slice(&fs::read(dir.path().join("cases.json")).unwrap()).unwrap();
    assert!(cases.len() > 300, "{}", cases.len());
    let (mut wrong, mut defined) = (Vec::new(), 0);
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let number = |path: &str| {
            case.pointer(path)
                .and_then(Value::as_f64)
                .unwrap_or_else(|| panic!("{path} of {case}"))
        };
        let found = match GeoTiff::read_band(dir.path().join(name), number("/band") as usize) {
            Ok(found) => found,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let expected = values(
            &dir.path().join(format!("{name}.f64")),
            (number("/shape/0") as usize, number("/shape/1") as usize),
        );
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        if found.values.dim() != expected.dim()
            || !found
                .values
                .iter()
                .zip(&expected)
                .all(|(a, b)| same(*a, *b))
        {
            wrong.push(format!(
                "{name}: {:?} instead of {:?}",
                found.values, expected
            ));
        }
        let place = [0, 1].map(|i| number(&format!("/north_west/{i}")));
        let sides = [0, 1].map(|i| number(&format!("/cell_size/{i}")));
        // The same numbers of the file, in the same arithmetic.
        if found.north_west != place || found.cell_size != sides {
            wrong.push(format!(
                "{name}: at {:?}, {:?} instead of {place:?}, {sides:?}",
                found.north_west, found.cell_size
            ));
        }
        let code = case["epsg"].as_u64();
        let unit = match case["unit"].as_str() {
            Some("metre") | None => LengthUnit::Metre,
            Some("degree") => LengthUnit::Degree,
            Some("foot") => LengthUnit::Foot,
            Some("US survey foot") => LengthUnit::SurveyFoot,
            Some(_) => LengthUnit::Other,
        };
        if found.crs.horizontal.map(u64::from) != code || found.crs.unit != unit {
            wrong.push(format!(
                "{name}: {:?} instead of {code:?}, {unit}",
                found.crs
            ));
        }
        let theirs = from_wkt(case["wkt"].as_str().unwrap()).and_then(|crs| crs.definition);
        if theirs.is_some() && found.crs.definition != theirs {
            wrong.push(format!(
                "{name}: {:?} instead of {theirs:?}",
                found.crs.definition
            ));
        }
        defined += usize::from(
            theirs.is_some() && code.is_none() && well_known_text(&found.crs).is_some(),
        );
    }
    assert!(
        defined >= 5,
        "{defined} systems that have no code have a definition and a text"
    );
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

fn raster() -> Raster {
    let grid = Grid {
        cell_size: 0.5,
        first: [1_260_000, 9_666_000],
        columns: 700,
        rows: 300,
    };
    let values = Array2::from_shape_fn((300, 700), |(row, column)| {
        if (row * column) % 11 == 3 {
            f64::NAN
        } else {
            f64::from((row * 700 + column) as u32) * 0.25
        }
    });
    Raster { grid, values }
}

#[test]
fn what_is_written_in_one_call_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tif");
    let wkt = r#"PROJCS["Oregon Lambert, in metres",GEOGCS["NAD83"],UNIT["metre",1]]"#;
    let named = Crs {
        wkt: Some(wkt.into()),
        name: Some("Oregon Lambert, in metres".into()),
        ..Crs::default()
    };
    for crs in [
        Crs::default(),
        Crs {
            vertical: Some(5703),
            ..Crs::from_epsg(26917)
        },
        named,
    ] {
        write_geotiff(&path, &raster(), &crs).unwrap();
        let found = GeoTiff::read(&path).unwrap();
        assert_eq!(
            (
                &found.crs.wkt,
                found.crs.horizontal,
                found.crs.vertical,
                &found.crs.name
            ),
            (&crs.wkt, crs.horizontal, crs.vertical, &crs.name)
        );
        let found = found.into_raster().unwrap();
        assert_eq!(found.grid, raster().grid);
        assert!(
            found
                .values
                .iter()
                .zip(&raster().values)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
    }
}

/// What GDAL and rio-cogeo say of files that are written here.
const JUDGE: &str = r#"
import json, sys, rasterio
from rio_cogeo.cogeo import cog_validate
valid, errors, warnings = cog_validate(sys.argv[1], strict=True)
with rasterio.open(sys.argv[1]) as file:
    crs = file.crs.to_wkt() if file.crs else ""
    print(json.dumps({"valid": valid, "said": errors + warnings, "overviews": file.overviews(1), "crs": crs, "nodata": str(file.nodata),
                      "sum": float(file.read(1, masked=True).sum(dtype="f8"))}))
"#;

#[test]
fn what_is_written_is_a_cloud_optimised_geotiff() {
    let Some(python) = python() else { return };
    let has = Command::new(&python)
        .args(["-c", "import rio_cogeo"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !has {
        eprintln!("SKIPPED: {python} has no rio_cogeo");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tif");
    let wide = |columns: usize, rows: usize, holes: bool| {
        let grid = Grid {
            cell_size: 0.5,
            first: [1_260_000, 9_666_000],
            columns,
            rows,
        };
        let cell = |(row, column): (usize, usize)| {
            if holes && row / 300 != 1 {
                f64::NAN
            } else {
                (row + column) as f64
            }
        };
        Raster {
            grid,
            values: Array2::from_shape_fn((rows, columns), cell),
        }
    };
    for (columns, rows, holes) in [
        (100, 60, false),
        (256, 256, false),
        (700, 300, false),
        (1500, 1300, true),
        (2100, 513, false),
    ] {
        let raster = wide(columns, rows, holes);
        write_geotiff(
            &path,
            &raster,
            &Crs {
                vertical: Some(5703),
                ..Crs::from_epsg(26917)
            },
        )
        .unwrap();
        let output = Command::new(&python)
            .args(["-c", JUDGE])
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["valid"], true, "{said}");
        assert_eq!(said["said"].as_array().unwrap().len(), 0, "{said}");
        let levels = (0..)
            .take_while(|level| columns.max(rows) as f64 / f64::from(1 << level) > 256.0)
            .count();
        assert_eq!(
            said["overviews"].as_array().unwrap().len(),
            levels,
            "{said}"
        );
        let crs = said["crs"].as_str().unwrap();
        assert!(
            crs.contains("UTM zone 17N") && crs.contains("NAVD88"),
            "the vertical system is read as well: {crs}"
        );
        let sum: f64 = raster.values.iter().filter(|value| !value.is_nan()).sum();
        assert_eq!(said["sum"].as_f64().unwrap(), sum);
    }
}
