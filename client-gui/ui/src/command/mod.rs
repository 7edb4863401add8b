//! What travels between the app and its jobs: `Command` down, `Event` up. Plain data: no threads, no open files, and no secret but
//! the app server's key, which prints as `***`.

mod conditions;
mod lab;
mod memory;
mod objects;
mod picture;
mod profile;
mod queue;
mod upload;
mod wire;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use shared::secret::Secret;
use shared::token::GrantPlace;
use time::OffsetDateTime;

use crate::problem::Problem;
use crate::profiles::Identity;
use crate::settings::UploadMode;
use crate::words::Text;

pub use conditions::{ConditionsCommand, ConditionsEvent, ConditionsOutcome, ConditionsWish, Crowd};
pub use lab::{LabCommand, LabEvent, ProbeOf};
pub use memory::{Kept, MemoryCommand, MemoryEvent};
pub use objects::{ObjectsCommand, ObjectsEvent, ObjectsOutcome, ObjectsWish};
pub use picture::{
    PREVIEW_SIDE, Picture, PictureCommand, PictureEvent, PictureOutcome, PictureWish, Pixels, Presigned, Processed,
};
pub use profile::{FileTrouble, ProfileCommand, ProfileEvent};
pub use queue::{Found, QueueCommand, QueueEvent};
pub use upload::{Failure, PartState, Progress, Receipt, Unfinished};
pub use wire::{WireCommand, WireEvent};

/// Names one running job, so that the late answer of a superseded one can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Where to get tokens and where to upload, as typed in Configure; any of them may be empty or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The app server's URL.
    pub app_server: String,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// The OSS endpoint; empty means the region's public one.
    pub endpoint: String,
    /// Whether the endpoint is the bucket's own domain.
    pub cname: bool,
    /// How the app server learns who asks.
    pub identity: Identity,
    /// What it is shown for that.
    pub key: Option<Secret>,
}

impl Place {
    /// Fills what is empty from the app server's reply; returns the labels of the fields that were filled.
    pub fn fill_from(&mut self, told: &GrantPlace) -> Vec<&'static str> {
        let mut filled = Vec::new();
        let mut fill = |field: &mut String, value: &Option<String>, label| {
            if let (true, Some(value)) = (field.trim().is_empty(), value) {
                value.clone_into(field);
                filled.push(label);
            }
        };
        fill(&mut self.bucket, &told.bucket, "Bucket");
        fill(&mut self.region, &told.region, "Region");
        fill(&mut self.endpoint, &told.endpoint, "Endpoint");
        filled
    }
}

/// What the app asks of its jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Ask the app server for a token and, if `reach` says so, show the token to OSS.
    Connect {
        /// Names this job.
        job: JobId,
        /// Whom to ask.
        place: Place,
        /// How far to go.
        reach: Reach,
    },
    /// Read a picture and make a preview of it.
    Load {
        /// Names this job.
        job: JobId,
        /// The file.
        path: PathBuf,
    },
    /// Upload a file.
    Upload {
        /// Names this job.
        job: JobId,
        /// Where to.
        place: Place,
        /// The file.
        path: PathBuf,
        /// The object's name.
        key: String,
        /// In one request or in parts.
        mode: UploadMode,
    },
    /// Stop an upload; it ends with `Event::Uploaded` all the same.
    Cancel {
        /// The upload.
        job: JobId,
    },
    /// Stop an upload so that it can go on later; it ends with `Event::Uploaded` all the same.
    Pause {
        /// The upload.
        job: JobId,
    },
    /// Look for uploads that were begun and not ended, and ask OSS about them.
    Survey {
        /// Where to.
        place: Place,
    },
    /// Give an unfinished upload up, here and at OSS; then as `Survey`.
    Discard {
        /// Where to.
        place: Place,
        /// Its checkpoint.
        checkpoint: PathBuf,
    },
    /// Get the object as IMG makes it.
    Process {
        /// Names this job.
        job: JobId,
        /// Where from.
        place: Place,
        /// The object's name.
        key: String,
        /// The value of `x-oss-process`; empty for the object as it is.
        process: String,
    },
    /// Something else about the object as IMG makes it.
    Picture(PictureCommand),
    /// Let all uploads together send at most so many bytes a second, from now on; `None` sets no limit.
    Limit(Option<NonZeroU64>),
    /// Something for the queue.
    Queue(QueueCommand),
    /// Something for the memory.
    Memory(MemoryCommand),
    /// Something with a profile's file.
    Profile(ProfileCommand),
    /// Something for the policy lab.
    Lab(LabCommand),
    /// Something for the objects' screen.
    Objects(ObjectsCommand),
    /// Something for the wire's screen.
    Wire(WireCommand),
    /// Something for the conditions' screen.
    Conditions(ConditionsCommand),
}

