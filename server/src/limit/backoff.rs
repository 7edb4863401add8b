//! Who guesses at credentials waits longer with each guess.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use quick_cache::sync::Cache;

use super::network;
use crate::refusal::Refusal;

/// So many failures cost nothing: an app that was signed out asks a few times before it notices, and thousands of phones may share
/// an address. Keys have 128 bits and more, so a hundred guesses bring nobody nearer.
const FREE: u32 = 100;
/// The wait after the first failure that costs; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// An address without a failure for so long starts anew.
const FORGET: Duration = Duration::from_secs(900);
/// So many addresses are remembered; those that failed least lately make room.
const MAX_ADDRESSES: usize = 20_000;

/// The failures of each address.
#[derive(Debug)]
pub struct Backoff(Cache<IpAddr, Failures>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How long after the last failure the address may try again.
    fn wait(self) -> Duration {
        match self.count.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doublings) => LONGEST_WAIT.min(FIRST_WAIT * 2_u32.saturating_pow(doublings.min(16))),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self(Cache::new(MAX_ADDRESSES))
    }
}

impl Backoff {
    /// Whether `address` may present a credential at the time that `now` tells; it is not asked of those who never failed.
    ///
    /// # Errors
    /// 429 with the time to wait, whatever the credential: nothing is learnt by guessing on.
    pub fn admit(&self, address: IpAddr, now: impl FnOnce() -> Instant) -> Result<(), Refusal> {
        let Some(failures) = self.0.get(&network(address)) else { return Ok(()) };
        let left = failures.wait().saturating_sub(now().saturating_duration_since(failures.last));
        if left.is_zero() {
            return Ok(());
        }
        let message = format!("too many bad credentials came from this address; try again in {} s", left.as_secs() + 1);
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyFailures", message);
        Err(Refusal { retry_after: Some(left), ..refusal })
    }

    /// A bad credential came from `address`.
    pub fn note_failure(&self, address: IpAddr, now: Instant) {
        let address = network(address);
        let earlier = self.0.get(&address).filter(|failures| now.saturating_duration_since(failures.last) < FORGET);
        let count = earlier.map_or(0, |failures| failures.count).saturating_add(1);
        self.0.insert(address, Failures { count, last: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait_up_to_a_limit_and_time_heals() {
        let (backoff, start) = (Backoff::default(), Instant::now());
        let (guesser, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let mut now = start;
        for _ in 0..FREE {
            backoff.note_failure(guesser, now);
            backoff.admit(guesser, || now).unwrap();
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            backoff.note_failure(guesser, now);
            let told = backoff.admit(guesser, || now).unwrap_err().retry_after.unwrap();
            assert_eq!(told, Duration::from_secs(wait));
            backoff.admit(other, || now).unwrap();
            now += Duration::from_secs(wait);
            backoff.admit(guesser, || now).unwrap();
        }
        backoff.note_failure(guesser, now + FORGET);
        backoff.admit(guesser, || now + FORGET).unwrap();
    }
}
