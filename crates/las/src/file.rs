//! One file as a source of points.

use crate::{
    Copc, Limits,
    codec::{self, Chunk},
    copc::Node,
    error::{Checked, Error, Problem},
    header::{self, Header, Parsed},
    identity::{self, Stamp},
    layered::{Layers, Wanted},
    layout::i32_at,
    sidecar::{self, Contents, Identity},
    slots::{Slots, close_gaps, put, room},
};
use isopach_cloud::{Attributes, Cloud, Columns, Crs, Points, Rect};
use isopach_compute as compute;
use isopach_tiling::PointSource;
use laz::DecompressionSelection;
use rayon::prelude::*;
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// A LAS or LAZ file, open: its header is read, its points are not.
#[derive(Debug)]
pub struct Las {
    path: PathBuf,
    file: File,
    stamp: Stamp,
    limits: Limits,
    parsed: Parsed,
    /// All chunks, and the octree's nodes or the index' entries for them where there are such.
    chunks: Vec<Chunk>,
    nodes: Vec<Node>,
    contents: Vec<Contents>,
    /// Which chunks the filters leave, in the order of the file.
    selected: Vec<usize>,
    layers: Option<Layers>,
    classes: Option<Box<[bool; 256]>>,
    within: Option<Rect>,
    deepest: u8,
}

