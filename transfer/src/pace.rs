//! A limit on bytes per second that all requests of a client share.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest sleep at a stretch: whoever waits says in between that it is alive.
const SLICE: Duration = Duration::from_secs(1);

/// Lets bytes through, one batch after the other.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<Turn>);

#[derive(Debug)]
struct Turn {
    rate: Option<NonZeroU64>,
    /// When what was let through so far is over, at this rate.
    free: Option<Instant>,
}

impl Pace {
    /// At most `rate` bytes a second; `None` knows no limit.
    pub(crate) fn new(rate: Option<NonZeroU64>) -> Self {
        Self(Mutex::new(Turn { rate, free: None }))
    }

    /// Changes the rate for what is let through from now on.
    pub(crate) fn set(&self, rate: Option<NonZeroU64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Turn { rate, free: None };
    }

    /// Waits until `bytes` may go, and calls `alive` at least once a second meanwhile.
    pub(crate) async fn take(&self, bytes: usize, alive: impl Fn()) {
        let turn = {
            let mut turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(rate) = turn.rate else { return };
            let now = Instant::now();
            let begin = turn.free.map_or(now, |free| free.max(now));
            turn.free = Some(begin + Duration::from_secs_f64(bytes as f64 / rate.get() as f64));
            begin
        };
        while let Some(left) = turn.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.min(SLICE)).await;
            alive();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_take_their_time_and_no_limit_takes_none() {
        let began = Instant::now();
        let pace = Pace::new(NonZeroU64::new(1_000_000));
        for _ in 0..5 {
            pace.take(50_000, || {}).await;
        }
        // The first goes at once, each other after the one before it.
        assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
        let began = Instant::now();
        pace.set(None);
        pace.take(usize::MAX, || {}).await;
        Pace::new(None).take(usize::MAX, || {}).await;
        assert!(began.elapsed() < Duration::from_millis(100));
    }
}
