//! The stream of decisions: the last ones to page through, the coming ones to follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use shared::decision::{Decision, SignatureOutcome};
use tokio::sync::broadcast;

/// How many decisions can be paged through.
const KEPT: usize = 10_000;
/// And how many bytes they may take: a path has up to 16 KiB, and is told more than once.
const MOST_BYTES: usize = 16 << 20;
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
    bytes: usize,
    decisions: VecDeque<Arc<Decision>>,
}

impl Kept {
    fn push(&mut self, decision: Arc<Decision>) {
        self.bytes += size_of(&decision);
        self.decisions.push_back(decision);
        while self.decisions.len() > KEPT || self.bytes > MOST_BYTES {
            let Some(oldest) = self.decisions.pop_front() else { return };
            self.bytes -= size_of(&oldest);
        }
    }
}

/// What a decision takes, in bytes; of its texts, those that a request makes long.
fn size_of(decision: &Decision) -> usize {
    let signature = match &decision.signature {
        SignatureOutcome::Mismatch { string_to_sign, canonical_request, .. } => {
            string_to_sign.len() + canonical_request.as_ref().map_or(0, String::len)
        }
        _ => 0,
    };
    let layers: usize = decision.layers.iter().map(|layer| std::mem::size_of_val(layer) + layer.because.len()).sum();
    let context: usize =
        decision.context.iter().map(|pair| std::mem::size_of_val(pair) + pair.0.len() + pair.1.len()).sum();
    let faults: usize = decision.faults.iter().map(|fault| std::mem::size_of_val(fault) + fault.len()).sum();
    let texts =
        decision.path.len() + decision.resource.len() + decision.method.len() + signature + layers + context + faults;
    std::mem::size_of::<Decision>() + texts
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
        kept.push(Arc::clone(&decision));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_by_its_bytes_too() {
        let recorder = Recorder::new();
        for path in [16 * 1024, 10].map(|length| "p".repeat(length)) {
            for _ in 0..KEPT {
                recorder.record(Decision { path: path.clone(), resource: path.clone(), ..Decision::default() });
            }
            let kept = recorder.page(0, usize::MAX);
            let bytes: usize = kept.iter().map(|decision| decision.path.len() + decision.resource.len()).sum();
            assert!(bytes <= MOST_BYTES, "{bytes}");
            assert!(kept.len() == KEPT || bytes > MOST_BYTES / 2, "{} of {bytes} bytes", kept.len());
            assert!(kept.is_sorted_by(|a, b| a.sequence + 1 == b.sequence), "the last ones, without a gap");
        }
        assert_eq!(recorder.page(0, usize::MAX).last().unwrap().sequence, 2 * KEPT as u64);
    }
}
