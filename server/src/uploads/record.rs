//! One upload as it is kept and told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The longest text of one field, in bytes; a key has at most 1023.
pub const MAX_TEXT: usize = 1024;
/// How many values of the app's own one upload may have.
pub const MAX_VARS: usize = 64;

/// Who told of an upload first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// OSS itself, by a callback with its signature.
    Callback,
    /// The app that uploaded it.
    Client,
    /// A listing of the bucket.
    Listing,
}

impl Source {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Client => "client",
            Self::Listing => "listing",
        }
    }

    /// The source that a word of the database means; what is unknown counts as the least trusted.
    pub fn of(word: &str) -> Self {
        match word {
            "callback" => Self::Callback,
            "listing" => Self::Listing,
            _ => Self::Client,
        }
    }
}

/// One upload. However often and by whichever way the same bytes under the same key are reported, they are one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Upload {
    /// Names bucket, object and ETag, so it is the same on every server: 32 hexadecimal digits.
    pub id: String,
    /// The bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub object: String,
    /// Upper-case hexadecimal digits, without quotes; `-` and the number of parts may follow.
    #[serde(rename = "ETag")]
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// The object's Content-Type.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mime_type: Option<String>,
    /// OSS's checksum, decimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crc64: Option<String>,
    /// Pixels, as the callback or the app tells; nobody checks them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub width: Option<u32>,
    /// Pixels, as the callback or the app tells; nobody checks them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub height: Option<u32>,
    /// Whose upload it is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<String>,
    /// Values of the app's own: claims, which nobody checked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub vars: BTreeMap<String, String>,
    /// Who told of it first.
    pub source: Source,
    /// Whether this server has seen the object in the bucket, with this ETag and size.
    pub verified: bool,
    /// OSS's id of the request that stored it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// When OSS stored it, or else when this server heard of it: `2017-12-12T07:49:09.000Z`.
    #[serde(with = "moment")]
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: OffsetDateTime,
}

/// The id of what is stored under `object` with `etag`.
pub fn id_of(bucket: &str, object: &str, etag: &str) -> String {
    let mut digest = Sha256::new();
    for part in [bucket, object, etag] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(&digest.finalize()[..16])
}

/// An ETag as it is kept: OSS and its SDKs write one with or without quotes, in either case.
pub fn plain_etag(etag: &str) -> String {
    etag.trim().trim_matches('"').to_ascii_uppercase()
}

/// Whether `text` may be kept in a field: short enough, and without characters that some database refuses.
pub fn is_clean(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.contains('\0')
}

/// Moments with milliseconds, as they are kept.
mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use shared::timefmt;
    use time::OffsetDateTime;

    pub fn serialize<S: Serializer>(moment: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&timefmt::iso8601_millis(*moment))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(from)?;
        timefmt::parse_iso8601(&text).ok_or_else(|| de::Error::custom("no moment such as 2017-12-12T07:49:09.000Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_parts_apart() {
        let id = id_of("b", "users/a/1.jpg", "AB");
        assert_eq!(id.len(), 32);
        assert_eq!(id, id_of("b", "users/a/1.jpg", &plain_etag("\"ab\"")));
        for other in
            [id_of("bu", "sers/a/1.jpg", "AB"), id_of("b", "users/a/1.jpgA", "B"), id_of("b", "users/a/1.jpg", "")]
        {
            assert_ne!(id, other);
        }
    }
}
