//! What the index keeps of a bucket, an object, an upload and a part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::StoreError;
use crate::settings::acl::Acl;
use crate::settings::storage_class::StorageClass;
use crate::settings::tagging::Tag;

/// Defines a fieldless enum with the names that its values have in headers and XML.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $text:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* $value),* }

        impl $name {
            /// As it stands in headers and XML.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),* }
            }
        }
    };
}

named! {
    /// How an object came to be; `x-oss-object-type`.
    ObjectType {
        /// By PutObject, PostObject or CopyObject.
        Normal = "Normal",
        /// By CompleteMultipartUpload.
        Multipart = "Multipart",
        /// By AppendObject.
        Appendable = "Appendable",
        /// By PutSymlink.
        Symlink = "Symlink",
    }
}

named! {
    /// Whether a bucket keeps old versions.
    Versioning {
        /// It never has.
        Never = "",
        /// It does.
        Enabled = "Enabled",
        /// It has.
        Suspended = "Suspended",
    }
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRecord {
    /// Unix milliseconds.
    pub created_ms: i64,
    /// Its ACL; never `Default`.
    pub acl: Acl,
    /// The class of objects that name none.
    pub storage_class: StorageClass,
    /// `LRS` or `ZRS`.
    pub redundancy: String,
    /// Whether it keeps old versions.
    pub versioning: Versioning,
    /// Settings that are kept as they were put, by their sub-resource: `cors`, `policy`, `lifecycle`…
    pub settings: BTreeMap<String, String>,
}

impl BucketRecord {
    /// A private bucket without settings.
    pub fn new(created_ms: i64) -> Self {
        Self {
            created_ms,
            acl: Acl::Private,
            storage_class: StorageClass::Standard,
            redundancy: "LRS".to_owned(),
            versioning: Versioning::Never,
            settings: BTreeMap::new(),
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

/// What an upload says of the object that it makes, beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// Headers that come back with it, names in lower case: `content-type`, `cache-control`, `x-oss-meta-…`.
    pub headers: Vec<(String, String)>,
    /// Its own ACL.
    pub acl: Acl,
    /// Its class.
    pub storage_class: StorageClass,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// `x-oss-server-side-encryption`, as it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encryption: Option<String>,
}

/// One version of an object; of an object without versions, the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRecord {
    /// `None` is the version `null`: written while its bucket kept no versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version_id: Option<String>,
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
    /// Headers, ACL, class and tags.
    pub attributes: Attributes,
    /// Where a symlink points.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub symlink_target: Option<String>,
    /// Of an archived object: when it was asked back, Unix milliseconds, and for how many days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restore: Option<(i64, u32)>,
    /// Its bytes, in order.
    pub segments: Vec<Segment>,
}

/// What stands at one place of an object's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionRecord {
    /// The object, as it was.
    Object(Box<ObjectRecord>),
    /// The object was deleted.
    DeleteMarker {
        /// `None` is the version `null`.
        version_id: Option<String>,
        /// Unix milliseconds.
        modified_ms: i64,
    },
}

impl VersionRecord {
    /// Its id; `null` when it was written while its bucket kept no versions.
    pub fn version_id(&self) -> &str {
        match self {
            Self::Object(record) => record.version_id.as_deref(),
            Self::DeleteMarker { version_id, .. } => version_id.as_deref(),
        }
        .unwrap_or(NULL_VERSION)
    }

    /// When it was made, in Unix milliseconds.
    pub fn modified_ms(&self) -> i64 {
        match self {
            Self::Object(record) => record.modified_ms,
            Self::DeleteMarker { modified_ms, .. } => *modified_ms,
        }
    }
}

/// The id of versions written while their bucket kept none.
pub const NULL_VERSION: &str = "null";

/// An upload that was initiated and is neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRecord {
    /// Unix milliseconds.
    pub initiated_ms: i64,
    /// What the object will have.
    pub attributes: Attributes,
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
