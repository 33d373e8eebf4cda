//! Several files as one source.

use crate::{
    Las, LeftOut, bounds,
    duplicates::{self, Duplicate},
    error::{LasError, LasProblem},
    point_source, read,
    slots::Slots,
};
use isopach_cloud::{Cloud, Columns, Crs, Points, Rect};
use isopach_compute as compute;
use isopach_tiling::PointSource;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};
use std::path::{Path, PathBuf};

/// Two files of a catalogue whose stated boxes overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Overlap {
    /// Their numbers in [`Catalogue::files`].
    pub files: [usize; 2],
    /// The rectangle that both files cover, absolute metres.
    pub area: Rect,
}

/// How a catalogue treats the coordinate systems of its files.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CatalogueOptions {
    /// The coordinate system to assume for all files, in place of the stated ones.
    pub crs: Option<Crs>,
    /// Accepts files that state different systems. Each is converted to metres by its own units.
    pub ignore_crs: bool,
}

type Footprint = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Several LAS or LAZ files read as one source, in the order given; chunks are numbered through
/// them. A clone has the same files open, and filters of its own.
#[derive(Clone, Debug)]
pub struct Catalogue {
    files: Vec<Las>,
    /// Number of the first chunk of each file.
    first_chunks: Vec<usize>,
    footprints: RTree<Footprint>,
    crs: Option<Crs>,
    duplicates: Vec<Duplicate>,
    without_crs: Vec<PathBuf>,
}

