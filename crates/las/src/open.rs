//! Opening a file: its header, its chunks, and the index beside it.

use crate::{
    ByteSource, Las, LasLimits,
    carried::CarriedBytes,
    chunk::Chunk,
    codec,
    coordinate_transform::CoordinateTransform,
    copc::Node,
    error::{LasError, LasProblem},
    filters::{Filters, LeftOutOfChunk},
    header::Parsed,
    header_parser,
    identity::Identity,
    layered::Layers,
    local_file::LocalFile,
    pointwise::Pointwise,
    reader::Reader,
    sidecar::{self, About, Found},
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The header and the list of chunks of a file.
pub(crate) struct Stated {
    pub(crate) parsed: Parsed,
    pub(crate) nodes: Vec<Node>,
    pub(crate) chunks: Vec<Chunk>,
}

/// Reads the header and locates the chunks.
pub(crate) fn read_stated(
    source: &dyn ByteSource,
    limits: LasLimits,
) -> Result<Stated, LasProblem> {
    let mut reader = Reader::new(source);
    let size = source.size();
    let mut parsed = header_parser::parse(&mut reader, size, limits)?;
    let nodes = match &mut parsed.header.copc {
        Some(copc) => copc.read_nodes(&mut reader, size)?,
        None => Vec::new(),
    };
    let chunks = match parsed.header.copc {
        Some(_) => codec::chunks_of_nodes(&nodes, &parsed, limits)?,
        None => codec::list_chunks(&mut reader, &parsed, size, limits)?,
    };
    Ok(Stated {
        parsed,
        nodes,
        chunks,
    })
}

/// The index beside a file.
fn index_beside(source: &dyn ByteSource, parsed: &Parsed, chunks: &[Chunk]) -> Found {
    let index = match source.open_sibling(sidecar::SUFFIX) {
        Ok(None) => return Found::Nothing,
        Ok(Some(index)) => index,
        Err(_) => return Found::Fault("it cannot be read"),
    };
    match Identity::of_source(source, parsed.points_at, chunks, parsed.laz.is_some()) {
        Ok(identity) => sidecar::parse_from(
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
    /// ```
    /// use isopach_las::Las;
    /// # use isopach_las::{Cloud, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tile.laz");
    /// # let mut writer = LazWriter::create(&path, &Schema::default())?;
    /// # writer.write(&Cloud::from_points(&[[1.5, 2.0, 3.0], [8.0, 2.0, 3.5]])?, &[])?;
    /// # writer.finish()?;
    /// let las = Las::open(&path)?;
    /// assert_eq!((las.header().format, las.header().point_count), (6, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        let file = LocalFile::open(path).map_err(|error| LasProblem::Io(error).at_path(path))?;
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
        Self::of_source(source, limits).map_err(|problem| problem.at_path(&path))
    }

    /// Reads header and chunks, and the index beside the source.
    fn of_source(source: Arc<dyn ByteSource>, limits: LasLimits) -> Result<Self, LasProblem> {
        let Stated {
            parsed,
            nodes,
            chunks,
        } = read_stated(&*source, limits)?;
        let layers = parsed
            .laz
            .as_ref()
            .filter(|laz| !laz.pointwise)
            .and_then(|laz| Layers::from_vlr(&laz.vlr));
        let pointwise = parsed
            .laz
            .as_ref()
            .and_then(|laz| Pointwise::from_vlr(&laz.vlr));
        let path = source.path().to_owned();
        let index_at = sidecar::sidecar_path(&path, None);
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
        let frame = CoordinateTransform::from_header(&parsed.header);
        let filters = Filters::default();
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
            carried: CarriedBytes::default(),
        })
    }
}
