//! The data folder belongs to one emulator at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use tokio::sync::watch;

use super::{StoreError, io_error};

/// The folder is ours while this lives; the system takes the lock back from a process that ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    // In this order: whoever waits hears of it when the folder is free.
    _file: File,
    freed: watch::Sender<()>,
}

impl FolderLock {
    /// Takes the folder.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another emulator has it.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(io_error(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = (&file).take(32).read_to_string(&mut text);
                return Err(StoreError::InUse { dir: dir.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(io_error(&path)(error)),
        }
        // For the message of who comes second; without it, the lock holds all the same.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file, freed: watch::Sender::new(()) })
    }

    /// Its sender is gone once the folder is free.
    pub fn freed(&self) -> watch::Receiver<()> {
        self.freed.subscribe()
    }
}
