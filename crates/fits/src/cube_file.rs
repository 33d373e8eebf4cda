//! Writing files of cubes, a few rows at a time, in any order.

use crate::{
    FitsError,
    compressed_cube::{PackedCube, Packing},
    cube::{Cube, CubeSample, Precision, set_keywords, text_value},
};
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

/// Writer of a file of cubes whose rows arrive in any order. Rows never written are zero. The file
/// appears under its name when [`CubeFile::finish`] succeeds; if the writer is dropped before, no
/// file remains.
#[derive(Debug)]
pub struct CubeFile {
    path: PathBuf,
    file: File,
    part: UnfinishedFile,
    cubes: Cubes,
}

/// The unfinished file.
#[derive(Debug)]
enum Cubes {
    /// Offset of each cube's data, with its shape and precision.
    Plain(Vec<(u64, [usize; 3], Precision)>),
    /// Compressed cubes, whose lengths are unknown until the end.
    Packed(Vec<PackedCube>),
}

impl CubeFile {
    /// Creates the file with all headers, at its final length.
    ///
    /// # Errors
    /// [`Error::Source`] if the file cannot be written.
    pub fn create(path: impl AsRef<Path>, cubes: &[Cube]) -> Result<Self> {
        let path = path.as_ref();
        let (part, mut file) =
            UnfinishedFile::create(path).map_err(|error| Error::of_file(path, error))?;
        let cubes = write_headers(&mut file, cubes).map_err(|error| Error::of_file(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            part,
            cubes: Cubes::Plain(cubes),
        })
    }

    /// Creates a file of tile-compressed cubes. Each lies in a file of its own beside it until
    /// [`Self::finish`].
    ///
    /// # Errors
    /// [`Error::Source`] if the file cannot be written; [`Error::InvalidInput`] for
    /// [`Packing::Plain`], which [`Self::create`] writes.
    pub fn create_packed(path: impl AsRef<Path>, cubes: &[(Cube, Packing)]) -> Result<Self> {
        let path = path.as_ref();
        if let Some((cube, _)) = cubes.iter().find(|(_, packing)| *packing == Packing::Plain) {
            return Err(FitsError::PlainPacking {
                name: cube.name.clone(),
            }
            .into());
        }
        Self::begin_packed(path, cubes).map_err(|error| Error::of_file(path, error))
    }

