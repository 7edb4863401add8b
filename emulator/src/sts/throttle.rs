//! Flow control: so many calls a second of each action, as STS counts them for an account (`token-server.md` §3.6).

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

/// Counts the calls of one action, second by second, each second beginning with its first call.
#[derive(Debug)]
pub struct Throttle {
    /// Calls a second; `None` is without a limit.
    rate: Option<NonZeroU32>,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    start: OffsetDateTime,
    calls: u32,
}

impl Throttle {
    /// Lets `rate` calls a second through; all of them when it is `None`.
    pub fn new(rate: Option<NonZeroU32>) -> Self {
        Self { rate, window: Mutex::new(Window { start: OffsetDateTime::UNIX_EPOCH, calls: 0 }) }
    }

    /// Counts a call at `now`; false when it is one too many.
    pub fn admits(&self, now: OffsetDateTime) -> bool {
        let Some(rate) = self.rate else {
            return true;
        };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // The clock may have been set back, too.
        if !(window.start..window.start + Duration::SECOND).contains(&now) {
            *window = Window { start: now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        window.calls <= rate.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_takes_so_many_calls_and_no_more() {
        let throttle = Throttle::new(NonZeroU32::new(2));
        let at = |ms: i64| OffsetDateTime::UNIX_EPOCH + Duration::days(1) + Duration::milliseconds(ms);
        for (ms, admitted) in [
            (0, true),
            (999, true),
            (999, false),
            (1000, true),
            (1001, true),
            (1999, false),
            // Set back.
            (-5000, true),
            (-4999, true),
            (-4998, false),
        ] {
            assert_eq!(throttle.admits(at(ms)), admitted, "{ms}");
        }
        let open = Throttle::new(None);
        assert!((0..1000).all(|_| open.admits(at(0))));
    }
}
