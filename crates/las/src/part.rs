//! A file that has its name only when it is complete.

use crate::error::{Checked, Problem};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// A file being written beside the place where it will be; removed when dropped before it is complete.
#[derive(Debug)]
pub(crate) struct Part {
    to: PathBuf,
    part: Option<PathBuf>,
}

impl Part {
    /// Creates the file beside `to`.
    pub(crate) fn create(to: &Path) -> Checked<(Self, File)> {
        let name = to.file_name().ok_or_else(|| Problem::Unwritable("the path has no file name".into()))?;
        let part = to.with_file_name(format!(".{}.part", name.to_string_lossy()));
        // Read as well: what is written may be looked at again before it is complete.
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&part)?;
        Ok((Self { to: to.to_owned(), part: Some(part) }, file))
    }

    /// Gives the file its name, once all of it is on the disk.
    pub(crate) fn complete(mut self, file: &File) -> Checked<()> {
        file.sync_all()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.to)?;
        }
        self.part = None;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn there_when_complete_and_gone_when_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.laz");
        let (part, mut file) = Part::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(part);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let (part, mut file) = Part::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        part.complete(&file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
