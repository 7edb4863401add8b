//! Stored objects: head, get, tags, copy, delete, and pictures made of them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use shared::crc64::crc64;
use shared::object_key::ObjectKey;
use shared::sign::encode_path;
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

/// CopyObject within the bucket: `to` becomes what `from` is, its metadata included, without a byte passing through this machine.
pub(crate) async fn copy(http: &Http, from: &ObjectKey, to: &ObjectKey) -> Result<(), TransferError> {
    let source = format!("/{}/{}", http.bucket(), encode_path(from.as_str()));
    let call = Call::new("CopyObject", "PUT", Some(to)).header("x-oss-copy-source", source);
    http.send_small(&call).await.map(|_| ())
}

/// GetObjectTagging: names and values.
pub(crate) async fn tags(http: &Http, key: &ObjectKey) -> Result<Vec<(String, String)>, TransferError> {
    let reply = http.send_small(&Call::new("GetObjectTagging", "GET", Some(key)).param("tagging", "")).await?;
    let mut tags: Vec<(String, String)> = Vec::new();
    for (path, text) in reply.elements() {
        match path.strip_prefix("Tagging/TagSet/Tag/") {
            Some("Key") => tags.push((text, String::new())),
            Some("Value") => {
                if let Some(tag) = tags.last_mut() {
                    tag.1 = text;
                }
            }
            _ => {}
        }
    }
    Ok(tags)
}
