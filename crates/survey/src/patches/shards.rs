//! Safetensors shards: the rows of many patches behind each other, a tensor a column.

use super::{
    assemble::{Assembly, Finished},
    manifest::{PatchRecord, Shard},
    storage::append_numbers,
};
use isopach::{
    compute::{Error, Result, write_whole},
    patches::Column,
};
use safetensors::{Dtype, View, serialize};
use std::{borrow::Cow, ops::Range, path::Path};

/// A tensor in memory.
#[derive(Clone, Debug)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Name of the tensor with the first row of each patch, and one past the last.
const OFFSET: &str = "offset";

/// The file of a shard.
fn shard_name(number: usize) -> String {
    format!("patches-{number:05}.safetensors")
}

/// Writes a shard: its description, and the records of its patches.
pub(super) fn write_shard(
    assembly: &Assembly<'_>,
    folder: &Path,
    number: usize,
    items: Range<usize>,
) -> Result<(Shard, Vec<PatchRecord>)> {
    let most = assembly.most_rows(items.clone());
    let mut coord = Vec::with_capacity(12 * most);
    let with_room = |column: &Column| Vec::with_capacity(4 * column.width * most);
    let mut columns: Vec<Vec<u8>> = assembly.columns.iter().map(with_room).collect();
    let mut offsets = vec![0_i64];
    let mut records = Vec::new();
    let mut rows = 0;
    assembly.finish_all(items, |finished| {
        append_numbers(&mut coord, finished.patch.coord.as_flattened());
        let values = finished.patch.columns.iter().zip(&mut columns);
        for (column, (values, bytes)) in values.enumerate() {
            assembly.append_column(bytes, column, values);
        }
        let count = finished.patch.len() as u64;
        records.push(record_of(&finished, number, rows));
        rows += count;
        offsets.push(rows as i64);
        Ok(())
    })?;
    let name = shard_name(number);
    let path = folder.join(&name);
    let tensors = tensors_of(assembly, rows as usize, coord, columns, &offsets);
    save(&path, &tensors)?;
    let patches = records.len();
    Ok((
        Shard {
            file: name,
            rows,
            patches,
        },
        records,
    ))
}

fn record_of(finished: &Finished, shard: usize, first_row: u64) -> PatchRecord {
    PatchRecord::new(
        finished,
        format!("\"shard\": {shard}, \"first_row\": {first_row}"),
    )
}

fn tensors_of(
    assembly: &Assembly<'_>,
    rows: usize,
    coord: Vec<u8>,
    columns: Vec<Vec<u8>>,
    offsets: &[i64],
) -> Vec<(String, Tensor)> {
    let coord = Tensor {
        dtype: Dtype::F32,
        shape: vec![rows, 3],
        bytes: coord,
    };
    let mut tensors = vec![("coord".to_owned(), coord)];
    let about = assembly.columns.iter().zip(&assembly.storages);
    for ((column, storage), bytes) in about.zip(columns) {
        let tensor = Tensor {
            dtype: storage.dtype(),
            shape: storage.shape(column, rows),
            bytes,
        };
        tensors.push((column.name.clone(), tensor));
    }
    let offset = Tensor {
        dtype: Dtype::I64,
        shape: vec![offsets.len()],
        bytes: offsets.iter().flat_map(|row| row.to_le_bytes()).collect(),
    };
    tensors.push((OFFSET.to_owned(), offset));
    tensors
}

/// Writes tensors. The crate's own `serialize_to_file` makes files that only their owner can read.
fn save(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let named = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    // One entry: the crate writes several in an order that changes from run to run.
    let about = [("format".to_owned(), "pt".to_owned())];
    let bytes = serialize(named, Some(about.into_iter().collect())).map_err(Error::source)?;
    write_whole(path, &[&bytes]).map_err(|error| Error::of_file(path, error))
}
