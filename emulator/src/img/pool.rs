//! Where pictures are processed: a few at a time, as many as their pixels leave room for, each process of an object once. So the
//! load of IMG neither starves uploads of processors nor of memory.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use shared::error::{OssCode, OssError};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::limits::MAX_PIXEL_BYTES;

/// What the results that are kept may take, in bytes.
const MAX_KEPT: u64 = 64 << 20;
/// How many results that is, about.
const KEPT: usize = 1024;
/// How many pictures may wait for a processor; more are refused, as OSS refuses what goes beyond its rate.
const MAX_WAITING: usize = 256;
/// The unit in which memory is given out, in bytes.
const UNIT: u64 = 1 << 20;

/// Which result: the source with its ETag, the process in its normal form, and the ETags of the pictures that mark it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub String);

/// A result that is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The MIME type.
    pub content_type: &'static str,
    /// The body of the answer.
    pub body: Bytes,
}

/// By bytes.
#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Kept> for ByBytes {
    fn weight(&self, key: &Key, kept: &Kept) -> u64 {
        (key.0.len() + kept.body.len()) as u64
    }
}

/// A processor, or the way to it.
#[derive(Debug)]
pub struct Place {
    _queue: OwnedSemaphorePermit,
    _processor: OwnedSemaphorePermit,
}

/// Processors, memory and results.
pub struct Pool {
    /// Those that wait, and those that work.
    queue: Arc<Semaphore>,
    places: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    results: Cache<Key, Kept, ByBytes>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("places", &self.places).field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl Default for Pool {
    /// One processor is left to everyone else, where there are several.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let places = processors.saturating_sub(1).max(1);
        Self {
            queue: Arc::new(Semaphore::new(places + MAX_WAITING)),
            places: Arc::new(Semaphore::new(places)),
            memory: Arc::new(Semaphore::new((MAX_PIXEL_BYTES / UNIT) as usize)),
            results: Cache::with_weighter(KEPT, MAX_KEPT, ByBytes),
        }
    }
}

impl Pool {
    /// The result under `key`: as it is kept, as another request is making it, or made by `work`. Failures are not kept.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn result<E>(&self, key: Key, work: impl Future<Output = Result<Kept, E>>) -> Result<Kept, E> {
        self.results.get_or_insert_async(&key, work).await
    }

    /// Waits for a processor. Taken before the source is read, so that few sources are in memory.
    ///
    /// # Errors
    /// `ServiceUnavailable`, `0004-00000801`, where many wait already (`img-and-ram.md` §1.10).
    pub async fn place(&self) -> Result<Place, OssError> {
        let busy = || {
            let message = "Too many pictures wait to be processed. Try again later.";
            OssError::new(OssCode::ServiceUnavailable, message).ec("0004-00000801")
        };
        let queue = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| busy())?;
        let processor = Arc::clone(&self.places).acquire_owned().await.map_err(|_| busy())?;
        Ok(Place { _queue: queue, _processor: processor })
    }

    /// Waits for room for so many bytes of pixels; for all the room where they are more.
    ///
    /// # Errors
    /// Never while the pool lives.
    pub async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, AcquireError> {
        let units = bytes.div_ceil(UNIT).min(MAX_PIXEL_BYTES / UNIT);
        Arc::clone(&self.memory).acquire_many_owned(units as u32).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_result_is_made_once_and_a_failure_is_forgotten() {
        let (pool, made) = (Pool::default(), AtomicUsize::new(0));
        let key = || Key("source process".to_owned());
        let failed = pool.result(key(), async { Err::<Kept, _>("no") }).await;
        assert_eq!(failed.err(), Some("no"));
        let work = || async {
            tokio::task::yield_now().await;
            made.fetch_add(1, Ordering::Relaxed);
            Ok::<_, &str>(Kept { content_type: "image/png", body: Bytes::from_static(b"picture") })
        };
        let (first, second) = tokio::join!(pool.result(key(), work()), pool.result(key(), work()));
        assert_eq!((first.unwrap().body, second.unwrap().body), ("picture".into(), "picture".into()));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let pool = Pool::default();
        let mut working = vec![pool.place().await.unwrap()];
        let mut waiting = Vec::new();
        let refused = loop {
            let mut place = Box::pin(pool.place());
            match place.as_mut().now_or_never() {
                Some(Err(refused)) => break refused,
                Some(Ok(place)) => working.push(place),
                None => waiting.push(place),
            }
        };
        assert_eq!((refused.status, refused.ec.as_deref()), (503, Some("0004-00000801")));
        assert_eq!(waiting.len(), MAX_WAITING);
        working.pop();
        assert!(waiting.remove(0).now_or_never().unwrap().is_ok(), "the first in the queue is the next");
    }

    #[tokio::test]
    async fn a_large_picture_waits_until_it_is_alone() {
        let pool = Pool::default();
        let small = pool.room(1).await.unwrap();
        assert!(pool.room(u64::MAX).now_or_never().is_none());
        drop(small);
        let large = pool.room(u64::MAX).await.unwrap();
        assert!(pool.room(1).now_or_never().is_none());
        drop(large);
        assert!(pool.room(0).now_or_never().is_some());
    }
}
