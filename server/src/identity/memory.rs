//! What providers remember beyond one request, and some of it beyond a reload: bounded, and forgotten at its end.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::key_set::KeySet;

/// How many nonces of signed URLs are counted at once. Each takes about 200 bytes.
const MAX_NONCES: usize = 100_000;

/// What outlives a reload: else a reload would make used URLs new, and lose key sets that cannot be fetched just then.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// How often each nonce was used.
    pub(super) nonces: Expiring<String, u32>,
    /// The fetched key sets, by URL.
    pub(super) key_sets: Mutex<HashMap<String, Arc<KeySet>>>,
}

/// Values that end; at most so many.
#[derive(Debug)]
pub(super) struct Expiring<K, V> {
    most: usize,
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    values: HashMap<K, (V, OffsetDateTime)>,
    /// The same by their end, the soonest first.
    ends: BTreeSet<(OffsetDateTime, K)>,
}

/// There is no room for another value before one of those there ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<K: Clone + Eq + Hash + Ord, V: Clone> Expiring<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, inner: Mutex::new(Inner { values: HashMap::new(), ends: BTreeSet::new() }) }
    }

    /// The value of `key`, unless it has ended.
    pub(super) fn get(&self, key: &K, now: OffsetDateTime) -> Option<V> {
        self.locked(now).values.get(key).map(|(value, _)| value.clone())
    }

    /// Changes the value of `key`, or begins it; it ends at `end` where it is new.
    pub(super) fn update<T>(
        &self,
        key: &K,
        now: OffsetDateTime,
        end: OffsetDateTime,
        begin: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> T,
    ) -> Result<T, Full> {
        let mut inner = self.locked(now);
        if !inner.values.contains_key(key) {
            if inner.values.len() >= self.most {
                return Err(Full);
            }
            inner.ends.insert((end, key.clone()));
        }
        let (value, _) = inner.values.entry(key.clone()).or_insert_with(|| (begin(), end));
        Ok(change(value))
    }

    /// What has ended is dropped before anything is looked at.
    fn locked(&self, now: OffsetDateTime) -> MutexGuard<'_, Inner<K, V>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while inner.ends.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, key)) = inner.ends.pop_first() {
                inner.values.remove(&key);
            }
        }
        inner
    }
}

impl<K: Clone + Eq + Hash + Ord, V: Clone> Default for Expiring<K, V> {
    fn default() -> Self {
        Self::new(MAX_NONCES)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn values_end_and_never_make_room_for_others_before() {
        let (now, soon, later) =
            (datetime!(2026-01-01 0:00 UTC), datetime!(2026-01-01 0:01 UTC), datetime!(2026-01-01 0:02 UTC));
        let memory = Expiring::<&str, u32>::new(2);
        let count = |key, at, end| {
            memory.update(
                &key,
                at,
                end,
                || 0,
                |count| {
                    *count += 1;
                    *count
                },
            )
        };
        assert_eq!((count("a", now, soon), count("a", now, later), count("b", now, later)), (Ok(1), Ok(2), Ok(1)));
        assert_eq!(count("c", now, later), Err(Full));
        assert_eq!((memory.get(&"a", soon), memory.get(&"b", soon)), (None, Some(1)), "the first end counts");
        assert_eq!(count("c", soon, later), Ok(1));
    }
}
