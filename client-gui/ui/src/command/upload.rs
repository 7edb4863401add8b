//! What jobs tell of uploads: how far they are, how they ended, which ones wait to go on.

use std::path::PathBuf;
use std::time::Duration;

use crate::problem::Problem;
use crate::words::Text;

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
    pub doubt: Option<Text>,
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
