//! Several files as one source.

use crate::{
    Las, LeftOut, bounds,
    duplicates::{self, Duplicate},
    error::{LasError, LasProblem},
    read,
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

/// Two files of a catalogue that state to cover the same ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Their numbers in [`Catalogue::files`].
    pub files: [usize; 2],
    /// What both cover.
    pub area: Rect,
}

/// What is done with the coordinate systems of a catalogue's files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogueOptions {
    /// The system that all files are in, whatever they state.
    pub crs: Option<Crs>,
    /// Opens files that state different systems. Each is converted to metres by its own units.
    pub ignore_crs: bool,
}

type Footprint = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Several files as one source, in the order given; chunks are numbered through them. A clone has
/// the same files open, and filters of its own.
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
    /// Opens files; a folder stands for the LAS and LAZ files in it, and a pattern
    /// (`tiles/*_2023.laz`) for what it matches, by name.
    ///
    /// A file whose points another one has (by coordinates, not attributes), in whatever order and
    /// format, is left out: [`Self::duplicates`]. A file that states no coordinate system is taken
    /// to be in that of the others: [`Self::without_crs`].
    ///
    /// # Errors
    /// Of the first file that cannot be opened; where there is no file, or where two state
    /// different coordinate systems.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> compute::Result<Self> {
        Self::open_with(paths, &CatalogueOptions::default())
    }

    /// As [`Self::open`], with a say in the coordinate system.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with<P: AsRef<Path>>(
        paths: &[P],
        options: &CatalogueOptions,
    ) -> compute::Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            for path in expand(path.as_ref())? {
                files.push(Las::open(path)?);
            }
        }
        Self::of_files(files, options)
    }

    /// The paths that [`Self::open`] opens: of a folder and of a pattern the LAS and LAZ files, of
    /// anything else itself.
    ///
    /// # Errors
    /// Where there is no such file in a folder, or it cannot be listed.
    pub fn listed(path: &Path) -> Result<Vec<PathBuf>, LasError> {
        expand(path)
    }

    /// As [`Self::open_with`], of files that are open: some of them may be elsewhere
    /// ([`Las::from_source`]).
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of_files(files: Vec<Las>, options: &CatalogueOptions) -> compute::Result<Self> {
        let declared = |file: Las| match &options.crs {
            Some(crs) => file.declared(Some(crs.clone())),
            None => file,
        };
        let files: Vec<Las> = files.into_iter().map(declared).collect();
        if files.is_empty() {
            return Err(LasProblem::Io(std::io::Error::other("no LAS or LAZ file"))
                .of(Path::new("catalogue"))
                .into());
        }
        let crs = common_crs(&files, options)?;
        let has_none = |file: &&Las| file.crs().is_none() && crs.is_some();
        let without_crs = files
            .iter()
            .filter(has_none)
            .map(|file| file.path().to_owned())
            .collect();
        let assumed = |file: Las| match file.crs() {
            None => file.declared(crs.clone()),
            Some(_) => file,
        };
        let (files, duplicates) =
            duplicates::drop_duplicates(files.into_iter().map(assumed).collect())?;
        let empty = Self {
            files: Vec::new(),
            first_chunks: Vec::new(),
            footprints: footprints(&files),
            crs,
            duplicates,
            without_crs,
        };
        Ok(empty.of(files))
    }

    /// Files that were left out because another has their points.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// Files that state no coordinate system, and are taken to be in that of the others.
    #[must_use]
    pub fn without_crs(&self) -> &[PathBuf] {
        &self.without_crs
    }

    /// Pairs of files, one of this catalogue and one of another, that hold the same points.
    ///
    /// # Errors
    /// Of a file that cannot be decoded: those are decoded whose number of points and box agree.
    pub fn shared_with(&self, other: &Self) -> compute::Result<Vec<[PathBuf; 2]>> {
        let pairs = duplicates::shared(&self.files, &other.files)?;
        Ok(pairs
            .into_iter()
            .map(|pair| pair.map(|file| file.path().to_owned()))
            .collect())
    }

    /// Takes all files to be in `crs`, whatever they state. To be called before
    /// [`Self::in_metres`].
    #[must_use]
    pub fn declared(mut self, crs: Option<&Crs>) -> Self {
        let files = std::mem::take(&mut self.files);
        self.crs = crs.cloned();
        self.of(files
            .into_iter()
            .map(|file| file.declared(crs.cloned()))
            .collect())
    }

    /// With these files, whose chunks are numbered anew.
    fn of(mut self, files: Vec<Las>) -> Self {
        let mut chunks = 0;
        self.first_chunks.clear();
        for file in &files {
            self.first_chunks.push(chunks);
            chunks += file.chunk_count();
        }
        self.files = files;
        self
    }

    /// Each file with its index, as [`Las::indexed`].
    ///
    /// # Errors
    /// As [`Las::indexed`].
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.indexed(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.of(files))
    }

    /// Each file with its index, as [`Las::indexed_by_content`].
    ///
    /// # Errors
    /// As [`Las::indexed_by_content`].
    pub fn indexed_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.indexed_by_content(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.of(files))
    }

    /// Each file with its index where there is one, as [`Las::with_index_by_content`].
    ///
    /// # Errors
    /// As [`Las::with_index_by_content`].
    pub fn with_index_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files = files
            .into_iter()
            .map(|file| file.with_index_by_content(folder))
            .collect::<Result<_, _>>()?;
        Ok(self.of(files))
    }

    /// Each file in metres, as [`Las::in_metres`].
    ///
    /// # Errors
    /// As [`Las::in_metres`].
    pub fn in_metres(mut self) -> Result<Self, LasError> {
        let files = std::mem::take(&mut self.files);
        let files: Vec<Las> = files
            .into_iter()
            .map(Las::in_metres)
            .collect::<Result<_, _>>()?;
        self.crs = self.crs.as_ref().map(isopach_crs::in_metres);
        self.footprints = footprints(&files);
        Ok(self.of(files))
    }

    /// Reads only points of these classes from now on; of all where none are given.
    #[must_use]
    pub fn keep_classes(mut self, classes: &[u8]) -> Self {
        let files = std::mem::take(&mut self.files);
        self.of(files
            .into_iter()
            .map(|file| file.keep_classes(classes))
            .collect())
    }

    /// As [`Las::without_withheld`], of each file.
    #[must_use]
    pub fn without_withheld(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        self.of(files.into_iter().map(Las::without_withheld).collect())
    }

    /// As [`Las::without_noise`], of each file.
    #[must_use]
    pub fn without_noise(mut self) -> Self {
        let files = std::mem::take(&mut self.files);
        self.of(files.into_iter().map(Las::without_noise).collect())
    }

    /// As [`Las::left_out`], of all files.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.files.iter().map(Las::left_out).sum()
    }

    /// As [`Las::check_heights`], of all files.
    ///
    /// # Errors
    /// Of the first file that has a point too far above or below the others.
    pub fn check_heights(&self) -> compute::Result<()> {
        bounds::check_heights(&self.files)
    }

    /// Reads only points that `rect` owns from now on.
    #[must_use]
    pub fn within(mut self, rect: Rect) -> Self {
        let files = std::mem::take(&mut self.files);
        self.of(files.into_iter().map(|file| file.within(rect)).collect())
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[Las] {
        &self.files
    }

    /// The files whose stated extent meets `rect`.
    #[must_use]
    pub fn meeting(&self, rect: &Rect) -> Vec<&Las> {
        let mut found: Vec<usize> = self
            .footprints
            .locate_in_envelope_intersecting(AABB::from_corners(rect.min, rect.max))
            .map(|f| f.data)
            .collect();
        found.sort_unstable();
        found.into_iter().map(|i| &self.files[i]).collect()
    }

    /// The pairs of files that state to cover the same ground. Their points are all read: where a
    /// file is there twice, or flight lines are kept apart, that is as it should be or not, and
    /// only the user can tell.
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
                let seam = 4.0 * file.frame.step().max(self.files[second].frame.step());
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

    /// All points in memory, file after file.
    ///
    /// # Errors
    /// As [`Las::read_all`].
    pub fn read_all(&self, columns: Columns) -> compute::Result<Cloud> {
        self.files.iter().try_for_each(Las::check_metres)?;
        self.check_heights()?;
        read::all(self, columns)
    }

    /// All points with absolute coordinates, file after file.
    ///
    /// # Errors
    /// As [`Las::read_points`].
    pub fn read_points(&self, columns: Columns) -> compute::Result<Points> {
        read::points(self, columns)
    }

    /// The file of a chunk, and the chunk's number in it.
    fn locate(&self, chunk: usize) -> (usize, usize) {
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
        let difference = agreed.contradiction(crs).filter(|_| !options.ignore_crs);
        if let Some(difference) = difference {
            let must = format!(
                "agree with {}: --ignore-crs reads them all the same, --crs says what they are in",
                first.path().display()
            );
            return Err(
                LasProblem::lying("the coordinate system", difference, must).of(file.path())
            );
        }
        if !agreed.has_vertical() && crs.has_vertical() && !options.ignore_crs {
            found = Some((file, crs));
        }
    }
    Ok(found.map(|(_, crs)| crs.clone()))
}

