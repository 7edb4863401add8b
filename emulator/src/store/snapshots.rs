//! Snapshots: the store as it was at one point in time, kept beside it, and brought back in one step.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};

use super::blob::{Blobs, remove_tree, sync_dir};
use super::database::{Check, OpenIndex};
use super::index;
use super::record::{BucketRecord, decode, encode};
use super::{Store, StoreError, io_error};

/// The name of a snapshot: 1 to 64 letters, digits, `-`, `_` or `.`, not beginning with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotName(String);

impl SnapshotName {
    /// Reads a name; `None` when it is none, as with one that would lead out of the folder.
    pub fn parse(text: &str) -> Option<Self> {
        let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(clean) && !text.starts_with('.');
        fits.then(|| Self(text.to_owned()))
    }
}

/// A snapshot that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was taken, Unix milliseconds.
    pub taken_ms: i64,
    /// How many files of bytes it holds on to.
    pub blobs: u64,
}

/// Why a snapshot was not taken, restored or deleted.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There is one of this name.
    #[error("there is a snapshot of this name; delete it, or choose another name")]
    Exists,
    /// There is none of this name.
    #[error("there is no snapshot of this name")]
    Missing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const ABOUT: &str = "snapshot.json";
const INDEX: &str = "index.redb";

impl Store {
    fn snapshots_dir(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    /// Removes what a killed process left half made or half deleted: all that begins with a dot.
    pub(super) fn tidy_snapshots(&self) -> Result<(), StoreError> {
        let dir = self.snapshots_dir();
        fs::create_dir_all(&dir).map_err(io_error(&dir))?;
        for entry in fs::read_dir(&dir).map_err(io_error(&dir))? {
            let entry = entry.map_err(io_error(&dir))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Keeps the store as it is now. Requests go on meanwhile; no byte is copied where the file system can link.
    ///
    /// # Errors
    /// [`SnapshotError`]; no snapshot is there then.
    pub fn take_snapshot(&self, name: &SnapshotName, now_ms: i64) -> Result<Snapshot, SnapshotError> {
        let _one = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let (target, making) = (self.snapshots_dir().join(&name.0), self.snapshots_dir().join(format!(".{}", name.0)));
        if target.exists() {
            return Err(SnapshotError::Exists);
        }
        let made = self.make_snapshot(name, now_ms, &making);
        if made.is_err() {
            let _ = remove_tree(&making);
        }
        let made = made?;
        fs::rename(&making, &target).map_err(io_error(&target))?;
        sync_dir(&self.snapshots_dir(), self.sync)?;
        Ok(made)
    }

    fn make_snapshot(&self, name: &SnapshotName, now_ms: i64, dir: &PathBuf) -> Result<Snapshot, StoreError> {
        remove_tree(dir)?;
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        // What is deleted from here on stays until its bytes have a second name.
        let _paused = self.blobs.pause();
        let now = self.index.read()?;
        let blobs = Blobs::open(dir, self.sync)?;
        let mut ids = Vec::new();
        index::each_blob(&now, |id| ids.push(id.to_owned()))?;
        for id in &ids {
            blobs.adopt(&self.blobs, id, id)?;
        }
        blobs.sync_all()?;
        let file = Arc::new(OpenIndex::open(&dir.join(INDEX), self.sync, Check::Everything)?);
        index::prepare(&file, &dir.join(INDEX))?;
        let write = file.write()?;
        index::replace(&write, Some(&now), &mut |_| None)?;
        write.commit()?;
        let made = Snapshot { name: name.0.clone(), taken_ms: now_ms, blobs: ids.len() as u64 };
        let about = dir.join(ABOUT);
        fs::write(&about, encode(&made)?).map_err(io_error(&about))?;
        if self.sync == super::Sync::Always {
            fs::File::open(&about).and_then(|file| file.sync_all()).map_err(io_error(&about))?;
        }
        sync_dir(dir, self.sync)?;
        Ok(made)
    }

    /// The snapshots, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        let _one = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.snapshots_dir();
        let mut found: Vec<Snapshot> = Vec::new();
        for entry in fs::read_dir(&dir).map_err(io_error(&dir))? {
            let about = entry.map_err(io_error(&dir))?.path().join(ABOUT);
            found.push(decode(&fs::read(&about).map_err(io_error(&about))?)?);
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Makes the store what it was. Everybody sees all of the one or all of the other; what is being read is read to its end.
    ///
    /// # Errors
    /// [`SnapshotError`]; nothing has changed then.
    pub fn restore_snapshot(&self, name: &SnapshotName) -> Result<(), SnapshotError> {
        let _one = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = self.snapshots_dir().join(&name.0);
        if !dir.exists() {
            return Err(SnapshotError::Missing);
        }
        let (kept, file) =
            (Blobs::open(&dir, self.sync)?, OpenIndex::open(&dir.join(INDEX), self.sync, Check::Everything)?);
        let then = file.read()?;
        // Under new names: the old ones may be about to be removed, by whoever deleted them since.
        let mut names = HashMap::new();
        let mut link = || {
            index::each_blob(&then, |id| drop(names.insert(id.to_owned(), String::new())))?;
            for (id, new) in &mut names {
                let fresh = super::blob::random_id()?;
                self.blobs.adopt(&kept, id, &fresh)?;
                *new = fresh;
            }
            self.blobs.sync_all()
        };
        let done = link().and_then(|()| {
            self.index.replace_all(|write| index::replace(write, Some(&then), &mut |id| names.get(id).cloned()))
        });
        match done {
            Ok(old) => {
                self.blobs.discard(old.iter().map(String::as_str));
                Ok(())
            }
            Err(error) => {
                self.abandon(names.into_values().filter(|id| !id.is_empty()).collect(), &error);
                Err(error.into())
            }
        }
    }

    /// Forgets a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn delete_snapshot(&self, name: &SnapshotName) -> Result<(), SnapshotError> {
        let _one = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let (dir, going) = (self.snapshots_dir().join(&name.0), self.snapshots_dir().join(format!(".{}", name.0)));
        if !dir.exists() {
            return Err(SnapshotError::Missing);
        }
        remove_tree(&going)?;
        fs::rename(&dir, &going).map_err(io_error(&dir))?;
        sync_dir(&self.snapshots_dir(), self.sync)?;
        remove_tree(&going)?;
        Ok(())
    }

    /// Empties the store: one bucket is left, new and empty. Snapshots stay.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn reset(&self, bucket: &str, record: &BucketRecord) -> Result<(), StoreError> {
        let old = self.index.replace_all(|write| {
            let old = index::replace(write, None, &mut |_| None)?;
            write.open_table(index::BUCKETS)?.insert(bucket, encode(record)?.as_slice())?;
            Ok(old)
        })?;
        self.blobs.discard(old.iter().map(String::as_str));
        Ok(())
    }
}
