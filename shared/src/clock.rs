//! The only place that reads wall time: everything else is handed a [`Clock`].

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

/// A source of UTC time.
pub trait Clock: Send + Sync + Debug {
    /// The present moment, in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one permitted reading of wall time
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that stands still until it is told to move; for tests of expiry.
#[derive(Debug)]
pub struct ManualClock(Mutex<OffsetDateTime>);

impl ManualClock {
    /// A clock that reads `start` until it is moved.
    pub fn new(start: OffsetDateTime) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by `step`, which may be negative.
    pub fn advance(&self, step: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += step;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine's clock plus an offset that can be changed while programs run, and that can be stopped: the time machine.
#[derive(Debug)]
pub struct ShiftedClock {
    offset_ms: AtomicI64,
    /// Where it stands, in milliseconds since 1970; [`RUNNING`] while it runs.
    frozen_ms: AtomicI64,
    /// Held by whoever changes either.
    changing: Mutex<()>,
}

/// No time that a clock can stand at.
const RUNNING: i64 = i64::MIN;

impl Default for ShiftedClock {
    fn default() -> Self {
        Self { offset_ms: AtomicI64::new(0), frozen_ms: AtomicI64::new(RUNNING), changing: Mutex::new(()) }
    }
}

impl ShiftedClock {
    /// A clock that reads system time until it is shifted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock by `step`, to millisecond precision; may be negative. Stops at a thousand years. A clock that stands still goes on standing, elsewhere.
    pub fn advance(&self, step: Duration) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let step = bounded(step);
        let offset = self.offset_ms.load(Ordering::Relaxed);
        let moved = offset.saturating_add(step).clamp(-MAX_MS, MAX_MS);
        self.offset_ms.store(moved, Ordering::Relaxed);
        let frozen = self.frozen_ms.load(Ordering::Relaxed);
        if frozen != RUNNING {
            self.frozen_ms.store(frozen.saturating_add(moved - offset), Ordering::Relaxed);
        }
    }

    /// Stops the clock where it is.
    pub fn freeze(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_frozen() {
            self.frozen_ms.store(milliseconds(self.now()), Ordering::Relaxed);
        }
    }

    /// Lets the clock go on from where it stands.
    pub fn thaw(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let frozen = self.frozen_ms.load(Ordering::Relaxed);
        if frozen != RUNNING {
            let offset = frozen.saturating_sub(milliseconds(SystemClock.now()));
            self.offset_ms.store(offset.clamp(-MAX_MS, MAX_MS), Ordering::Relaxed);
            // Whoever sees it run sees where from.
            self.frozen_ms.store(RUNNING, Ordering::Release);
        }
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        self.frozen_ms.load(Ordering::Relaxed) != RUNNING
    }

    /// How far this clock is from system time, to the millisecond.
    pub fn offset(&self) -> Duration {
        match self.frozen_ms.load(Ordering::Relaxed) {
            RUNNING => Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed)),
            frozen => Duration::milliseconds(frozen.saturating_sub(milliseconds(SystemClock.now()))),
        }
    }
}

/// A thousand years: far enough for any test, near enough for every date format.
const MAX_MS: i64 = 1000 * 365 * 86_400_000;

/// In milliseconds, a thousand years at most, to whichever side.
fn bounded(step: Duration) -> i64 {
    i64::try_from(step.whole_milliseconds().clamp((-MAX_MS).into(), MAX_MS.into())).unwrap_or_default()
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

impl Clock for ShiftedClock {
    fn now(&self) -> OffsetDateTime {
        let frozen = self.frozen_ms.load(Ordering::Acquire);
        if frozen != RUNNING {
            return OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::milliseconds(frozen));
        }
        let system = SystemClock.now();
        let offset = Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed));
        system.checked_add(offset).unwrap_or(system)
    }
}

/// A clock that goes as another one does, but wrong: a server's beside its clients'.
#[derive(Debug)]
pub struct SkewedClock {
    /// The right one.
    pub base: Arc<ShiftedClock>,
    skew_ms: AtomicI64,
}

impl SkewedClock {
    /// One that is right as yet.
    pub fn new(base: Arc<ShiftedClock>) -> Self {
        Self { base, skew_ms: AtomicI64::new(0) }
    }

    /// From now on it is ahead of the other by `skew`, to the millisecond; behind, if that is negative.
    pub fn set_skew(&self, skew: Duration) {
        self.skew_ms.store(bounded(skew), Ordering::Relaxed);
    }

    /// How far it is ahead.
    pub fn skew(&self) -> Duration {
        Duration::milliseconds(self.skew_ms.load(Ordering::Relaxed))
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> OffsetDateTime {
        let right = self.base.now();
        right.checked_add(self.skew()).unwrap_or(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_beyond_all_time_ends_on_its_own_side() {
        for (seconds, years) in [(i64::MAX, 1000), (i64::MIN, -1000)] {
            let clock = Arc::new(ShiftedClock::new());
            clock.advance(Duration::seconds(seconds));
            assert_eq!(clock.offset(), Duration::days(365 * years), "{seconds}");
            clock.freeze();
            clock.advance(Duration::seconds(seconds));
            let server = SkewedClock::new(clock);
            server.set_skew(Duration::seconds(seconds));
            assert_eq!(server.skew(), Duration::days(365 * years), "{seconds}");
            assert_eq!(server.now().year() > 2000, seconds > 0, "{}", server.now());
        }
    }

    #[test]
    fn a_clock_stands_where_it_is_put_and_goes_on_from_there() {
        let clock = Arc::new(ShiftedClock::new());
        clock.advance(Duration::days(10));
        clock.freeze();
        let stood = clock.now();
        assert!(clock.is_frozen() && (clock.offset() - Duration::days(10)).abs() < Duration::minutes(1));
        clock.freeze();
        assert_eq!(clock.now(), stood, "it stands already");
        let server = SkewedClock::new(Arc::clone(&clock));
        server.set_skew(Duration::minutes(-20));
        clock.advance(Duration::HOUR);
        assert_eq!(clock.now(), stood + Duration::HOUR);
        assert_eq!(server.now(), stood + Duration::minutes(40));
        clock.thaw();
        let after = clock.now() - stood - Duration::HOUR;
        assert!(!clock.is_frozen() && (-Duration::SECOND..Duration::minutes(1)).contains(&after), "{after}");
    }
}
