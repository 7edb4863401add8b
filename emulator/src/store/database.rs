//! The index's file as an open database: changes that come together reach the disk together, and a failure of the disk is survived.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{Builder, DatabaseError, Durability, ReadTransaction, ReadableDatabase, StorageBackend, WriteTransaction};

use super::{StoreError, Sync, advice, io_error};

/// What the database may keep of the file in memory, in bytes.
const CACHE: usize = 16 << 20;
/// So many changes at most wait for one sync.
const TOGETHER: u64 = 64;

/// How much of a file is checked before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// What the database needs to begin: the file is as an orderly end left it.
    Head,
    /// All of it, against its checksums.
    Everything,
}

/// The file. After a failed write it takes no further ones: what it holds is then known only to who opens it anew.
#[derive(Debug)]
struct IndexFile {
    file: FileBackend,
    path: PathBuf,
    /// The same file, to reserve room in it.
    raw: File,
    sync: Sync,
    failed: Arc<AtomicBool>,
    /// Held by a write, so that none is under way once `failed` is seen.
    writing: Arc<Mutex<()>>,
}

impl IndexFile {
    fn change(&self, write: impl FnOnce(&FileBackend) -> std::io::Result<()>) -> std::io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failed.load(Ordering::Acquire) {
            return Err(std::io::Error::other("an earlier write failed"));
        }
        let done = write(&self.file);
        if let Err(error) = &done {
            self.failed.store(true, Ordering::Release);
            tracing::error!("{}: {error}{}", self.path.display(), advice(error));
        }
        done
    }
}

impl StorageBackend for IndexFile {
    fn len(&self) -> std::io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.change(|file| {
            reserve(&self.raw, file.len()?, len)?;
            file.set_len(len)
        })
    }

    fn sync_data(&self) -> std::io::Result<()> {
        match self.sync {
            Sync::Always => self.change(FileBackend::sync_data),
            // What is written outlives the process, if not the machine.
            Sync::Never => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.change(|file| file.write(offset, data))
    }
}

/// Takes the room on the disk with which the file grows: a hole would find the disk full when it is filled, amid a change.
#[cfg(target_os = "linux")]
fn reserve(file: &File, from: u64, to: u64) -> std::io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    if to <= from {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::empty(), from, to - from) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// As the system likes.
#[cfg(not(target_os = "linux"))]
fn reserve(_file: &File, _from: u64, _to: u64) -> std::io::Result<()> {
    Ok(())
}

/// How far changes have come, by their number.
#[derive(Debug, Default)]
struct Progress {
    committed: u64,
    durable: u64,
}

/// An open database.
#[derive(Debug)]
pub(super) struct OpenIndex {
    db: redb::Database,
    failed: Arc<AtomicBool>,
    writing: Arc<Mutex<()>>,
    sync: Sync,
    /// Writers that wait for their turn.
    waiting: AtomicUsize,
    progress: Mutex<Progress>,
    progressed: Condvar,
}

