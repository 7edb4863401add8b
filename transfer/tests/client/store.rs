//! The operations of the scripted OSS on the objects and uploads that it keeps.

use std::collections::BTreeMap;

use axum::body::Bytes;
use shared::crc64::crc64;
use shared::error::{OssCode, OssError, elements};
use shared::sign::{Request, encode};

use crate::fake::World;

#[derive(Clone, Default)]
pub struct Stored {
    pub body: Bytes,
    pub headers: Vec<(String, String)>,
}

/// The name of the operation that a request asks for, with the number of the part.
pub fn operation(request: &Request) -> String {
    let has = |name| request.param(name).is_some();
    match (request.method.as_str(), &request.key) {
        ("GET", _) if has("uploadId") => "ListParts".to_owned(),
        ("GET", None) => "ListObjectsV2".to_owned(),
        ("GET", _) => "GetObject".to_owned(),
        ("HEAD", _) => "HeadObject".to_owned(),
        ("POST", _) if has("append") => "AppendObject".to_owned(),
        ("POST", _) if has("uploads") => "InitiateMultipartUpload".to_owned(),
        ("POST", _) => "CompleteMultipartUpload".to_owned(),
        ("PUT", _) if has("partNumber") => format!("UploadPart {}", request.param("partNumber").unwrap_or_default()),
        ("PUT", _) => "PutObject".to_owned(),
        ("DELETE", _) if has("uploadId") => "AbortMultipartUpload".to_owned(),
        ("DELETE", _) => "DeleteObject".to_owned(),
        _ => "other".to_owned(),
    }
}

