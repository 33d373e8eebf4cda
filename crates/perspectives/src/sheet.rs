//! The contact sheet: small pictures of the views of some frames.

use crate::{
    average::average_blocks,
    chroma::Chroma,
    decode::FrameHeader,
    encode::{Attached, Encoding, Format, Picture},
    records::{FrameRecord, IMAGES},
};
use isopach_compute::{Error, Result};
use rayon::prelude::*;
use std::{fs, path::Path};

/// The file of the sheet.
pub(crate) const SHEET: &str = "contact_sheet.jpg";
/// Most frames on the sheet.
const FRAMES: usize = 3;
/// Most views of a frame on the sheet.
const VIEWS: usize = 16;
/// Most columns and rows of a small picture.
const SIDE: usize = 160;
/// Pixels between small pictures.
const GAP: usize = 4;
/// Grey level between small pictures.
const BACKGROUND: u8 = 32;

/// A small picture, of three bands.
struct Small {
    columns: usize,
    rows: usize,
    pixels: Vec<u8>,
}

/// Draws the sheet: a row for the first, the middle and the last frame, a column a view.
///
/// # Errors
/// If a view cannot be read, or the sheet not be encoded.
pub(crate) fn draw_sheet(records: &[&FrameRecord], out: &Path) -> Result<Vec<u8>> {
    let chosen = choose_frames(records);
    let views: Vec<Vec<&str>> = chosen.iter().map(|record| view_names(record)).collect();
    let small: Vec<Vec<Small>> = views
        .par_iter()
        .map(|names| {
            names
                .par_iter()
                .map(|name| read_small(&out.join(name)))
                .collect::<Result<Vec<Small>>>()
        })
        .collect::<Result<_>>()?;
    compose(&small)
}

/// The first, the middle and the last, without repetition.
fn choose_frames<'a>(records: &[&'a FrameRecord]) -> Vec<&'a FrameRecord> {
    let last = records.len().saturating_sub(1);
    let mut numbers: Vec<usize> = (0..FRAMES).map(|i| i * last / (FRAMES - 1)).collect();
    numbers.dedup();
    numbers
        .into_iter()
        .filter_map(|i| records.get(i).copied())
        .collect()
}

fn view_names(record: &FrameRecord) -> Vec<&str> {
    let names = record.files.iter().map(|file| &*file.name);
    names
        .filter(|name| name.starts_with(IMAGES))
        .take(VIEWS)
        .collect()
}

fn read_small(path: &Path) -> Result<Small> {
    let bytes = fs::read(path).map_err(|error| Error::of_file(path, error))?;
    let of_file = |error| Error::of_file(path, error);
    let header = FrameHeader::read(&bytes).map_err(of_file)?;
    // Our own files: they can be trusted.
    let part = header.columns.max(header.rows).div_ceil(SIDE);
    let (columns, rows, pixels) = header.decode_small(&bytes, part).map_err(of_file)?;
    Ok(shrink(&pixels, [columns, rows], header.bands))
}

/// The mean of whole blocks of pixels, of three bands.
fn shrink(pixels: &[u8], [columns, rows]: [usize; 2], bands: usize) -> Small {
    let parts = columns.max(rows).div_ceil(SIDE);
    let [small_columns, small_rows] = [columns, rows].map(|side| (side / parts).max(1));
    let block = parts.min(columns).min(rows);
    let row_bytes = small_columns * block * bands;
    let whole: Vec<u8> = pixels
        .chunks_exact(columns * bands)
        .take(small_rows * block)
        .flat_map(|row| &row[..row_bytes])
        .copied()
        .collect();
    let mut small = vec![0; small_columns * small_rows * bands];
    average_blocks(&whole, [small_columns, bands], block, &mut small);
    if bands == 1 {
        small = small.into_iter().flat_map(|value| [value; 3]).collect();
    }
    Small {
        columns: small_columns,
        rows: small_rows,
        pixels: small,
    }
}

fn compose(small: &[Vec<Small>]) -> Result<Vec<u8>> {
    let column_count = small.iter().map(Vec::len).max().unwrap_or(0);
    let columns = (GAP + column_count * (SIDE + GAP)).max(1);
    let rows = GAP + small.len() * (SIDE + GAP);
    let mut sheet = vec![BACKGROUND; columns * rows * 3];
    for (i, of_frame) in small.iter().enumerate() {
        for (j, picture) in of_frame.iter().enumerate() {
            let corner = [GAP + j * (SIDE + GAP), GAP + i * (SIDE + GAP)];
            paste(&mut sheet, columns, corner, picture);
        }
    }
    let encoding = Encoding {
        format: Format::Jpeg,
        quality: 88,
        chroma: Chroma::Half,
    };
    let picture = Picture {
        pixels: &sheet,
        columns,
        rows,
        bands: 3,
    };
    encoding.encode(picture, Attached::default())
}

/// Copies a small picture to its place, centred in its square.
fn paste(sheet: &mut [u8], columns: usize, [x, y]: [usize; 2], picture: &Small) {
    let left = x + (SIDE - picture.columns) / 2;
    let top = y + (SIDE - picture.rows) / 2;
    for (row, pixels) in picture.pixels.chunks_exact(picture.columns * 3).enumerate() {
        let start = ((top + row) * columns + left) * 3;
        sheet[start..start + pixels.len()].copy_from_slice(pixels);
    }
}
