//! The store: blobs as files, an index in an embedded ACID database. What it has answered for is on the disk.

mod blob;
mod index;
mod page;
mod record;
mod uploads;
mod version_list;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use blob::{Blob, Blobs, Lease};
pub use index::Index;
pub use page::{Entry, Page, PageQuery};
pub use record::{
    Attributes, BucketRecord, NULL_VERSION, ObjectRecord, ObjectType, PartRecord, Segment, UploadRecord, VersionRecord,
    Versioning, from_ms, to_ms,
};
pub use uploads::CompleteError;
pub use version_list::ListedVersion;
pub use versions::{Deleted, Found, WriteError};

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
    #[error("{}: {source}", path.display())]
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
    /// A record in the index cannot be read.
    #[error("the index holds a record that cannot be read: {0}")]
    Record(String),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Index(error.into().to_string())
    }
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
}

impl Store {
    /// Opens `dir`, creating it; removes what a killed process left half done.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be used.
    pub fn open(dir: &Path, sync: Sync) -> Result<Self, StoreError> {
        let blobs = Blobs::open(dir, sync)?;
        let index = Index::open(&dir.join("index.redb"), sync)?;
        blobs.keep_only(&index.blob_ids()?)?;
        Ok(Self { blobs, index })
    }
}

/// Runs `work` on the blocking pool.
///
/// # Errors
/// Those of `work`; a panic in it becomes a [`StoreError`].
pub async fn run<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || work(&store))
        .await
        .unwrap_or_else(|join| Err(StoreError::Index(format!("a task of the store failed: {join}"))))
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
