//! Nonces that were used, remembered as long as a request with them could be replayed; bounded.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use shared::sign::MAX_SKEW_SECONDS;
use time::{Duration, OffsetDateTime};

/// More in half an hour means an attack or a benchmark; the oldest is forgotten then.
const MOST: usize = 1 << 18;

#[derive(Debug, Default)]
struct Seen {
    by_time: VecDeque<(OffsetDateTime, String)>,
    set: HashSet<String>,
}

/// The set of used nonces.
#[derive(Debug, Default)]
pub struct Nonces(Mutex<Seen>);

impl Nonces {
    /// Uses `nonce` up; false when it was used before. Pairs of key id and nonce count, so that callers cannot spoil each other's.
    pub fn use_up(&self, access_key_id: &str, nonce: &str, now: OffsetDateTime) -> bool {
        let entry = format!("{access_key_id}\n{nonce}");
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A timestamp may lie as far ahead as behind, so a request can come back for twice the skew.
        let forget = now - Duration::seconds(2 * MAX_SKEW_SECONDS);
        while seen.by_time.front().is_some_and(|(time, _)| *time < forget) || seen.by_time.len() >= MOST {
            if let Some((_, old)) = seen.by_time.pop_front() {
                seen.set.remove(&old);
            }
        }
        if !seen.set.insert(entry.clone()) {
            return false;
        }
        seen.by_time.push_back((now, entry));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once() {
        let (nonces, now) = (Nonces::default(), OffsetDateTime::UNIX_EPOCH);
        assert!(nonces.use_up("a", "1", now));
        assert!(!nonces.use_up("a", "1", now + Duration::minutes(29)));
        assert!(nonces.use_up("b", "1", now));
        assert!(nonces.use_up("a", "1", now + Duration::minutes(31)));
    }
}
