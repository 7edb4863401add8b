//! Bytes as files: written under a temporary name with their digests, synced, then renamed. A blob that has its name is whole.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use shared::crc64::Crc64;

use super::{StoreError, io_error};

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    incoming: PathBuf,
    kept: PathBuf,
}

/// A blob that is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// 32 hex digits.
    pub id: String,
    /// Bytes.
    pub size: u64,
    /// MD5 of the bytes.
    pub md5: [u8; 16],
    /// CRC-64/XZ of the bytes.
    pub crc64: u64,
}

impl Blobs {
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let blobs = Self { incoming: dir.join("incoming"), kept: dir.join("blobs") };
        for folder in [&blobs.incoming, &blobs.kept] {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        for name in names(&blobs.incoming)? {
            let path = blobs.incoming.join(name);
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
        Ok(blobs)
    }

    /// Removes every blob that no record names: a killed process may have kept one and not recorded it.
    pub(super) fn keep_only(&self, wanted: &HashSet<String>) -> Result<(), StoreError> {
        for shelf in names(&self.kept)? {
            let shelf = self.kept.join(shelf);
            for name in names(&shelf)?.into_iter().filter(|name| !wanted.contains(name)) {
                let path = shelf.join(name);
                fs::remove_file(&path).map_err(io_error(&path))?;
            }
        }
        Ok(())
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// [`StoreError::Io`], as when the disk is full.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        let id = random_id()?;
        let path = self.incoming.join(&id);
        let file = File::create_new(&path).map_err(io_error(&path))?;
        Ok(Writer { id, path, file, md5: Md5::new(), crc64: Crc64::new(), size: 0, kept: self.kept.clone() })
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it is gone.
    pub fn read(&self, id: &str) -> Result<File, StoreError> {
        let path = shelf(&self.kept, id).join(id);
        File::open(&path).map_err(io_error(&path))
    }

    /// Removes blobs that no record names any more. A failure leaves them for the next start.
    pub fn discard<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            let path = shelf(&self.kept, id).join(id);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!("{}: {error}; the next start will remove it", path.display());
            }
        }
    }
}

/// A blob in the making; dropped unfinished, it leaves nothing behind.
pub struct Writer {
    id: String,
    path: PathBuf,
    file: File,
    md5: Md5,
    crc64: Crc64,
    size: u64,
    kept: PathBuf,
}

impl Writer {
    /// Takes the next bytes, hashing as it writes.
    ///
    /// # Errors
    /// [`StoreError::Io`], as when the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.md5.update(bytes);
        self.crc64.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(io_error(&self.path))
    }

    /// Syncs the bytes and gives the blob its name.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing is left behind then.
    pub fn finish(mut self) -> Result<Blob, StoreError> {
        self.file.sync_all().map_err(io_error(&self.path))?;
        let shelf = shelf(&self.kept, &self.id);
        if !shelf.is_dir() {
            fs::create_dir_all(&shelf).map_err(io_error(&shelf))?;
            sync_dir(&self.kept)?;
        }
        let target = shelf.join(&self.id);
        fs::rename(&self.path, &target).map_err(io_error(&target))?;
        sync_dir(&shelf)?;
        Ok(Blob {
            id: self.id.clone(),
            size: self.size,
            md5: std::mem::take(&mut self.md5).finalize().into(),
            crc64: self.crc64.value(),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After a finish the name is gone, and this finds nothing.
        let _ = fs::remove_file(&self.path);
    }
}

fn shelf(kept: &Path, id: &str) -> PathBuf {
    kept.join(id.get(..2).unwrap_or(id))
}

fn names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error(dir))? {
        names.push(entry.map_err(io_error(dir))?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// A rename is durable once its folder is synced. Windows has no such call, and journals renames itself.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    if cfg!(unix) { File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error(dir)) } else { Ok(()) }
}

/// 32 hex digits of the system's randomness.
pub(super) fn random_id() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Index(format!("no randomness: {error}")))?;
    Ok(hex::encode(bytes))
}
