//! Chunks to points.

use crate::{
    Las, codec,
    error::LasProblem,
    filters::LeftOut,
    layered::Wanted,
    layout::i32_at,
    selection::layers_for,
    sidecar::Contents,
    slots::{Slots, put_at},
};
use isopach_cloud::Columns;
use laz::DecompressionSelection;
use std::ops::Range;

impl Las {
    /// Bytes of a record.
    pub(crate) fn record_length(&self) -> usize {
        usize::from(self.header().record_length)
    }

    /// Reads the bytes of a chunk and, if an index exists, checks that they are the indexed ones.
    pub(crate) fn read_chunk_bytes(&self, number: usize) -> Result<Vec<u8>, LasProblem> {
        let chunk = self.chunks[number];
        let bytes = self.bytes_at(chunk.at, chunk.bytes)?;
        self.check_sum(number, &bytes)?;
        Ok(bytes)
    }

    /// Reads bytes of the file, which is known to be long enough.
    pub(crate) fn bytes_at(&self, at: u64, length: u64) -> Result<Vec<u8>, LasProblem> {
        Ok(self.source.read_range(at..at.saturating_add(length))?)
    }

    /// The records of a chunk, fields outside the selection undefined.
    ///
    /// # Errors
    /// If they cannot be decoded, or contradict the chunk's index entry.
    pub(crate) fn read_records(
        &self,
        number: usize,
        selection: DecompressionSelection,
    ) -> Result<Vec<u8>, LasProblem> {
        self.decode_records(number, self.read_chunk_bytes(number)?, selection)
    }

    /// Like [`Self::read_records`], of bytes that were read.
    pub(crate) fn decode_records(
        &self,
        number: usize,
        bytes: Vec<u8>,
        selection: DecompressionSelection,
    ) -> Result<Vec<u8>, LasProblem> {
        let records = self.decompress(number, bytes, selection)?;
        self.check_records(
            number,
            &records,
            selection.should_decompress_classification(),
        )?;
        Ok(records)
    }

    /// Decompresses the selected fields of a chunk.
    fn decompress(
        &self,
        number: usize,
        bytes: Vec<u8>,
        selection: DecompressionSelection,
    ) -> Result<Vec<u8>, LasProblem> {
        let Some(laz) = &self.parsed.laz else {
            return Ok(bytes);
        };
        let chunk = self.chunks[number];
        if let Some(layers) = self.layers {
            let [stated, there] = layers.stated_and_there(&bytes).unwrap_or([u64::MAX, 0]);
            if stated > there {
                let must = format!("be at most {there}, the bytes of chunk {number}");
                return Err(LasProblem::inconsistent(
                    "the size of the layers",
                    stated,
                    must,
                ));
            }
        }
        // checked on opening
        let mut records = vec![0; chunk.points as usize * self.record_length()];
        if self
            .pointwise
            .is_some_and(|pointwise| pointwise.decode_chunk(&bytes, &mut records).is_some())
        {
            return Ok(records);
        }
        codec::decode_chunk(laz, number, chunk, &bytes, selection, &mut records)?;
        Ok(records)
    }

    /// Whether a record passes the filters.
    #[inline]
    pub(crate) fn keeps_record(&self, record: &[u8], left_out: &mut LeftOut) -> bool {
        let layout = &self.parsed.layout;
        let filters = &self.filters;
        let class = if filters.need_class() {
            layout.classification_of(record)
        } else {
            0
        };
        let flags = if filters.need_flags() {
            layout.flags_of(record)
        } else {
            0
        };
        filters.keeps_point(
            class,
            flags,
            || [0, 1].map(|axis| self.frame.stored_to_metres(i32_at(record, 4 * axis), axis)),
            left_out,
        )
    }

    /// The columns that the filters look at.
    pub(crate) fn with_filtered(&self, columns: Columns) -> Columns {
        let columns = if self.filters.need_class() {
            columns.with(Columns::CLASSIFICATION)
        } else {
            columns
        };
        if self.filters.need_flags() {
            columns.with(Columns::FLAGS)
        } else {
            columns
        }
    }

    /// Decodes a chunk into `slots`, which have room for its points, and tells how many passed the
    /// filters.
    pub(crate) fn fill_columns(
        &self,
        number: usize,
        columns: Columns,
        slots: &mut Slots<'_>,
    ) -> Result<usize, LasProblem> {
        let layout = self.parsed.layout;
        layout.check_columns(columns)?;
        self.carried.check_width(columns.extra_width())?;
        let bytes = self.read_chunk_bytes(number)?;
        if let Some(kept) = self.fill_from_layers(number, columns, &bytes, slots) {
            return kept;
        }
        let records =
            self.decode_records(number, bytes, layers_for(self.with_filtered(columns)))?;
        let mut kept = 0;
        let mut left_out = LeftOut::default();
        for record in records
            .chunks_exact(self.record_length())
            .filter(|record| self.keeps_record(record, &mut left_out))
        {
            slots.xyz[kept] = std::array::from_fn(|axis| {
                self.frame.stored_to_metres(i32_at(record, 4 * axis), axis)
            });
            slots.put_columns(kept, record, &layout);
            if let Some(extra) = slots.columns.extra.row_mut(kept) {
                self.carried.copy_from(record, extra);
            }
            kept += 1;
        }
        self.left_out[number].set(left_out);
        Ok(kept)
    }