/// What the files that have points state to cover.
fn footprints(files: &[Las]) -> RTree<Footprint> {
    let footprint = |(i, file): (usize, &Las)| {
        let Rect { min, max } = file.extent();
        GeomWithData::new(Rectangle::from_corners(min, max), i)
    };
    RTree::bulk_load(
        files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.point_count() > 0)
            .map(footprint)
            .collect(),
    )
}

/// A folder's LAS and LAZ files, or what a pattern matches, by name; anything else stands for
/// itself.
fn expand(path: &Path) -> Result<Vec<PathBuf>, LasError> {
    let pattern = path
        .to_str()
        .filter(|text| text.contains(['*', '?', '[']) && !path.exists());
    let (found, what) = match pattern {
        Some(pattern) => (matching(pattern), "no LAS or LAZ file matches this"),
        None if path.is_dir() => (listed(path), "no LAS or LAZ file in this folder"),
        None => return Ok(vec![path.to_owned()]),
    };
    let is_las = |path: &PathBuf| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("las") || e.eq_ignore_ascii_case("laz"))
    };
    let mut paths = found.map_err(|error| LasProblem::Io(error).of(path))?;
    paths.retain(is_las);
    paths.sort();
    if paths.is_empty() {
        Err(LasProblem::Io(std::io::Error::other(what)).of(path))
    } else {
        Ok(paths)
    }
}