    /// Creates the file and one temporary file per cube.
    fn begin_packed(path: &Path, cubes: &[(Cube, Packing)]) -> io::Result<Self> {
        let (part, mut file) = UnfinishedFile::create(path)?;
        write_padded(&mut file, &Hdu::primary_empty().header.to_bytes())?;
        let cubes = cubes
            .iter()
            .enumerate()
            .map(|(i, (cube, packing))| PackedCube::create(path, i, cube, *packing))
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            path: path.to_owned(),
            file,
            part,
            cubes: Cubes::Packed(cubes),
        })
    }

    /// The largest rounding error of a cube's numbers so far, in their unit; 0 for a cube that
    /// keeps all digits.
    #[must_use]
    pub fn largest_error(&self, cube: usize) -> f64 {
        match &self.cubes {
            Cubes::Plain(_) => 0.0,
            Cubes::Packed(cubes) => cubes.get(cube).map_or(0.0, PackedCube::largest_error),
        }
    }

    /// Writes some rows of all planes: `values` has the shape (planes, rows, columns), its first
    /// row is row `first` of the cube.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a cube that does not exist or has the other precision, or rows
    /// that do not fit it; [`Error::Source`] if the file cannot be written.
    pub fn write_rows<T: CubeSample>(
        &mut self,
        cube: usize,
        first: usize,
        values: ArrayView3<'_, T>,
    ) -> Result<()> {
        let (planes, rows, columns) = values.dim();
        let cubes = match &mut self.cubes {
            Cubes::Plain(cubes) => cubes,
            Cubes::Packed(cubes) => {
                let found = cubes.get_mut(cube).filter(|packed| {
                    has_room::<T>(packed.cube().shape, packed.cube().precision, first, &values)
                });
                let Some(packed) = found else {
                    return Err(does_not_fit(cube, values.dim(), first, T::PRECISION));
                };
                return packed
                    .write_rows(first, values)
                    .map_err(|error| Error::of_file(&self.path, error));
            }
        };
        let found = cubes
            .get(cube)
            .filter(|(_, shape, precision)| has_room::<T>(*shape, *precision, first, &values));
        let Some(&(start, [_, all_rows, _], precision)) = found else {
            return Err(does_not_fit(cube, values.dim(), first, T::PRECISION));
        };
        // Several planes at a time, pixel by pixel: the values of a pixel are contiguous, so each
        // cache line is loaded once.
        for first_plane in (0..planes).step_by(PLANES) {
            let some = first_plane..(first_plane + PLANES).min(planes);
            let part = values.slice(s![some.clone(), .., ..]);
            let mut bytes: Vec<Vec<u8>> = some
                .clone()
                .map(|_| Vec::with_capacity(rows * columns * precision.bytes_per_sample() as usize))
                .collect();
            for pixel in part.lanes(Axis(0)) {
                pixel
                    .iter()
                    .zip(&mut bytes)
                    .for_each(|(x, plane)| plane.extend_from_slice(x.fits_bytes().as_ref()));
            }
            for (plane, bytes) in some.zip(&bytes) {
                let at = start
                    + precision.bytes_per_sample() * ((plane * all_rows + first) * columns) as u64;
                let written = self
                    .file
                    .seek(SeekFrom::Start(at))
                    .and_then(|_| self.file.write_all(bytes));
                written.map_err(|error| Error::of_file(&self.path, error))?;
            }
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// [`Error::Source`] if the file cannot be completed or renamed.
    pub fn finish(self) -> Result<()> {
        let Self {
            path,
            mut file,
            part,
            cubes,
        } = self;
        let packed = match cubes {
            Cubes::Plain(_) => Vec::new(),
            Cubes::Packed(cubes) => cubes,
        };
        let written = packed
            .into_iter()
            .try_for_each(|cube| cube.finish(&mut file, BLOCK));
        written
            .and_then(|()| part.complete(&file))
            .map_err(|error| Error::of_file(&path, error))
    }
}

/// Writes all headers, each at the start of its cube, and extends the file to its final length.
/// Returns the offset of each cube's data, with shape and precision.
fn write_headers(file: &mut File, cubes: &[Cube]) -> io::Result<Vec<(u64, [usize; 3], Precision)>> {
    let mut at = write_padded(file, &Hdu::primary_empty().header.to_bytes())?;
    let mut places = vec![];
    for cube in cubes {
        file.seek(SeekFrom::Start(at))?;
        at += write_padded(file, &cube_header(cube).to_bytes())?;
        places.push((at, cube.shape, cube.precision));
        let end = data_bytes(cube)
            .and_then(|bytes| at.checked_add(bytes)?.checked_next_multiple_of(BLOCK));
        at = end.ok_or_else(|| {
            io::Error::new(
                ErrorKind::FileTooLarge,
                format!("a cube of {:?} numbers", cube.shape),
            )
        })?;
    }
    file.set_len(at)?;
    Ok(places)
}

/// Bytes of the numbers of a cube, if they can be counted.
fn data_bytes(cube: &Cube) -> Option<u64> {
    cube.shape
        .iter()
        .try_fold(cube.precision.bytes_per_sample(), |bytes, &side| {
            bytes.checked_mul(side as u64)
        })
}

/// Header of an uncompressed cube.
fn cube_header(cube: &Cube) -> Header {
    let mut header = Header::new();
    header.set("XTENSION", text_value("IMAGE"), None);
    header.set(
        "BITPIX",
        HeaderValue::Integer(cube.precision.bitpix_code()),
        None,
    );
    header.set("NAXIS", HeaderValue::Integer(3), None);
    for (axis, size) in cube.shape.iter().rev().enumerate() {
        header.set(
            &format!("NAXIS{}", axis + 1),
            HeaderValue::Integer(*size as i64),
            None,
        );
    }
    header.set("PCOUNT", HeaderValue::Integer(0), None);
    header.set("GCOUNT", HeaderValue::Integer(1), None);
    set_keywords(&mut header, cube);
    header
}

/// Writes a header and pads it with blanks to whole blocks; returns their bytes.
fn write_padded(file: &mut File, bytes: &[u8]) -> io::Result<u64> {
    let padded = (bytes.len() as u64).div_ceil(BLOCK) * BLOCK;
    file.write_all(bytes)?;
    file.write_all(&vec![b' '; (padded - bytes.len() as u64) as usize])?;
    Ok(padded)
}

/// Whether a cube of this shape and precision has room for the rows from `first` on.
fn has_room<T: CubeSample>(
    [planes, rows, columns]: [usize; 3],
    precision: Precision,
    first: usize,
    values: &ArrayView3<'_, T>,
) -> bool {
    let (given_planes, given_rows, given_columns) = values.dim();
    [planes, columns] == [given_planes, given_columns]
        && first.checked_add(given_rows).is_some_and(|end| end <= rows)
        && precision == T::PRECISION
}

/// The error of a cube that has no such rows.
fn does_not_fit(
    cube: usize,
    values: (usize, usize, usize),
    first: usize,
    numbers: Precision,
) -> Error {
    let (planes, rows, columns) = values;
    FitsError::NoRoom {
        cube,
        planes,
        rows,
        columns,
        first,
        precision: numbers,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeywordValue;
    use fitskit::{FitsFile, HduData, PixelData};
    use ndarray::Array3;

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let [taken, absent] = ["taken", "absent/cube.fits"].map(|name| folder.path().join(name));
        std::fs::create_dir(&taken).unwrap();
        for path in [taken, absent] {
            let error = CubeFile::create(&path, &[])
                .and_then(CubeFile::finish)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(&format!("{}: ", path.display())),
                "{error}"
            );
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn rows_written_in_any_order_make_the_cube() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cube.fits");
        let a = Array3::from_shape_fn((4, 7, 5), |(p, r, c)| (100 * p + 10 * r + c) as f32);
        let keywords = vec![(
            "CRVAL3".into(),
            KeywordValue::Number(5.7),
            "log T of the first plane".into(),
        )];
        let cube = |name: &str, precision| Cube {
            name: name.into(),
            unit: "cm-5".into(),
            shape: [4, 7, 5],
            precision,
            keywords: keywords.clone(),
        };
        let mut file = CubeFile::create(
            &path,
            &[cube("A", Precision::Double), cube("B", Precision::Single)],
        )
        .unwrap();
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
        assert_eq!(
            (b.header.get_float("CRVAL3"), b.header.get_string("BUNIT")),
            (Some(5.7), Some("cm-5"))
        );
        let HduData::Image(image) = &b.data else {
            panic!("not an image")
        };
        assert_eq!(image.axes, [5, 7, 4]);
        let PixelData::F32(pixels) = &image.pixels else {
            panic!("not single precision")
        };
        assert_eq!(pixels, &a.iter().copied().collect::<Vec<_>>());
        let HduData::Image(image) = &read.find_extension("A").unwrap().data else {
            panic!("not an image")
        };
        let PixelData::F64(pixels) = &image.pixels else {
            panic!("not double precision")
        };
        assert_eq!(pixels, &exact.iter().copied().collect::<Vec<_>>());
    }
}
