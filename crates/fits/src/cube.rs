//! Cubes.

use fitskit::{Hdu, Header, HeaderValue};
use isopach_compute::{Error, Result, UnfinishedFile};
use ndarray::{ArrayView3, Axis, s};
use std::{
    fs::File,
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Bytes of a FITS block.
const BLOCK: u64 = 2880;

/// Planes that are gathered at a time.
const PLANES: usize = 16;

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

/// Of the numbers of a cube.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// `f32`, BITPIX −32.
    #[default]
    Single,
    /// `f64`, BITPIX −64.
    Double,
}

impl Precision {
    fn bytes(self) -> u64 {
        match self {
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

/// A number of a cube: `f32` or `f64`.
pub trait Sample: Copy {
    /// Which of the two.
    const PRECISION: Precision;
    /// Its bytes, most significant first.
    fn bytes(self) -> impl AsRef<[u8]>;
}

impl Sample for f32 {
    const PRECISION: Precision = Precision::Single;
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
}

impl Sample for f64 {
    const PRECISION: Precision = Precision::Double;
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }
}

/// An image extension to be written, three axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cube {
    /// EXTNAME.
    pub name: String,
    /// BUNIT.
    pub unit: String,
    /// Planes, rows, columns: NAXIS3, NAXIS2, NAXIS1.
    pub shape: [usize; 3],
    /// Of its numbers.
    pub precision: Precision,
    /// More keywords: name, value, comment.
    pub keywords: Vec<(String, Value, String)>,
}

/// A file of cubes whose rows are written in any order. What is never written is zero. The file has its name when [`CubeFile::finish`] succeeds;
/// dropped before, nothing is left.
#[derive(Debug)]
pub struct CubeFile {
    path: PathBuf,
    file: File,
    part: UnfinishedFile,
    /// Where each cube's data starts, its shape and precision.
    cubes: Vec<(u64, [usize; 3], Precision)>,
}

impl CubeFile {
    /// Creates the file with all headers, at its full length.
    ///
    /// # Errors
    /// [`Error::Source`] where it cannot be written.
    pub fn create(path: impl AsRef<Path>, cubes: &[Cube]) -> Result<Self> {
        let path = path.as_ref();
        let (part, mut file) = UnfinishedFile::create(path).map_err(|error| Error::of_file(path, error))?;
        let cubes = write_headers(&mut file, cubes).map_err(|error| Error::of_file(path, error))?;
        Ok(Self { path: path.to_owned(), file, part, cubes })
    }

    /// Writes all planes of some rows: `values` has the shape (planes, rows, columns), its first row is row `first` of the cube.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a cube that is not there or of the other precision, or rows that do not fit it; [`Error::Source`] where the file cannot be written.
    pub fn write_rows<T: Sample>(&mut self, cube: usize, first: usize, values: ArrayView3<'_, T>) -> Result<()> {
        let (planes, rows, columns) = values.dim();
        let fits = |(_, [p, r, c], precision): &&(u64, [usize; 3], Precision)| {
            *p == planes && first + rows <= *r && *c == columns && *precision == T::PRECISION
        };
        let Some(&(start, [_, all_rows, _], precision)) = self.cubes.get(cube).filter(fits) else {
            let numbers = T::PRECISION;
            return Err(Error::InvalidInput(format!(
                "cube {cube} has no room for {planes} × {rows} × {columns} {numbers:?} numbers at row {first}"
            )));
        };
        // Some planes at a time, pixel by pixel: where the numbers of a pixel lie together, each is loaded once.
        for first_plane in (0..planes).step_by(PLANES) {
            let some = first_plane..(first_plane + PLANES).min(planes);
            let part = values.slice(s![some.clone(), .., ..]);
            let mut bytes: Vec<Vec<u8>> =
                some.clone().map(|_| Vec::with_capacity(rows * columns * precision.bytes() as usize)).collect();
            for pixel in part.lanes(Axis(0)) {
                pixel.iter().zip(&mut bytes).for_each(|(x, plane)| plane.extend_from_slice(x.bytes().as_ref()));
            }
            for (plane, bytes) in some.zip(&bytes) {
                let at = start + precision.bytes() * ((plane * all_rows + first) * columns) as u64;
                let written = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.write_all(bytes));
                written.map_err(|error| Error::of_file(&self.path, error))?;
            }
        }
        Ok(())
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`Error::Source`] where it cannot be written to the end or renamed.
    pub fn finish(self) -> Result<()> {
        self.part.complete(&self.file).map_err(|error| Error::of_file(&self.path, error))
    }
}

