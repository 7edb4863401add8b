//! What travels between the objects' screen and its jobs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use transfer::{FolderPage, ObjectMeta, OpenUpload, RecordPage};

use super::{JobId, Pixels, Place};
use crate::problem::Problem;

/// What the screen asks of its jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsCommand {
    /// Names this job.
    pub job: JobId,
    /// Where.
    pub place: Place,
    /// What.
    pub wish: ObjectsWish,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsWish {
    /// A page of a folder.
    Page {
        /// The folder: the beginning of its keys.
        prefix: String,
        /// Where the page begins.
        after: Option<String>,
    },
    /// All about one object.
    Look(String),
    /// A small picture of an object.
    Thumb(String),
    /// An object into the folder of downloads.
    Download(String),
    /// An object once more.
    Copy {
        /// Its key.
        from: String,
        /// The key of the other.
        to: String,
    },
    /// An object gone.
    Delete(String),
    /// A URL with which anybody may read an object.
    Share {
        /// Its key.
        key: String,
        /// For how long.
        life: Duration,
    },
    /// The uploads under a prefix that have not ended.
    Leftovers(String),
    /// One of them gone.
    Abort(OpenUpload),
    /// A page of what the app server knows of uploads under a prefix.
    Records {
        /// The folder: the beginning of its keys.
        prefix: String,
        /// Where the page begins.
        after: Option<String>,
    },
}

/// What the screen hears.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectsEvent {
    /// The job.
    pub job: JobId,
    /// What became of it.
    pub outcome: Result<ObjectsOutcome, Problem>,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum ObjectsOutcome {
    /// A page.
    Page(FolderPage),
    /// All about one object. Tags are `None` where the token may not read them.
    Looked(ObjectMeta, Option<Vec<(String, String)>>),
    /// A small picture.
    Thumb(Arc<Pixels>),
    /// The file that was written.
    Downloaded(PathBuf),
    /// The new object's key.
    Copied(String),
    /// Gone.
    Deleted,
    /// A URL, and when it ends.
    Shared(String, OffsetDateTime),
    /// The uploads that have not ended.
    Leftovers(Vec<OpenUpload>),
    /// Gone.
    Aborted,
    /// What the app server knows.
    Records {
        /// A page.
        page: RecordPage,
        /// The beginning of the keys whose uploads it would show; `None` where it speaks of another bucket, or that is not known.
        covers: Option<String>,
    },
}