impl Catalogue {
    /// Opens LAS and LAZ files as one source. A folder stands for all LAS and LAZ files in it, a
    /// pattern (`tiles/*_2023.laz`) for the files that it matches; both are sorted by name.
    ///
    /// A file that repeats the points of another (same coordinates; attributes are not compared) is
    /// skipped and listed in [`Self::duplicates`]. A file without a coordinate system is assumed to
    /// be in that of the others and listed in [`Self::without_crs`].
    ///
    /// ```
    /// use isopach_las::{Catalogue, Columns};
    /// # use isopach_las::{Cloud, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tile.laz");
    /// # let mut writer = LazWriter::create(&path, &Schema::default())?;
    /// # writer.write(&Cloud::from_points(&[[1.5, 2.0, 3.0], [8.0, 2.0, 3.5]])?, &[])?;
    /// # writer.finish()?;
    /// let survey = Catalogue::open(&[folder.path()])?; // a folder, a pattern or a file
    /// assert_eq!(survey.files().len(), 1);
    /// assert_eq!(survey.read_all(Columns::XYZ)?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The fault of the first file that cannot be opened; an error if no file is found, or if two
    /// files state different coordinate systems.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> compute::Result<Self> {
        Self::open_with(paths, &CatalogueOptions::default())
    }

    /// Opens files like [`Self::open`], with control over the coordinate system.
    ///
    /// # Errors
    /// Errors of [`Self::open`].
    pub fn open_with<P: AsRef<Path>>(
        paths: &[P],
        options: &CatalogueOptions,
    ) -> compute::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            for path in expand_path(path.as_ref())? {
                files.push(Las::open(path)?);
            }
        }
        Self::from_files(files, options)
    }

    /// Lists the paths that [`Self::open`] would open: of a folder and of a pattern the LAS and LAZ
    /// files, of anything else itself.
    ///
    /// # Errors
    /// If the folder holds no such file or cannot be listed.
    pub fn list_files(path: &Path) -> Result<Vec<PathBuf>, LasError> {
        expand_path(path)
    }

    /// Builds a catalogue like [`Self::open_with`] from files that are open, for example from an
    /// object store ([`Las::from_source`]).
    ///
    /// # Errors
    /// Errors of [`Self::open`].
    pub fn from_files(files: Vec<Las>, options: &CatalogueOptions) -> compute::Result<Self> {
        let files: Vec<Las> = files
            .into_iter()
            .map(|file: Las| match &options.crs {
                Some(crs) => file.with_crs(Some(crs.clone())),
                None => file,
            })
            .collect();
        if files.is_empty() {
            return Err(LasProblem::Io(std::io::Error::other("no LAS or LAZ file"))
                .at_path(Path::new("catalogue"))
                .into());
        }
        let crs = common_crs(&files, options)?;
        let without_crs = files
            .iter()
            .filter(|file: &&Las| file.crs().is_none() && crs.is_some())
            .map(|file| file.path().to_owned())
            .collect();
        let (files, duplicates) = duplicates::drop_duplicates(
            files
                .into_iter()
                .map(|file: Las| match file.crs() {
                    None => file.with_crs(crs.clone()),
                    Some(_) => file,
                })
                .collect(),
        )?;
        let empty = Self {
            files: Vec::new(),
            first_chunks: Vec::new(),
            footprints: footprint_tree(&files),
            crs,
            duplicates,
            without_crs,
        };
        Ok(empty.with_files(files))
    }

    /// Files that were skipped because another has the same points.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// Files that state no coordinate system, and are assumed to be in that of the others.
    #[must_use]
    pub fn without_crs(&self) -> &[PathBuf] {
        &self.without_crs
    }

    /// Pairs of files, one of this catalogue and one of another, that hold the same points.
    ///
    /// # Errors
    /// The fault of a file that cannot be decoded. Only files with equal point counts and boxes are
    /// decoded.
    pub fn shared_with(&self, other: &Self) -> compute::Result<Vec<[PathBuf; 2]>> {
        let pairs = duplicates::shared_files(&self.files, &other.files)?;
        Ok(pairs
            .into_iter()
            .map(|pair| pair.map(|file| file.path().to_owned()))
            .collect())
    }

    /// Assumes that all files are in `crs`, overriding the systems they state. Call it before
    /// [`Self::in_metres`].
    #[must_use]
    pub fn with_crs(mut self, crs: Option<&Crs>) -> Self {
        let files = std::mem::take(&mut self.files);
        self.crs = crs.cloned();
        self.with_files(
            files
                .into_iter()
                .map(|file| file.with_crs(crs.cloned()))
                .collect(),
        )
    }

    /// Replaces each file by another view of it.
    pub(crate) fn map_files(
        mut self,
        change: impl Fn(Las) -> Result<Las, LasError>,
    ) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(self.with_files(files))
    }

    /// Replaces the files and renumbers the chunks.
    fn with_files(mut self, files: Vec<Las>) -> Self {
        let mut chunks = 0;
        self.first_chunks.clear();
        for file in &files {
            self.first_chunks.push(chunks);
            chunks += file.chunk_count();
        }
        self.files = files;
        self
    }

    /// Adds an index to each file, like [`Las::indexed`].
    ///
    /// # Errors
    /// Errors of [`Las::indexed`].
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.indexed(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.with_files(files))
    }

    /// Adds an index to each file, like [`Las::indexed_by_content`].
    ///
    /// # Errors
    /// Errors of [`Las::indexed_by_content`].
    pub fn indexed_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.indexed_by_content(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.with_files(files))
    }

    /// Uses the index of each file if it exists, like [`Las::with_index_by_content`].
    ///
    /// # Errors
    /// Errors of [`Las::with_index_by_content`].
    pub fn with_index_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.with_index_by_content(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.with_files(files))
    }

    /// Converts each file to metres, like [`Las::in_metres`].
    ///
    /// # Errors
    /// Errors of [`Las::in_metres`].
    pub fn in_metres(mut self) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files: Vec<Las> = files
            .into_iter()
            .map(Las::in_metres)
            .collect::<Result<_, _>>()?;
        self.crs = self.crs.as_ref().map(isopach_crs::in_metres);
        self.footprints = footprint_tree(&files);
        Ok(self.with_files(files))
    }

    /// Restricts reading to points of these ASPRS classes; an empty list means all classes.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let files = std::mem::take(&mut self.files);
        self.with_files(
            files
                .into_iter()
                .map(|file| file.keep_classes(classes))
                .collect(),
        )
    }

    /// Leaves out withheld points of each file, like [`Las::without_withheld`].
    #[must_use]
    pub fn without_withheld(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        self.with_files(files.into_iter().map(Las::without_withheld).collect())
    }

    /// Leaves out noise of each file, like [`Las::without_noise`].
    #[must_use]
    pub fn without_noise(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        self.with_files(files.into_iter().map(Las::without_noise).collect())
    }

    /// Counts of points left out over all files, like [`Las::left_out`].
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.files.iter().map(Las::left_out).sum()
    }

    /// Like [`Las::check_heights`], of all files.
    ///
    /// # Errors
    /// The fault of the first file that has a point too far above or below the others.
    pub fn check_heights(&self) -> compute::Result<()> {
        bounds::check_heights(&self.files)
    }

    /// Restricts reading to points inside `rect` (half open, absolute metres).
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        let files = std::mem::take(&mut self.files);
        self.with_files(files.into_iter().map(|file| file.within(rect)).collect())
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Las] {
        &self.files
    }

    /// The files whose stated extent intersects `rect`.
    #[must_use]
    pub fn files_meeting(&self, rect: &Rect) -> Vec<&Las> {
        let mut found: Vec<usize> = self
            .footprints
            .locate_in_envelope_intersecting(AABB::from_corners(rect.min, rect.max))
            .map(|f| f.data)
            .collect();
        found.sort_unstable();
        found.into_iter().map(|i| &self.files[i]).collect()
    }

    /// Lists the pairs of files whose stated boxes overlap. All their points are read. Overlap is
    /// normal between flight lines and wrong for a file that is present twice; only the user can
    /// decide.
    #[must_use]
    pub fn overlaps(&self) -> Vec<Overlap> {
        let mut found = Vec::new();
        for (first, file) in self
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.point_count() > 0)
        {
            let Rect { min, max } = file.extent();
            for other in self
                .footprints
                .locate_in_envelope_intersecting(AABB::from_corners(min, max))
            {
                let second = other.data;
                // Stated extents are a step too large on each side, so neighbours seem to share a
                // seam.
                let seam = 4.0
                    * file
                        .frame
                        .finest_step()
                        .max(self.files[second].frame.finest_step());
                let area = file.extent().intersection(&self.files[second].extent());
                let area = area
                    .filter(|area| second > first && area.size().iter().all(|side| *side > seam));
                found.extend(area.map(|area| Overlap {
                    files: [first, second],
                    area,
                }));
            }
        }
        found.sort_by_key(|overlap| overlap.files);
        found
    }

    /// The coordinate reference system that the files agree on.
    #[must_use]
    pub fn crs(&self) -> Option<&Crs> {
        self.crs.as_ref()
    }

    /// The columns to read for a request: [`Columns::ALL`] stands for those that all files have.
    fn resolve(&self, columns: Columns) -> Columns {
        if columns != Columns::ALL {
            return columns;
        }
        let missing = |file: &Las| Columns::ALL.without(file.columns());
        self.files
            .iter()
            .fold(columns, |columns, file| columns.without(missing(file)))
    }

    /// Reads all points into a cloud, file after file.
    ///
    /// # Errors
    /// Errors of [`Las::read_all`].
    pub fn read_all(&self, columns: Columns) -> compute::Result<Cloud> {
        self.files.iter().try_for_each(Las::check_metres)?;
        self.check_heights()?;
        read::read_all(self, self.resolve(columns))
    }

    /// Reads all points with absolute coordinates, file after file.
    ///
    /// # Errors
    /// Errors of [`Las::read_points`].
    pub fn read_points(&self, columns: Columns) -> compute::Result<Points> {
        read::read_points(self, self.resolve(columns))
    }

    /// The file of a chunk, and the chunk's number in it.
    fn locate_chunk(&self, chunk: usize) -> (usize, usize) {
        let file = self.first_chunks.partition_point(|&first| first <= chunk) - 1;
        (file, chunk - self.first_chunks[file])
    }
}

