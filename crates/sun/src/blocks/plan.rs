//! The division of an image into blocks of rows: the process that begins a run writes it to the
//! manifest, and all others read it there, whatever memory they have.

use crate::SunError;
use isopach::compute::Result;
use serde_json::{Value, json};
use std::ops::Range;

/// Limit on the bytes of a block's results; a block has at least one row.
const BYTES: u64 = 32 << 20;
/// Least number of blocks of an image that has as many rows.
const LEAST: usize = 64;

/// Blocks of rows, all but the last of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows of the image.
    rows: usize,
    /// Rows of a block, 1 or more.
    rows_a_block: usize,
}

impl Plan {
    /// A plan for an image whose rows have results of `bytes_a_row` bytes; `asked`: rows of a
    /// block, if the user gave them.
    pub(super) fn new(rows: usize, bytes_a_row: u64, asked: Option<usize>) -> Self {
        let fit = usize::try_from(BYTES / bytes_a_row.max(1)).unwrap_or(usize::MAX);
        let rows_a_block = asked.unwrap_or_else(|| fit.min(rows.div_ceil(LEAST)));
        Self {
            rows,
            rows_a_block: rows_a_block.clamp(1, rows.max(1)),
        }
    }

    /// Reads the plan from a manifest, for an image of `rows` rows.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the manifest has no valid plan for the image.
    pub(super) fn of_manifest(plan: &Value, rows: usize) -> Result<Self> {
        let number = |key: &str| usize::try_from(plan[key].as_u64()?).ok();
        let found = number("rows").zip(number("rows_a_block"));
        let fitting =
            found.filter(|(all, of_block)| *all == rows && (1..=rows.max(1)).contains(of_block));
        let Some((rows, rows_a_block)) = fitting else {
            return Err(SunError::OtherBlocks {
                plan: plan.to_string(),
                rows,
            }
            .into());
        };
        Ok(Self { rows, rows_a_block })
    }

    /// For a manifest.
    pub(super) fn to_manifest(self) -> Value {
        json!({ "rows": self.rows, "rows_a_block": self.rows_a_block })
    }

    /// Number of blocks.
    pub(super) fn len(self) -> usize {
        self.rows.div_ceil(self.rows_a_block)
    }

    /// Number of rows from `row` to the end.
    pub(super) fn rows_from(self, row: usize) -> usize {
        self.rows.saturating_sub(row)
    }

    /// Rows of a block.
    pub(super) fn rows(self, block: usize) -> Range<usize> {
        let first = block.saturating_mul(self.rows_a_block).min(self.rows);
        first..first.saturating_add(self.rows_a_block).min(self.rows)
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} rows in {} blocks of {}",
            self.rows,
            self.len(),
            self.rows_a_block
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_all_rows_once() {
        for (rows, bytes, asked) in [
            (1, 1, None),
            (256, 1, None),
            (4096, 3 << 20, None),
            (7, 1, Some(3)),
            (5, 1, Some(99)),
            (0, 1, None),
        ] {
            let plan = Plan::new(rows, bytes, asked);
            let all: Vec<usize> = (0..plan.len()).flat_map(|block| plan.rows(block)).collect();
            assert_eq!(all, (0..rows).collect::<Vec<_>>(), "{plan}");
            assert_eq!(Plan::of_manifest(&plan.to_manifest(), rows).unwrap(), plan);
            assert!(Plan::of_manifest(&plan.to_manifest(), rows + 1).is_err());
        }
        assert_eq!(
            Plan::new(4096, 3 << 20, None).rows_a_block,
            10,
            "as many as fit"
        );
        for damaged in [
            json!(null),
            json!({ "rows": 5, "rows_a_block": 0 }),
            json!({ "rows": 5, "rows_a_block": -1 }),
        ] {
            assert!(Plan::of_manifest(&damaged, 5).is_err(), "{damaged}");
        }
    }
}
