//! Uploads: what they take, what they give, and what every kind of upload tells its observer.

mod content_type;
mod ledger;
pub(crate) mod multipart;
pub(crate) mod parts;
pub(crate) mod progress;
pub(crate) mod resumable;
pub(crate) mod simple;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::object_key::ObjectKey;

use crate::cancel::CancelToken;
use crate::error::TransferError;
use crate::http::answer::Reply;
use crate::http::payload::Payload;
use crate::http::{Call, Http};
use crate::observer::Event;

use progress::Progress;

pub use parts::ListedPart;
pub use resumable::{MappedPart, PartMap};

/// Hears of bytes sent and bytes in all; called as often as [`Event::Progress`](crate::Event::Progress) is emitted.
pub type ProgressFn = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How an object is to be stored, and how its upload can be watched and stopped.
#[derive(Clone, Default)]
pub struct UploadOptions {
    /// `image/jpeg` and the like; `None` takes it from the ending of the object key.
    pub content_type: Option<String>,
    /// Whether to send a Content-MD5, for which each part is read twice. A form has none.
    pub content_md5: bool,
    /// Stored as `x-oss-meta-<name>`.
    pub metadata: Vec<(String, String)>,
    /// Stops the upload.
    pub cancel: CancelToken,
    /// Hears of the bytes sent.
    pub progress: Option<ProgressFn>,
}

impl fmt::Debug for UploadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadOptions")
            .field("content_type", &self.content_type)
            .field("content_md5", &self.content_md5)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// An upload that OSS has, whole and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Without quotes.
    pub etag: String,
    /// CRC-64/XZ of the object.
    pub crc64: u64,
    /// Bytes.
    pub size: u64,
    /// Names the last request in OSS's log.
    pub request_id: String,
    /// Requests that carried the bytes: 1 for a simple upload.
    pub parts: u32,
    /// Bytes that OSS held already when this run of a resumable upload began.
    pub held: u64,
    /// Bytes that went out more than once, over all runs: after failures, and parts in flight when a run was cut off.
    pub resent: u64,
    /// From the call to OSS's last answer.
    pub elapsed: Duration,
}

/// One upload as its observer sees it.
pub(crate) struct Job<'a> {
    pub(crate) http: &'a Http,
    pub(crate) key: &'a ObjectKey,
    pub(crate) size: u64,
    pub(crate) parts: u32,
    pub(crate) options: &'a UploadOptions,
}

impl Job<'_> {
    /// Runs `work`, stops it when the upload is cancelled, and tells of its beginning and end.
    pub(crate) async fn run<F>(&self, work: impl FnOnce(Arc<Progress>) -> F) -> Result<Uploaded, TransferError>
    where
        F: Future<Output = Result<Stored, TransferError>>,
    {
        let (observer, key) = (&self.http.observer, self.key.to_string());
        let began = Instant::now();
        observer.emit(Event::UploadStarted { key: key.clone(), size: self.size, parts: self.parts });
        let progress = Arc::new(Progress::new(&key, self.size, observer, self.options.progress.clone()));
        let outcome = work(Arc::clone(&progress)).await;
        let (size, elapsed) = (self.size, began.elapsed());
        match outcome {
            Ok(Stored { etag, crc64, request_id }) => {
                progress.finish();
                let (held, resent) = (progress.held(), progress.resent());
                observer.emit(Event::UploadDone { key, size, request_id: request_id.clone(), elapsed });
                Ok(Uploaded { etag, crc64, size, request_id, parts: self.parts, held, resent, elapsed })
            }
            Err(error) => {
                let (code, message) = (error.code().to_owned(), error.to_string());
                observer.emit(Event::UploadFailed { key, code, message });
                Err(error)
            }
        }
    }
}

/// What OSS said of an object that it now holds.
pub(crate) struct Stored {
    pub(crate) etag: String,
    pub(crate) crc64: u64,
    pub(crate) request_id: String,
}

/// The headers with which an object is stored.
pub(crate) fn object_headers(key: &ObjectKey, options: &UploadOptions) -> Vec<(String, String)> {
    let content_type = options.content_type.as_deref().unwrap_or_else(|| content_type::of(key.as_str()));
    let metadata = options.metadata.iter();
    let metadata = metadata.map(|(name, value)| (format!("x-oss-meta-{}", name.to_ascii_lowercase()), value.clone()));
    [("content-type".to_owned(), content_type.to_owned())].into_iter().chain(metadata).collect()
}

/// Sends `payload` with `call`, again if OSS received other bytes than were sent.
async fn put(http: &Http, mut call: Call<'_>, payload: Payload, content_md5: bool) -> Result<Reply, TransferError> {
    if content_md5 {
        call = call.header("content-md5", STANDARD.encode(payload.md5().await?));
    }
    call.payload = payload;
    call.checked = true;
    http.send_small(&call).await
}