/// The system that the files agree on: that of the first that states one, with its heights if any
/// does.
fn common_crs(files: &[Las], options: &CatalogueOptions) -> Result<Option<Crs>, LasError> {
    let mut found: Option<(&Las, &Crs)> = None;
    for (file, crs) in files.iter().filter_map(|file| Some((file, file.crs()?))) {
        let Some((first, agreed)) = found else {
            found = Some((file, crs));
            continue;
        };
        let difference = agreed
            .find_contradiction(crs)
            .filter(|_| !options.ignore_crs);
        if let Some(difference) = difference {
            let must = format!(
                "agree with {}: --ignore-crs reads them all the same, --crs states their system",
                first.path().display()
            );
            return Err(
                LasProblem::inconsistent("the coordinate system", difference, must)
                    .at_path(file.path()),
            );
        }
        if !agreed.has_vertical() && crs.has_vertical() && !options.ignore_crs {
            found = Some((file, crs));
        }
    }
    Ok(found.map(|(_, crs)| crs.clone()))
}

/// The stated footprints of the files that have points.
fn footprint_tree(files: &[Las]) -> RTree<Footprint> {
    RTree::bulk_load(
        files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.point_count() > 0)
            .map(|(i, file): (usize, &Las)| {
                let Rect { min, max } = file.extent();
                GeomWithData::new(Rectangle::from_corners(min, max), i)
            })
            .collect(),
    )
}

