//! PutObject and DeleteObject, and what every write of an object has in common.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::receive::receive;
use super::{Failure, attributes, notify};
use crate::callback::Plan;
use crate::oss::{Call, Intake, no_such_bucket};
use crate::reply;
use crate::store::{
    Attributes, Blob, BucketRecord, NULL_VERSION, ObjectRecord, ObjectType, Segment, Store, Versioning, WriteError,
    Written, from_ms, run_and_discard, to_ms,
};
use crate::sweep::subject;

/// An object that is this blob.
pub fn record_of(blob: &Blob, attributes: Attributes, modified_ms: i64) -> ObjectRecord {
    ObjectRecord {
        version_id: None,
        etag: hex::encode_upper(blob.md5),
        crc64: blob.crc64,
        size: blob.size,
        modified_ms,
        object_type: ObjectType::Normal,
        attributes,
        symlink_target: None,
        restore: None,
        segments: vec![Segment { blob: blob.id.clone(), size: blob.size }],
    }
}

/// Puts `record` under `bucket`/`key`; it is on the disk when this returns. Its blobs are removed when it fails.
/// Returns the version that it made.
///
/// # Errors
/// 404 for a bucket that is gone, 409 for an object that is not to be overwritten.
pub async fn store_object(
    call: &Call<'_>,
    (bucket, key): (&str, &str),
    record: ObjectRecord,
    forbid_overwrite: bool,
) -> Result<Option<String>, Failure> {
    let blobs: Vec<String> = record.segments.iter().map(|segment| segment.blob.clone()).collect();
    let place = (bucket.to_owned(), key.to_owned());
    let put = move |store: &Store| {
        let written = store.index.put_object(&place.0, &place.1, record, forbid_overwrite);
        Ok(settle(store, blobs, written))
    };
    let written = run_and_discard(&call.world.store, put).await?;
    written.map(|written| written.version_id).map_err(|error| refused(error, bucket, key))
}

/// After a try to write an object whose blobs are `blobs`: what came of it, and which blobs belong to nobody now.
fn settle(
    store: &Store,
    blobs: Vec<String>,
    written: Result<Written, WriteError>,
) -> (Result<Written, WriteError>, Vec<String>) {
    match written {
        Ok(mut written) => {
            let orphans = std::mem::take(&mut written.orphans);
            (Ok(written), orphans)
        }
        Err(error) => {
            let orphans = left_over(store, blobs, &error);
            (Err(error), orphans)
        }
    }
}

/// Which of the blobs of a write that failed with `error` belong to nobody now.
pub fn left_over(store: &Store, blobs: Vec<String>, error: &WriteError) -> Vec<String> {
    match error {
        WriteError::Store(error) => {
            store.abandon(blobs, error);
            Vec::new()
        }
        WriteError::NoSuchBucket | WriteError::Exists => blobs,
    }
}

/// What OSS answers to a write that did not happen.
pub fn refused(error: WriteError, bucket: &str, key: &str) -> Failure {
    match error {
        WriteError::NoSuchBucket => no_such_bucket(bucket).into(),
        WriteError::Exists => attributes::already_exists(key).into(),
        WriteError::Store(error) => error.into(),
    }
}

/// `PUT /bucket/key`: answers once the object is on the disk.
pub async fn put(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    put_as(call, body, "PutObject").await
}

/// The PutObject that a form amounts to.
///
/// # Errors
/// [`Failure`], with what OSS answers.
pub async fn put_form(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    put_as(call, body, "PostObject").await
}

