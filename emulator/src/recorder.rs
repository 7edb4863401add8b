//! The stream of decisions: the last ones to page through, the coming ones to follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use shared::decision::Decision;
use tokio::sync::broadcast;

/// How many decisions can be paged through.
const KEPT: usize = 10_000;
/// How far a follower may fall behind before it misses some.
const BEHIND: usize = 1_024;

/// Numbers, keeps and spreads decisions.
#[derive(Debug)]
pub struct Recorder {
    kept: Mutex<Kept>,
    followers: broadcast::Sender<Arc<Decision>>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    decisions: VecDeque<Arc<Decision>>,
}

impl Recorder {
    /// An empty stream.
    pub fn new() -> Self {
        Self { kept: Mutex::default(), followers: broadcast::channel(BEHIND).0 }
    }

    /// Adds one decision and gives it its number.
    pub fn record(&self, mut decision: Decision) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        decision.sequence = kept.last;
        let decision = Arc::new(decision);
        if kept.decisions.len() == KEPT {
            kept.decisions.pop_front();
        }
        kept.decisions.push_back(Arc::clone(&decision));
        // Sent under the lock, so that followers see the order of the numbers. Nobody listening is no failure.
        let _ = self.followers.send(decision);
    }

    /// Up to `limit` kept decisions numbered above `after`, oldest first.
    pub fn page(&self, after: u64, limit: usize) -> Vec<Arc<Decision>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = kept.decisions.partition_point(|decision| decision.sequence <= after);
        kept.decisions.iter().skip(skip).take(limit).cloned().collect()
    }

    /// All decisions from now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<Decision>> {
        self.followers.subscribe()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
