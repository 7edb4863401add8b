//! A link that carries so many bytes a second, whoever shares it. It costs no thread: who must wait sleeps on a timer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

/// Bytes that pass at once: small enough to flow, large enough to be worth a wait.
const LEAST_PIECE: usize = 4 * 1024;

/// One direction at a time: what goes up and what comes down take turns.
#[derive(Debug)]
pub struct Link {
    bytes_per_second: u64,
    free_at: Mutex<Option<Instant>>,
}

impl Link {
    /// A link that nobody uses yet.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, free_at: Mutex::new(None) }
    }

    /// When `bytes` that come at `now` have passed; whoever comes later waits for them.
    fn due(&self, bytes: u64, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = free_at.map_or(now, |free| free.max(now));
        let takes = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        *free_at.insert(begins + takes)
    }

    /// Lets a body pass, piece by piece.
    pub fn carry(self: std::sync::Arc<Self>, body: Body) -> Body {
        let piece = usize::try_from(self.bytes_per_second / 20).unwrap_or(usize::MAX).max(LEAST_PIECE);
        let pieces = body.into_data_stream().map_ok(move |bytes| stream::iter(cut(bytes, piece))).try_flatten();
        let paced = pieces.then(move |bytes| {
            let link = std::sync::Arc::clone(&self);
            async move {
                if let Ok(bytes) = &bytes {
                    tokio::time::sleep_until(link.due(bytes.len() as u64, Instant::now())).await;
                }
                bytes
            }
        });
        Body::from_stream(paced)
    }
}

fn cut(mut bytes: Bytes, piece: usize) -> Vec<Result<Bytes, axum::Error>> {
    let mut pieces = Vec::with_capacity(bytes.len().div_ceil(piece));
    while !bytes.is_empty() {
        pieces.push(Ok(bytes.split_to(piece.min(bytes.len()))));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_share_a_link_wait_for_one_another() {
        let (link, now) = (Link::new(1000), Instant::now());
        let after = |at: Instant| (at - now).as_millis();
        assert_eq!(after(link.due(500, now)), 500);
        assert_eq!(after(link.due(500, now)), 1000);
        // Nobody waits for a time when nobody sent.
        assert_eq!(after(link.due(100, now + Duration::from_secs(5))), 5100);
    }

    #[test]
    fn a_body_is_cut_and_nothing_of_it_lost() {
        let pieces: Vec<Bytes> = cut(Bytes::from_static(b"0123456789"), 4).into_iter().map(Result::unwrap).collect();
        assert_eq!(pieces, ["0123", "4567", "89"]);
    }
}
