//! The metadata of uploads: told by OSS's callbacks, by the apps themselves or by the bucket; kept in a database, and on this
//! server's disk while that is away.

pub mod bucket;
pub mod claims;
mod keys;
mod queue;
pub mod reconcile;
pub mod record;
pub mod report;
mod right;
mod store;
pub mod tag;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use shared::clock::Clock;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use self::keys::KeyRefusal;
pub use self::queue::QueueError;
pub use self::store::{Cursor, Filter, MAX_PAGE, StoreError};

use self::keys::Keys;
use self::queue::Queue;
use self::record::Upload;
use self::store::Store;
use crate::config::UploadsSection;
use crate::error::StartError;

/// The pause before the database is tried again doubles from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// What became of an upload that was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is in the database, with all that is known of it.
    Stored(Upload),
    /// The database is away. It is on this server's disk, and will be moved.
    Queued(Upload),
}

impl Kept {
    /// The upload.
    pub fn upload(&self) -> &Upload {
        match self {
            Self::Stored(upload) | Self::Queued(upload) => upload,
        }
    }
}

/// The uploads of this server.
#[derive(Debug)]
pub struct Uploads {
    store: Store,
    queue: Queue,
    keys: Keys,
    clock: Arc<dyn Clock>,
    /// Whether the last attempt failed; then nobody waits for the database but those who try it anew.
    away: AtomicBool,
    wake: Arc<Notify>,
    mover: Mutex<Option<JoinHandle<()>>>,
}

impl Uploads {
    /// Opens queue and database; the database may be away. Blocks on a small folder; needs a tokio runtime.
    ///
    /// # Errors
    /// [`StartError::Uploads`] when the folder of the queue cannot be used.
    pub fn open(section: &UploadsSection, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let cannot = |error: &dyn std::fmt::Display| StartError::Uploads(error.to_string());
        let uploads = Arc::new(Self {
            store: Store::new(&section.database).map_err(|error| cannot(&error))?,
            queue: Queue::open(section.queue_folder.clone()).map_err(|error| cannot(&error))?,
            keys: Keys::new(section.callback_key_prefix.clone())?,
            clock,
            away: AtomicBool::new(false),
            wake: Arc::default(),
            mover: Mutex::default(),
        });
        let mover = tokio::spawn(move_when_back(Arc::downgrade(&uploads), Arc::clone(&uploads.wake)));
        *uploads.mover.lock().unwrap_or_else(PoisonError::into_inner) = Some(mover);
        uploads.wake.notify_one();
        Ok(uploads)
    }

    /// Keeps an upload: when this returns it survives a crash, in the database or else on this server's disk.
    ///
    /// # Errors
    /// [`QueueError`] when neither can take it.
    pub async fn keep(&self, upload: Upload) -> Result<Kept, QueueError> {
        if !self.away.load(Ordering::Acquire) {
            match self.store.put(&upload).await {
                Ok(stored) => return Ok(Kept::Stored(stored)),
                Err(error) => {
                    tracing::warn!(%error, "an upload waits on the disk for the database");
                    if !error.is_about_the_record() {
                        self.away.store(true, Ordering::Release);
                    }
                }
            }
        }
        self.queue.push(upload.clone()).await?;
        self.wake.notify_one();
        Ok(Kept::Queued(upload))
    }

    /// Whether the database is away, as far as is known, and how many uploads wait for it.
    pub fn standing(&self) -> (bool, usize) {
        (self.away.load(Ordering::Acquire), self.queue.waiting())
    }

    /// The newest uploads that `filter` lets through, with those that waited on this server.
    ///
    /// # Errors
    /// [`StoreError`] while the database is away.
    pub async fn page(&self, filter: &Filter) -> Result<Vec<Upload>, StoreError> {
        self.catch_up().await?;
        let found = self.store.page(filter).await?;
        self.away.store(false, Ordering::Release);
        Ok(found)
    }

    /// Moves what waits into the database.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let waiting = self.queue.waiting();
        if waiting > 0 {
            self.queue.drain(&self.store).await?;
            tracing::info!(waiting, "the database is back, and has the uploads that waited");
            self.away.store(false, Ordering::Release);
        }
        Ok(())
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        if let Some(mover) = self.mover.lock().unwrap_or_else(PoisonError::into_inner).take() {
            mover.abort();
        }
    }
}

/// Prepares the database at the start, and moves what waits for it whenever something does, until it has been moved.
async fn move_when_back(uploads: Weak<Uploads>, wake: Arc<Notify>) {
    loop {
        wake.notified().await;
        let mut pause = PAUSES.0;
        loop {
            let Some(uploads) = uploads.upgrade() else { return };
            let moved = async {
                uploads.store.prepare().await?;
                uploads.catch_up().await
            };
            match moved.await {
                Ok(()) => {
                    uploads.away.store(false, Ordering::Release);
                    break;
                }
                Err(error) => {
                    uploads.away.store(true, Ordering::Release);
                    tracing::warn!(waiting = uploads.queue.waiting(), %error, "the database is away");
                }
            }
            drop(uploads);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::SystemClock;
    use sqlx::Executor;

    use super::*;

    fn upload(object: &str) -> Upload {
        let written = serde_json::json!({
            "Id": record::id_of("photos", object, "A0"), "Bucket": "photos", "Object": object, "ETag": "A0", "Size": 1,
            "Source": "callback", "Verified": false, "UploadedAt": "2017-12-12T07:49:09.000Z",
        });
        serde_json::from_value(written).unwrap()
    }

    #[tokio::test]
    async fn a_record_that_the_database_refuses_is_put_aside_and_holds_up_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let section = UploadsSection {
            database: UploadsSection::sqlite(&folder.path().join("uploads.db")),
            queue_folder: folder.path().join("queue"),
            ..UploadsSection::default()
        };
        let uploads = Uploads::open(&section, Arc::new(SystemClock)).unwrap();
        uploads.store.prepare().await.unwrap();
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON uploads WHEN NEW.object = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END";
        uploads.store.pool().execute(refuse).await.unwrap();
        assert!(matches!(uploads.keep(upload("bad")).await.unwrap(), Kept::Queued(_)), "acknowledged, so on the disk");
        assert!(matches!(uploads.keep(upload("good")).await.unwrap(), Kept::Stored(_)), "the database is not away");
        uploads.catch_up().await.unwrap();
        assert_eq!(uploads.standing(), (false, 0));
        let left: Vec<_> =
            std::fs::read_dir(&section.queue_folder).unwrap().flatten().map(|file| file.path()).collect();
        assert_eq!(left.len(), 1);
        assert!(left[0].extension().is_some_and(|ending| ending == "refused"), "{left:?}");
    }
}
