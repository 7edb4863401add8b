//! ListObjects, ListObjectsV2 and ListMultipartUploads (`oss-rest.md` §2.3, §2.4).

use axum::body::Body;
use axum::http::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::error::OssError;
use shared::sign::Request;
use shared::timefmt;

use super::{Failure, restore};
use crate::operation::invalid_argument;
use crate::oss::Call;
use crate::reply;
use crate::store::{Entry, ObjectRecord, Page, PageQuery, from_ms, run};
use crate::xml::Xml;

/// The longest prefix, delimiter or marker, in bytes.
const MAX_NAME: usize = 1024;

/// How many entries a listing may ask for.
#[derive(Debug, Clone, Copy)]
pub struct MaxEntries {
    /// The query parameter.
    pub parameter: &'static str,
    /// When it is absent.
    pub default: usize,
    /// At most.
    pub most: usize,
}

/// Reads how many entries are asked for.
///
/// # Errors
/// 400 when it is no number from 1 to the most.
pub fn max_entries(request: &Request, limits: MaxEntries) -> Result<usize, OssError> {
    match request.param(limits.parameter) {
        None | Some("") => Ok(limits.default),
        Some(text) => {
            let number = text.parse().ok().filter(|number| (1..=limits.most).contains(number));
            number.ok_or_else(|| invalid_argument(limits.parameter, text))
        }
    }
}

/// Whether names are to be percent-encoded.
///
/// # Errors
/// 400 for an encoding that is not `url`.
pub fn url_encoding(request: &Request) -> Result<bool, OssError> {
    match request.param("encoding-type") {
        None | Some("") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("url") => Ok(true),
        Some(other) => Err(invalid_argument("encoding-type", other)),
    }
}

/// What the request's parameters ask for.
///
/// # Errors
/// 400 for a number that is none.
pub fn query_of(request: &Request, marker: &str, limits: MaxEntries) -> Result<PageQuery, OssError> {
    let text = |name| request.param(name).unwrap_or_default().to_owned();
    for name in ["prefix", "delimiter", "marker", "key-marker", "version-id-marker", "upload-id-marker", "start-after"]
    {
        if let Some(long) = request.param(name).filter(|value| value.len() > MAX_NAME) {
            return Err(invalid_argument(name, long));
        }
    }
    Ok(PageQuery {
        prefix: text("prefix"),
        delimiter: text("delimiter"),
        marker: marker.to_owned(),
        id_marker: String::new(),
        max: max_entries(request, limits)?,
    })
}

/// Entries of a listing of objects or versions.
pub const MAX_KEYS: MaxEntries = MaxEntries { parameter: "max-keys", default: 100, most: 1000 };
const MAX_UPLOADS: MaxEntries = MaxEntries { parameter: "max-uploads", default: 1000, most: 1000 };

