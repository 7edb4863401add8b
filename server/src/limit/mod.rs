//! How often one may ask: each identity, each address, and whoever guesses at credentials.

mod backoff;
mod seats;

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

pub use self::backoff::Backoff;
pub use self::seats::{Seat, Seats};
use crate::refusal::Refusal;

/// So many callers are remembered before those are forgotten who have not asked for a while.
const SWEEP_AT: usize = 10_000;

/// The limits of the settings.
#[derive(Debug)]
pub struct Limits {
    identities: Option<Keyed<String>>,
    addresses: Option<Keyed<IpAddr>>,
}

impl Limits {
    /// So many requests a minute, all of which may come at once; `None` is any number.
    pub fn new(per_identity: Option<NonZeroU32>, per_address: Option<NonZeroU32>) -> Self {
        Self { identities: per_identity.map(Keyed::new), addresses: per_address.map(Keyed::new) }
    }

    /// Whether this address may ask now.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn admit_address(&self, address: IpAddr) -> Result<(), Refusal> {
        let Some(limit) = &self.addresses else { return Ok(()) };
        limit.admit(&network(address)).map_err(|wait| too_many("this address", wait))
    }

    /// Whether this identity may ask now.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn admit_identity(&self, provider: &str, user: &str) -> Result<(), Refusal> {
        let Some(limit) = &self.identities else { return Ok(()) };
        limit.admit(&format!("{provider}\n{user}")).map_err(|wait| too_many("this identity", wait))
    }
}

fn too_many(who: &str, wait: Duration) -> Refusal {
    let seconds = wait.as_secs().max(1);
    let message = format!("{who} asks too often; ask again in {seconds} s");
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
    Refusal { retry_after: Some(wait), ..refusal }
}

/// Whom an address counts as: an IPv6 subscriber has a whole /64 to ask from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A limit of each of many.
#[derive(Debug)]
struct Keyed<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    sweep_at: AtomicUsize,
}

impl<K: Hash + Eq + Clone> Keyed<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(per_minute)), sweep_at: AtomicUsize::new(SWEEP_AT) }
    }

    fn admit(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now()))?;
        self.sweep();
        Ok(())
    }

    /// Forgets those whose limit is whole again, each time their number has doubled: a caller's share of that is small.
    fn sweep(&self) {
        let due = self.sweep_at.load(Ordering::Relaxed);
        if self.limiter.len() < due
            || self.sweep_at.compare_exchange(due, usize::MAX, Ordering::AcqRel, Ordering::Relaxed).is_err()
        {
            return;
        }
        self.limiter.retain_recent();
        self.sweep_at.store((self.limiter.len() * 2).max(SWEEP_AT), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_limit_and_is_told_how_long_to_wait() {
        let limits = Limits::new(NonZeroU32::new(3), NonZeroU32::new(2));
        for _ in 0..3 {
            limits.admit_identity("jwt", "alice").unwrap();
        }
        let refused = limits.admit_identity("jwt", "alice").unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"));
        assert!((19..=20).contains(&refused.retry_after.unwrap().as_secs()), "{refused:?}");
        limits.admit_identity("jwt", "bob").unwrap();
        limits.admit_identity("keys", "alice").unwrap();

        for address in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"] {
            limits.admit_address(address.parse().unwrap()).unwrap();
        }
        assert!(limits.admit_address("2001:db8:1:2::2".parse().unwrap()).is_err(), "one /64 is one subscriber");
        limits.admit_address("2001:db8:1:3::1".parse().unwrap()).unwrap();
        for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
            limits.admit_address(address.parse().unwrap()).unwrap();
        }
        assert!(limits.admit_address("192.0.2.1".parse().unwrap()).is_err());
        limits.admit_address("192.0.2.2".parse().unwrap()).unwrap();
        assert!(Limits::new(None, None).admit_address("192.0.2.1".parse().unwrap()).is_ok());
    }
}
