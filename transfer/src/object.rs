//! What is known of stored objects: head, get, delete, list.

use std::time::Duration;

use time::OffsetDateTime;

/// What HeadObject tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// CRC-64/XZ of the object.
    pub crc64: Option<u64>,
    /// `image/jpeg` and the like.
    pub content_type: Option<String>,
    /// When the object was written.
    pub last_modified: Option<OffsetDateTime>,
    /// `Normal`, `Multipart`, `Appendable` or `Symlink`.
    pub object_type: Option<String>,
    /// `x-oss-meta-*`, without that beginning, lower-case.
    pub metadata: Vec<(String, String)>,
    /// Names the request in OSS's log.
    pub request_id: String,
}

/// A download that is whole and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Bytes.
    pub size: u64,
    /// CRC-64/XZ of the bytes received.
    pub crc64: u64,
    /// Without quotes.
    pub etag: String,
    /// Names the request in OSS's log.
    pub request_id: String,
    /// From the call to the file in its place.
    pub elapsed: Duration,
}

/// Some objects under a prefix, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Whether there are more.
    pub truncated: bool,
}

/// One object of a [`Listing`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedObject {
    /// The object key, decoded.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// When the object was written.
    pub last_modified: Option<OffsetDateTime>,
    /// `Normal`, `Multipart`…
    pub object_type: String,
}
