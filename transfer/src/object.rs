//! Stored objects: head, get, delete, list, and pictures made of them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use shared::crc64::crc64;
use shared::object_key::ObjectKey;
use shared::timefmt;
use time::OffsetDateTime;

use crate::blocking;
use crate::error::TransferError;
use crate::http::answer::{self, Reply, unquoted};
use crate::http::payload::Payload;
use crate::http::sink::Sink;
use crate::http::{Call, Http};

/// The most that [`Client::get`](crate::Client::get) keeps in memory, in bytes.
pub const MAX_IN_MEMORY: u64 = 64 * 1024 * 1024;
/// The most objects that OSS lists in one answer.
const MAX_KEYS: u32 = 1000;

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

/// HeadObject.
pub(crate) async fn head(http: &Http, key: &ObjectKey) -> Result<ObjectMeta, TransferError> {
    let Reply { headers, .. } = http.send_small(&Call::new("HeadObject", "HEAD", Some(key))).await?;
    let text = |name| answer::text(&headers, name).map(str::to_owned);
    let metadata = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-oss-meta-")?;
        Some((name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    Ok(ObjectMeta {
        size: answer::number(&headers, "content-length").ok_or_else(|| TransferError::Answer {
            host: http.host().to_owned(),
            operation: "HeadObject",
            problem: "has no Content-Length".to_owned(),
        })?,
        etag: unquoted(&text("etag").unwrap_or_default()),
        crc64: answer::number(&headers, "x-oss-hash-crc64ecma"),
        content_type: text("content-type"),
        last_modified: text("last-modified").and_then(|date| timefmt::parse_http_date(&date)),
        object_type: text("x-oss-object-type"),
        metadata: metadata.collect(),
        request_id: text("x-oss-request-id").unwrap_or_default(),
    })
}

/// GetObject into memory, through an IMG `process` if one is given.
pub(crate) async fn get(http: &Http, key: &ObjectKey, process: Option<&str>) -> Result<Bytes, TransferError> {
    let mut call = Call::new("GetObject", "GET", Some(key));
    if let Some(process) = process {
        call = call.param("x-oss-process", process);
    }
    let reply = http.send(&call, &mut Sink::memory(MAX_IN_MEMORY)).await?;
    // The checksum is that of the stored object, not of what an IMG process makes of it.
    if process.is_none() && reply.crc64().is_some() {
        let body = reply.body.clone();
        reply.check_crc(blocking::run(move || Ok(crc64(&body))).await?)?;
    }
    Ok(reply.body)
}

/// ProcessObject with `sys/saveas`: OSS keeps what an IMG `process` makes of `key` as `target`, in the same bucket; its size in
/// bytes. Java, Go and the mobile SDKs send the same body (`img-and-ram.md` §1.8).
pub(crate) async fn save_as(
    http: &Http,
    key: &ObjectKey,
    process: &str,
    target: &ObjectKey,
) -> Result<u64, TransferError> {
    const PARAMETER: &str = "x-oss-process";
    let mut call = Call::new("ProcessObject", "POST", Some(key)).param(PARAMETER, "");
    let body = format!("{PARAMETER}={process}|sys/saveas,o_{}", URL_SAFE_NO_PAD.encode(target.as_str()));
    call.payload = Payload::Bytes(body.into());
    let reply = http.send_small(&call).await?;
    let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    told["fileSize"].as_u64().ok_or_else(|| TransferError::Answer {
        host: http.host().to_owned(),
        operation: "ProcessObject",
        problem: "does not say how large the new object is".to_owned(),
    })
}

/// DeleteObject; an absent object is no error.
pub(crate) async fn delete(http: &Http, key: &ObjectKey) -> Result<(), TransferError> {
    http.send_small(&Call::new("DeleteObject", "DELETE", Some(key))).await.map(|_| ())
}

/// ListObjectsV2, as many answers as it takes to reach `max_keys` or the end.
pub(crate) async fn list(http: &Http, prefix: &str, max_keys: u32) -> Result<Listing, TransferError> {
    let mut listing = Listing { objects: Vec::new(), truncated: true };
    let mut continuation: Option<String> = None;
    while listing.truncated {
        let missing = max_keys.saturating_sub(u32::try_from(listing.objects.len()).unwrap_or(u32::MAX));
        if missing == 0 && max_keys > 0 {
            break;
        }
        let mut call = Call::new("ListObjectsV2", "GET", None)
            .param("list-type", "2")
            .param("encoding-type", "url")
            .param("max-keys", missing.clamp(1, MAX_KEYS).to_string())
            .param("prefix", prefix);
        if let Some(token) = continuation.take() {
            call = call.param("continuation-token", token);
        }
        let page = read_page(http.send_small(&call).await?.elements());
        listing.objects.extend(page.objects);
        listing.truncated = page.truncated;
        continuation = page.next;
        // An answer that promises more but not where would be asked for again and again.
        if continuation.is_none() {
            break;
        }
    }
    Ok(listing)
}

/// One answer to ListObjectsV2.
#[derive(Default)]
struct Page {
    objects: Vec<ListedObject>,
    truncated: bool,
    next: Option<String>,
}

/// Reads the leaf elements of a ListBucketResult; within each Contents the Key stands first.
fn read_page(elements: Vec<(String, String)>) -> Page {
    let mut page = Page::default();
    let encoded = elements.iter().any(|(path, text)| path == "ListBucketResult/EncodingType" && text == "url");
    for (path, text) in elements {
        match path.strip_prefix("ListBucketResult/").unwrap_or_default() {
            "IsTruncated" => page.truncated = text == "true",
            "NextContinuationToken" => page.next = Some(text).filter(|token| !token.is_empty()),
            "Contents/Key" => {
                let key = if encoded { percent_decode_str(&text).decode_utf8_lossy().into_owned() } else { text };
                page.objects.push(ListedObject { key, ..ListedObject::default() });
            }
            field => {
                if let Some(object) = page.objects.last_mut() {
                    match field {
                        "Contents/Size" => object.size = text.parse().unwrap_or(0),
                        "Contents/ETag" => object.etag = unquoted(&text),
                        "Contents/LastModified" => object.last_modified = timefmt::parse_iso8601(&text),
                        "Contents/Type" => object.object_type = text,
                        _ => {}
                    }
                }
            }
        }
    }
    page
}
