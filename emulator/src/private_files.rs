//! Small files of the data folder that only its owner may read: written whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Why a private file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    path: PathBuf,
    source: io::Error,
}

/// The private files of one data folder. Its methods block.
#[derive(Debug, Clone)]
pub struct PrivateFiles {
    dir: PathBuf,
}

/// How the names of unfinished files end.
const UNFINISHED: &str = ".new";

impl PrivateFiles {
    /// The private files in `dir`, which exists.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Where the file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What the file of this name holds; `None` when there is none. Removes what a killed writer of it left.
    ///
    /// # Errors
    /// [`FileError`] when it is there and cannot be read, or is not text.
    pub fn read(&self, name: &str) -> Result<Option<String>, FileError> {
        remove(&self.path(&format!("{name}{UNFINISHED}")))?;
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FileError { path, source }),
        }
    }

    /// Writes the file of this name: under another name, synced, then renamed. On Unix its mode is 0600.
    ///
    /// # Errors
    /// [`FileError`]; the file is then as it was.
    pub fn write(&self, name: &str, text: &str) -> Result<(), FileError> {
        remove(&self.path(&format!("{name}{UNFINISHED}")))?;
        let path = self.path(name);
        self.write_at(&path, name, text).map_err(|source| FileError { path, source })
    }

    fn write_at(&self, path: &Path, name: &str, text: &str) -> io::Result<()> {
        // A fixed name, so that the next start knows what to remove; tempfile gives it the mode.
        let mut file = tempfile::Builder::new().prefix(name).suffix(UNFINISHED).rand_bytes(0).tempfile_in(&self.dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // A rename is durable once its folder is synced. Windows has no such call, and journals renames itself.
        if cfg!(unix) { File::open(&self.dir)?.sync_all() } else { Ok(()) }
    }
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError { path: path.to_owned(), source: error }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_private_and_alone() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        assert_eq!(files.read("a.json").unwrap(), None);
        // As a killed writer leaves it, before the next start and before the next change.
        for _ in 0..2 {
            fs::write(dir.path().join("a.json.new"), "hal").unwrap();
            files.write("a.json", "whole").unwrap();
            assert_eq!(files.read("a.json").unwrap().as_deref(), Some("whole"));
        }
        fs::write(dir.path().join("a.json.new"), "hal").unwrap();
        files.read("a.json").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.json"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(files.path("a.json")).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_and_nothing_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        files.write("a.json", "old").unwrap();
        // Root ignores modes, but not that a folder stands where the new file must.
        fs::create_dir(dir.path().join("a.json.new")).unwrap();
        let error = files.write("a.json", "new").unwrap_err().to_string();
        assert!(error.contains("a.json.new"), "{error}");
        assert_eq!(fs::read_to_string(files.path("a.json")).unwrap(), "old");
    }
}