fn listed(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

fn matching(pattern: &str) -> std::io::Result<Vec<PathBuf>> {
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
        for (file, chunk) in chunks.iter().map(|&chunk| self.locate(chunk)) {
            by_file[file].push(chunk);
        }
        self.files
            .iter()
            .zip(by_file)
            .for_each(|(file, chunks)| file.expect_chunks(&chunks));
    }

    fn read_chunk(&self, chunk: usize, columns: Columns) -> compute::Result<Points> {
        let (file, chunk) = self.locate(chunk);
        self.files[file].read_chunk(chunk, columns)
    }

    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        let (file, chunk) = self.locate(chunk);
        let file = &self.files[file];
        Some(file.chunk_extent(chunk).unwrap_or_else(|| file.extent()))
    }

    fn points_in_chunk(&self, chunk: usize) -> u64 {
        let (file, chunk) = self.locate(chunk);
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

impl read::Chunks for Catalogue {
    fn chunk_points(&self, chunk: usize) -> usize {
        let (file, chunk) = self.locate(chunk);
        self.files[file].chunk_points(chunk)
    }

    fn largest_memory(&self) -> u64 {
        self.files
            .iter()
            .map(read::Chunks::largest_memory)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn fill_chunk(
        &self,
        chunk: usize,
        columns: Columns,
        slots: &mut Slots<'_>,
    ) -> compute::Result<usize> {
        let (file, chunk) = self.locate(chunk);
        self.files[file].fill_chunk(chunk, columns, slots)
    }
}