/// How far `Command::Connect` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As far as the token.
    Token,
    /// As far as OSS.
    Oss,
}

/// A station on the way from the app to OSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// The app server answers.
    AppServer,
    /// Its answer is a token.
    Token,
    /// OSS accepts the token.
    Oss,
}

/// How a hop went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopOutcome {
    /// It is being tried.
    Trying,
    /// It works; what was seen.
    Passed(Text),
    /// It does not.
    Failed(Box<Problem>),
}

/// What jobs report to the app.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A hop of `Command::Connect`.
    Hop {
        /// The job.
        job: JobId,
        /// Which hop.
        hop: Hop,
        /// How it went.
        outcome: HopOutcome,
    },
    /// `Command::Connect` has ended.
    Connected {
        /// The job.
        job: JobId,
        /// Whether every hop passed.
        ok: bool,
    },
    /// A token was obtained, by whichever job.
    Token(TokenView),
    /// `Command::Load` has ended.
    Loaded {
        /// The job.
        job: JobId,
        /// The picture.
        outcome: Result<Picture, Problem>,
    },
    /// An upload moves on; at most about 15 a second.
    Progress {
        /// The job.
        job: JobId,
        /// How far it is.
        progress: Progress,
    },
    /// The parts of an upload move on, as often as its progress.
    Parts {
        /// The job.
        job: JobId,
        /// One for each part.
        parts: Arc<[PartState]>,
    },
    /// `Command::Survey` or `Command::Discard` has ended: every unfinished upload to this place.
    Surveyed(Vec<Unfinished>),
    /// `Command::Upload` has ended.
    Uploaded {
        /// The job.
        job: JobId,
        /// The receipt.
        outcome: Result<Receipt, Failure>,
    },
    /// `Command::Process` has ended.
    Processed {
        /// The job.
        job: JobId,
        /// The resulting picture.
        outcome: Result<Processed, Problem>,
    },
    /// `Command::Picture` has ended.
    Picture(PictureEvent),
    /// Something for the activity list.
    Noted(Activity),
    /// `Command::Limit` failed.
    NotLimited(Problem),
    /// An unfinished upload could not be looked at, or not be given up.
    NotCleared(Problem),
    /// Something from the queue's jobs.
    Queue(QueueEvent),
    /// Something from the keeper of the memory.
    Memory(MemoryEvent),
    /// `Command::Profile` has ended.
    Profile(ProfileEvent),
    /// Something from the policy lab's jobs.
    Lab(LabEvent),
    /// Something for the objects' screen.
    Objects(ObjectsEvent),
    /// Something for the wire's screen.
    Wire(WireEvent),
    /// Something for the conditions' screen.
    Conditions(ConditionsEvent),
}

/// A token as it may be seen: without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// The key id, masked.
    pub access_key_id: String,
    /// When it was obtained, by the app's clock.
    pub obtained: OffsetDateTime,
    /// When it ends.
    pub expiration: Option<OffsetDateTime>,
    /// Where it may be used, as the app server told.
    pub place: GrantPlace,
}

/// A line of the activity list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: OffsetDateTime,
    /// With whom the app spoke.
    pub with: Hop,
    /// What happened.
    pub text: Text,
    /// Whether it is a failure.
    pub failed: bool,
}
