//! What travels between the app and the keeper of its memory.

use crate::memory::{Entry, Left};
use crate::problem::Problem;
use crate::settings::Settings;

/// What the app asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum MemoryCommand {
    /// Read all that was remembered; the settings alone were read before the start.
    Recall,
    /// Keep the settings.
    SaveSettings(Box<Settings>),
    /// Keep the ended uploads, oldest first.
    SaveHistory(Vec<Entry>),
    /// Keep the queue.
    SaveQueue(Vec<Left>),
}

/// What the keeper reports.
#[derive(Debug, Clone, PartialEq)]
pub enum MemoryEvent {
    /// `MemoryCommand::Recall` has ended.
    Recalled {
        /// The ended uploads, oldest first; `None` when they cannot be read, and must not be written over.
        history: Option<Vec<Entry>>,
        /// The queue as it was left; `None` as above.
        queue: Option<Vec<Left>>,
        /// What went wrong.
        problem: Option<Problem>,
    },
    /// A `Save` has ended.
    Saved {
        /// Of what.
        what: Kept,
        /// What went wrong.
        problem: Option<Problem>,
    },
}

/// What is kept, each in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The settings.
    Settings,
    /// The ended uploads.
    History,
    /// The queue.
    Queue,
}
