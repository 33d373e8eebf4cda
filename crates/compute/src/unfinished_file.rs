//! Files that have their name only when they are complete.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// A file being written beside the place where it will be; removed when dropped before it is complete.
#[derive(Debug)]
pub struct UnfinishedFile {
    to: PathBuf,
    part: Option<PathBuf>,
}

impl UnfinishedFile {
    /// Creates the file beside `to`, in the place of what a killed process may have left.
    ///
    /// # Errors
    /// Where it cannot be created, or `to` has no file name.
    pub fn create(to: &Path) -> io::Result<(Self, File)> {
        Self::create_as(to, "part")
    }

    fn create_as(to: &Path, ending: &str) -> io::Result<(Self, File)> {
        let part = Self::beside(to, ending)?;
        // Read as well: what is written may be looked at again before it is complete.
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&part)?;
        Ok((Self { to: to.to_owned(), part: Some(part) }, file))
    }

    /// A hidden file beside `to`: `.name.ending`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] where `to` has no file name.
    pub fn beside(to: &Path, ending: &str) -> io::Result<PathBuf> {
        let name =
            to.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the path has no file name"))?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".");
        hidden.push(ending);
        Ok(to.with_file_name(hidden))
    }

    /// Gives the file its name, once all of it is on the disk.
    ///
    /// # Errors
    /// Where it cannot be written or renamed; it is removed then.
    pub fn complete(mut self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.to)?;
        }
        self.part = None;
        Ok(())
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(part);
        }
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// Where it cannot be written or renamed.
pub fn write_whole(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    write(UnfinishedFile::create(to)?, pieces)
}

/// As [`write_whole`], where other processes may write the same file at the same time: each writes one of its own, and the last one's stays.
///
/// # Errors
/// As [`write_whole`].
pub fn write_whole_among_others(to: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    write(UnfinishedFile::create_as(to, &format!("{}.part", std::process::id()))?, pieces)
}

fn write((part, mut file): (UnfinishedFile, File), pieces: &[&[u8]]) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    part.complete(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_when_complete_and_gone_when_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.laz");
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let (part, mut file) = UnfinishedFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(part);
        assert_eq!(files(), 0);
        let (part, mut file) = UnfinishedFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        part.complete(&file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        for write in [write_whole, write_whole_among_others] {
            write(&path, &[b"an", b"other"]).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"another");
            write(&path, &[b"x"]).unwrap();
        }
        assert_eq!(files(), 1);
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(write_whole(&folder.path().join("folder"), &[b"x"]).is_err());
        assert_eq!(files(), 2, "nothing is left of what could not be renamed");
        assert_eq!(write_whole(Path::new("/"), &[b"x"]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
