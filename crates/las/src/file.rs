//! One open file: its state and its header.

use crate::{
    ByteSource, Copc, LasLimits,
    carried::CarriedBytes,
    chunk::Chunk,
    coordinate_transform::CoordinateTransform,
    copc::Node,
    error::LasError,
    filters::{Filters, LeftOutOfChunk},
    header::{LasHeader, Parsed},
    layered::Layers,
    pointwise::Pointwise,
    sidecar::Contents,
};
use isopach_cloud::{Columns, Crs};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// An open LAS or LAZ file: its header is read, its points are not.
///
/// Coordinates are as the file has them; [`Las::in_metres`] converts feet. A clone has the same
/// file open, and filters of its own.
#[derive(Debug)]
pub struct Las {
    pub(crate) path: PathBuf,
    pub(crate) source: Arc<dyn ByteSource>,
    pub(crate) limits: LasLimits,
    pub(crate) parsed: Arc<Parsed>,
    pub(crate) frame: CoordinateTransform,
    /// All chunks, with their octree nodes (COPC) or index entries if present.
    pub(crate) chunks: Arc<[Chunk]>,
    pub(crate) nodes: Arc<[Node]>,
    pub(crate) contents: Arc<[Contents]>,
    /// Path of the index: beside the file, or the folder given to [`Self::indexed`].
    pub(crate) index_at: PathBuf,
    /// Why the index that is there is not used.
    pub(crate) index_fault: Option<&'static str>,
    pub(crate) filters: Filters,
    pub(crate) left_out: Vec<LeftOutOfChunk>,
    /// Box of the points that pass the filters, if it had to be measured.
    pub(crate) measured: Mutex<Option<Option<[[f64; 3]; 2]>>>,
    /// Chunks selected by the filters, in file order.
    pub(crate) selected: Vec<usize>,
    pub(crate) layers: Option<Layers>,
    pub(crate) pointwise: Option<Pointwise>,
    pub(crate) carried: CarriedBytes,
}

impl Clone for Las {
    fn clone(&self) -> Self {
        let Self {
            path,
            source,
            limits,
            parsed,
            frame,
            chunks,
            nodes,
            contents,
            index_at,
            index_fault,
            filters,
            left_out,
            measured,
            selected,
            layers,
            pointwise,
            carried,
        } = self;
        Self {
            path: path.clone(),
            source: Arc::clone(source),
            limits: *limits,
            parsed: Arc::clone(parsed),
            frame: frame.clone(),
            chunks: Arc::clone(chunks),
            nodes: Arc::clone(nodes),
            contents: Arc::clone(contents),
            index_at: index_at.clone(),
            index_fault: *index_fault,
            filters: filters.clone(),
            left_out: left_out.clone(),
            measured: Mutex::new(*measured.lock().unwrap_or_else(PoisonError::into_inner)),
            selected: selected.clone(),
            layers: *layers,
            pointwise: *pointwise,
            carried: carried.clone(),
        }
    }
}

impl Las {
    /// The octree, if the file is COPC.
    #[must_use]
    pub fn copc_info(&self) -> Option<&Copc> {
        self.header().copc.as_ref()
    }

    /// Number of chunks of the file, regardless of filters;
    /// [`isopach_tiling::PointSource::chunk_count`] counts the chunks that the filters select.
    #[must_use]
    pub fn total_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Path of the file, or the address given to [`Self::from_source`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether both are the same file, possibly opened by different paths.
    pub(crate) fn is_file_of(&self, other: &Self) -> bool {
        if self.path == other.path {
            return true;
        }
        match [&self.path, &other.path].map(std::fs::canonicalize) {
            [Ok(here), Ok(there)] => here == there,
            _ => false,
        }
    }

    /// The header of the file.
    #[must_use]
    pub fn header(&self) -> &LasHeader {
        &self.parsed.header
    }

    /// The coordinate reference system of the coordinates that are read: the stated one, or its
    /// metric equivalent after [`Self::in_metres`].
    #[must_use]
    pub fn crs(&self) -> Option<&Crs> {
        self.frame.crs.as_ref()
    }

    /// Factors from the file's own coordinates to those that are read: metres a unit of each axis
    /// after [`Self::in_metres`], else 1.
    #[must_use]
    pub fn metres_per_unit(&self) -> [f64; 3] {
        self.frame.factors
    }

    /// A contradiction in the stated coordinate system: GeoTIFF keys that disagree with the
    /// well-known text.
    #[must_use]
    pub fn crs_fault(&self) -> Option<&str> {
        self.parsed.crs_fault.as_deref()
    }

    /// Refuses coordinates that are known not to be metres.
    pub(crate) fn check_metres(&self) -> Result<(), LasError> {
        self.frame
            .check_metres()
            .map_err(|problem| problem.at_path(&self.path))
    }

    /// The columns to read for a request: [`Columns::ALL`] stands for those that the file has.
    pub(crate) fn resolve(&self, columns: Columns) -> Columns {
        if columns == Columns::ALL {
            self.columns()
        } else {
            columns
        }
    }

    /// The standard columns that its point format has.
    #[must_use]
    pub fn columns(&self) -> Columns {
        self.parsed.layout.columns()
    }
}
