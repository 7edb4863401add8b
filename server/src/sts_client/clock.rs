//! STS's time: this machine's, corrected by the dates that STS puts on its answers. Requests are dated by it, and the lives of
//! tokens are reckoned by it, so that a clock that is off spoils neither.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::clock::Clock;
use time::{Duration, OffsetDateTime};

/// Dates count whole seconds, and an answer may be on its way for some: so much is no difference.
const TOLERANCE: i64 = 30;

/// A clock that learns.
#[derive(Debug)]
pub struct StsClock {
    machine: Arc<dyn Clock>,
    /// How far STS is ahead of the machine, in seconds.
    ahead: AtomicI64,
}

impl StsClock {
    /// As the machine's clock, until STS says otherwise.
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self { machine, ahead: AtomicI64::new(0) }
    }

    /// The machine's clock, uncorrected.
    pub fn machine(&self) -> &Arc<dyn Clock> {
        &self.machine
    }

    /// How far STS is ahead of this machine, in seconds; 0 for what is no difference.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// STS says that it is `date`.
    pub fn learn(&self, date: OffsetDateTime) {
        let found = (date - self.machine.now()).whole_seconds();
        let found = if found.abs() <= TOLERANCE { 0 } else { found };
        if (found - self.ahead()).abs() > TOLERANCE || found == 0 {
            let before = self.ahead.swap(found, Ordering::Relaxed);
            if before != found {
                tracing::warn!(seconds = found, "STS's clock is ahead of this machine's by so much; corrected for");
            }
        }
    }
}

impl Clock for StsClock {
    fn now(&self) -> OffsetDateTime {
        self.machine.now().saturating_add(Duration::seconds(self.ahead()))
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::ManualClock;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_clock_that_is_off_is_corrected_and_one_that_was_set_is_believed_again() {
        let machine = Arc::new(ManualClock::new(datetime!(2026-01-01 00:00:00 UTC)));
        let clock = StsClock::new(Arc::clone(&machine) as Arc<dyn Clock>);
        for (minutes, seconds, ahead) in [(0, 20, 0), (20, 0, 1200), (20, 10, 1200), (-20, 0, -1200), (0, -3, 0)] {
            clock.learn(machine.now() + Duration::minutes(minutes) + Duration::seconds(seconds));
            assert_eq!((clock.ahead(), clock.now() - machine.now()), (ahead, Duration::seconds(ahead)));
        }
    }
}
