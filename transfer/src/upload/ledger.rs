//! Keeps the checkpoint of a running upload true: in memory at once, on disk a moment later, without holding up the upload.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::parts::Done;
use super::progress::Progress;
use crate::blocking;
use crate::checkpoint::{self, Checkpoint, ConfirmedPart};
use crate::error::TransferError;
use crate::observer::{Event, Observer};

/// The shortest time between two saves. What a kill takes with it is at most this old, and ListParts makes up for it.
const INTERVAL: Duration = Duration::from_millis(250);

/// The checkpoint of one upload.
pub(super) struct Ledger {
    path: PathBuf,
    observer: Observer,
    current: Mutex<Checkpoint>,
    changed: AtomicBool,
    /// Held by whoever writes, on threads for blocking work alone; whether the file was removed for good.
    closed: Mutex<bool>,
}

impl Ledger {
    /// The checkpoint as it is, or is to be, at `path`.
    pub(super) fn new(path: PathBuf, checkpoint: Checkpoint, observer: &Observer) -> Arc<Self> {
        let (current, observer) = (Mutex::new(checkpoint), observer.clone());
        Arc::new(Self { path, observer, current, changed: AtomicBool::new(false), closed: Mutex::new(false) })
    }

    fn current(&self) -> MutexGuard<'_, Checkpoint> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The checkpoint as it is now.
    pub(super) fn snapshot(&self) -> Checkpoint {
        self.current().clone()
    }

    /// Changes the checkpoint; [`save`](Self::save) or [`keep`](Self::keep) writes it.
    pub(super) fn change(&self, change: impl FnOnce(&mut Checkpoint)) {
        change(&mut self.current());
        self.changed.store(true, Ordering::Relaxed);
    }

    /// OSS has confirmed a part.
    pub(super) fn confirm(&self, done: &Done) {
        let part = ConfirmedPart { etag: done.etag.clone(), crc64: done.crc64 };
        self.change(|checkpoint| drop(checkpoint.parts.insert(done.part.number, part)));
    }

    /// Writes the checkpoint, durably.
    ///
    /// # Errors
    /// [`TransferError::File`].
    pub(super) async fn save(self: &Arc<Self>) -> Result<(), TransferError> {
        let this = Arc::clone(self);
        blocking::run(move || {
            let closed = this.closed.lock().unwrap_or_else(PoisonError::into_inner);
            if *closed {
                return Ok(());
            }
            this.changed.store(false, Ordering::Relaxed);
            let checkpoint = this.snapshot();
            checkpoint::write(&this.path, &checkpoint)?;
            let parts = u32::try_from(checkpoint.parts.len()).unwrap_or(u32::MAX);
            this.observer.emit(Event::CheckpointSaved { key: checkpoint.key, parts });
            Ok(())
        })
        .await
    }

    /// Saves now and then what has changed, with the bytes that `progress` counts, for as long as it is polled.
    pub(super) async fn keep(self: &Arc<Self>, progress: &Progress) -> Infallible {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let sent = progress.sent_in_all();
            if self.current().sent != sent {
                self.change(|checkpoint| checkpoint.sent = sent);
            }
            if self.changed.load(Ordering::Relaxed) {
                self.save_or_warn().await;
            }
        }
    }

    /// Saves; a failure is no reason to stop an upload whose earlier checkpoint is still there.
    pub(super) async fn save_or_warn(self: &Arc<Self>) {
        if let Err(error) = self.save().await {
            tracing::warn!(%error, "the checkpoint is older than the upload");
        }
    }

    /// Removes the checkpoint; nothing is saved from now on.
    ///
    /// # Errors
    /// [`TransferError::File`].
    pub(super) async fn close(self: &Arc<Self>) -> Result<(), TransferError> {
        let this = Arc::clone(self);
        blocking::run(move || {
            *this.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
            checkpoint::remove(&this.path)
        })
        .await
    }
}
