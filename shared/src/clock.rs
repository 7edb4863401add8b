//! The only place that reads wall time: everything else is handed a [`Clock`].

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// The machine's clock plus an offset that can be changed while programs run: the emulator's time machine.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    offset_ms: AtomicI64,
}

impl ShiftedClock {
    /// A clock that reads system time until it is shifted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock by `step`, to millisecond precision; may be negative. Saturates.
    pub fn advance(&self, step: Duration) {
        let step = i64::try_from(step.whole_milliseconds()).unwrap_or(i64::MAX);
        let _ = self.offset_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            Some(now.saturating_add(step).clamp(-MAX_MS, MAX_MS))
        });
    }

    /// How far this clock is from system time.
    pub fn offset(&self) -> Duration {
        Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }
}

/// A thousand years: far enough for any test, near enough for every date format.
const MAX_MS: i64 = 1000 * 365 * 86_400_000;

impl Clock for ShiftedClock {
    fn now(&self) -> OffsetDateTime {
        let system = SystemClock.now();
        system.checked_add(self.offset()).unwrap_or(system)
    }
}
