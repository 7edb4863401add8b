//! Uploads: what they take and what they give.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::CancelToken;

/// Hears of bytes sent and bytes in all; called as often as [`Event::Progress`](crate::Event::Progress) is emitted.
pub type ProgressFn = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How an object is to be stored, and how its upload can be watched and stopped.
#[derive(Clone, Default)]
pub struct UploadOptions {
    /// `image/jpeg` and the like; `None` takes it from the ending of the object key.
    pub content_type: Option<String>,
    /// Whether to send a Content-MD5, for which each part is read twice.
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
    /// From the call to OSS's last answer.
    pub elapsed: Duration,
}