/// `GET /bucket`.
pub async fn objects(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let marker = call.request.param("marker").unwrap_or_default();
    let query = query_of(call.request, marker, MAX_KEYS)?;
    let page = page_of(call, query.clone()).await?;
    let mut xml = Xml::new("ListBucketResult");
    xml.leaf("Name", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Prefix", &query.prefix)
        .key("Marker", marker)
        .leaf("MaxKeys", query.max)
        .key("Delimiter", &query.delimiter);
    xml.leaf("IsTruncated", page.truncated);
    if let Some(last) = page.entries.last().filter(|_| page.truncated) {
        xml.key("NextMarker", last.name());
    }
    push_entries(&mut xml, call, &page, true);
    Ok(reply::xml(xml.finish()))
}

/// `GET /bucket?list-type=2`.
pub async fn objects_v2(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let start_after = call.request.param("start-after").unwrap_or_default();
    let token = call.request.param("continuation-token").filter(|token| !token.is_empty());
    let marker = match token {
        None => start_after.to_owned(),
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| invalid_argument("continuation-token", token))?,
    };
    let query = query_of(call.request, &marker, MAX_KEYS)?;
    let page = page_of(call, query.clone()).await?;
    let mut xml = Xml::new("ListBucketResult");
    xml.leaf("Name", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Prefix", &query.prefix).key("StartAfter", start_after).leaf("MaxKeys", query.max);
    xml.key("Delimiter", &query.delimiter).leaf("IsTruncated", page.truncated).leaf("KeyCount", page.entries.len());
    if let Some(token) = token {
        xml.leaf("ContinuationToken", token);
    }
    if let Some(last) = page.entries.last().filter(|_| page.truncated) {
        xml.leaf("NextContinuationToken", URL_SAFE_NO_PAD.encode(last.name()));
    }
    push_entries(&mut xml, call, &page, call.request.param("fetch-owner") == Some("true"));
    Ok(reply::xml(xml.finish()))
}

async fn page_of(call: &Call<'_>, query: PageQuery) -> Result<Page<ObjectRecord>, Failure> {
    let bucket = call.bucket().to_owned();
    Ok(run(&call.world.store, move |store| store.index.list_objects(&bucket, &query)).await?)
}

fn push_entries(xml: &mut Xml, call: &Call<'_>, page: &Page<ObjectRecord>, with_owner: bool) {
    for entry in &page.entries {
        if let Entry::Item(key, record) = entry {
            xml.open("Contents")
                .key("Key", key)
                .leaf("LastModified", timefmt::oss_xml(from_ms(record.modified_ms)))
                .leaf("ETag", format!("\"{}\"", record.etag))
                .leaf("Type", record.object_type.as_str())
                .leaf("Size", record.size)
                .leaf("StorageClass", record.attributes.storage_class.as_str());
            if let Some(told) = restore::told(record, call.now) {
                xml.leaf("RestoreInfo", told);
            }
            if with_owner {
                xml.owner("Owner", &call.accounts.account_id);
            }
            xml.close();
        }
    }
    push_common_prefixes(xml, &page.entries);
}

/// Adds the common prefixes of a page.
pub fn push_common_prefixes<T>(xml: &mut Xml, entries: &[Entry<T>]) {
    for entry in entries {
        if let Entry::CommonPrefix(prefix) = entry {
            xml.open("CommonPrefixes").key("Prefix", prefix).close();
        }
    }
}

/// `GET /bucket?uploads`.
pub async fn uploads(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let key_marker = call.request.param("key-marker").unwrap_or_default();
    let id_marker = call.request.param("upload-id-marker").unwrap_or_default();
    let mut query = query_of(call.request, key_marker, MAX_UPLOADS)?;
    query.id_marker = id_marker.to_owned();
    let (bucket, asked) = (call.bucket().to_owned(), query.clone());
    let page = run(&call.world.store, move |store| store.index.list_uploads(&bucket, &asked)).await?;
    let mut xml = Xml::new("ListMultipartUploadsResult");
    xml.leaf("Bucket", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("KeyMarker", key_marker).leaf("UploadIdMarker", id_marker);
    match page.entries.last().filter(|_| page.truncated) {
        Some(Entry::Item(key, (id, _))) => xml.key("NextKeyMarker", key).leaf("NextUploadIdMarker", id),
        Some(Entry::CommonPrefix(prefix)) => xml.key("NextKeyMarker", prefix).leaf("NextUploadIdMarker", ""),
        None => xml.leaf("NextKeyMarker", "").leaf("NextUploadIdMarker", ""),
    };
    xml.key("Delimiter", &query.delimiter).key("Prefix", &query.prefix).leaf("MaxUploads", query.max);
    xml.leaf("IsTruncated", page.truncated);
    for entry in &page.entries {
        if let Entry::Item(key, (id, record)) = entry {
            xml.open("Upload")
                .key("Key", key)
                .leaf("UploadId", id)
                .leaf("StorageClass", record.attributes.storage_class.as_str())
                .leaf("Initiated", timefmt::oss_xml(from_ms(record.initiated_ms)))
                .close();
        }
    }
    push_common_prefixes(&mut xml, &page.entries);
    Ok(reply::xml(xml.finish()))
}
