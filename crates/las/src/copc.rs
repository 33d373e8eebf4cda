//! Cloud-optimised point clouds: an octree whose nodes are LAZ chunks (COPC 1.0, copc.io).
//!
//! A node of level l holds points about `spacing / 2^l` apart from its cube; all levels down to l
//! together are the cloud at that spacing. The nodes are listed in pages of a hierarchy, so a query
//! by box or resolution decodes only the nodes that it meets.

use crate::{
    chunk::Chunk,
    error::{Checked, LasProblem},
    layout::i32_at,
    records::Record,
};
use isopach_cloud::Rect;
use std::io::{Read, Seek, SeekFrom};

/// Bytes of an entry of the hierarchy.
const ENTRY: u64 = 32;
/// The deepest level that can be: keys are 32-bit integers.
const DEEPEST: i32 = 31;

/// The octree of a COPC file (cloud-optimised point cloud).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Copc {
    /// Middle of the root cube, in the file's unit.
    pub centre: [f64; 3],
    /// Half the side of the root cube, in the file's unit.
    pub half_side: f64,
    /// Distance between points of the root, in the file's unit; it halves from level to level.
    pub spacing: f64,
    /// Points of each level, the root first.
    pub points_by_level: Vec<u64>,
    /// Offset and length in bytes of the first page of the hierarchy.
    root_page: [u64; 2],
}

/// An octree node: its chunk, its level, and the plan rectangle of its cube.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) chunk: Chunk,
    pub(crate) level: u8,
    pub(crate) rect: Rect,
}

