//! Bytes as files: written under a temporary name with their digests, synced, then renamed. A blob that has its name is whole.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fast_md5::Md5;
use shared::crc64::Crc64;

use super::{StoreError, Sync, io_error};

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    incoming: PathBuf,
    kept: PathBuf,
    sync: Sync,
    leases: Arc<Mutex<Leases>>,
}

/// Who reads what: a blob that is overwritten while somebody reads it goes when the last reader does.
#[derive(Debug, Default)]
struct Leases {
    readers: HashMap<String, usize>,
    doomed: HashSet<String>,
    /// Their files are being removed, which is done without the lock: who reads must not wait for it.
    going: HashSet<String>,
    /// How many want that nothing is removed.
    pauses: usize,
    /// A file could not be removed: the next start looks for it.
    left: bool,
}

/// While this lives, no blob is removed.
#[derive(Debug)]
pub(super) struct Pause<'a>(&'a Blobs);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut leases = self.0.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.pauses -= 1;
        if leases.pauses == 0 {
            let Leases { readers, doomed, left, .. } = &mut *leases;
            doomed.retain(|id| {
                let read = readers.contains_key(id);
                if !read {
                    *left |= !remove(&self.0.kept, id);
                }
                read
            });
        }
    }
}

/// While this lives, its blobs stay on the disk.
#[derive(Debug)]
pub struct Lease {
    ids: Vec<String>,
    kept: PathBuf,
    leases: Arc<Mutex<Leases>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &self.ids {
            if let Some(readers) = leases.readers.get_mut(id) {
                *readers -= 1;
                if *readers > 0 {
                    continue;
                }
            }
            leases.readers.remove(id);
            if leases.pauses == 0 && leases.doomed.remove(id) {
                leases.left |= !remove(&self.kept, id);
            }
        }
    }
}