impl Las {
    /// Opens a file and reads its header, records and chunk table, or its COPC hierarchy. An index beside it ([`Self::indexed`]) is used if
    /// it belongs to the file as it is now.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_within(path, Limits::default())
    }

    /// As [`Self::open`], with limits on what a file may ask for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_within(path: impl AsRef<Path>, limits: Limits) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::open_checked(path, limits).map_err(|problem| problem.of(path))
    }

    fn open_checked(path: &Path, limits: Limits) -> Checked<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Problem::Io(std::io::Error::other("not a file")));
        }
        let stamp = Stamp::of(&about)?;
        let mut reader = BufReader::new(&file);
        let mut parsed = header::parse(&mut reader, about.len(), limits)?;
        let nodes = match &mut parsed.header.copc {
            Some(copc) => copc.nodes(&mut reader, about.len())?,
            None => Vec::new(),
        };
        let chunks = if parsed.header.copc.is_some() {
            codec::nodes(&nodes, &parsed, limits)?
        } else {
            codec::chunks(&mut reader, &parsed, about.len(), limits)?
        };
        let layers = parsed.laz.as_ref().filter(|laz| !laz.pointwise).and_then(|laz| Layers::of(&laz.vlr));
        let contents = match nodes.is_empty() && parsed.laz.is_some() {
            true => Self::identity(&file, &parsed)
                .ok()
                .and_then(|identity| sidecar::read(&sidecar::place(path, None), identity, chunks.len()))
                .unwrap_or_default(),
            false => Vec::new(),
        };
        let selected = (0..chunks.len()).collect();
        let (path, classes, within, deepest) = (path.to_owned(), None, None, u8::MAX);
        Ok(Self {
            path,
            file,
            stamp,
            limits,
            parsed,
            chunks,
            nodes,
            contents,
            selected,
            layers,
            classes,
            within,
            deepest,
        })
    }

    fn identity(file: &File, parsed: &Parsed) -> Checked<Identity> {
        Identity::of(file, parsed.points_at)
    }

    /// With an index of what is in each chunk, so that boxes and classes are read without decoding chunks that have nothing of them. It is read
    /// from beside the file, or from `folder` if one is given; where there is none, or one that does not belong to the file as it is now, the file
    /// is decoded once and the index written. A COPC file has one built in, and an uncompressed one needs none: nothing is done.
    ///
    /// # Errors
    /// Of the file, and where the index cannot be written.
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, Error> {
        if self.nodes.is_empty() && self.parsed.laz.is_some() {
            let place = sidecar::place(&self.path, folder);
            self.contents = self.index(&place).map_err(|problem| problem.of(&place))?;
            self.select();
        }
        Ok(self)
    }

    fn index(&self, place: &Path) -> Checked<Vec<Contents>> {
        let identity = Self::identity(&self.file, &self.parsed)?;
        if let Some(contents) = sidecar::read(place, identity, self.chunks.len()) {
            return Ok(contents);
        }
        let wanted = selection(Columns::CLASSIFICATION);
        let layout = self.parsed.layout;
        let of_chunk = |chunk: usize| -> Checked<Contents> {
            let mut contents = Contents::NOTHING;
            for record in self.records(chunk, wanted)?.chunks_exact(self.record_length()) {
                let xyz = std::array::from_fn(|axis| i32_at(record, 4 * axis));
                contents.add(xyz, record[layout.classification] & layout.class_mask);
            }
            Ok(contents)
        };
        let contents: Vec<Contents> = (0..self.chunks.len()).into_par_iter().map(of_chunk).collect::<Checked<_>>()?;
        sidecar::write(place, identity, &contents)?;
        Ok(contents)
    }

    /// Decides anew which chunks the filters leave.
    fn select(&mut self) {
        let meets = |chunk: usize| {
            let near = match (&self.within, self.extent_of(chunk)) {
                (Some(within), Some(extent)) => within.intersection(&extent).is_some(),
                _ => true,
            };
            let classed = match (&self.classes, self.contents.get(chunk)) {
                (Some(classes), Some(contents)) => contents.has_any(classes),
                _ => true,
            };
            near && classed && self.nodes.get(chunk).is_none_or(|node| node.level <= self.deepest)
        };
        self.selected = (0..self.chunks.len()).filter(|&chunk| meets(chunk)).collect();
    }

    /// A rectangle that has all points of a chunk, where that is known: a step larger, for what rounding does.
    fn extent_of(&self, chunk: usize) -> Option<Rect> {
        let header = self.header();
        let step = header.scale[0].abs().max(header.scale[1].abs());
        if let Some(node) = self.nodes.get(chunk) {
            return Some(node.rect.grown(step));
        }
        let contents = self.contents.get(chunk)?;
        let corner = |ticks: [i32; 3]| [0, 1].map(|a| f64::from(ticks[a]) * header.scale[a] + header.offset[a]);
        let (a, b) = (corner(contents.low), corner(contents.high));
        let rect = Rect { min: [a[0].min(b[0]), a[1].min(b[1])], max: [a[0].max(b[0]), a[1].max(b[1])] };
        Some(rect.grown(step))
    }

    /// Reads only points of these ASPRS classes from now on; of all classes where none are given.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let mut kept = Box::new([false; 256]);
        classes.iter().for_each(|&class| kept[usize::from(class)] = true);
        self.classes = (!classes.is_empty()).then_some(kept);
        self.select();
        self
    }

    /// Reads only points that `rect` owns (half open) from now on.
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        self.within = Some(rect);
        self.select();
        self
    }

    /// Reads only so many points from now on that they are about `resolution` metres apart: the upper levels of a COPC file.
    ///
    /// # Errors
    /// [`Problem::Unsupported`] where the file has no levels.
    pub fn at_resolution(mut self, resolution: f64) -> Result<Self, Error> {
        let Some(copc) = self.copc() else {
            return Err(Problem::Unsupported("a resolution of a file that is not COPC".into()).of(&self.path));
        };
        if resolution.is_nan() || resolution <= 0.0 {
            return Err(Problem::lying("the resolution", resolution, "be above zero").of(&self.path));
        }
        self.deepest = copc.level_for(resolution);
        self.select();
        Ok(self)
    }

    /// The octree of a COPC file.
    #[must_use]
    pub fn copc(&self) -> Option<&Copc> {
        self.header().copc.as_ref()
    }

    /// Chunks of the file, whatever the filters are; [`PointSource::chunk_count`] has those that they leave.
    #[must_use]
    pub fn total_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.parsed.header
    }

    /// Its coordinate reference system.
    #[must_use]
    pub fn crs(&self) -> Option<&Crs> {
        self.parsed.header.crs.as_ref()
    }

    /// All points in memory, in the order of the file, about an origin in their middle.
    ///
    /// # Errors
    /// Of the file; [`compute::Error::InvalidPoint`] where it reaches farther than 8 km from its middle: then tile it.
    pub fn read_all(&self, columns: Columns) -> compute::Result<Cloud> {
        read_all(self, columns)
    }

    /// All points in absolute metres, in the order of the file.
    ///
    /// # Errors
    /// Of the file.
    pub fn read_points(&self, columns: Columns) -> compute::Result<Points> {
        read_points(self, columns)
    }

    /// The values of a named extra column, of all points that pass the filters.
    ///
    /// # Errors
    /// Of the file; [`Problem::MissingColumn`] where it has no such column.
    pub fn read_extra(&self, name: &str) -> Result<Vec<f64>, Error> {
        let layout = &self.parsed.layout;
        let column = self.header().extra_bytes.iter().find(|extra| extra.name == name);
        let Some(column) = column else {
            let column = format!("extra column {name:?}");
            return Err(Problem::MissingColumn { format: layout.format, column }.of(&self.path));
        };
        let read = |chunk: usize| -> Checked<Vec<f64>> {
            let records = self.records(chunk, DecompressionSelection::all())?;
            let kept = records.chunks_exact(self.record_length()).filter(|record| self.keeps(record));
            Ok(kept.map(|record| column.value(&record[layout.base + column.at()..])).collect())
        };
        let parts: Result<Vec<Vec<f64>>, Problem> = self.selected.par_iter().map(|&chunk| read(chunk)).collect();
        Ok(parts.map_err(|problem| problem.of(&self.path))?.concat())
    }

    fn record_length(&self) -> usize {
        usize::from(self.header().record_length)
    }

    /// The bytes of a chunk.
    fn bytes(&self, number: usize) -> Checked<Vec<u8>> {
        let chunk = self.chunks[number];
        let mut bytes = vec![0; chunk.bytes as usize]; // no more than the file has
        read_exact_at(&self.file, &self.path, &mut bytes, chunk.at)?;
        self.stamp.check(&self.path)?;
        Ok(bytes)
    }

    /// The records of a chunk, fields outside the selection undefined.
    fn records(&self, number: usize, selection: DecompressionSelection) -> Checked<Vec<u8>> {
        self.decoded(number, self.bytes(number)?, selection)
    }

    fn decoded(&self, number: usize, bytes: Vec<u8>, selection: DecompressionSelection) -> Checked<Vec<u8>> {
        let Some(laz) = &self.parsed.laz else { return Ok(bytes) };
        let chunk = self.chunks[number];
        if let Some(layers) = self.layers {
            let [stated, there] = layers.stated_and_there(&bytes).unwrap_or([u64::MAX, 0]);
            if stated > there {
                let must = format!("be at most {there}, which is what chunk {number} has for them");
                return Err(Problem::lying("the size of the layers", stated, must));
            }
        }
        let mut records = vec![0; chunk.points as usize * self.record_length()]; // checked on opening
        codec::decode(laz, number, chunk, &bytes, selection, &mut records)?;
        Ok(records)
    }

    /// Whether a record passes the filters.
    #[inline]
    fn keeps(&self, record: &[u8]) -> bool {
        let layout = &self.parsed.layout;
        if let Some(classes) = &self.classes
            && !classes[usize::from(record[layout.classification] & layout.class_mask)]
        {
            return false;
        }
        self.within.is_none_or(|rect| rect.owns([self.coordinate(record, 0), self.coordinate(record, 1)]))
    }

    #[inline]
    fn coordinate(&self, record: &[u8], axis: usize) -> f64 {
        let header = self.header();
        f64::from(i32_at(record, 4 * axis)) * header.scale[axis] + header.offset[axis]
    }

    /// Decodes a chunk into `slots`, which have room for its points, and tells how many passed the filters.
    fn fill(&self, number: usize, columns: Columns, slots: &mut Slots<'_>) -> Checked<usize> {
        let layout = self.parsed.layout;
        layout.check(columns)?;
        let bytes = self.bytes(number)?;
        if let Some(kept) = self.fill_from_layers(number, columns, &bytes, slots) {
            return Ok(kept);
        }
        let wanted = if self.classes.is_some() { columns.with(Columns::CLASSIFICATION) } else { columns };
        let records = self.decoded(number, bytes, selection(wanted))?;
        let mut kept = 0;
        for record in records.chunks_exact(self.record_length()).filter(|record| self.keeps(record)) {
            slots.xyz[kept] = std::array::from_fn(|axis| self.coordinate(record, axis));
            slots.put_columns(kept, record, &layout);
            kept += 1;
        }
        Ok(kept)
    }

    /// As [`Self::fill`] where the file is layered and coordinates, class and returns are all that is asked for; `None` where it is not, or
    /// where the chunk is not as it should be.
    fn fill_from_layers(&self, number: usize, columns: Columns, bytes: &[u8], slots: &mut Slots<'_>) -> Option<usize> {
        const THESE: Columns = Columns::CLASSIFICATION.with(Columns::RETURNS);
        let layers = self.layers.filter(|_| THESE.contains(columns))?;
        let wanted =
            Wanted { z: true, classification: self.classes.is_some() || columns.contains(Columns::CLASSIFICATION) };
        let Header { scale, offset, .. } = *self.header();
        let (classes, within) = (self.classes.as_deref(), self.within);
        let mut kept = 0;
        layers.decode(bytes, self.chunks[number].points as usize, wanted, |point| {
            let xyz = std::array::from_fn(|axis| f64::from(point.xyz[axis]) * scale[axis] + offset[axis]);
            let is_kept = classes.is_none_or(|classes| classes[usize::from(point.classification)])
                && within.is_none_or(|rect| rect.owns([xyz[0], xyz[1]]));
            if is_kept {
                put(slots.xyz, kept, xyz);
                put(slots.columns.classification, kept, point.classification);
                put(slots.columns.returns, kept, [point.returns & 15, point.returns >> 4]);
                kept += 1;
            }
        })?;
        Some(kept)
    }
}

