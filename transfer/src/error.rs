//! What can go wrong in a transfer: typed for programs, and saying what to do for people.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::error::{OssCode, OssError};
use shared::token::TokenError;

use crate::records;

/// Why a transfer failed. Cheap to clone: one failed token fetch is told to all who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransferError {
    /// OSS refused the request.
    #[error("OSS refused the request: {error}{advice}", error = .0, advice = advice(.0))]
    Oss(Box<OssError>),
    /// The app server gave no token, and said why.
    #[error("the app server gave no token: {code}: {message}")]
    Token {
        /// STS's or the app server's code, or `Http502` and the like when the answer had none.
        code: String,
        /// What is wrong, in the app server's words.
        message: String,
    },
    /// The app server refused another question than that for a token.
    #[error("the app server refused: {code}: {message}")]
    AppServer {
        /// The app server's code, or `Http502` and the like when the answer had none.
        code: String,
        /// What is wrong, in the app server's words.
        message: String,
    },
    /// The app server has no records of uploads to show.
    #[error("there are no records of uploads: {0}")]
    NoRecords(NoRecords),
    /// The app server answered something that is no token.
    #[error("{0}; check that the token URL names the app server's token route")]
    TokenBody(#[from] TokenError),
    /// No connection came about.
    #[error("cannot connect to {host}: {reason}; check the address, and that the server is running and reachable")]
    Connect {
        /// Host and port.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The connection broke in the middle of a request or of an answer.
    #[error("the connection to {host} broke off: {reason}; try again")]
    Interrupted {
        /// Host and port.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// Nothing moved for too long.
    #[error("{host} was silent for {seconds} s; check the network and try again, or allow a longer timeout")]
    Timeout {
        /// Host and port.
        host: String,
        /// How long it was waited.
        seconds: f64,
    },
    /// OSS's answer lacks something that it must have.
    #[error("the answer of {host} to {operation} {problem}; check that the endpoint is an OSS endpoint")]
    Answer {
        /// Host and port.
        host: String,
        /// The OSS operation.
        operation: &'static str,
        /// What is wrong with the answer.
        problem: String,
    },
    /// A local file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read`, `write`…
        doing: &'static str,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The file is no longer what it was when its upload began.
    #[error("{} changed while it was being uploaded; upload it again once nothing writes to it", .path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// What OSS holds is not what was sent, or what arrived is not what OSS holds.
    #[error("CRC64 mismatch: {local} here, {remote} at OSS; the data was damaged on the way, transfer it again")]
    CrcMismatch {
        /// The checksum of the bytes on this side.
        local: u64,
        /// The checksum that OSS stated.
        remote: u64,
    },
    /// Another upload of the same file to the same object is running.
    #[error("the upload that {} belongs to is running already; wait for it, or stop it first", checkpoint.display())]
    Busy {
        /// The checkpoint that it holds.
        checkpoint: PathBuf,
    },
    /// The caller paused.
    #[error("the transfer was paused; start it again to go on")]
    Paused,
    /// The caller cancelled.
    #[error("the transfer was cancelled")]
    Cancelled,
    /// The object is larger than the chosen way can carry.
    #[error("{size} bytes are more than the {limit} that {way} can carry; use {instead}")]
    TooLarge {
        /// Bytes that there are.
        size: u64,
        /// Bytes that there may be.
        limit: u64,
        /// What was tried.
        way: &'static str,
        /// What to use instead.
        instead: &'static str,
    },
    /// A key of a demo world was about to be shown to the real cloud.
    #[error(
        "the demo key {key_id} must not be sent to {host}; use the token of a real app server, or a local endpoint"
    )]
    DemoKeyToRealCloud {
        /// The key's id, masked.
        key_id: String,
        /// Host and port.
        host: String,
    },
    /// A setting or an argument is wrong.
    #[error("{setting} is not usable: {problem}")]
    Config {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it, and what it must be.
        problem: String,
    },
}

/// Why there are no records of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRecords {
    /// No app server is asked.
    #[error("the credentials come from no app server; name one to see what it knows of uploads")]
    NoServer,
    /// It is another server than ours, or an older one.
    #[error("this app server has no route /v1/uploads; the app server of Direct Transfer has it")]
    NoRoute,
    /// Its configuration does not ask for records.
    #[error("this app server keeps none; a section \"Uploads\" in its configuration makes it keep them")]
    NotKept,
}

impl TransferError {
    /// A stable name for programs: OSS's or the app server's own code where there is one, else the kind of error.
    pub fn code(&self) -> &str {
        match self {
            Self::Oss(error) => error.code.as_str(),
            Self::Token { code, .. } | Self::AppServer { code, .. } => code,
            Self::NoRecords(NoRecords::NoServer) => "NoAppServer",
            Self::NoRecords(NoRecords::NoRoute) => "NoUploadsRoute",
            Self::NoRecords(NoRecords::NotKept) => records::NOT_KEPT,
            Self::TokenBody(_) => "TokenBody",
            Self::Connect { .. } => "Connect",
            Self::Interrupted { .. } => "Interrupted",
            Self::Timeout { .. } => "Timeout",
            Self::Answer { .. } => "Answer",
            Self::File { .. } => "File",
            Self::FileChanged { .. } => "FileChanged",
            Self::CrcMismatch { .. } => "CrcMismatch",
            Self::Busy { .. } => "Busy",
            Self::Paused => "Paused",
            Self::Cancelled => "Cancelled",
            Self::TooLarge { .. } => "TooLarge",
            Self::DemoKeyToRealCloud { .. } => "DemoKeyToRealCloud",
            Self::Config { .. } => "Config",
        }
    }

    /// The request's name in OSS's log, where OSS answered.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Oss(error) if !error.request_id.is_empty() => Some(&error.request_id),
            _ => None,
        }
    }

    /// OSS's refusal, where it is one.
    pub fn oss(&self) -> Option<&OssError> {
        match self {
            Self::Oss(error) => Some(error),
            _ => None,
        }
    }

    /// A failure of `doing` something with the file at `path`.
    pub(crate) fn file(path: &Path, doing: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), doing, source: Arc::new(source) }
    }
}

/// What the person who reads of a refusal can do, where that is known.
fn advice(error: &OssError) -> &'static str {
    match error.code {
        OssCode::AccessDenied => "; check that the token covers this object and this operation",
        OssCode::InvalidAccessKeyId | OssCode::InvalidSecurityToken | OssCode::SecurityTokenExpired => {
            "; check that the app server and the endpoint belong together"
        }
        OssCode::NoSuchBucket => "; check the bucket and the endpoint",
        OssCode::RequestTimeTooSkewed => "; check this machine's clock",
        OssCode::SignatureDoesNotMatch => "; check the region and the access key secret",
        _ if error.status >= 500 && error.status != 501 => "; try again later",
        _ => "",
    }
}

impl From<OssError> for TransferError {
    fn from(error: OssError) -> Self {
        Self::Oss(Box::new(error))
    }
}
