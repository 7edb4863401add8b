//! Versioning of a bucket, and the list of all versions.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use shared::error::OssError;
use shared::timefmt;

use super::list::{MAX_KEYS, push_common_prefixes, query_of, url_encoding};
use super::{Failure, restore};
use crate::operation::invalid_argument;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::settings::choice::VERSIONING;
use crate::store::{Entry, ListedVersion, ObjectType, VersionRecord, Versioning, from_ms, run};
use crate::xml::Xml;

const MAX_BODY: usize = 16 * 1024;

/// `GET /bucket?versioning`.
pub fn get_status(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    Ok(reply::xml(match call.bucket_record()?.versioning {
        Versioning::Never => VERSIONING.unset()?,
        status => VERSIONING.to_xml(status.as_str()),
    }))
}

/// `PUT /bucket?versioning`.
pub async fn put_status(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let body = body.collect(MAX_BODY).await?;
    let status = match VERSIONING.parse(&String::from_utf8_lossy(&body))?.as_str() {
        "Enabled" => Versioning::Enabled,
        _ => Versioning::Suspended,
    };
    let name = call.bucket().to_owned();
    run(&call.world.store, move |store| store.index.update_bucket(&name, |record| record.versioning = status)).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// `GET /bucket?versions`.
pub async fn list(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let key_marker = call.request.param("key-marker").unwrap_or_default();
    let id_marker = call.request.param("version-id-marker").unwrap_or_default();
    if key_marker.is_empty() && !id_marker.is_empty() {
        return Err(OssError::into(invalid_argument("version-id-marker", id_marker)));
    }
    let mut query = query_of(call.request, key_marker, MAX_KEYS)?;
    id_marker.clone_into(&mut query.id_marker);
    let (bucket, asked) = (call.bucket().to_owned(), query.clone());
    let page = run(&call.world.store, move |store| store.index.list_versions(&bucket, &asked)).await?;
    let mut xml = Xml::new("ListVersionsResult");
    xml.leaf("Name", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Prefix", &query.prefix).key("KeyMarker", key_marker).leaf("VersionIdMarker", id_marker);
    xml.leaf("MaxKeys", query.max).key("Delimiter", &query.delimiter).leaf("IsTruncated", page.truncated);
    match page.entries.last().filter(|_| page.truncated) {
        Some(Entry::Item(key, listed)) => {
            xml.key("NextKeyMarker", key).leaf("NextVersionIdMarker", listed.version.version_id());
        }
        Some(Entry::CommonPrefix(prefix)) => {
            xml.key("NextKeyMarker", prefix).leaf("NextVersionIdMarker", "");
        }
        None => {}
    }
    for entry in &page.entries {
        if let Entry::Item(key, listed) = entry {
            push(&mut xml, call, key, listed);
        }
    }
    push_common_prefixes(&mut xml, &page.entries);
    Ok(reply::xml(xml.finish()))
}

fn push(xml: &mut Xml, call: &Call<'_>, key: &str, listed: &ListedVersion) {
    let element = match &listed.version {
        VersionRecord::Object(_) => "Version",
        VersionRecord::DeleteMarker { .. } => "DeleteMarker",
    };
    xml.open(element)
        .key("Key", key)
        .leaf("VersionId", listed.version.version_id())
        .leaf("IsLatest", listed.latest)
        .leaf("LastModified", timefmt::oss_xml(from_ms(listed.version.modified_ms())));
    if let VersionRecord::Object(record) = &listed.version {
        xml.leaf("ETag", format!("\"{}\"", record.etag))
            .leaf("Type", record.object_type.as_str())
            .leaf("Size", if record.object_type == ObjectType::Symlink { 0 } else { record.size })
            .leaf("StorageClass", record.attributes.storage_class.as_str());
        if let Some(told) = restore::told(record, call.now) {
            xml.leaf("RestoreInfo", told);
        }
    }
    xml.owner("Owner", &call.accounts.account_id).close();
}
