//! What travels between the policy lab and its jobs.

use std::path::PathBuf;

use transfer::Probe;

use super::{JobId, Place};
use crate::lab::analysis::Place as Cell;
use crate::lab::grid::Question;
use crate::lab::{Observed, Sheet};
use crate::problem::Problem;

/// What the policy lab asks of its jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum LabCommand {
    /// Ask OSS about each cell, by a request that changes nothing.
    Probe {
        /// Names this job.
        job: JobId,
        /// With which token, and where.
        place: Place,
        /// What to ask.
        probes: Vec<ProbeOf>,
    },
    /// Read a policy, and the tests that lie beside it.
    Load {
        /// Where it goes.
        sheet: Sheet,
        /// The file.
        path: PathBuf,
    },
    /// Write a policy.
    Save {
        /// Where it comes from.
        sheet: Sheet,
        /// The file.
        path: PathBuf,
        /// Its text.
        text: String,
    },
}

/// One probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeOf {
    /// The cell that asks.
    pub place: Cell,
    /// How.
    pub probe: Probe,
    /// About what.
    pub question: Question,
}

/// What the policy lab's jobs report.
#[derive(Debug, Clone, PartialEq)]
pub enum LabEvent {
    /// What OSS said to one probe.
    Observed {
        /// The job.
        job: JobId,
        /// The cell.
        place: Cell,
        /// What it said.
        observed: Observed,
    },
    /// All probes are done.
    Probed {
        /// The job.
        job: JobId,
        /// Why they ended early, if they did.
        outcome: Result<(), Problem>,
    },
    /// `LabCommand::Load` has ended.
    Loaded {
        /// Where it goes.
        sheet: Sheet,
        /// The policy, and the tests beside it.
        outcome: Result<(String, Option<String>), Problem>,
    },
    /// `LabCommand::Save` has ended.
    Saved {
        /// Where it came from.
        sheet: Sheet,
        /// The file.
        outcome: Result<PathBuf, Problem>,
    },
}
