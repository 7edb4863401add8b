//! PutObject and DeleteObject.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::error::{OssCode, OssError};
use shared::sign::Request;

use super::Failure;
use super::receive::{discard, receive};
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{ObjectRecord, ObjectType, Segment, run, to_ms};

/// Headers of an upload that come back with the object.
const STORED: &[&str] =
    &["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
/// The most bytes of user metadata, names and values together (OSS, PutObject).
const MAX_META: usize = 8 * 1024;

/// The headers of `request` that its object will have.
///
/// # Errors
/// 400 when the user metadata is too large.
pub fn stored_headers(request: &Request) -> Result<Vec<(String, String)>, OssError> {
    let named = |name: &str| STORED.contains(&name) || name.starts_with("x-oss-meta-");
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| named(name))
        .collect();
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/octet-stream".to_owned()));
    }
    let meta = headers.iter().filter(|(name, _)| name.starts_with("x-oss-meta-"));
    if meta.map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_META {
        let message = "Your metadata headers exceed the maximum allowed metadata size.";
        return Err(OssError::new(OssCode::InvalidArgument, message));
    }
    Ok(headers)
}

/// `PUT /bucket/key`: answers once the object is on the disk.
pub async fn put(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let store = &call.world.store;
    let headers = stored_headers(call.request)?;
    let blob = receive(store, call.request, body).await?;
    let record = ObjectRecord {
        etag: hex::encode_upper(blob.md5),
        crc64: blob.crc64,
        size: blob.size,
        modified_ms: to_ms(call.now),
        object_type: ObjectType::Normal,
        headers,
        segments: vec![Segment { blob: blob.id.clone(), size: blob.size }],
    };
    let (bucket, key) = (call.bucket().to_owned(), call.key().to_owned());
    let etag = record.etag.clone();
    let replaced = run(store, move |store| store.index.put_object(&bucket, &key, &record)).await;
    match replaced {
        Ok(old) => discard(store, blobs_of(old)),
        Err(error) => {
            discard(store, vec![blob.id]);
            return Err(error.into());
        }
    }
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &etag);
    reply::set_crc64(&mut response, blob.crc64);
    reply::set_named(&mut response, "content-md5", &STANDARD.encode(blob.md5));
    Ok(response)
}

/// `DELETE /bucket/key`: 204 whether it was there or not.
pub async fn delete(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let store = &call.world.store;
    let (bucket, key) = (call.bucket().to_owned(), call.key().to_owned());
    let removed = run(store, move |store| store.index.delete_object(&bucket, &key)).await?;
    discard(store, blobs_of(removed));
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn blobs_of(record: Option<ObjectRecord>) -> Vec<String> {
    record.into_iter().flat_map(|record| record.segments).map(|segment| segment.blob).collect()
}

/// Sets what every read of an object answers: its headers, dates and digests.
pub fn describe(response: &mut Response<Body>, record: &ObjectRecord) {
    for (name, value) in &record.headers {
        reply::set_named(response, name, value);
    }
    reply::set_etag(response, &record.etag);
    reply::set(response, header::LAST_MODIFIED, &shared::timefmt::http_date(crate::store::from_ms(record.modified_ms)));
    reply::set(response, header::ACCEPT_RANGES, "bytes");
    reply::set_named(response, "x-oss-object-type", record.object_type.as_str());
    reply::set_named(response, "x-oss-storage-class", "Standard");
    reply::set_crc64(response, record.crc64);
}
