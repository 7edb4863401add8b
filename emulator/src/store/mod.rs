//! The store: blobs as files, an index in an embedded ACID database. What it has answered for is on the disk.

mod blob;
mod index;
mod page;
mod record;
mod uploads;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use blob::{Blob, Blobs};
pub use index::Index;
pub use page::{Entry, Page, PageQuery};
pub use record::{BucketRecord, ObjectRecord, ObjectType, PartRecord, Segment, UploadRecord, from_ms, to_ms};
pub use uploads::CompleteError;

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
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let blobs = Blobs::open(dir)?;
        let index = Index::open(&dir.join("index.redb"))?;
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

#[cfg(test)]
mod tests;
