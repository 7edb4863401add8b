//! One typed stream of everything that happens: token, requests, parts, bytes, retries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// Hears of events as they happen, on whatever task they happen: it must return quickly and never block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Event) + Send + Sync>);

impl Observer {
    /// Hands every event to `hear`.
    pub fn new(hear: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Hears nothing.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    pub(crate) fn emit(&self, event: Event) {
        tracing::debug!(?event);
        (self.0)(&event);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// Names one request and its answer, for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub u64);

impl ExchangeId {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The app server, which gives tokens and keeps records of uploads.
    AppServer,
    /// OSS.
    Oss,
}

/// One thing that happened. Holds no secret: key ids are masked, and requests are signed in their headers, not their URLs.
/// Sizes are in bytes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The app server is asked for a token.
    TokenRequested {
        /// The token URL, without its query.
        url: String,
    },
    /// It gave one.
    TokenRefreshed {
        /// When the token ends.
        expiration: Option<OffsetDateTime>,
        /// The temporary key's id, masked.
        access_key_id: String,
    },
    /// It gave none.
    TokenRefused {
        /// [`TransferError::code`](crate::TransferError::code) of the failure.
        code: String,
        /// What is wrong, for a person.
        message: String,
    },
    /// This machine's clock turned out wrong, and requests are now signed with a corrected time.
    ClockCorrected {
        /// How many seconds OSS is ahead of this machine.
        offset_seconds: i64,
    },
    /// A request to OSS was signed in its headers; the security token is masked in both texts.
    Signed {
        /// Which request.
        exchange: ExchangeId,
        /// The canonical request; V1 has none.
        canonical_request: Option<String>,
        /// The string to sign.
        string_to_sign: String,
    },
    /// A request's head is about to go out.
    RequestSent {
        /// Names the request and its answer.
        exchange: ExchangeId,
        /// To whom.
        peer: Peer,
        /// The OSS operation (`UploadPart`); of the app server, `GetToken` or `ListUploads`.
        operation: &'static str,
        /// The object, where it is about one.
        key: Option<String>,
        /// The HTTP method.
        method: &'static str,
        /// The URL.
        url: String,
        /// The head, signature and token hidden.
        headers: Vec<(String, String)>,
    },
    /// An answer's head has come in.
    ResponseReceived {
        /// Which request.
        exchange: ExchangeId,
        /// From whom.
        peer: Peer,
        /// As in [`Event::RequestSent`].
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// Names the request in OSS's or the app server's log; empty when the answer does not say.
        request_id: String,
        /// The head.
        headers: Vec<(String, String)>,
        /// Since [`Event::RequestSent`].
        elapsed: Duration,
    },
    /// An answer has come in as a whole, and is no refusal.
    ResponseDone {
        /// Which request.
        exchange: ExchangeId,
        /// Since [`Event::RequestSent`].
        elapsed: Duration,
    },
    /// The answer is a refusal.
    ResponseRefused {
        /// Which request.
        exchange: ExchangeId,
        /// Since [`Event::RequestSent`].
        elapsed: Duration,
        /// The code (`AccessDenied`).
        code: String,
        /// The finer code (`0003-00000301`); empty when there is none.
        ec: String,
        /// What is wrong, for a person.
        message: String,
        /// Further elements of the error body, such as `StringToSign` or `AccessDeniedDetail/AuthAction`; the security
        /// token, signatures and the hexadecimal copies of texts left out.
        details: Vec<(String, String)>,
    },
    /// No whole answer came.
    ExchangeBroken {
        /// Which request.
        exchange: ExchangeId,
        /// Since [`Event::RequestSent`].
        elapsed: Duration,
        /// Why, for a person.
        reason: String,
    },
    /// A request failed and will be repeated.
    Retrying {
        /// The OSS operation.
        operation: &'static str,
        /// Which repetition this is, from 1.
        attempt: u32,
        /// How long is waited before it.
        wait: Duration,
        /// What failed, for a person.
        reason: String,
    },
    /// An upload begins.
    UploadStarted {
        /// The object.
        key: String,
        /// Bytes in all.
        size: u64,
        /// Requests that carry them: 1 for a simple upload.
        parts: u32,
    },
    /// An earlier upload of the same file goes on.
    UploadResumed {
        /// The object.
        key: String,
        /// The numbers of the parts that OSS holds.
        parts: Vec<u32>,
        /// Bytes in them.
        bytes: u64,
    },
    /// A checkpoint is of no use, and the upload begins anew.
    CheckpointRejected {
        /// The object.
        key: String,
        /// Why, for a person.
        reason: String,
    },
    /// A checkpoint is on disk, durably.
    CheckpointSaved {
        /// The object.
        key: String,
        /// Parts that it says are confirmed.
        parts: u32,
    },
    /// A part is on its way.
    PartStarted {
        /// The object.
        key: String,
        /// From 1.
        number: u32,
        /// Bytes in the part.
        size: u64,
    },
    /// OSS has the part, and its CRC64 agrees.
    PartDone {
        /// The object.
        key: String,
        /// From 1.
        number: u32,
        /// Bytes in the part.
        size: u64,
    },
    /// Bytes went out. At most one in 50 ms, and always one when OSS has confirmed them all; falls back when a part is
    /// sent anew.
    Progress {
        /// The object.
        key: String,
        /// Bytes sent so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// OSS has the object, and its CRC64 agrees.
    UploadDone {
        /// The object.
        key: String,
        /// Bytes in all.
        size: u64,
        /// Names the last request in OSS's log.
        request_id: String,
        /// Since [`Event::UploadStarted`].
        elapsed: Duration,
    },
    /// The upload ended without an object.
    UploadFailed {
        /// The object.
        key: String,
        /// [`TransferError::code`](crate::TransferError::code) of the failure.
        code: String,
        /// What is wrong, for a person.
        message: String,
    },
    /// Bytes came in, as for [`Event::Progress`].
    DownloadProgress {
        /// The object.
        key: String,
        /// Bytes received so far.
        received: u64,
        /// Bytes in all, where OSS said.
        total: Option<u64>,
    },
}
