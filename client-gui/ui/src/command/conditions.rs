//! What travels between the conditions' screen and its jobs.

use std::time::Duration;

use shared::fault::FaultPlan;
use transfer::ClockChange;

use super::{JobId, Place};
use crate::conditions::Seen;
use crate::problem::Problem;

/// What the screen asks of its jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionsCommand {
    /// Names this job.
    pub job: JobId,
    /// The URL of the emulator's control port.
    pub control: String,
    /// Where the app uploads to.
    pub place: Place,
    /// What.
    pub wish: ConditionsWish,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionsWish {
    /// To see the clock and the faults.
    Look,
    /// Another time.
    Clock(ClockChange),
    /// Other faults; none, if there are no rules.
    Faults(FaultPlan),
    /// No faults, a clock that goes, and OSS's the same as the app's.
    BackToNormal,
    /// Time just behind the token's end, and so many apps that ask for the next one at once.
    Stampede {
        /// How many.
        apps: u16,
    },
}

/// What the screen hears.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionsEvent {
    /// The job.
    pub job: JobId,
    /// What became of it.
    pub outcome: Result<ConditionsOutcome, Problem>,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionsOutcome {
    /// What the conditions are now.
    Seen(Box<Seen>),
    /// Of a stampede.
    Crowd {
        /// What it came to.
        crowd: Crowd,
        /// What the conditions are after it.
        seen: Box<Seen>,
    },
}

/// What a stampede came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// How many apps asked.
    pub apps: u16,
    /// How many of them were given a token.
    pub granted: u16,
    /// How many different tokens they were given.
    pub tokens: u16,
    /// How often STS was asked.
    pub calls: u64,
    /// Why the first that was refused was.
    pub refused: Option<String>,
    /// How long all of it took.
    pub elapsed: Duration,
}
