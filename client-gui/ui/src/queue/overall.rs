//! The queue in numbers: bytes, files, speed, and the time that is left.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Queue, Upload};
use crate::command::Progress;

/// All files together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Overall {
    /// Bytes that OSS has or that were sent.
    pub sent: u64,
    /// Bytes of all files that are to be there in the end.
    pub total: u64,
    /// Files that OSS has.
    pub done: usize,
    /// Files that failed.
    pub failed: usize,
    /// Files that run.
    pub running: usize,
    /// Files whose turn has not come.
    pub waiting: usize,
    /// Files that are paused.
    pub paused: usize,
    /// Bytes per second, of all that run.
    pub speed: f64,
}

impl Overall {
    /// How long it still takes at this speed.
    pub fn left(&self) -> Option<Duration> {
        if self.speed <= 0.0 {
            return None;
        }
        Duration::try_from_secs_f64(self.total.saturating_sub(self.sent) as f64 / self.speed).ok()
    }

    /// Whether anything runs or waits for its turn.
    pub fn under_way(&self) -> bool {
        self.running + self.waiting > 0
    }
}

impl Queue {
    /// Counts it all.
    pub fn overall(&self) -> Overall {
        let mut all = Overall::default();
        for item in &self.items {
            match &item.upload {
                Upload::Cancelled => continue,
                Upload::Idle => {}
                Upload::Waiting => all.waiting += 1,
                Upload::Paused => all.paused += 1,
                Upload::Failed(_) => all.failed += 1,
                Upload::Done(_) => {
                    all.done += 1;
                    all.sent += item.file.bytes;
                }
                Upload::Running { progress, samples, .. } => {
                    all.running += 1;
                    all.sent += progress.sent;
                    all.speed += pace(progress, samples).map_or(0.0, |(speed, _)| speed);
                }
            }
            all.total += item.file.bytes;
        }
        all
    }
}

/// Bytes per second over the recent past, and the time that is left; `None` while nothing can be said.
pub fn pace(progress: &Progress, samples: &VecDeque<Progress>) -> Option<(f64, Duration)> {
    let oldest = samples.front()?;
    let seconds = progress.elapsed.checked_sub(oldest.elapsed)?.as_secs_f64();
    let bytes = progress.sent.checked_sub(oldest.sent)?;
    if seconds < 0.2 || bytes == 0 {
        return None;
    }
    let speed = bytes as f64 / seconds;
    let left = progress.total.saturating_sub(progress.sent) as f64 / speed;
    Some((speed, Duration::try_from_secs_f64(left).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_is_that_of_the_recent_past() {
        let at = |sent, ms| Progress { sent, total: 1000, elapsed: Duration::from_millis(ms), ..Progress::default() };
        for (samples, now, expected) in [
            (vec![], at(0, 0), None),
            (vec![at(0, 0)], at(100, 100), None),
            (vec![at(0, 0)], at(0, 5000), None),
            (vec![at(100, 1000)], at(500, 2000), Some((400.0, Duration::from_millis(1250)))),
            (vec![at(500, 1000)], at(400, 2000), None),
        ] {
            assert_eq!(pace(&now, &VecDeque::from(samples.clone())), expected, "{samples:?}");
        }
    }
}