impl OpenIndex {
    /// Opens the file, or makes it.
    pub fn open(path: &Path, sync: Sync, check: Check) -> Result<Self, StoreError> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(io_error(path))?;
        let (failed, writing) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let raw = file.try_clone().map_err(io_error(path))?;
        let file = FileBackend::new(file).map_err(|error| damaged(path, error))?;
        let file = IndexFile {
            file,
            path: path.to_owned(),
            raw,
            sync,
            failed: Arc::clone(&failed),
            writing: Arc::clone(&writing),
        };
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE).set_check_integrity_on_open(check == Check::Everything);
        let db = builder.create_with_backend(file).map_err(|error| damaged(path, error))?;
        let (waiting, progress, progressed) = (AtomicUsize::new(0), Mutex::default(), Condvar::new());
        Ok(Self { db, failed, writing, sync, waiting, progress, progressed })
    }

    /// Whether the file has failed, so that it must be opened anew; no write to it is under way then.
    pub fn has_failed(&self) -> bool {
        let failed = self.failed.load(Ordering::Acquire);
        if failed {
            drop(self.writing.lock().unwrap_or_else(PoisonError::into_inner));
        }
        failed
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been committed, at one point in time.
    pub fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(self.db.begin_read()?)
    }

    /// Begins a change; the others wait until it is over.
    pub fn write(self: &Arc<Self>) -> Result<Change, StoreError> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let begun = self.db.begin_write();
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        match begun {
            Ok(transaction) => Ok(Change { transaction: Some(transaction), index: Arc::clone(self) }),
            Err(error) => {
                self.fail();
                Err(error.into())
            }
        }
    }

    /// Commits for good, and with this all changes before.
    fn commit(&self, transaction: WriteTransaction, number: u64) -> Result<(), StoreError> {
        if let Err(error) = transaction.commit() {
            self.fail();
            return Err(StoreError::Uncertain(error.to_string()));
        }
        let mut progress = self.progress();
        progress.durable = progress.durable.max(number);
        self.progressed.notify_all();
        Ok(())
    }

    /// Nothing more can be written; who waits for a sync hears of it.
    fn fail(&self) {
        let _progress = self.progress();
        self.failed.store(true, Ordering::Release);
        self.progressed.notify_all();
    }

    fn wait_for(&self, number: u64) -> Result<(), StoreError> {
        let mut progress = self.progress();
        loop {
            if progress.durable >= number {
                return Ok(());
            }
            if self.failed.load(Ordering::Acquire) {
                return Err(StoreError::Uncertain("the disk failed".to_owned()));
            }
            progress = self.progressed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Called when a change ends without a commit: changes before it may have left the sync to it.
    fn settle(&self) {
        let committed = {
            let progress = self.progress();
            if progress.durable >= progress.committed || self.waiting.load(Ordering::Acquire) > 0 {
                return;
            }
            progress.committed
        };
        match self.db.begin_write() {
            // A failure is told to each of those who wait.
            Ok(transaction) => drop(self.commit(transaction, committed)),
            Err(_) => self.fail(),
        }
    }
}

/// A change under way; dropped, it has never been.
pub(super) struct Change {
    transaction: Option<WriteTransaction>,
    index: Arc<OpenIndex>,
}

impl Deref for Change {
    type Target = WriteTransaction;

    fn deref(&self) -> &WriteTransaction {
        #[allow(clippy::expect_used)] // it is taken by `commit` alone, which takes the change with it
        self.transaction.as_ref().expect("a change under way")
    }
}

impl Change {
    /// Makes the change. It is on the disk when this returns; where others wait for their turn, one sync serves them all.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`]: who opens the index anew finds it made, or not.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let Some(mut transaction) = self.transaction.take() else { return Ok(()) };
        let (number, unsynced) = {
            let mut progress = self.index.progress();
            progress.committed += 1;
            (progress.committed, progress.committed - progress.durable)
        };
        // Where nothing is synced, to wait for others would cost more than it spares.
        let others = self.index.sync == Sync::Always && self.index.waiting.load(Ordering::Acquire) > 0;
        let left_to_others = others && unsynced < TOGETHER;
        if left_to_others && transaction.set_durability(Durability::None).is_ok() {
            if let Err(error) = transaction.commit() {
                self.index.fail();
                return Err(StoreError::Uncertain(error.to_string()));
            }
            return self.index.wait_for(number);
        }
        self.index.commit(transaction, number)
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        drop(self.transaction.take());
        self.index.settle();
    }
}

fn damaged(path: &Path, error: DatabaseError) -> StoreError {
    let path = path.to_owned();
    match error {
        DatabaseError::Storage(redb::StorageError::Io(source))
            if !matches!(source.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            StoreError::Io { path, source }
        }
        DatabaseError::UpgradeRequired(version) => {
            StoreError::OtherFormat { path, found: format!("database format {version}") }
        }
        other => StoreError::Damaged { path, problem: other.to_string() },
    }
}