/// Writes all headers, each where its cube begins, and makes the file as long as it will be; returns where the data begin, with shape and precision.
fn write_headers(file: &mut File, cubes: &[Cube]) -> io::Result<Vec<(u64, [usize; 3], Precision)>> {
    let mut at = write_padded(file, &Hdu::primary_empty().header.to_bytes())?;
    let mut places = vec![];
    for cube in cubes {
        file.seek(SeekFrom::Start(at))?;
        at += write_padded(file, &header(cube).to_bytes())?;
        places.push((at, cube.shape, cube.precision));
        let end = data_bytes(cube).and_then(|bytes| at.checked_add(bytes)?.checked_next_multiple_of(BLOCK));
        let too_large = || io::Error::new(ErrorKind::FileTooLarge, format!("a cube of {:?} numbers", cube.shape));
        at = end.ok_or_else(too_large)?;
    }
    file.set_len(at)?;
    Ok(places)
}

/// Bytes of the numbers of a cube, if they can be counted.
fn data_bytes(cube: &Cube) -> Option<u64> {
    cube.shape.iter().try_fold(cube.precision.bytes(), |bytes, &side| bytes.checked_mul(side as u64))
}

fn header(cube: &Cube) -> Header {
    let mut header = Header::new();
    let text = |s: &str| HeaderValue::String(s.into());
    header.set("XTENSION", text("IMAGE"), None);
    header.set("BITPIX", HeaderValue::Integer(-8 * cube.precision.bytes() as i64), None);
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
fn write_padded(file: &mut File, bytes: &[u8]) -> io::Result<u64> {
    let padded = (bytes.len() as u64).div_ceil(BLOCK) * BLOCK;
    file.write_all(bytes)?;
    file.write_all(&vec![b' '; (padded - bytes.len() as u64) as usize])?;
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{FitsFile, HduData, PixelData};
    use ndarray::Array3;

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let [taken, absent] = ["taken", "absent/cube.fits"].map(|name| folder.path().join(name));
        std::fs::create_dir(&taken).unwrap();
        for path in [taken, absent] {
            let error = CubeFile::create(&path, &[]).and_then(CubeFile::finish).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{}: ", path.display())), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn rows_written_in_any_order_make_the_cube() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cube.fits");
        let a = Array3::from_shape_fn((4, 7, 5), |(p, r, c)| (100 * p + 10 * r + c) as f32);
        let keywords = vec![("CRVAL3".into(), Value::Number(5.7), "log T of the first plane".into())];
        let cube = |name: &str, precision| Cube {
            name: name.into(),
            unit: "cm-5".into(),
            shape: [4, 7, 5],
            precision,
            keywords: keywords.clone(),
        };
        let mut file = CubeFile::create(&path, &[cube("A", Precision::Double), cube("B", Precision::Single)]).unwrap();
        let exact = a.mapv(|x| f64::from(x) / 3.0);
        file.write_rows(0, 0, exact.view()).unwrap();
        assert!(file.write_rows(0, 0, a.view()).is_err());
        file.write_rows(1, 3, a.slice(s![.., 3.., ..])).unwrap();
        file.write_rows(1, 0, a.slice(s![.., ..3, ..])).unwrap();
        assert!(file.write_rows(1, 5, a.slice(s![.., ..3, ..])).is_err());
        assert!(file.write_rows(2, 0, a.view()).is_err());
        file.finish().unwrap();
        let read = FitsFile::from_file(&path).unwrap();
        assert_eq!(read.extensions().len(), 2);
        let b = read.find_extension("B").unwrap();
        assert_eq!((b.header.get_float("CRVAL3"), b.header.get_string("BUNIT")), (Some(5.7), Some("cm-5")));
        let HduData::Image(image) = &b.data else { panic!("not an image") };
        assert_eq!(image.axes, [5, 7, 4]);
        let PixelData::F32(pixels) = &image.pixels else { panic!("not single precision") };
        assert_eq!(pixels, &a.iter().copied().collect::<Vec<_>>());
        let HduData::Image(image) = &read.find_extension("A").unwrap().data else { panic!("not an image") };
        let PixelData::F64(pixels) = &image.pixels else { panic!("not double precision") };
        assert_eq!(pixels, &exact.iter().copied().collect::<Vec<_>>());
    }
}
