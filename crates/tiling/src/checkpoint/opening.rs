//! The manifest: written once by the first process, and read by all others.

use super::{FolderUse, Plans, damaged, files, manifest::Manifest};
use isopach_compute::{Error, FolderLock, Result, write_new, write_whole};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// The fault of a manifest whose tiles do not belong to this run.
const NO_TILES: &str =
    "not a manifest of this run, as its tiles are others: remove it to begin a new run";

/// A run that is about to begin, or to go on.
pub(super) struct Opening<'a, P> {
    pub(super) folder: &'a Path,
    pub(super) tiles: &'a Path,
    /// Where the manifest is.
    pub(super) path: &'a Path,
    pub(super) folder_use: FolderUse,
    pub(super) lock: &'a FolderLock,
    pub(super) plans: &'a Plans<'a, P>,
    /// Of the inputs.
    pub(super) names: &'a [String],
}

impl<P> Opening<'_, P> {
    /// The fingerprint and tiles of the run that is asked for: as it was begun, or begun now.
    pub(super) fn begin_or_resume(&self, asked: &Manifest) -> Result<(u64, P)> {
        if let Some(begun) = self.read_manifest()? {
            return self.resume(asked, &begun);
        }
        let plan = (self.plans.cut)()?;
        let manifest = self.with_plan(asked, &plan);
        if write_new(self.path, manifest.to_text().as_bytes())
            .map_err(|error| self.manifest_error(error))?
        {
            return Ok((manifest.fingerprint(), plan));
        }
        // Another process was first.
        match self.read_manifest()? {
            Some(begun) => self.resume(asked, &begun),
            None => Err(self.manifest_error(ErrorKind::NotFound.into())),
        }
    }

    fn resume(&self, asked: &Manifest, begun: &Manifest) -> Result<(u64, P)> {
        let other = begun
            .check_same(asked, self.names, &self.folder.display().to_string())
            .err();
        let was_repaired =
            begun.differs_in_inputs_alone(asked, &damaged::damaged_sources(self.folder));
        let no_results =
            !files::has_results(self.tiles).map_err(|error| Error::of_file(self.tiles, error))?;
        if self.folder_use.may_begin_anew() && (no_results || (other.is_some() && was_repaired)) {
            let plan = (self.plans.cut)()?;
            let manifest = self.with_plan(asked, &plan);
            if manifest == *begun {
                return Ok((begun.fingerprint(), plan));
            }
            if self.begin_anew(&manifest)? {
                tracing::warn!(folder = %self.folder.display(), because = ?other, "begun anew");
                return Ok((manifest.fingerprint(), plan));
            }
        }
        if let Some(other) = other {
            return Err(other);
        }
        let plan = (self.plans.from_manifest)(begun.plan())?
            .ok_or_else(|| Error::of_file(self.path, NO_TILES))?;
        Ok((begun.fingerprint(), plan))
    }

    /// Puts another manifest in the place of the one that is there, while nobody else works there:
    /// whether it did.
    fn begin_anew(&self, manifest: &Manifest) -> Result<bool> {
        let begun = self
            .lock
            .with_exclusive(|| -> io::Result<()> {
                files::remove_results(self.tiles)?;
                write_whole(self.path, &[manifest.to_text().as_bytes()])
            })?
            .transpose();
        Ok(begun
            .map_err(|error| Error::of_file(self.folder, error))?
            .is_some())
    }

    fn with_plan(&self, asked: &Manifest, plan: &P) -> Manifest {
        asked.clone().with_plan((self.plans.to_manifest)(plan))
    }

    /// The manifest that is there.
    fn read_manifest(&self) -> Result<Option<Manifest>> {
        Manifest::read_file(self.path, self.plans.max_bytes)
    }

    fn manifest_error(&self, error: io::Error) -> Error {
        Error::of_file(self.path, error)
    }
}
