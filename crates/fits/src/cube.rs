//! Cubes.

use fitskit::{Hdu, Header, HeaderValue};
use isopach_compute::{Error, Result};
use ndarray::ArrayView3;
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

/// Bytes of a FITS block.
const BLOCK: u64 = 2880;

/// What a keyword says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// Text.
    Text(String),
}

/// An image extension to be written: single precision, three axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cube {
    /// EXTNAME.
    pub name: String,
    /// BUNIT.
    pub unit: String,
    /// Planes, rows, columns: NAXIS3, NAXIS2, NAXIS1.
    pub shape: [usize; 3],
    /// More keywords: name, value, comment.
    pub keywords: Vec<(String, Value, String)>,
}

/// A file of cubes whose rows are written in any order. What is never written is zero.
#[derive(Debug)]
pub struct CubeFile {
    file: File,
    /// Where each cube's data starts, and its shape.
    cubes: Vec<(u64, [usize; 3])>,
}

impl CubeFile {
    /// Creates the file with all headers, at its full length.
    ///
    /// # Errors
    /// [`Error::Source`] where it cannot be written.
    pub fn create(path: impl AsRef<Path>, cubes: &[Cube]) -> Result<Self> {
        let path = path.as_ref();
        let mut file = File::create(path).map_err(|e| Error::source(format!("{}: {e}", path.display())))?;
        let mut at = write_padded(&mut file, &Hdu::primary_empty().header.to_bytes())?;
        let mut places = vec![];
        for cube in cubes {
            file.seek(SeekFrom::Start(at)).map_err(Error::source)?;
            at += write_padded(&mut file, &header(cube).to_bytes())?;
            places.push((at, cube.shape));
            let bytes = 4 * cube.shape.iter().map(|&n| n as u64).product::<u64>();
            at += bytes.div_ceil(BLOCK) * BLOCK;
        }
        file.set_len(at).map_err(Error::source)?;
        Ok(Self { file, cubes: places })
    }

    /// Writes all planes of some rows: `values` has the shape (planes, rows, columns), its first row is row `first` of the cube.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a cube that is not there or rows that do not fit it; [`Error::Source`] where the file cannot be written.
    pub fn write_rows(&mut self, cube: usize, first: usize, values: ArrayView3<'_, f32>) -> Result<()> {
        let (planes, rows, columns) = values.dim();
        let place = self.cubes.get(cube).filter(|(_, [p, r, c])| *p == planes && first + rows <= *r && *c == columns);
        let Some(&(start, [_, all_rows, _])) = place else {
            return Err(Error::InvalidInput(format!(
                "cube {cube} has no room for {planes} × {rows} × {columns} at row {first}"
            )));
        };
        for (plane, values) in values.outer_iter().enumerate() {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
            let at = start + 4 * ((plane * all_rows + first) * columns) as u64;
            self.file.seek(SeekFrom::Start(at)).map_err(Error::source)?;
            self.file.write_all(&bytes).map_err(Error::source)?;
        }
        Ok(())
    }
}

fn header(cube: &Cube) -> Header {
    let mut header = Header::new();
    let text = |s: &str| HeaderValue::String(s.into());
    header.set("XTENSION", text("IMAGE"), None);
    header.set("BITPIX", HeaderValue::Integer(-32), None);
    header.set("NAXIS", HeaderValue::Integer(3), None);
    for (axis, size) in cube.shape.iter().rev().enumerate() {
        header.set(&format!("NAXIS{}", axis + 1), HeaderValue::Integer(*size as i64), None);
    }
    header.set("PCOUNT", HeaderValue::Integer(0), None);
    header.set("GCOUNT", HeaderValue::Integer(1), None);
    header.set("EXTNAME", text(&cube.name), None);
    header.set("BUNIT", text(&cube.unit), None);
    for (name, value, comment) in &cube.keywords {
        let value = match value {
            Value::Number(x) => HeaderValue::Float(*x),
            Value::Whole(x) => HeaderValue::Integer(*x),
            Value::Text(s) => text(s),
        };
        header.set(name, value, Some(comment));
    }
    header
}

/// Writes a header and pads it with blanks to whole blocks; returns their bytes.
fn write_padded(file: &mut File, bytes: &[u8]) -> Result<u64> {
    let padded = (bytes.len() as u64).div_ceil(BLOCK) * BLOCK;
    file.write_all(bytes).map_err(Error::source)?;
    file.write_all(&vec![b' '; (padded - bytes.len() as u64) as usize]).map_err(Error::source)?;
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{FitsFile, HduData, PixelData};
    use ndarray::{Array3, s};

    #[test]
    fn rows_written_in_any_order_make_the_cube() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cube.fits");
        let a = Array3::from_shape_fn((4, 7, 5), |(p, r, c)| (100 * p + 10 * r + c) as f32);
        let keywords = vec![("CRVAL3".into(), Value::Number(5.7), "log T of the first plane".into())];
        let cube =
            |name: &str| Cube { name: name.into(), unit: "cm-5".into(), shape: [4, 7, 5], keywords: keywords.clone() };
        let mut file = CubeFile::create(&path, &[cube("A"), cube("B")]).unwrap();
        file.write_rows(1, 3, a.slice(s![.., 3.., ..])).unwrap();
        file.write_rows(1, 0, a.slice(s![.., ..3, ..])).unwrap();
        assert!(file.write_rows(1, 5, a.slice(s![.., ..3, ..])).is_err());
        assert!(file.write_rows(2, 0, a.view()).is_err());
        drop(file);
        let read = FitsFile::from_file(&path).unwrap();
        assert_eq!(read.extensions().len(), 2);
        let b = read.find_extension("B").unwrap();
        assert_eq!((b.header.get_float("CRVAL3"), b.header.get_string("BUNIT")), (Some(5.7), Some("cm-5")));
        let HduData::Image(image) = &b.data else { panic!("not an image") };
        assert_eq!(image.axes, [5, 7, 4]);
        let PixelData::F32(pixels) = &image.pixels else { panic!("not single precision") };
        assert_eq!(pixels, &a.iter().copied().collect::<Vec<_>>());
    }
}
