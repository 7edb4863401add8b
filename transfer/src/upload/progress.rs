//! How much of an upload is out, told at a bearable rate.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ProgressFn;
use crate::observer::{Event, Observer};

/// The shortest time between two reports.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

/// Counts the bytes of one transfer over all its requests.
pub(crate) struct Progress {
    key: String,
    total: u64,
    download: bool,
    state: Mutex<State>,
    observer: Observer,
    hear: Option<ProgressFn>,
}

#[derive(Default)]
struct State {
    sent: u64,
    /// Bytes that OSS held before this run.
    held: u64,
    /// Bytes that went out in earlier runs.
    before: u64,
    /// Bytes that went out in this run, whether they arrived or not.
    out: u64,
    reported: Option<Instant>,
}

impl Progress {
    /// Nothing of `total` bytes sent yet.
    pub(crate) fn new(key: &str, total: u64, observer: &Observer, hear: Option<ProgressFn>) -> Self {
        let (key, observer) = (key.to_owned(), observer.clone());
        Self { key, total, download: false, state: Mutex::default(), observer, hear }
    }

    /// Nothing of `total` bytes received yet.
    pub(crate) fn of_download(key: &str, total: u64, observer: &Observer, hear: Option<ProgressFn>) -> Self {
        Self { download: true, ..Self::new(key, total, observer, hear) }
    }

    /// `bytes` more are out.
    pub(crate) fn add(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent = state.sent.saturating_add(bytes);
        state.out = state.out.saturating_add(bytes);
        let due = state.reported.is_none_or(|reported| reported.elapsed() >= INTERVAL);
        // The end is reported once OSS has confirmed it.
        if !due || state.sent >= self.total {
            return;
        }
        state.reported = Some(Instant::now());
        let sent = state.sent;
        drop(state);
        self.report(sent);
    }

    /// `bytes` will have to go out again.
    pub(crate) fn take_back(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent = state.sent.saturating_sub(bytes);
    }

    /// OSS holds `bytes` already.
    pub(crate) fn hold(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.held, state.sent) = (bytes, bytes);
        drop(state);
        self.report(bytes);
    }

    /// OSS holds `bytes` of `before` that went out in earlier runs.
    pub(crate) fn resume(&self, before: u64, bytes: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).before = before;
        self.hold(bytes);
    }

    /// Bytes that OSS held before this run.
    pub(crate) fn held(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).held
    }

    /// Bytes that went out in all runs.
    pub(crate) fn sent_in_all(&self) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.before.saturating_add(state.out)
    }

    /// Bytes that went out more than once, in all runs, as far as is known.
    pub(crate) fn resent(&self) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, missing) = (state.before.saturating_add(state.out), self.total.saturating_sub(state.held));
        // A kill may have cost the checkpoint its last moment: what this run sent beyond the missing is known at least.
        all.saturating_sub(self.total).max(state.out.saturating_sub(missing))
    }

    /// Bytes that are out.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).sent
    }

    /// All bytes are out and confirmed.
    pub(crate) fn finish(&self) {
        self.report(self.total);
    }

    fn report(&self, sent: u64) {
        let (key, total) = (self.key.clone(), self.total);
        self.observer.emit(if self.download {
            Event::DownloadProgress { key, received: sent, total: Some(total) }
        } else {
            Event::Progress { key, sent, total }
        });
        if let Some(hear) = &self.hear {
            hear(sent, self.total);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("key", &self.key).field("total", &self.total).finish_non_exhaustive()
    }
}