/// The fields that columns need. Return numbers come with x and y. PDRF 0 to 5 decode everything anyway.
fn selection(columns: Columns) -> DecompressionSelection {
    type Select = fn(DecompressionSelection) -> DecompressionSelection;
    let fields: [(Columns, Select); 9] = [
        (Columns::CLASSIFICATION, DecompressionSelection::decompress_classification),
        (Columns::INTENSITY, DecompressionSelection::decompress_intensity),
        (Columns::GPS_TIME, DecompressionSelection::decompress_gps_time),
        (Columns::RGB, DecompressionSelection::decompress_rgb),
        (Columns::POINT_SOURCE, DecompressionSelection::decompress_point_source_id),
        (Columns::SCAN_ANGLE, DecompressionSelection::decompress_scan_angle),
        (Columns::FLAGS, DecompressionSelection::decompress_flags),
        (Columns::USER_DATA, DecompressionSelection::decompress_user_data),
        (Columns::NIR, DecompressionSelection::decompress_nir),
    ];
    let wanted = fields.into_iter().filter(|(column, _)| columns.contains(*column));
    wanted.fold(DecompressionSelection::base().decompress_z(), |selection, (_, select)| select(selection))
}

impl PointSource for Las {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The stated extent, a step larger on every side: writers round it.
    fn extent(&self) -> Rect {
        let header = self.header();
        let step = [0, 1].map(|axis| header.scale[axis].abs());
        Rect {
            min: [0, 1].map(|axis| header.min[axis] - step[axis]),
            max: [0, 1].map(|axis| header.max[axis] + step[axis]),
        }
    }

