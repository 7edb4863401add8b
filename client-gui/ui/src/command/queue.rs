//! What travels between the queue and its jobs.

use std::path::PathBuf;
use std::sync::Arc;

use samples::Set;

use super::{JobId, Pixels};
use crate::problem::Problem;

/// What the queue asks of its jobs. Each ends with one [`QueueEvent::Gathered`].
#[derive(Debug, Clone, PartialEq)]
pub enum QueueCommand {
    /// Look at these files and folders.
    Gather {
        /// Names this job.
        job: JobId,
        /// Files, and folders, of which the pictures are taken.
        paths: Vec<PathBuf>,
    },
    /// Paint test pictures.
    Samples {
        /// Names this job.
        job: JobId,
        /// Which.
        set: Set,
    },
    /// Make a file of a picture that was pasted.
    Paste {
        /// Names this job.
        job: JobId,
        /// The picture.
        pixels: Arc<Pixels>,
        /// The file's name.
        name: String,
    },
}

/// What the queue's jobs report.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueEvent {
    /// Files are there.
    Gathered {
        /// The job.
        job: JobId,
        /// The files, in order.
        found: Vec<Found>,
        /// What could not be taken, and why.
        problem: Option<Problem>,
    },
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Its name, without folders.
    pub name: String,
    /// Its path within the folder that was given, with `/` between; the name alone for a file that was given itself.
    pub relative: String,
    /// Its size, in bytes.
    pub bytes: u64,
}