async fn put_as(call: &Call<'_>, body: &mut Intake, operation: &str) -> Result<Response<Body>, Failure> {
    let attributes = attributes::read(call.request, &*call.bucket_record()?)?;
    let forbid_overwrite = attributes::forbids_overwrite(call.request)?;
    let plan = Plan::of(call.request)?;
    let (place, now_ms) = ((call.bucket().to_owned(), call.key().to_owned()), to_ms(call.now));
    let put = move |store: &Store, blob: Blob| {
        let record = record_of(&blob, attributes, now_ms);
        let written = store.index.put_object(&place.0, &place.1, record.clone(), forbid_overwrite);
        let (written, orphans) = settle(store, vec![blob.id.clone()], written);
        Ok(((blob, record, written), orphans))
    };
    let (blob, record, written) = receive(&call.world.store, call.request, body, put).await?;
    let version = written.map_err(|error| refused(error, call.bucket(), call.key()))?.version_id;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &record.etag);
    reply::set_crc64(&mut response, blob.crc64);
    reply::set_named(&mut response, "content-md5", &STANDARD.encode(blob.md5));
    tell_outcome(&mut response, version.as_deref(), record.attributes.encryption.as_deref());
    attributes::tell_key(&mut response, &record.attributes);
    notify::finish(call, plan.as_ref(), (operation, call.key()), &record, response).await
}

/// Tells which version a write made, and how it is encrypted.
pub fn tell_outcome(response: &mut Response<Body>, version: Option<&str>, encryption: Option<&str>) {
    if let Some(version) = version {
        reply::set_named(response, "x-oss-version-id", version);
    }
    if let Some(encryption) = encryption {
        reply::set_named(response, "x-oss-server-side-encryption", encryption);
    }
}

/// `DELETE /bucket/key`: 204 whether it was there or not.
pub async fn delete(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let store = &call.world.store;
    let (bucket, key, now) = (call.bucket().to_owned(), call.key().to_owned(), to_ms(call.now));
    let version = call.version().map(str::to_owned);
    let deleted = run_and_discard(store, move |store| {
        let mut deleted = store.index.delete_object(&bucket, &key, version.as_deref(), now)?;
        let orphans = std::mem::take(&mut deleted.orphans);
        Ok((deleted, orphans))
    })
    .await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    tell_outcome(&mut response, deleted.version_id.as_deref(), None);
    if deleted.delete_marker {
        reply::set_named(&mut response, "x-oss-delete-marker", "true");
    }
    Ok(response)
}

/// Sets what every read of an object answers: its headers, dates, digests and state.
pub fn describe(response: &mut Response<Body>, call: &Call<'_>, bucket: &BucketRecord, record: &ObjectRecord) {
    for (name, value) in &record.attributes.headers {
        reply::set_named(response, name, value);
    }
    reply::set_etag(response, &record.etag);
    reply::set(response, header::LAST_MODIFIED, &shared::timefmt::http_date(from_ms(record.modified_ms)));
    reply::set(response, header::ACCEPT_RANGES, "bytes");
    reply::set_named(response, "x-oss-object-type", record.object_type.as_str());
    reply::set_named(response, "x-oss-storage-class", record.attributes.storage_class.as_str());
    reply::set_crc64(response, record.crc64);
    if record.object_type == ObjectType::Normal && !record.etag.contains('-') {
        let md5 = hex::decode(&record.etag).unwrap_or_default();
        reply::set_named(response, "content-md5", &STANDARD.encode(md5));
    }
    if record.object_type == ObjectType::Appendable {
        reply::set_named(response, "x-oss-next-append-position", &record.size.to_string());
    }
    if !record.attributes.tags.is_empty() {
        reply::set_named(response, "x-oss-tagging-count", &record.attributes.tags.len().to_string());
    }
    if let Some(told) = super::restore::told(record, call.now) {
        reply::set_named(response, "x-oss-restore", &told);
    }
    if let Some(told) = expiration(call, bucket, record) {
        reply::set_named(response, "x-oss-expiration", &told);
    }
    let version = record.version_id.as_deref().unwrap_or(NULL_VERSION);
    let version = (bucket.versioning != Versioning::Never).then_some(version);
    tell_outcome(response, version, record.attributes.encryption.as_deref());
}

/// `expiry-date="…", rule-id="…"`, of a current version that a lifecycle rule will end.
fn expiration(call: &Call<'_>, bucket: &BucketRecord, record: &ObjectRecord) -> Option<String> {
    if call.version().is_some() {
        return None;
    }
    let rules = call.world.sweeps.rules(call.bucket(), bucket)?;
    let subject = subject(call.key(), record, record.modified_ms);
    let (end, rule) = rules.expiry(&subject)?;
    Some(format!("expiry-date=\"{}\", rule-id=\"{rule}\"", shared::timefmt::http_date(end)))
}
