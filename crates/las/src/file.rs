//! One file as a source of points.

use crate::{
    ByteSource, Copc, LasLimits, VariableRecord,
    bounds::Bounds,
    codec::{self, Chunk},
    copc::Node,
    decode::selection,
    error::{Checked, LasError, LasProblem},
    filters::{Filters, LeftOut, LeftOutOfChunk},
    frame::Frame,
    header::{self, LasHeader, Parsed},
    identity::Identity,
    layered::Layers,
    local_file::LocalFile,
    pointwise::Pointwise,
    read,
    reader::Reader,
    sidecar::{self, About, Contents, Found},
};
use isopach_cloud::{Cloud, Columns, Crs, Points};
use isopach_compute as compute;
use laz::DecompressionSelection;
use rayon::prelude::*;
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
    pub(crate) frame: Frame,
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
    pub(crate) measured: Mutex<Option<Option<Bounds>>>,
    /// Chunks selected by the filters, in file order.
    pub(crate) selected: Vec<usize>,
    pub(crate) layers: Option<Layers>,
    pub(crate) pointwise: Option<Pointwise>,
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
        }
    }
}

/// The header and the list of chunks of a file.
pub(crate) struct Stated {
    pub(crate) parsed: Parsed,
    pub(crate) nodes: Vec<Node>,
    pub(crate) chunks: Vec<Chunk>,
}

/// Reads the header and locates the chunks.
pub(crate) fn stated(source: &dyn ByteSource, limits: LasLimits) -> Checked<Stated> {
    let (mut reader, size) = (Reader::new(source), source.size());
    let mut parsed = header::parse(&mut reader, size, limits)?;
    let nodes = match &mut parsed.header.copc {
        Some(copc) => copc.nodes(&mut reader, size)?,
        None => Vec::new(),
    };
    let chunks = match parsed.header.copc {
        Some(_) => codec::nodes(&nodes, &parsed, limits)?,
        None => codec::chunks(&mut reader, &parsed, size, limits)?,
    };
    Ok(Stated {
        parsed,
        nodes,
        chunks,
    })
}

/// The index beside a file.
fn index_beside(source: &dyn ByteSource, parsed: &Parsed, chunks: &[Chunk]) -> Found {
    let index = match source.sibling(sidecar::SUFFIX) {
        Ok(None) => return Found::Nothing,
        Ok(Some(index)) => index,
        Err(_) => return Found::Fault("it cannot be read"),
    };
    match Identity::of(source, parsed.points_at, chunks, parsed.laz.is_some()) {
        Ok(identity) => sidecar::parse(
            &*index,
            About {
                identity,
                points: parsed.header.point_count,
                chunks: chunks.len(),
            },
        ),
        Err(_) => Found::Fault("the file cannot be identified"),
    }
}

