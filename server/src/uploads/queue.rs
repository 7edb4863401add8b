//! Uploads that wait on this server's disk while the database is away: a file each, so that none depends on another.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::record::Upload;
use super::store::{Store, StoreError, millis};

/// How many may wait: some hundred megabytes at most.
const MAX_WAITING: usize = 100_000;
/// How many are moved before others have a turn.
const BATCH: usize = 500;
const ENDING: &str = ".json";
/// What cannot be read is put aside under this ending, for a person to see; it holds up nothing behind it.
const UNREADABLE: &str = "unreadable";
/// The same for what the database refuses for good.
const REFUSED: &str = "refused";

/// Why an upload could not be kept on the disk.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The disk failed.
    #[error("the folder of Uploads.QueueFolder, {folder}, cannot be used: {reason}")]
    Disk {
        /// The folder.
        folder: String,
        /// The system's words.
        reason: io::Error,
    },
    /// There are too many.
    #[error("{MAX_WAITING} uploads wait in {0} for the database: put Uploads.Database right")]
    Full(String),
}

/// The folder of uploads that wait.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    waiting: AtomicUsize,
    moving: Mutex<()>,
}

impl Queue {
    /// The queue in `folder`, which is made. Blocks on the disk.
    ///
    /// # Errors
    /// [`QueueError::Disk`].
    pub fn open(folder: PathBuf) -> Result<Self, QueueError> {
        let count = || -> io::Result<usize> {
            fs::create_dir_all(&folder)?;
            Ok(fs::read_dir(&folder)?.flatten().filter(|entry| is_upload(&entry.path())).count())
        };
        let waiting = count().map_err(|reason| disk(&folder, reason))?;
        Ok(Self(Arc::new(Inner { folder, waiting: AtomicUsize::new(waiting), moving: Mutex::default() })))
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Acquire)
    }

    /// Keeps `upload`: when this returns, it survives a crash of the machine.
    ///
    /// # Errors
    /// [`QueueError`]; then nothing is kept.
    pub async fn push(&self, upload: Upload) -> Result<(), QueueError> {
        if self.waiting() >= MAX_WAITING {
            return Err(QueueError::Full(self.0.folder.display().to_string()));
        }
        let inner = Arc::clone(&self.0);
        // Counted first: a mover that finds the file must find it counted.
        self.0.waiting.fetch_add(1, Ordering::AcqRel);
        on_disk(move || inner.write(&upload)).await.map_err(|reason| {
            self.one_less();
            disk(&self.0.folder, reason)
        })
    }

    /// Moves what waits into `store`, oldest first, until none waits; one mover at a time.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away still. What it has not taken waits on.
    pub async fn drain(&self, store: &Store) -> Result<(), StoreError> {
        let _one = self.0.moving.lock().await;
        while !self.is_empty() {
            let inner = Arc::clone(&self.0);
            let files = match on_disk(move || inner.oldest()).await {
                Ok(files) if !files.is_empty() => files,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(folder = %self.0.folder.display(), %error, "uploads that wait cannot be read");
                    break;
                }
            };
            for file in files {
                self.move_one(file, store).await?;
            }
        }
        Ok(())
    }

    async fn move_one(&self, file: PathBuf, store: &Store) -> Result<(), StoreError> {
        let path = file.clone();
        match on_disk(move || read(&path)).await {
            Ok(upload) => match store.put(&upload).await {
                Err(error) if error.is_about_the_record() => {
                    tracing::error!(file = %file.display(), %error, "the database refuses an upload, which is put aside");
                    put_aside(file, REFUSED).await;
                }
                stored => {
                    stored?;
                    let _ = on_disk(move || fs::remove_file(file)).await;
                }
            },
            Err(error) => {
                tracing::error!(file = %file.display(), %error, "an upload that waited cannot be read, and is put aside");
                put_aside(file, UNREADABLE).await;
            }
        }
        self.one_less();
        Ok(())
    }

    fn one_less(&self) {
        let _ = self.0.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
    }
}

impl Inner {
    /// Temporary name, fsync, rename, fsync of the folder.
    fn write(&self, upload: &Upload) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(&self.folder)?;
        serde_json::to_writer(&mut file, upload)?;
        file.flush()?;
        file.as_file().sync_all()?;
        let random = getrandom::u32().map_err(io::Error::other)?;
        let name = format!("{:015}-{}-{random:08x}{ENDING}", millis(upload.uploaded_at).max(0), upload.id);
        file.persist(self.folder.join(name))?;
        File::open(&self.folder)?.sync_all()
    }

    /// The oldest files, by name.
    fn oldest(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.folder)?.collect::<io::Result<Vec<_>>>()?;
        let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(|path| is_upload(path)).collect();
        files.sort();
        files.truncate(BATCH);
        Ok(files)
    }
}

async fn put_aside(file: PathBuf, ending: &'static str) {
    let _ = on_disk(move || fs::rename(&file, file.with_extension(ending))).await;
}

fn is_upload(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING))
}

fn read(path: &Path) -> io::Result<Upload> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn disk(folder: &Path, reason: io::Error) -> QueueError {
    QueueError::Disk { folder: folder.display().to_string(), reason }
}

/// Runs `work` where blocking is allowed.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
