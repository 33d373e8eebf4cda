//! The binary table in which compressed tiles are.

use crate::{FitsError, FitsHeader, header::MOST_AXES, header::invalid_value};
use fitskit::BinColumnType;
use isopach_compute::Result;
use std::ops::Range;

/// Rows of cells, and behind them the heap of arrays whose lengths differ.
#[derive(Debug)]
pub(crate) struct Table {
    data: Vec<u8>,
    row_bytes: usize,
    rows: usize,
    heap_at: usize,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// First byte within a row.
    at: usize,
    kind: BinColumnType,
}

impl Table {
    /// Takes the data that follow a header; every row must be there.
    pub(crate) fn new(header: &FitsHeader, data: Vec<u8>) -> Result<Self> {
        let [row_bytes, rows] = ["NAXIS1", "NAXIS2"].map(|keyword| header.required_size(keyword));
        let row_bytes = row_bytes?;
        let rows = rows?;
        let cells = row_bytes
            .checked_mul(rows)
            .filter(|cells| *cells <= data.len() as u64);
        let cells = cells.ok_or(FitsError::TableTruncated { rows })?;
        let heap_at = match header.integer("THEAP") {
            Some(_) => header.required_size("THEAP")?,
            None => cells,
        };
        if heap_at < cells || heap_at > data.len() as u64 {
            return Err(invalid_value(
                "THEAP",
                heap_at,
                &format!("be from {cells} to {}", data.len()),
            ));
        }
        let columns = parse_columns(header, row_bytes)?;
        // below the length of `data`
        let [row_bytes, rows, heap_at] = [row_bytes, rows, heap_at].map(|size| size as usize);
        Ok(Self {
            data,
            row_bytes,
            rows,
            heap_at,
            columns,
        })
    }

    /// Number of rows.
    pub(crate) fn row_count(&self) -> usize {
        self.rows
    }

    /// Bytes of the table in memory.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.data.len() as u64
    }

    /// The number of a column, if there is one of that name.
    pub(crate) fn column_index(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The bytes of a cell within its row.
    fn cell_bytes(&self, row: usize, column: usize) -> Result<(&[u8], &BinColumnType)> {
        let Column { at, kind, .. } = &self.columns[column];
        let start = row * self.row_bytes + at;
        let cell = self
            .data
            .get(start..start + kind.byte_size())
            .filter(|_| row < self.rows);
        Ok((cell.ok_or(FitsError::NoRow { row })?, kind))
    }

    /// The bytes of a cell that holds an array, of any length.
    pub(crate) fn array_bytes(&self, row: usize, column: usize) -> Result<&[u8]> {
        let (cell, kind) = self.cell_bytes(row, column)?;
        let (element, count, at) = match kind {
            BinColumnType::VarP(element) => {
                let words = cell.as_chunks().0;
                (
                    *element,
                    u32::from_be_bytes(words[0]).into(),
                    u32::from_be_bytes(words[1]).into(),
                )
            }
            BinColumnType::VarQ(element) => {
                let words = cell.as_chunks().0;
                (
                    *element,
                    u64::from_be_bytes(words[0]),
                    u64::from_be_bytes(words[1]),
                )
            }
            _ => return Ok(cell),
        };
        let size = match element {
            'L' | 'B' | 'A' => 1,
            'I' => 2,
            'J' | 'E' => 4,
            'K' | 'D' | 'C' => 8,
            'M' => 16,
            _ => {
                return Err(FitsError::UnknownArray { element }.into());
            }
        };
        let heap = &self.data[self.heap_at..];
        let end = count
            .checked_mul(size)
            .and_then(|bytes| bytes.checked_add(at));
        let end = end.filter(|end| *end <= heap.len() as u64);
        let range: Option<Range<usize>> = end.map(|end| at as usize..end as usize);
        let array = range.and_then(|range| heap.get(range));
        array.ok_or_else(|| {
            FitsError::ArrayBeyondEnd {
                row,
                numbers: count,
            }
            .into()
        })
    }

    /// The number of a cell; `None` for other cells.
    pub(crate) fn real_at(&self, row: usize, column: usize) -> Result<Option<f64>> {
        let (cell, kind) = self.cell_bytes(row, column)?;
        Ok(match kind {
            BinColumnType::D64(1) => cell.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
            BinColumnType::E32(1) => cell
                .first_chunk()
                .map(|bytes| f32::from_be_bytes(*bytes).into()),
            _ => self.integer_at(row, column)?.map(|whole| whole as f64),
        })
    }

    /// The whole number of a cell; `None` for other cells.
    pub(crate) fn integer_at(&self, row: usize, column: usize) -> Result<Option<i64>> {
        let (cell, kind) = self.cell_bytes(row, column)?;
        Ok(match kind {
            BinColumnType::Byte(1) => cell.first().map(|byte| (*byte).into()),
            BinColumnType::I16(1) => cell
                .first_chunk()
                .map(|bytes| i16::from_be_bytes(*bytes).into()),
            BinColumnType::J32(1) => cell
                .first_chunk()
                .map(|bytes| i32::from_be_bytes(*bytes).into()),
            BinColumnType::K64(1) => cell.first_chunk().map(|bytes| i64::from_be_bytes(*bytes)),
            _ => None,
        })
    }
}

/// The columns of a table, which must fit into a row.
fn parse_columns(header: &FitsHeader, row_bytes: u64) -> Result<Vec<Column>> {
    let count = header
        .integer("TFIELDS")
        .filter(|count| (0..=MOST_AXES).contains(count));
    let count = count.ok_or_else(|| FitsError::CountOutOfRange {
        keyword: "TFIELDS".into(),
        most: MOST_AXES,
    })?;
    let mut columns = Vec::new();
    let mut at = 0_u64;
    for number in 1..=count {
        let keyword = format!("TFORM{number}");
        let Some(form) = header.text(&keyword) else {
            return Err(FitsError::MissingKeyword { keyword }.into());
        };
        let wrong = || {
            let must = "be a type that fits into a row";
            invalid_value(&keyword, format!("{form:?}"), must)
        };
        // Bounded, so that the product of the type's sizes cannot overflow.
        let repeat = form.trim_end_matches(|c: char| !c.is_ascii_digit());
        let repeat = repeat
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default();
        if repeat.len() > 9 {
            return Err(wrong());
        }
        let kind = BinColumnType::parse(form).map_err(|_| wrong())?;
        let end = at + kind.byte_size() as u64;
        if end > row_bytes {
            return Err(wrong());
        }
        let name = header
            .text(&format!("TTYPE{number}"))
            .unwrap_or_default()
            .to_owned();
        columns.push(Column {
            name,
            at: at as usize,
            kind,
        });
        at = end;
    }
    Ok(columns)
}
