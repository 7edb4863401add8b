//! The store: blobs as files, an index in an embedded ACID database. What it has answered for is on the disk.

mod blob;
mod clean;
mod database;
mod index;
mod key_versions;
mod lock;
mod page;
mod record;
mod snapshots;
mod uploads;
mod version_list;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clean::CleanEnd;
use lock::FolderLock;

use database::Check;

pub use blob::{Blob, Blobs, Lease, Writer};
pub use index::Index;
pub use key_versions::is_version_id;
pub use page::{Entry, Page, PageQuery};
pub use record::{
    Attributes, BucketRecord, NULL_VERSION, ObjectRecord, ObjectType, PartRecord, Segment, UploadRecord, VersionRecord,
    Versioning, from_ms, to_ms,
};
pub use snapshots::{SnapshotError, SnapshotName};
pub use uploads::CompleteError;
pub use version_list::ListedVersion;
pub use versions::{Deleted, Found, WriteError, Written};

/// When what is written must be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before it is answered for.
    Always,
    /// Whenever the system likes: for throwaway worlds, where speed is worth more than the data.
    Never,
}

/// Why the store could not do its work; always the machine's fault, never the caller's.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be read or written.
    #[error("{}: {source}{}", path.display(), advice(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The index refused.
    #[error("the index: {0}")]
    Index(String),
    /// The index file is not one, or is broken.
    #[error(
        "{}: {problem}. The index cannot be read; the objects' bytes in the folder are untouched. \
         Restore the file from a copy, or begin with an empty folder.", path.display()
    )]
    Damaged {
        /// The index file.
        path: PathBuf,
        /// What the database said.
        problem: String,
    },
    /// The index was written by another version.
    #[error(
        "{}: it was written by another version of the emulator ({found}). \
         Use that version, or begin with an empty folder.", path.display()
    )]
    OtherFormat {
        /// The index file.
        path: PathBuf,
        /// What stands there.
        found: String,
    },
    /// Somebody else has the folder.
    #[error("{}: another emulator{} uses this folder. End it, or name another folder.", dir.display(), process(pid))]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Its process, when it says so.
        pid: Option<u32>,
    },
    /// The disk failed in the last step of a change: it is made, or not, which a look at the index tells.
    #[error("the index could not be written: {0}")]
    Uncertain(String),
    /// A record in the index cannot be read.
    #[error("the index holds a record that cannot be read: {0}")]
    Record(String),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Index(error.into().to_string())
    }
}

/// What to do about it.
fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::PermissionDenied | K::ReadOnlyFilesystem => "; let this user write there, or name another folder",
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => "; free some space there",
        _ => "",
    }
}

fn process(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(", process {pid},")).unwrap_or_default()
}

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}

/// Blobs and index of one data folder. All methods block; [`run`] takes them off the async threads.
#[derive(Debug)]
pub struct Store {
    /// The bytes.
    pub blobs: Blobs,
    /// What they mean.
    pub index: Index,
    dir: PathBuf,
    sync: Sync,
    /// Held by whoever works on snapshots.
    snapshots: Mutex<()>,
    // In this order: the index is closed, its end is marked, and only then the folder is anybody's.
    end: CleanEnd,
    lock: FolderLock,
}

impl Store {
    /// Its sender is gone once nobody uses the folder any more.
    pub fn freed(&self) -> tokio::sync::watch::Receiver<()> {
        self.lock.freed()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end.is_in_order(self.blobs.is_tidy() && self.index.is_well());
    }
}

impl Store {
    /// Opens `dir`, creating it; removes what a killed process left half done.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be used.
    pub fn open(dir: &Path, sync: Sync) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(io_error(dir))?;
        // Before anything is looked at: what another emulator has half done is not ours to tidy.
        let lock = FolderLock::take(dir)?;
        let path = dir.join("index.redb");
        let (end, clean) = CleanEnd::take(dir, &path, sync)?;
        let index = Index::open(&path, sync, if clean { Check::Head } else { Check::Everything })?;
        let blobs = Blobs::open(dir, sync)?;
        if !clean {
            // A killed process may have kept a blob and not recorded it, or not yet removed one.
            blobs.discard(index.unnamed(blobs.ids()?)?.iter().map(String::as_str));
        }
        let store = Self { blobs, index, dir: dir.to_owned(), sync, snapshots: Mutex::default(), end, lock };
        store.tidy_snapshots()?;
        blob::sync_dir(dir, sync)?;
        Ok(store)
    }

    /// Removes the blobs of a write that failed with `error`, unless it was made all the same.
    pub fn abandon(&self, blobs: Vec<String>, error: &StoreError) {
        let blobs = match error {
            StoreError::Uncertain(_) => match self.index.unnamed(blobs.into_iter().collect()) {
                Ok(unnamed) => unnamed.into_iter().collect(),
                Err(_) => return self.blobs.leave_to_next_start(),
            },
            _ => blobs,
        };
        self.blobs.discard(blobs.iter().map(String::as_str));
    }
}

/// Runs `work` on the blocking pool. It begins at once, and is done even if nobody waits for it.
///
/// # Errors
/// Those of `work`; a panic in it becomes a [`StoreError`].
pub fn run<T, W>(store: &Arc<Store>, work: W) -> impl Future<Output = Result<T, StoreError>> + use<T, W>
where
    T: Send + 'static,
    W: FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
{
    let store = Arc::clone(store);
    let task = tokio::task::spawn_blocking(move || work(&store));
    async { task.await.unwrap_or_else(|join| Err(StoreError::Index(format!("a task of the store failed: {join}")))) }
}

/// As [`run`], of a write. The blobs that `work` returns beside its outcome belong to nobody then: they are removed by the same
/// errand, once the outcome is told.
///
/// # Errors
/// Those of `work`; a panic in it becomes a [`StoreError`].
pub fn run_and_discard<T, W>(store: &Arc<Store>, work: W) -> impl Future<Output = Result<T, StoreError>> + use<T, W>
where
    T: Send + 'static,
    W: FnOnce(&Store) -> Result<(T, Vec<String>), StoreError> + Send + 'static,
{
    let store = Arc::clone(store);
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let (outcome, orphans) = match work(&store) {
            Ok((outcome, orphans)) => (Ok(outcome), orphans),
            Err(error) => (Err(error), Vec::new()),
        };
        // Nobody may wait any more; what was done stays done.
        let _ = tell.send(outcome);
        store.blobs.discard(orphans.iter().map(String::as_str));
    });
    async { told.await.unwrap_or_else(|_| Err(StoreError::Index("a task of the store failed".to_owned()))) }
}

/// A small object, for tests to change.
#[cfg(test)]
pub fn sample_object() -> ObjectRecord {
    ObjectRecord {
        version_id: None,
        etag: "E".to_owned(),
        crc64: 1,
        size: 1,
        modified_ms: 0,
        object_type: ObjectType::Normal,
        attributes: Attributes {
            headers: Vec::new(),
            acl: crate::settings::acl::Acl::Default,
            storage_class: crate::settings::storage_class::StorageClass::Standard,
            tags: Vec::new(),
            encryption: None,
        },
        symlink_target: None,
        restore: None,
        segments: Vec::new(),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod faults;