    /// Refuses records that contradict the index entry of their chunk. Classes are compared if they
    /// were decoded.
    fn check_records(
        &self,
        number: usize,
        records: &[u8],
        classes: bool,
    ) -> Result<(), LasProblem> {
        if self.contents.is_empty() {
            return Ok(());
        }
        let mut seen = Contents::NOTHING;
        for record in records.chunks_exact(self.record_length()) {
            let class = if classes {
                self.parsed.layout.classification_of(record)
            } else {
                0
            };
            seen.add_point([0, 4, 8].map(|at| i32_at(record, at)), class);
        }
        self.check_contents(number, &seen, classes)
    }

    /// Fast path of [`Self::fill_columns`] for layered files when only coordinates, class, returns
    /// and flags are needed. `None` if the path does not apply or the chunk is malformed.
    fn fill_from_layers(
        &self,
        number: usize,
        columns: Columns,
        bytes: &[u8],
        slots: &mut Slots<'_>,
    ) -> Option<Result<usize, LasProblem>> {
        const THESE: Columns = Columns::CLASSIFICATION
            .with(Columns::RETURNS)
            .with(Columns::FLAGS);
        let layers = self.layers.filter(|_| THESE.contains(columns))?;
        let frame = &self.frame;
        let filters = &self.filters;
        let classification = filters.need_class() || columns.contains(Columns::CLASSIFICATION);
        let flags = filters.need_flags() || columns.contains(Columns::FLAGS);
        let wanted = Wanted {
            z: true,
            classification,
            flags,
        };
        let mut kept = 0;
        let mut left_out = LeftOut::default();
        let is_indexed = !self.contents.is_empty();
        let mut seen = Contents::NOTHING;
        layers.decode_chunk(
            bytes,
            self.chunks[number].points as usize,
            wanted,
            |point| {
                if is_indexed {
                    seen.add_point(point.xyz, point.classification);
                }
                let xyz: [f64; 3] =
                    std::array::from_fn(|axis| frame.stored_to_metres(point.xyz[axis], axis));
                if filters.keeps_point(
                    point.classification,
                    point.flags,
                    || [xyz[0], xyz[1]],
                    &mut left_out,
                ) {
                    put_at(slots.xyz, kept, xyz);
                    put_at(slots.columns.classification, kept, point.classification);
                    put_at(
                        slots.columns.returns,
                        kept,
                        [point.returns & 15, point.returns >> 4],
                    );
                    put_at(slots.columns.flags, kept, point.flags_byte());
                    kept += 1;
                }
            },
        )?;
        self.left_out[number].set(left_out);
        Some(
            self.check_contents(number, &seen, classification)
                .map(|()| kept),
        )
    }

    /// Some extra bytes of the points of a chunk that pass the filters, one point behind the other,
    /// from their layers alone. `None` if the file is not layered or the chunk is malformed.
    pub(crate) fn extra_from_layers(
        &self,
        number: usize,
        chunk: &[u8],
        bytes: Range<usize>,
    ) -> Option<Result<Vec<u8>, LasProblem>> {
        let layers = self.layers?;
        let filters = &self.filters;
        let is_indexed = !self.contents.is_empty();
        let classification = filters.need_class();
        let wanted = Wanted {
            z: is_indexed,
            classification,
            flags: filters.need_flags(),
        };
        let width = bytes.len();
        let points = self.chunks[number].points as usize;
        let mut seen = Contents::NOTHING;
        let mut left_out = LeftOut::default();
        let mut kept = Vec::new();
        let mut found = layers.decode_extra(chunk, points, bytes, wanted, |point| {
            if is_indexed {
                seen.add_point(point.xyz, point.classification);
            }
            if filters.are_any() {
                let place =
                    || [0, 1].map(|axis| self.frame.stored_to_metres(point.xyz[axis], axis));
                kept.push(filters.keeps_point(
                    point.classification,
                    point.flags,
                    place,
                    &mut left_out,
                ));
            }
        })?;
        if filters.are_any() {
            let values = found.chunks_exact(width).zip(kept);
            found = values
                .filter_map(|(value, kept)| kept.then_some(value))
                .flatten()
                .copied()
                .collect();
        }
        let checked = self.check_contents(number, &seen, classification);
        Some(checked.map(|()| found))
    }
}