/// Removes a blob's file; whether it is gone. A failure leaves it for the next start.
fn remove(kept: &Path, id: &str) -> bool {
    let path = shelf(kept, id).join(id);
    let removed = fs::remove_file(&path);
    if let Err(error) = &removed {
        tracing::warn!("{}: {error}; the next start will remove it", path.display());
    }
    removed.is_ok()
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
    pub(super) fn open(dir: &Path, sync: Sync) -> Result<Self, StoreError> {
        let leases = Arc::default();
        let blobs = Self { incoming: dir.join("incoming"), kept: dir.join("blobs"), sync, leases };
        for folder in [&blobs.incoming, &blobs.kept] {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        for name in names(&blobs.incoming)? {
            let path = blobs.incoming.join(name);
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
        Ok(blobs)
    }

    /// All blobs that have their names.
    pub(super) fn ids(&self) -> Result<HashSet<String>, StoreError> {
        let mut ids = HashSet::new();
        for shelf in names(&self.kept)? {
            ids.extend(names(&self.kept.join(shelf))?);
        }
        Ok(ids)
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// [`StoreError::Io`], as when the disk is full.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        let id = random_id()?;
        let path = self.incoming.join(&id);
        let file = File::create_new(&path).map_err(io_error(&path))?;
        let (kept, sync) = (self.kept.clone(), self.sync);
        Ok(Writer { id, path, file, md5: Md5::new(), crc64: Crc64::new(), size: 0, kept, sync, named: false })
    }

    /// Keeps these blobs, those of one object, on the disk while the lease lives; `None` when they are gone already.
    pub fn lease(&self, ids: Vec<String>) -> Option<Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        // An object's blobs go together, under this lock, or, where its appends are merged, the last of them: the two ends
        // stand for all.
        let gone = |id: &String| leases.going.contains(id) || !shelf(&self.kept, id).join(id).exists();
        if ids.first().is_some_and(gone) || ids.last().is_some_and(gone) {
            return None;
        }
        for id in &ids {
            *leases.readers.entry(id.clone()).or_default() += 1;
        }
        drop(leases);
        Some(Lease { ids, kept: self.kept.clone(), leases: Arc::clone(&self.leases) })
    }

    /// A second name for a blob's bytes, so that each object owns its own. Copies nothing where the file system can link.
    ///
    /// # Errors
    /// [`StoreError::Io`], as when the disk is full.
    pub fn duplicate(&self, id: &str) -> Result<String, StoreError> {
        let (new, path) = (random_id()?, shelf(&self.kept, id).join(id));
        let shelf = shelf(&self.kept, &new);
        ensure(&self.kept, &shelf, self.sync)?;
        let target = shelf.join(&new);
        let done = self.link(&path, &new).and_then(|()| sync_dir(&shelf, self.sync));
        if let Err(error) = done {
            let _ = fs::remove_file(&target);
            return Err(error);
        }
        Ok(new)
    }

    /// Gives the bytes of `from` the name `id` here, by a link or else by a copy.
    fn link(&self, from: &Path, id: &str) -> Result<(), StoreError> {
        let target = shelf(&self.kept, id).join(id);
        fs::hard_link(from, &target).or_else(|_| self.copy(from, id, &target)).map_err(io_error(&target))
    }

    /// Takes over a blob of another folder under the name `new`; durable after [`Blobs::sync_all`].
    pub(super) fn adopt(&self, other: &Self, id: &str, new: &str) -> Result<(), StoreError> {
        let shelf_of = shelf(&self.kept, new);
        fs::create_dir_all(&shelf_of).map_err(io_error(&shelf_of))?;
        self.link(&shelf(&other.kept, id).join(id), new)
    }

    /// Makes all names durable.
    pub(super) fn sync_all(&self) -> Result<(), StoreError> {
        for shelf in names(&self.kept)? {
            sync_dir(&self.kept.join(shelf), self.sync)?;
        }
        sync_dir(&self.kept, self.sync)
    }

    /// Nothing is removed until the pause ends; what is discarded meanwhile is removed then.
    pub(super) fn pause(&self) -> Pause<'_> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner).pauses += 1;
        Pause(self)
    }

    fn copy(&self, from: &Path, id: &str, target: &Path) -> std::io::Result<()> {
        let copy = self.incoming.join(id);
        let done = fs::copy(from, &copy).and_then(|_| match self.sync {
            Sync::Always => File::open(&copy)?.sync_all(),
            Sync::Never => Ok(()),
        });
        let done = done.and_then(|()| fs::rename(&copy, target));
        if done.is_err() {
            let _ = fs::remove_file(&copy);
        }
        done
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it is gone.
    pub fn read(&self, id: &str) -> Result<File, StoreError> {
        let path = shelf(&self.kept, id).join(id);
        File::open(&path).map_err(io_error(&path))
    }

    /// Removes blobs that no record names any more, once nobody reads them. A failure leaves them for the next start.
    pub fn discard<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        let lock = || self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let mut going = Vec::new();
        {
            let mut leases = lock();
            for id in ids {
                if leases.pauses > 0 || leases.readers.contains_key(id) {
                    leases.doomed.insert(id.to_owned());
                } else {
                    leases.going.insert(id.to_owned());
                    going.push(id);
                }
            }
        }
        let mut gone = true;
        for id in &going {
            gone &= remove(&self.kept, id);
        }
        let mut leases = lock();
        leases.left |= !gone;
        for id in going {
            leases.going.remove(id);
        }
    }

    /// Some blob may have stayed that no record names: the next start is to look.
    pub fn leave_to_next_start(&self) {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner).left = true;
    }

    /// Whether every blob that was to go is gone.
    pub(super) fn is_tidy(&self) -> bool {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        !leases.left && leases.doomed.is_empty() && leases.going.is_empty()
    }
}

fn ensure(kept: &Path, shelf: &Path, sync: Sync) -> Result<(), StoreError> {
    // Who finds a shelf must find it durable, so nobody looks while one is made.
    static MAKING: Mutex<()> = Mutex::new(());
    let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if !shelf.is_dir() {
        fs::create_dir_all(shelf).map_err(io_error(shelf))?;
        sync_dir(kept, sync)?;
    }
    Ok(())
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
    sync: Sync,
    /// Whether it has got its name.
    named: bool,
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
        if self.sync == Sync::Always {
            self.file.sync_data().map_err(io_error(&self.path))?;
        }
        let shelf = shelf(&self.kept, &self.id);
        ensure(&self.kept, &shelf, self.sync)?;
        let target = shelf.join(&self.id);
        fs::rename(&self.path, &target).map_err(io_error(&target))?;
        self.named = true;
        if let Err(error) = sync_dir(&shelf, self.sync) {
            let _ = fs::remove_file(&target);
            return Err(error);
        }
        Ok(Blob {
            id: self.id.clone(),
            size: self.size,
            md5: std::mem::replace(&mut self.md5, Md5::new()).finalize(),
            crc64: self.crc64.value(),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a folder and all that is in it, if it is there.
pub(super) fn remove_tree(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error(dir)(error)),
        _ => Ok(()),
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
pub(super) fn sync_dir(dir: &Path, sync: Sync) -> Result<(), StoreError> {
    if cfg!(unix) && sync == Sync::Always {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error(dir))
    } else {
        Ok(())
    }
}

/// 32 hex digits of the system's randomness.
pub(super) fn random_id() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Index(format!("no randomness: {error}")))?;
    Ok(hex::encode(bytes))
}