/// Headers and body of an answer.
type Done = (Vec<(&'static str, String)>, Bytes);

/// Does what `operation` asks: the headers and the body of its answer.
pub fn perform(world: &mut World, operation: &str, request: &Request, body: Bytes) -> Result<Done, OssError> {
    let key = request.key.clone().unwrap_or_default();
    let upload_id = request.param("uploadId").unwrap_or_default().to_owned();
    let no_upload = || OssError::new(OssCode::NoSuchUpload, "The specified upload does not exist.");
    match operation {
        "PutObject" => {
            let headers = facts(&body);
            world.objects.insert(key, Stored { body, headers: request.headers.clone() });
            Ok((headers, Bytes::new()))
        }
        "GetObject" | "HeadObject" => {
            let missing = || OssError::new(OssCode::NoSuchKey, "The specified key does not exist.").ec("0026-00000001");
            let stored = world.objects.get(&key).ok_or_else(missing)?;
            let mut headers = facts(&stored.body);
            let wanted = request.header("if-match");
            if wanted.is_some_and(|wanted| headers.iter().all(|(name, value)| *name != "etag" || value != wanted)) {
                return Err(OssError::new(OssCode::PreconditionFailed, "The object has another ETag."));
            }
            let body = request.header("range").map_or(stored.body.clone(), |range| {
                let (first, last) = range.trim_start_matches("bytes=").split_once('-').unwrap_or_default();
                let position = |text: &str| text.parse::<usize>().unwrap_or_default();
                stored.body.slice(position(first)..=position(last))
            });
            headers.push(("content-length", body.len().to_string()));
            headers.push(("last-modified", "Sat, 01 Jun 2024 12:00:00 GMT".to_owned()));
            headers.push(("x-oss-meta-place", "外滩".to_owned()));
            Ok((headers, body))
        }
        "AppendObject" => {
            let grown = world.objects.entry(key).or_default();
            if request.param("position") != Some(&grown.body.len().to_string()) {
                return Err(OssError::new(OssCode::PositionNotEqualToLength, "Position is not equal to file length"));
            }
            grown.body = [&grown.body[..], &body[..]].concat().into();
            let mut headers = facts(&grown.body);
            headers.push(("x-oss-next-append-position", grown.body.len().to_string()));
            Ok((headers, Bytes::new()))
        }
        "DeleteObject" => {
            world.objects.remove(&key);
            Ok(Done::default())
        }
        "InitiateMultipartUpload" => {
            world.uploads_begun += 1;
            let id = format!("UPLOAD{}", world.uploads_begun);
            world.uploads.insert(id.clone(), BTreeMap::new());
            let xml =
                format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
            Ok((Vec::new(), xml.into()))
        }
        "UploadPart" => {
            let number = request.param("partNumber").and_then(|number| number.parse().ok()).unwrap_or(0);
            let headers = facts(&body);
            world.uploads.get_mut(&upload_id).ok_or_else(no_upload)?.insert(number, body);
            Ok((headers, Bytes::new()))
        }
        "CompleteMultipartUpload" => {
            let parts = world.uploads.remove(&upload_id).ok_or_else(no_upload)?;
            let body = assemble(&parts, &String::from_utf8_lossy(&body))?;
            let headers = facts(&body);
            world.objects.insert(key, Stored { body, headers: request.headers.clone() });
            Ok((headers, Bytes::new()))
        }
        "AbortMultipartUpload" => world.uploads.remove(&upload_id).map(|_| Done::default()).ok_or_else(no_upload),
        "ListParts" => {
            let parts = world.uploads.get(&upload_id).ok_or_else(no_upload)?;
            Ok((Vec::new(), list_parts(parts, request).into()))
        }
        "ListObjectsV2" => Ok((Vec::new(), list(world, request).into())),
        _ => Err(OssError::new(OssCode::NotImplemented, "not scripted")),
    }
}

fn facts(body: &Bytes) -> Vec<(&'static str, String)> {
    let crc = crc64(body);
    vec![("etag", format!("\"{crc:016X}\"")), ("x-oss-hash-crc64ecma", crc.to_string())]
}

/// The object that Complete names the parts of: all of them, in order, with their ETags.
fn assemble(parts: &BTreeMap<u32, Bytes>, xml: &str) -> Result<Bytes, OssError> {
    let named = elements(xml).into_iter().map(|(_, text)| text);
    let held = parts.iter().flat_map(|(number, body)| [number.to_string(), format!("\"{:016X}\"", crc64(body))]);
    if !named.eq(held) {
        return Err(OssError::new(OssCode::InvalidPart, xml));
    }
    Ok(parts.values().flat_map(|body| body.to_vec()).collect())
}

/// Three parts an answer, so that a client must ask on.
fn list_parts(parts: &BTreeMap<u32, Bytes>, request: &Request) -> String {
    let marker = request.param("part-number-marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
    let page: Vec<_> = parts.range(marker + 1..).take(3).collect();
    let last = page.last().map_or(marker, |(number, _)| **number);
    let mut xml = format!(
        "<ListPartsResult><NextPartNumberMarker>{last}</NextPartNumberMarker><IsTruncated>{}</IsTruncated>",
        parts.range(last + 1..).next().is_some()
    );
    for (number, body) in page {
        let (size, crc) = (body.len(), crc64(body));
        xml.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>\"{crc:016X}\"</ETag><Size>{size}</Size><HashCrc64ecma>{crc}</HashCrc64ecma></Part>"
        ));
    }
    xml + "</ListPartsResult>"
}

fn list(world: &World, request: &Request) -> String {
    let prefix = request.param("prefix").unwrap_or_default();
    let after = request.param("continuation-token").unwrap_or_default();
    let most = request.param("max-keys").and_then(|most| most.parse::<usize>().ok()).unwrap_or(100);
    let mut found = world.objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after).peekable();
    let mut xml = String::from("<ListBucketResult><EncodingType>url</EncodingType>");
    let mut last = String::new();
    for (key, stored) in found.by_ref().take(most) {
        xml.push_str(&format!(
            "<Contents><Key>{}</Key><LastModified>2024-06-01T12:00:00.000Z</LastModified><ETag>\"E\"</ETag><Type>Normal</Type><Size>{}</Size></Contents>",
            encode(key),
            stored.body.len()
        ));
        last.clone_from(key);
    }
    let truncated = found.peek().is_some();
    let next = if truncated { last } else { String::new() };
    xml.push_str(&format!(
        "<IsTruncated>{truncated}</IsTruncated><NextContinuationToken>{next}</NextContinuationToken></ListBucketResult>"
    ));
    xml
}
