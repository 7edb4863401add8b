//! What the index keeps of a bucket, an object, an upload and a part.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::StoreError;

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRecord {
    /// Unix milliseconds.
    pub created_ms: i64,
}

/// How an object came to be; `x-oss-object-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectType {
    /// By PutObject.
    Normal,
    /// By CompleteMultipartUpload.
    Multipart,
}

impl ObjectType {
    /// As it stands in headers and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Multipart => "Multipart",
        }
    }
}

/// A run of an object's bytes: one blob, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The blob's id.
    pub blob: String,
    /// Bytes.
    pub size: u64,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// Upper-case hex, for a multipart object with `-` and the number of parts; without quotes.
    pub etag: String,
    /// CRC-64/XZ of the whole object.
    pub crc64: u64,
    /// Bytes.
    pub size: u64,
    /// Unix milliseconds.
    pub modified_ms: i64,
    /// How it came to be.
    pub object_type: ObjectType,
    /// Headers that come back with it, names in lower case: `content-type`, `cache-control`, `x-oss-meta-…`.
    pub headers: Vec<(String, String)>,
    /// Its bytes, in order.
    pub segments: Vec<Segment>,
}

/// An upload that was initiated and is neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// Unix milliseconds.
    pub initiated_ms: i64,
    /// Headers that the object will have.
    pub headers: Vec<(String, String)>,
}

/// One part of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Upper-case hex MD5, without quotes.
    pub etag: String,
    /// CRC-64/XZ of the part.
    pub crc64: u64,
    /// Bytes.
    pub size: u64,
    /// Unix milliseconds.
    pub modified_ms: i64,
    /// The blob's id.
    pub blob: String,
}

/// A moment as records keep it: whole milliseconds since 1970.
pub fn to_ms(t: OffsetDateTime) -> i64 {
    i64::try_from(t.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The moment that a record names; 1970 when it is beyond the calendar.
pub fn from_ms(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(super) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record).map_err(|error| StoreError::Record(error.to_string()))
}

pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Record(error.to_string()))
}