    fn height_range(&self) -> [f64; 2] {
        [self.header().min[2], self.header().max[2]]
    }

    fn point_count(&self) -> u64 {
        self.header().point_count
    }

    fn chunk_count(&self) -> usize {
        self.selected.len()
    }

    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        self.extent_of(self.selected[chunk])
    }

    fn points_in_chunk(&self, chunk: usize) -> u64 {
        self.chunks[self.selected[chunk]].points
    }

    fn identity(&self) -> compute::Result<Vec<String>> {
        Ok(vec![identity::line(&self.path, self.parsed.points_at).map_err(|problem| problem.of(&self.path))?])
    }

    fn read_chunk(&self, chunk: usize, columns: Columns) -> compute::Result<Points> {
        let mut points = room(self.chunk_points(chunk), columns, self.limits.memory_bytes)?;
        let kept = self.fill_chunk(chunk, columns, &mut Slots::of(&mut points))?;
        close_gaps(&mut points, std::slice::from_ref(&(0..kept)));
        Ok(points)
    }

    fn crs(&self) -> Option<&Crs> {
        self.parsed.header.crs.as_ref()
    }
}

/// Chunks that can be decoded into room that somebody else made.
pub(crate) trait Chunks: PointSource {
    /// Points of a chunk before any filter.
    fn chunk_points(&self, chunk: usize) -> usize;

