//! Using and making the index of a file's chunks.

use crate::{
    Las,
    error::{Checked, LasError, LasProblem},
    identity::Identity,
    layered::Wanted,
    layout::i32_at,
    selection::layers_for,
    sidecar::{self, About, Contents, Found},
};
use isopach_cloud::Columns;
use rayon::prelude::*;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

impl Las {
    /// Adds an index of the contents of each chunk, so that queries by box and class skip chunks
    /// without decoding them. The index is read from beside the file, or from `folder`. If it is
    /// missing, damaged or belongs to another file ([`Self::index_fault`]), the file is decoded
    /// once and the index is written. A COPC file has a built-in index and is left alone.
    ///
    /// # Errors
    /// The fault of a damaged file, or of an index that cannot be written.
    pub fn indexed(mut self, folder: Option<&Path>) -> Result<Self, LasError> {
        if self.nodes.is_empty() {
            self.index_at = sidecar::sidecar_path(&self.path, folder);
            if folder.is_none() && self.source.writable_sibling(sidecar::SUFFIX).is_none() {
                return self.with_index_beside();
            }
            self.contents = Arc::default(); // those of another place say nothing of this one
            self.contents = self
                .index(&self.index_at)
                .map_err(|problem| problem.at_path(&self.index_at))?
                .into();
            self.index_fault = None;
            self.select_chunks();
        }
        Ok(self)
    }

    /// [`Self::indexed`] for a source beside which nothing can be written: keeps an index that is
    /// in use already, and fails otherwise.
    fn with_index_beside(self) -> Result<Self, LasError> {
        if !self.contents.is_empty() || self.chunks.is_empty() {
            return Ok(self);
        }
        let text = "an index cannot be written there: index a copy of the file on a disk, and put both there";
        Err(LasProblem::Unwritable(text.into()).at_path(&self.index_at))
    }

    /// The reason why the index beside the file is not used, if one exists and [`Self::indexed`]
    /// has not replaced it.
    #[must_use]
    pub fn index_fault(&self) -> Option<String> {
        self.index_fault
            .map(|fault| format!("its index {} is not used: {fault}", self.index_at.display()))
    }

    /// Adds an index like [`Self::indexed`], in a folder shared by files of any path. The index is
    /// named after the content of the file, so that copies of the file find it. An index that is in
    /// use already (beside the file) is copied there.
    ///
    /// # Errors
    /// Errors of [`Self::indexed`].
    pub fn indexed_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        if self.nodes.is_empty() {
            let place = self.place_by_content(folder)?;
            let contents = if self.contents.is_empty() {
                self.index(&place)
            } else {
                self.index_subject()
                    .and_then(|about| sidecar::write(&place, about, &self.contents))
                    .map(|()| self.contents.to_vec())
            };
            self.contents = contents.map_err(|problem| problem.at_path(&place))?.into();
            (self.index_at, self.index_fault) = (place, None);
            self.select_chunks();
        }
        Ok(self)
    }

    /// Uses the index that [`Self::indexed_by_content`] made, if it exists and none is used yet.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_index_by_content(mut self, folder: &Path) -> Result<Self, LasError> {
        if self.nodes.is_empty() && self.contents.is_empty() {
            let about = self
                .index_subject()
                .map_err(|problem| problem.at_path(&self.path))?;
            let place = self.place_by_content(folder)?;
            if let Found::Whole(contents) = sidecar::read(&place, about) {
                self.contents = contents.into();
                (self.index_at, self.index_fault) = (place, None);
                self.select_chunks();
            }
        }
        Ok(self)
    }

    fn place_by_content(&self, folder: &Path) -> Result<PathBuf, LasError> {
        let about = self
            .index_subject()
            .map_err(|problem| problem.at_path(&self.path))?;
        Ok(sidecar::place_by_content(folder, about.identity))
    }

    /// Identity that an index of this file must state.
    fn index_subject(&self) -> Checked<About> {
        let identity = Identity::of_source(
            &*self.source,
            self.parsed.points_at,
            &self.chunks,
            self.parsed.laz.is_some(),
        )?;
        Ok(About {
            identity,
            points: self.header().point_count,
            chunks: self.chunks.len(),
        })
    }

    fn index(&self, place: &Path) -> Checked<Vec<Contents>> {
        let about = self.index_subject()?;
        if let Found::Whole(contents) = sidecar::read(place, about) {
            return Ok(contents);
        }
        self.expect_numbered(0..self.chunks.len());
        let chunks = (0..self.chunks.len()).into_par_iter();
        let contents: Vec<Contents> = chunks
            .map(|chunk| self.contents_of(chunk))
            .collect::<Checked<_>>()?;
        sidecar::write(place, about, &contents)?;
        Ok(contents)
    }

    /// Refuses a chunk whose bytes differ from the indexed ones. It cannot be known which are
    /// right, so nothing is removed.
    pub(crate) fn check_sum(&self, chunk: usize, bytes: &[u8]) -> Checked<()> {
        let Some(stated) = self.contents.get(chunk) else {
            return Ok(());
        };
        let found = crc32fast::hash(bytes);
        if found == stated.sum {
            return Ok(());
        }
        let must = format!(
            "be {:08x}, as when its index {} was made: copy the file anew; if it was changed on purpose, remove the index",
            stated.sum,
            self.index_at.display()
        );
        Err(LasProblem::inconsistent(
            "the checksum of a chunk",
            format!("{found:08x} in chunk {chunk}"),
            must,
        ))
    }

    /// Refuses a chunk that contradicts its index entry, because other chunks may be skipped
    /// wrongly. The index is removed, so that the next run rebuilds it.
    pub(crate) fn check_contents(
        &self,
        chunk: usize,
        seen: &Contents,
        classes: bool,
    ) -> Checked<()> {
        let Some(stated) = self.contents.get(chunk) else {
            return Ok(());
        };
        if stated.agrees_with(seen, classes) {
            return Ok(());
        }
        let outcome = match std::fs::remove_file(&self.index_at) {
            Ok(()) => "was removed: run again".into(),
            // Another thread may have found a chunk that differs, too.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "is there no more: run again".into()
            }
            Err(error) => format!("cannot be removed ({error}): remove it, and run again"),
        };
        let must = format!(
            "be what the points have; {} {outcome}",
            self.index_at.display()
        );
        Err(LasProblem::inconsistent(
            "what the index says of a chunk",
            format!("wrong in chunk {chunk}"),
            must,
        ))
    }

    /// Decodes a chunk to summarise its contents.
    fn contents_of(&self, chunk: usize) -> Checked<Contents> {
        let bytes = self.read_chunk_bytes(chunk)?;
        let sum = crc32fast::hash(&bytes);
        let mut contents = Contents {
            sum,
            ..Contents::NOTHING
        };
        let wanted = Wanted {
            z: true,
            classification: true,
            flags: false,
        };
        let from_layers = self.layers.and_then(|layers| {
            let points = self.chunks[chunk].points as usize;
            layers.decode_chunk(&bytes, points, wanted, |point| {
                contents.add_point(point.xyz, point.classification)
            })
        });
        if from_layers.is_some() {
            return Ok(contents);
        }
        contents = Contents {
            sum,
            ..Contents::NOTHING
        };
        let records = self.decode_records(chunk, bytes, layers_for(Columns::CLASSIFICATION))?;
        for record in records.chunks_exact(self.record_length()) {
            let stored = [0, 4, 8].map(|at| i32_at(record, at));
            contents.add_point(stored, self.parsed.layout.classification_of(record));
        }
        Ok(contents)
    }
}
