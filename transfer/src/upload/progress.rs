//! How much of an upload is out, told at a bearable rate.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ProgressFn;
use crate::observer::{Event, Observer};

/// The shortest time between two reports.
pub(crate) const INTERVAL: Duration = Duration::from_millis(50);

/// Counts the bytes of one upload over all its requests.
pub(crate) struct Progress {
    key: String,
    total: u64,
    state: Mutex<State>,
    observer: Observer,
    hear: Option<ProgressFn>,
}

#[derive(Default)]
struct State {
    sent: u64,
    reported: Option<Instant>,
}

impl Progress {
    /// Nothing of `total` bytes sent yet.
    pub(crate) fn new(key: &str, total: u64, observer: &Observer, hear: Option<ProgressFn>) -> Self {
        Self { key: key.to_owned(), total, state: Mutex::default(), observer: observer.clone(), hear }
    }

    /// `bytes` more are out.
    pub(crate) fn add(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent = state.sent.saturating_add(bytes);
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
        self.observer.emit(Event::Progress { key: self.key.clone(), sent, total: self.total });
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