/// Expands a folder to its LAS and LAZ files and a pattern to its matches, sorted by name; any
/// other path stands for itself.
fn expand_path(path: &Path) -> Result<Vec<PathBuf>, LasError> {
    let pattern = path
        .to_str()
        .filter(|text| text.contains(['*', '?', '[']) && !path.exists());
    let (found, what) = match pattern {
        Some(pattern) => (match_pattern(pattern), "no LAS or LAZ file matches this"),
        None if path.is_dir() => (list_folder(path), "no LAS or LAZ file in this folder"),
        None => return Ok(vec![path.to_owned()]),
    };
    let mut paths = found.map_err(|error| LasProblem::Io(error).at_path(path))?;
    paths.retain(|path: &PathBuf| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("las") || e.eq_ignore_ascii_case("laz"))
    });
    paths.sort();
    if paths.is_empty() {
        Err(LasProblem::Io(std::io::Error::other(what)).at_path(path))
    } else {
        Ok(paths)
    }
}

/// The entries of a folder.
fn list_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// The paths that a pattern matches.
fn match_pattern(pattern: &str) -> std::io::Result<Vec<PathBuf>> {
    let paths = glob::glob(pattern)
        .map_err(|error| std::io::Error::other(format!("not a pattern: {error}")))?;
    paths.map(|path| path.map_err(Into::into)).collect()
}

impl PointSource for Catalogue {
    fn name(&self) -> String {
        match &self.files[..] {
            [one] => one.name(),
            [first, rest @ ..] => format!("{} and {} more", first.name(), rest.len()),
            [] => "no files".into(),
        }
    }

    fn extent(&self) -> Rect {
        let extents = self
            .files
            .iter()
            .filter(|file| file.point_count() > 0)
            .map(PointSource::extent);
        extents
            .reduce(|a, b| a.union(&b))
            .unwrap_or_else(|| self.files[0].extent())
    }

    fn height_range(&self) -> [f64; 2] {
        let ranges = self
            .files
            .iter()
            .filter(|file| file.point_count() > 0)
            .map(PointSource::height_range);
        ranges
            .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
            .unwrap_or([0.0; 2])
    }

    fn point_count(&self) -> u64 {
        self.files.iter().map(PointSource::point_count).sum()
    }

    fn chunk_count(&self) -> usize {
        self.files.iter().map(PointSource::chunk_count).sum()
    }

    fn expect_chunks(&self, chunks: &[usize]) {
        let mut by_file = vec![Vec::new(); self.files.len()];
        for (file, chunk) in chunks.iter().map(|&chunk| self.locate_chunk(chunk)) {
            by_file[file].push(chunk);
        }
        self.files
            .iter()
            .zip(by_file)
            .for_each(|(file, chunks)| file.expect_chunks(&chunks));
    }

    fn read_chunk(&self, chunk: usize, columns: Columns) -> compute::Result<Points> {
        let columns = self.resolve(columns);
        let (file, chunk) = self.locate_chunk(chunk);
        self.files[file].read_chunk(chunk, columns)
    }

    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        let (file, chunk) = self.locate_chunk(chunk);
        let file = &self.files[file];
        Some(file.chunk_extent(chunk).unwrap_or_else(|| file.extent()))
    }

    fn points_in_chunk(&self, chunk: usize) -> u64 {
        let (file, chunk) = self.locate_chunk(chunk);
        self.files[file].points_in_chunk(chunk)
    }

    fn input_identities(&self) -> compute::Result<Vec<String>> {
        let lines = self
            .files
            .iter()
            .map(PointSource::input_identities)
            .collect::<compute::Result<Vec<_>>>()?;
        Ok(lines.concat())
    }

    fn input_names(&self) -> Vec<String> {
        self.files.iter().map(PointSource::name).collect()
    }

    fn crs(&self) -> Option<&Crs> {
        self.crs.as_ref()
    }
}

impl point_source::Chunks for Catalogue {
    fn chunk_points(&self, chunk: usize) -> usize {
        let (file, chunk) = self.locate_chunk(chunk);
        self.files[file].chunk_points(chunk)
    }

    fn largest_memory(&self) -> u64 {
        self.files
            .iter()
            .map(point_source::Chunks::largest_memory)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn fill_chunk(
        &self,
        chunk: usize,
        columns: Columns,
        slots: &mut Slots<'_>,
    ) -> compute::Result<usize> {
        let (file, chunk) = self.locate_chunk(chunk);
        self.files[file].fill_chunk(chunk, columns, slots)
    }
}