    /// Bytes that points in memory may take.
    fn largest_memory(&self) -> u64;

    /// Decodes a chunk and tells how many points passed the filters.
    fn fill_chunk(&self, chunk: usize, columns: Columns, slots: &mut Slots<'_>) -> compute::Result<usize>;
}

impl Chunks for Las {
    fn chunk_points(&self, chunk: usize) -> usize {
        self.chunks[self.selected[chunk]].points as usize
    }

    fn largest_memory(&self) -> u64 {
        self.limits.memory_bytes
    }

    fn fill_chunk(&self, chunk: usize, columns: Columns, slots: &mut Slots<'_>) -> compute::Result<usize> {
        Ok(self.fill(self.selected[chunk], columns, slots).map_err(|problem| problem.of(&self.path))?)
    }
}

/// All chunks of a source, decoded in parallel, in order, each where its points will stay.
pub(crate) fn read_points(source: &impl Chunks, columns: Columns) -> compute::Result<Points> {
    let counts: Vec<usize> = (0..source.chunk_count()).map(|chunk| source.chunk_points(chunk)).collect();
    let mut points = room(counts.iter().sum(), columns, source.largest_memory())?;
    let mut rest = Slots::of(&mut points);
    let mut parts: Vec<Slots<'_>> = counts.iter().map(|&count| rest.take(count)).collect();
    let kept: Vec<usize> = parts
        .par_iter_mut()
        .enumerate()
        .map(|(chunk, slots)| source.fill_chunk(chunk, columns, slots))
        .collect::<compute::Result<_>>()?;
    let mut start = 0;
    let ranges = counts.iter().zip(kept).map(|(&count, kept)| {
        start += count;
        start - count..start - count + kept
    });
    let ranges: Vec<_> = ranges.collect();
    close_gaps(&mut points, &ranges);
    Ok(points)
}

/// All chunks of a source as one cloud.
pub(crate) fn read_all(source: &(impl PointSource + ?Sized), columns: Columns) -> compute::Result<Cloud> {
    let extent = source.extent();
    let [low, high] = source.height_range();
    let [x, y] = extent.centre();
    let origin = isopach_cloud::Origin::near([x, y, 0.5 * (low + high)])?;
    let parts: Vec<Cloud> = (0..source.chunk_count())
        .into_par_iter()
        .map(|chunk| source.read_chunk(chunk, columns)?.about(origin))
        .collect::<compute::Result<_>>()?;
    let total = parts.iter().map(Cloud::len).sum();
    let mut ticks = Vec::with_capacity(total);
    let mut attributes = Attributes::empty(columns);
    for mut part in parts {
        ticks.extend_from_slice(part.positions().ticks());
        attributes.append(&mut part.attributes);
    }
    let mut cloud = Cloud::new(origin, ticks);
    cloud.attributes = attributes;
    Ok(cloud)
}

#[cfg(unix)]
fn read_exact_at(file: &File, _path: &Path, bytes: &mut [u8], at: u64) -> Checked<()> {
    Ok(std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)?)
}

/// Where positioned reads are not to be had, each chunk opens the file anew, so that threads do not share a position.
#[cfg(not(unix))]
fn read_exact_at(_file: &File, path: &Path, bytes: &mut [u8], at: u64) -> Checked<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    Ok(file.read_exact(bytes)?)
}
