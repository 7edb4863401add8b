//! How often STS is asked, all callers together: below the limit that STS sets for the whole account.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::error::StsFailure;

/// How long a question may wait for its turn; the rest of its ten seconds is for the answer.
const MAX_WAIT: Duration = Duration::from_secs(4);

/// A share of STS's calls, spread over each second.
#[derive(Debug)]
pub struct Budget(DefaultDirectRateLimiter);

impl Budget {
    /// At most `per_second` calls in any second.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self(RateLimiter::direct(Quota::per_second(per_second)))
    }

    /// Returns when STS may be asked.
    ///
    /// # Errors
    /// [`StsFailure::Busy`] when no turn comes within four seconds.
    pub async fn wait_for_a_turn(&self) -> Result<(), StsFailure> {
        let clock = DefaultClock::default();
        let mut waited = Duration::ZERO;
        loop {
            let Err(not_yet) = self.0.check() else { return Ok(()) };
            let wait = not_yet.wait_time_from(clock.now()).max(Duration::from_millis(1));
            waited += wait;
            if waited > MAX_WAIT {
                return Err(StsFailure::Busy { seconds: wait.as_secs().max(1) });
            }
            tokio::time::sleep(wait).await;
        }
    }
}