impl Las {
    /// Opens a file and reads its header, records and chunk table, or its COPC hierarchy. An index
    /// beside it ([`Self::indexed`]) is used if it belongs to the file as it is now.
    ///
    /// # Errors
    /// [`LasError`] with the path and the fault.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LasError> {
        Self::open_within(path, LasLimits::default())
    }

    /// Opens a file like [`Self::open`], with limits on the memory that it may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::open`].
    pub fn open_within(path: impl AsRef<Path>, limits: LasLimits) -> Result<Self, LasError> {
        let path = path.as_ref();
        let file = LocalFile::open(path).map_err(|error| LasProblem::Io(error).of(path))?;
        Self::from_source_within(Arc::new(file), limits)
    }

    /// Opens a file whose bytes are elsewhere: in an object store, in memory.
    ///
    /// # Errors
    /// Errors of [`Self::open`].
    pub fn from_source(source: Arc<dyn ByteSource>) -> Result<Self, LasError> {
        Self::from_source_within(source, LasLimits::default())
    }

    /// Opens a file like [`Self::from_source`], with limits on the memory that it may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::open`].
    pub fn from_source_within(
        source: Arc<dyn ByteSource>,
        limits: LasLimits,
    ) -> Result<Self, LasError> {
        let path = source.path().to_owned();
        Self::of_source(source, limits).map_err(|problem| problem.of(&path))
    }

    fn of_source(source: Arc<dyn ByteSource>, limits: LasLimits) -> Checked<Self> {
        let Stated {
            parsed,
            nodes,
            chunks,
        } = stated(&*source, limits)?;
        let layers = parsed
            .laz
            .as_ref()
            .filter(|laz| !laz.pointwise)
            .and_then(|laz| Layers::of(&laz.vlr));
        let pointwise = parsed.laz.as_ref().and_then(|laz| Pointwise::of(&laz.vlr));
        let path = source.path().to_owned();
        let index_at = sidecar::place(&path, None);
        let index = if nodes.is_empty() {
            index_beside(&*source, &parsed, &chunks)
        } else {
            Found::Nothing
        };
        let (contents, index_fault) = match index {
            Found::Nothing => (Vec::new(), None),
            Found::Whole(contents) => (contents, None),
            Found::Fault(fault) => (Vec::new(), Some(fault)),
        };
        let (frame, filters) = (Frame::of(&parsed.header), Filters::default());
        let selected = (0..chunks.len()).collect();
        let left_out = chunks.iter().map(|_| LeftOutOfChunk::default()).collect();
        Ok(Self {
            path,
            source,
            limits,
            parsed: Arc::new(parsed),
            frame,
            chunks: chunks.into(),
            nodes: nodes.into(),
            contents: contents.into(),
            index_at,
            index_fault,
            filters,
            left_out,
            measured: Mutex::default(),
            selected,
            layers,
            pointwise,
        })
    }

    /// The octree, if the file is COPC.
    #[must_use]
    pub fn copc(&self) -> Option<&Copc> {
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
        let place = |las: &Self| std::fs::canonicalize(&las.path).ok();
        self.path == other.path || place(self).is_some_and(|here| Some(here) == place(other))
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

    pub(crate) fn check_metres(&self) -> Result<(), LasError> {
        self.frame
            .check_metres()
            .map_err(|problem| problem.of(&self.path))
    }

    /// The standard columns that its point format has.
    #[must_use]
    pub fn columns(&self) -> Columns {
        self.parsed.layout.columns()
    }

    /// Reads all points into a cloud, in file order, about an origin in their middle.
    ///
    /// # Errors
    /// The fault of a damaged file; [`LasProblem::NotMetres`] if it states another unit;
    /// [`LasProblem::Outlier`] if a point is too far above or below the others;
    /// [`compute::Error::InvalidPoint`] if the file reaches farther than 8 km from its middle, and
    /// must be read in tiles.
    pub fn read_all(&self, columns: Columns) -> compute::Result<Cloud> {
        self.check_metres()?;
        self.check_heights()?;
        read::all(self, columns)
    }

    /// Reads the raw records of one of [`Self::total_chunks`] chunks, uncompressed and unfiltered:
    /// all bits of all fields, [`LasHeader::record_length`] bytes per point.
    ///
    /// # Errors
    /// The fault of a damaged file, or an error if `chunk` does not exist.
    pub fn read_raw(&self, chunk: usize) -> Result<Vec<u8>, LasError> {
        let read = || {
            if chunk >= self.chunks.len() {
                let text = format!("chunk {chunk} of a file that has {}", self.chunks.len());
                return Err(LasProblem::Unsupported(text));
            }
            self.records(chunk, DecompressionSelection::all())
        };
        read().map_err(|problem| problem.of(&self.path))
    }

    /// Reads the data of one of the header's records.
    ///
    /// # Errors
    /// If it cannot be read or exceeds [`LasLimits::record_bytes`].
    pub fn read_record(&self, record: &VariableRecord) -> Result<Vec<u8>, LasError> {
        let read = || -> Checked<Vec<u8>> {
            if record.bytes > self.limits.record_bytes {
                let must = format!(
                    "be at most {}, the limit that was given",
                    self.limits.record_bytes
                );
                return Err(LasProblem::lying(
                    "the length of a variable length record",
                    record.bytes,
                    must,
                ));
            }
            self.bytes_at(record.data_at(), record.bytes)
        };
        read().map_err(|problem| problem.of(&self.path))
    }

    /// Reads all points with absolute coordinates, in file order.
    ///
    /// # Errors
    /// The fault of a damaged file.
    pub fn read_points(&self, columns: Columns) -> compute::Result<Points> {
        read::points(self, columns)
    }

    /// Reads the values of a named extra column, of all points that pass the filters.
    ///
    /// # Errors
    /// The fault of a damaged file; [`LasProblem::MissingColumn`] if its format lacks a column.
    pub fn read_extra(&self, name: &str) -> Result<Vec<f64>, LasError> {
        let layout = &self.parsed.layout;
        let column = self
            .header()
            .extra_bytes
            .iter()
            .find(|extra| extra.name == name);
        let Some(column) = column else {
            let column = format!("extra column {name:?}");
            return Err(LasProblem::MissingColumn {
                format: layout.format,
                column,
            }
            .of(&self.path));
        };
        let wanted = selection(self.with_filtered(Columns::XYZ)).decompress_extra_bytes();
        let read = |chunk: usize| -> Checked<Vec<f64>> {
            let (records, mut left_out) = (self.records(chunk, wanted)?, LeftOut::default());
            let kept = records
                .chunks_exact(self.record_length())
                .filter(|record| self.keeps(record, &mut left_out));
            Ok(kept
                .map(|record| column.value(&record[layout.base + column.at()..]))
                .collect())
        };
        read::expect_all(self);
        let parts: Result<Vec<Vec<f64>>, LasProblem> =
            self.selected.par_iter().map(|&chunk| read(chunk)).collect();
        Ok(parts.map_err(|problem| problem.of(&self.path))?.concat())
    }
}