impl Copc {
    /// Parses the COPC record; `None` if the file has no such record.
    pub(crate) fn from_records(records: &[Record]) -> Checked<Option<Self>> {
        let Some(record) = records.iter().find(|r| r.user == "copc" && r.id == 1) else {
            return Ok(None);
        };
        let Some((words, _)) = record.data.split_first_chunk::<72>() else {
            return Err(LasProblem::inconsistent(
                "the length of the COPC record",
                record.data.len(),
                "be 160",
            ));
        };
        let words: &[[u8; 8]; 9] =
            &std::array::from_fn(|i| std::array::from_fn(|j| words[8 * i + j]));
        let [x, y, z, half_side, spacing, ..] = words.map(f64::from_le_bytes);
        let found = Self {
            centre: [x, y, z],
            half_side,
            spacing,
            points_by_level: Vec::new(),
            root_page: [5, 6].map(|i| u64::from_le_bytes(words[i])),
        };
        for (what, value) in [
            ("half the side of the COPC cube", found.half_side),
            ("the COPC spacing", found.spacing),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(LasProblem::inconsistent(
                    what,
                    value,
                    "be a finite number above zero",
                ));
            }
        }
        if found.centre.iter().any(|x| !x.is_finite()) {
            return Err(LasProblem::inconsistent(
                "the COPC centre",
                format!("{:?}", found.centre),
                "be finite",
            ));
        }
        Ok(Some(found))
    }

    /// Point spacing of all levels down to `level` together, in the file's unit.
    #[must_use]
    pub fn spacing_at(&self, level: u8) -> f64 {
        self.spacing / f64::from(level).exp2()
    }

    /// The first level at which points are no farther apart than `resolution`, in the file's unit.
    #[must_use]
    pub fn level_for(&self, resolution: f64) -> u8 {
        (0..DEEPEST as u8)
            .find(|&level| self.spacing_at(level) <= resolution)
            .unwrap_or(DEEPEST as u8)
    }

    /// Reads all pages of the hierarchy of a file of `size` bytes, in the order of the file. A page
    /// that was there before (which could go on for ever) is an error, and so are nodes outside the
    /// file.
    pub(crate) fn read_nodes(
        &mut self,
        mut file: impl Read + Seek,
        size: u64,
    ) -> Checked<Vec<Node>> {
        let mut nodes = Vec::new();
        let mut pages = vec![self.root_page];
        let mut seen = std::collections::BTreeSet::new();
        let mut read = 0_u64;
        while let Some([at, bytes]) = pages.pop() {
            if !seen.insert(at) {
                return Err(LasProblem::inconsistent(
                    "a page of the COPC hierarchy",
                    at,
                    "not be reached twice",
                ));
            }
            let end = at.saturating_add(bytes);
            if end > size {
                return Err(LasProblem::Truncated {
                    what: "the COPC hierarchy",
                    end,
                    size,
                });
            }
            // Pages do not overlap, so together they are no larger than the file; else a small file
            // could ask for much work.
            read += bytes;
            if read > size || seen.len() as u64 > size / ENTRY {
                return Err(LasProblem::inconsistent(
                    "the COPC hierarchy",
                    read,
                    "fit into the file",
                ));
            }
            let mut page = vec![0; bytes as usize];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut page)?;
            for entry in page.as_chunks::<{ ENTRY as usize }>().0 {
                self.visit_entry(entry, size, &mut nodes, &mut pages)?;
            }
        }
        nodes.sort_by_key(|node| node.chunk.at);
        if let Some(pair) = nodes
            .windows(2)
            .find(|pair| pair[0].chunk.at + pair[0].chunk.bytes > pair[1].chunk.at)
        {
            return Err(LasProblem::inconsistent(
                "the place of a COPC node",
                pair[1].chunk.at,
                "not be inside another",
            ));
        }
        Ok(nodes)
    }

    fn visit_entry(
        &mut self,
        entry: &[u8; 32],
        size: u64,
        nodes: &mut Vec<Node>,
        pages: &mut Vec<[u64; 2]>,
    ) -> Checked<()> {
        let words: [i32; 8] = std::array::from_fn(|i| i32_at(entry, 4 * i));
        let [level, x, y, z, at_low, at_high, bytes, points] = words;
        let key = [x, y, z];
        let at = u64::from(at_low as u32) | u64::from(at_high as u32) << 32;
        let inside = (0..=DEEPEST).contains(&level)
            && key.iter().all(|&k| k >= 0 && i64::from(k) < 1_i64 << level);
        if !inside {
            return Err(LasProblem::inconsistent(
                "a COPC key",
                format!("{level}-{key:?}"),
                "be within the octree",
            ));
        }
        let Ok(bytes) = u64::try_from(bytes) else {
            return Err(LasProblem::inconsistent(
                "the bytes of a COPC node",
                bytes,
                "not be negative",
            ));
        };
        match points {
            0 => Ok(()),
            -1 => {
                pages.push([at, bytes]);
                Ok(())
            }
            1.. => {
                let chunk = Chunk {
                    at,
                    bytes,
                    points: points as u64,
                };
                nodes.push(self.node_of(chunk, level as u8, [key[0], key[1]], size)?);
                Ok(())
            }
            _ => Err(LasProblem::inconsistent(
                "the points of a COPC node",
                points,
                "be -1 for a page, or not negative",
            )),
        }
    }

    /// The node of a chunk, which must lie in the file; counts its points.
    fn node_of(&mut self, chunk: Chunk, level: u8, key: [i32; 2], size: u64) -> Checked<Node> {
        let end = chunk.at.saturating_add(chunk.bytes);
        if end > size {
            return Err(LasProblem::Truncated {
                what: "a COPC node",
                end,
                size,
            });
        }
        let side = 2.0 * self.half_side / f64::from(level).exp2();
        let min =
            [0, 1].map(|axis| self.centre[axis] - self.half_side + f64::from(key[axis]) * side);
        let levels = usize::from(level) + 1;
        if self.points_by_level.len() < levels {
            self.points_by_level.resize(levels, 0);
        }
        self.points_by_level[levels - 1] += chunk.points;
        let rect = Rect {
            min,
            max: min.map(|x| x + side),
        };
        Ok(Node { chunk, level, rect })
    }
}
