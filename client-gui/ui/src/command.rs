//! What travels between the app and its jobs: `Command` down, `Event` up. Plain data: no threads, no open files, no secrets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shared::token::GrantPlace;
use time::OffsetDateTime;
use transfer::Probe;

use crate::lab::analysis::Place as Cell;
use crate::lab::grid::Question;
use crate::lab::{Observed, Sheet};
use crate::problem::Problem;
use crate::settings::{Settings, UploadMode};

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
    /// Keep the settings for the next start.
    Save(Settings),
    /// Something for the policy lab.
    Lab(LabCommand),
}

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
    Passed(String),
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
    /// Something for the activity list.
    Noted(Activity),
    /// `Command::Save` failed.
    NotSaved(Problem),
    /// An unfinished upload could not be looked at, or not be given up.
    NotCleared(Problem),
    /// Something from the policy lab's jobs.
    Lab(LabEvent),
}

/// Why an upload ended without a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The person cancelled it.
    Cancelled,
    /// The person paused it.
    Paused,
    /// Something went wrong.
    Problem(Problem),
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

/// Pixels for the screen: RGBA, 8 bits each, not premultiplied.
#[derive(Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Width and height, in pixels.
    pub size: [usize; 2],
    /// `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

/// A picture that was selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The file.
    pub path: PathBuf,
    /// Its name, without folders.
    pub name: String,
    /// The file's size, in bytes.
    pub bytes: u64,
    /// Width and height of the whole picture, in pixels, upright.
    pub size: [u32; 2],
    /// `JPEG`, `PNG`…
    pub format: String,
    /// A preview of at most [`PREVIEW_SIDE`] pixels a side.
    pub preview: Arc<Pixels>,
}

/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 800;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes to send.
    pub total: u64,
    /// Parts that are done.
    pub parts_done: u32,
    /// Parts to send; 0 or 1 for a simple upload.
    pub parts: u32,
    /// Parts that the checkpoint on disk has; `None` when there is none.
    pub saved: Option<u32>,
    /// Since the upload began.
    pub elapsed: Duration,
}

/// How far a part of a running upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartState {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// It is on its way.
    Sending,
    /// OSS has confirmed it.
    Done,
    /// OSS had it before this run.
    Held,
}

/// An upload that was begun and not ended: what its checkpoint says, and what OSS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The checkpoint's file.
    pub checkpoint: PathBuf,
    /// The file that was being uploaded.
    pub file: PathBuf,
    /// The object's name.
    pub key: String,
    /// The file's size then, in bytes.
    pub size: u64,
    /// One for each part: whether the checkpoint has it, and whether OSS has it.
    pub parts: Vec<(bool, bool)>,
    /// Bytes that OSS has.
    pub held: u64,
    /// What must be said of it: the file is gone, OSS does not know it any more, OSS could not be asked.
    pub doubt: Option<String>,
}

/// What OSS said to a finished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The bucket.
    pub bucket: String,
    /// The object's name.
    pub key: String,
    /// The ETag.
    pub etag: String,
    /// Bytes stored.
    pub size: u64,
    /// CRC64 of the bytes that were sent, computed here.
    pub crc64: u64,
    /// CRC64 of the object, as OSS states it afterwards; `None` when the token may not read that.
    pub crc64_at_oss: Option<u64>,
    /// How many parts; 1 for a simple upload.
    pub parts: u32,
    /// Bytes that OSS had before this run.
    pub held: u64,
    /// Bytes that were sent more than once, over all runs.
    pub resent: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Names the last request in the service's log.
    pub request_id: String,
}

/// A picture that IMG made.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// The value of `x-oss-process` that made it.
    pub process: String,
    /// The answer's size, in bytes.
    pub bytes: u64,
    /// Width and height, in pixels.
    pub size: [u32; 2],
    /// `JPEG`, `PNG`…
    pub format: String,
    /// How long it took.
    pub elapsed: Duration,
    /// A preview of at most [`PREVIEW_SIDE`] pixels a side.
    pub preview: Arc<Pixels>,
}

/// A line of the activity list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When.
    pub at: OffsetDateTime,
    /// With whom the app spoke.
    pub with: Hop,
    /// What happened.
    pub text: String,
    /// Whether it is a failure.
    pub failed: bool,
}
