//! What is known of a connection from outside: whether it waits for its client, and since when.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

use super::head::Refusal;

/// A client within a request that keeps its connection waiting for so long gives it up when there is no other room.
const STALLED: Duration = Duration::from_secs(5);

/// Shared by a connection's stream, its service and the accept loop.
#[derive(Debug)]
pub struct Seat {
    opened: Instant,
    /// 0 while the emulator works; else milliseconds after `opened`, plus one, doubled; odd within a request.
    waits: AtomicU64,
    /// Why the connection's last head goes no further.
    pub refusal: OnceLock<Refusal>,
    /// Whether the connection ends in a reset.
    pub reset: AtomicBool,
}

impl Seat {
    /// A connection that was opened just now, and waits for its first request.
    pub fn new() -> Self {
        let (waits, reset) = (AtomicU64::new(2), AtomicBool::new(false));
        Self { opened: Instant::now(), waits, refusal: OnceLock::new(), reset }
    }

    /// When it was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// The emulator is at work.
    pub fn works(&self) {
        self.waits.store(0, Ordering::Relaxed);
    }

    /// The client is to send or to read on, since then; between requests, or within one.
    pub fn waits(&self, since: Instant, within: bool) {
        let millis = u64::try_from(since.saturating_duration_since(self.opened).as_millis()).unwrap_or_default();
        self.waits.store((millis + 1) << 1 | u64::from(within), Ordering::Relaxed);
    }

    /// How good this connection is to be given up at `now`; the least is the best. `None`: it is not.
    ///
    /// Between requests nothing is lost, so those go first, the one that waits longest before all; then clients that have
    /// stopped within a request. A connection for which the emulator works, or whose client keeps up, is never given up.
    pub fn claim(&self, now: Instant) -> Option<(bool, Instant)> {
        let waits = self.waits.load(Ordering::Relaxed);
        let since = self.opened + Duration::from_millis((waits >> 1).checked_sub(1)?);
        let within = waits & 1 == 1;
        (!within || now.saturating_duration_since(since) >= STALLED).then_some((within, since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_lose_least_go_first() {
        let [fresh, working, idle, stalled, slow] = [(); 5].map(|()| Seat::new());
        let at = |seconds: u64| fresh.opened() + Duration::from_secs(seconds);
        working.works();
        idle.waits(at(40), false);
        stalled.waits(at(10), true);
        slow.waits(at(58), true);
        let now = at(60);
        let mut claims = [&fresh, &idle, &stalled].map(|seat| seat.claim(now));
        assert!(claims.is_sorted() && claims.iter().all(Option::is_some), "{claims:?}");
        claims.reverse();
        assert!(!claims.is_sorted());
        assert_eq!((working.claim(now), slow.claim(now)), (None, None));
    }
}
