//! The life of a multipart upload (`oss-rest.md` §2.3).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::crc64;
use shared::error::{OssCode, OssError, elements};
use shared::sign::Request;
use shared::timefmt;

use super::list::{MaxEntries, max_entries, url_encoding};
use super::receive::{discard, receive};
use super::write::{refused, tell_outcome};
use super::{Failure, attributes, notify};
use crate::callback::Plan;
use crate::operation::invalid_argument;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{
    Blob, CompleteError, Found, ObjectRecord, ObjectType, PartRecord, Segment, Store, StoreError, UploadRecord,
    Versioning, from_ms, run, run_and_discard, to_ms,
};
use crate::xml::Xml;

/// The least size of every part but the last, in bytes.
const MIN_PART: u64 = 100 * 1024;
/// Ten thousand parts, written out generously.
const MAX_BODY: usize = 4 << 20;

fn no_such_upload(upload_id: &str) -> OssError {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    OssError::new(OssCode::NoSuchUpload, message).ec("0042-00000311").detail("UploadId", upload_id)
}

/// The id that the request names.
pub fn upload_id(request: &Request) -> String {
    request.param("uploadId").unwrap_or_default().to_owned()
}

/// The part that the request names.
///
/// # Errors
/// 400 when it is no number from 1 to 10000.
pub fn part_number(request: &Request) -> Result<u32, OssError> {
    let text = request.param("partNumber").unwrap_or_default();
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        OssError::new(OssCode::InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive.")
            .detail("ArgumentName", "partNumber")
            .detail("ArgumentValue", text)
    })
}

/// `POST /bucket/key?uploads`.
pub async fn initiate(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let attributes = attributes::read(call.request, &*call.bucket_record()?)?;
    let encryption = attributes.encryption.clone();
    if attributes::forbids_overwrite(call.request)? {
        refuse_existing(call).await?;
    }
    let (bucket, key, now) = (call.bucket().to_owned(), call.key().to_owned(), call.now);
    let begun =
        run(&call.world.store, move |store| Ok(store.index.initiate_upload(&bucket, &key, attributes, now))).await?;
    let upload_id = begun.map_err(|error| refused(error, call.bucket(), call.key()))?;
    let mut xml = Xml::new("InitiateMultipartUploadResult");
    xml.leaf("Bucket", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Key", call.key()).leaf("UploadId", upload_id);
    let mut response = reply::xml(xml.finish());
    tell_outcome(&mut response, None, encryption.as_deref());
    Ok(response)
}

async fn refuse_existing(call: &Call<'_>) -> Result<(), Failure> {
    let (bucket, key) = (call.bucket().to_owned(), call.key().to_owned());
    let found = run(&call.world.store, move |store| store.index.find(&bucket, &key, None)).await?;
    let overwrites = call.bucket_record()?.versioning == Versioning::Never;
    match found {
        Found::Object(_) if overwrites => Err(attributes::already_exists(call.key()).into()),
        _ => Ok(()),
    }
}

/// `PUT /bucket/key?partNumber&uploadId`: a part sent again takes the place of the first.
pub async fn upload_part(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let (number, upload_id) = (part_number(call.request)?, upload_id(call.request));
    known_upload(call, &upload_id).await?;
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let now_ms = to_ms(call.now);
    let put = move |store: &Store, blob: Blob| {
        let (known, orphans) = put_part(store, (&bucket, &key, &id), number, &part_of(&blob, now_ms))?;
        Ok(((blob, known), orphans))
    };
    let (blob, known) = receive(&call.world.store, call.request, body, put).await?;
    if !known {
        return Err(no_such_upload(&upload_id).into());
    }
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &hex::encode_upper(blob.md5));
    reply::set_crc64(&mut response, blob.crc64);
    reply::set_named(&mut response, "content-md5", &STANDARD.encode(blob.md5));
    Ok(response)
}

/// Records `blob` as a part; its ETag. The blob is removed when that fails.
///
/// # Errors
/// 404 when the upload is gone.
pub async fn record_part(call: &Call<'_>, (number, upload_id): (u32, &str), blob: &Blob) -> Result<String, Failure> {
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.to_owned());
    let record = part_of(blob, to_ms(call.now));
    let etag = record.etag.clone();
    let put = move |store: &Store| put_part(store, (&bucket, &key, &id), number, &record);
    match run_and_discard(&call.world.store, put).await? {
        true => Ok(etag),
        false => Err(no_such_upload(upload_id).into()),
    }
}

fn part_of(blob: &Blob, modified_ms: i64) -> PartRecord {
    let (etag, blob_id) = (hex::encode_upper(blob.md5), blob.id.clone());
    PartRecord { etag, crc64: blob.crc64, size: blob.size, modified_ms, blob: blob_id }
}

/// Records a part. Whether the upload is under way, and which blobs belong to nobody now: that of the part that was replaced, or
/// the new one's.
fn put_part(
    store: &Store,
    upload: (&str, &str, &str),
    number: u32,
    part: &PartRecord,
) -> Result<(bool, Vec<String>), StoreError> {
    match store.index.put_part(upload, number, part) {
        Ok(Some(replaced)) => Ok((true, replaced.into_iter().map(|part| part.blob).collect())),
        Ok(None) => Ok((false, vec![part.blob.clone()])),
        Err(error) => {
            store.abandon(vec![part.blob.clone()], &error);
            Err(error)
        }
    }
}

/// The upload.
///
/// # Errors
/// 404 when it is not under way.
pub async fn known_upload(call: &Call<'_>, upload_id: &str) -> Result<UploadRecord, Failure> {
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.to_owned());
    let found = run(&call.world.store, move |store| store.index.upload(&bucket, &key, &id)).await?;
    found.ok_or_else(|| no_such_upload(upload_id).into())
}

/// `POST /bucket/key?uploadId`: the parts become one object, without copying a byte.
pub async fn complete(call: &Call<'_>, body: &mut Intake) -> Result<Response<Body>, Failure> {
    let upload_id = upload_id(call.request);
    let body = body.collect(MAX_BODY).await?;
    let wanted = wanted_parts(call.request, &String::from_utf8_lossy(&body))?;
    let forbid_overwrite = attributes::forbids_overwrite(call.request)?;
    let acl = attributes::object_acl(call.request, &*call.bucket_record()?)?;
    let plan = Plan::of(call.request)?;
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let now_ms = to_ms(call.now);
    let outcome = run(&call.world.store, move |store| {
        Ok(store.index.complete_upload((&bucket, &key, &id), forbid_overwrite, |upload, parts| {
            let mut object = assemble(upload, parts, &wanted, now_ms)?;
            object.attributes.acl = acl.unwrap_or(object.attributes.acl);
            Ok(object)
        }))
    })
    .await?;
    let (object, written) = outcome.map_err(|error: CompleteError<OssError>| match error {
        CompleteError::NoSuchUpload => no_such_upload(&upload_id).into(),
        CompleteError::Refused(error) => Failure::from(error),
        CompleteError::Write(error) => refused(error, call.bucket(), call.key()),
    })?;
    discard(&call.world.store, written.orphans);
    let mut xml = Xml::new("CompleteMultipartUploadResult");
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.leaf("Location", format!("{}/{}/{}", call.origin(), call.bucket(), call.key()))
        .leaf("Bucket", call.bucket())
        .key("Key", call.key())
        .leaf("ETag", format!("\"{}\"", object.etag));
    let mut response = reply::xml(xml.finish());
    reply::set_etag(&mut response, &object.etag);
    reply::set_crc64(&mut response, object.crc64);
    tell_outcome(&mut response, written.version_id.as_deref(), object.attributes.encryption.as_deref());
    notify::finish(call, plan.as_ref(), ("CompleteMultipartUpload", call.key()), &object, response).await
}

/// The parts that an object is to be made of.
enum Wanted {
    /// All that there are: `x-oss-complete-all: yes`.
    All,
    /// These numbers, with these ETags.
    These(Vec<(u32, String)>),
}

fn wanted_parts(request: &Request, body: &str) -> Result<Wanted, OssError> {
    let name = "x-oss-complete-all";
    match request.header(name) {
        None => part_list(body).map(Wanted::These),
        Some("yes") if body.trim().is_empty() => Ok(Wanted::All),
        Some("yes") => {
            let message = "Should not speficy both complete all header and http body.";
            Err(OssError::new(OssCode::InvalidArgument, message).ec("0042-00000216").detail("ArgumentName", name))
        }
        Some(other) => Err(invalid_argument(name, other)),
    }
}

/// Reads `<Part><PartNumber/><ETag/></Part>…`; ETags come quoted or not, in any case.
pub(super) fn part_list(body: &str) -> Result<Vec<(u32, String)>, OssError> {
    let malformed = || {
        let message = "The XML you provided was not well-formed or did not validate against our published schema.";
        OssError::new(OssCode::MalformedXML, message).ec("0042-00000205")
    };
    let leaves = elements(body);
    let mut parts = Vec::with_capacity(leaves.len() / 2);
    let (mut number, mut etag) = (None, None);
    for (path, text) in leaves {
        match path.as_str() {
            "CompleteMultipartUpload/Part/PartNumber" if number.is_none() => {
                number = Some(text.trim().parse::<u32>().map_err(|_| malformed())?);
            }
            "CompleteMultipartUpload/Part/ETag" if etag.is_none() => {
                etag = Some(text.trim().trim_matches('"').to_ascii_uppercase());
            }
            _ => return Err(malformed()),
        }
        if let (Some(number), Some(etag)) = (number, etag.as_ref()) {
            parts.push((number, etag.clone()));
        } else {
            continue;
        }
        (number, etag) = (None, None);
    }
    let whole = number.is_none() && etag.is_none() && !parts.is_empty();
    if whole && body.contains("</CompleteMultipartUpload>") { Ok(parts) } else { Err(malformed()) }
}

fn assemble(
    upload: UploadRecord,
    parts: &[(u32, PartRecord)],
    wanted: &Wanted,
    now_ms: i64,
) -> Result<ObjectRecord, OssError> {
    let all: Vec<(u32, String)>;
    let wanted = match wanted {
        Wanted::These(these) => these,
        Wanted::All => {
            all = parts.iter().map(|(number, part)| (*number, part.etag.clone())).collect();
            if all.is_empty() {
                let message = "The upload has no parts.";
                return Err(OssError::new(OssCode::InvalidPart, message));
            }
            &all
        }
    };
    if !wanted.is_sorted_by(|(a, _), (b, _)| a < b) {
        let message =
            "The list of parts was not in ascending order. Parts list must specified in order by part number.";
        return Err(OssError::new(OssCode::InvalidPartOrder, message).ec("0042-00000209"));
    }
    let mut chosen = Vec::with_capacity(wanted.len());
    for (number, etag) in wanted {
        let held = parts.binary_search_by_key(number, |(number, _)| *number).ok().and_then(|at| parts.get(at));
        match held {
            Some((_, part)) if part.etag == *etag => chosen.push(part),
            _ => {
                let message = "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.";
                return Err(OssError::new(OssCode::InvalidPart, message)
                    .ec("0042-00000211")
                    .detail("ETag", etag)
                    .detail("PartNumber", number.to_string()));
            }
        }
    }
    let all_but_last = wanted.iter().zip(&chosen).take(chosen.len().saturating_sub(1));
    for ((number, etag), part) in all_but_last {
        if part.size < MIN_PART {
            let message = "Your proposed upload smaller than the minimum allowed size.";
            return Err(OssError::new(OssCode::EntityTooSmall, message)
                .ec("0042-00000213")
                .detail("ETag", etag)
                .detail("MinSizeAllowed", MIN_PART.to_string())
                .detail("ProposedSize", part.size.to_string())
                .detail("PartNumber", number.to_string()));
        }
    }
    let mut digest = fast_md5::Md5::new();
    for part in &chosen {
        digest.update(&hex::decode(&part.etag).unwrap_or_default());
    }
    Ok(ObjectRecord {
        version_id: None,
        etag: format!("{}-{}", hex::encode_upper(digest.finalize()), chosen.len()),
        crc64: chosen.iter().fold(0, |crc, part| crc64::combine(crc, part.crc64, part.size)),
        size: chosen.iter().map(|part| part.size).sum(),
        modified_ms: now_ms,
        object_type: ObjectType::Multipart,
        attributes: upload.attributes,
        symlink_target: None,
        restore: None,
        segments: chosen.iter().map(|part| Segment { blob: part.blob.clone(), size: part.size }).collect(),
    })
}

/// `DELETE /bucket/key?uploadId`.
pub async fn abort(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let (store, upload_id) = (&call.world.store, upload_id(call.request));
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let blobs = run(store, move |store| store.index.abort_upload((&bucket, &key, &id))).await?;
    discard(store, blobs.ok_or_else(|| no_such_upload(&upload_id))?);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `GET /bucket/key?uploadId`.
pub async fn list_parts(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let upload_id = upload_id(call.request);
    let upload = known_upload(call, &upload_id).await?;
    let max = max_entries(call.request, MaxEntries { parameter: "max-parts", default: 1000, most: 1000 })?;
    let marker = match call.request.param("part-number-marker") {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| invalid_argument("part-number-marker", text))?,
    };
    let id = upload_id.clone();
    let (parts, truncated) = run(&call.world.store, move |store| store.index.parts(&id, marker, max)).await?;
    let mut xml = Xml::new("ListPartsResult");
    xml.leaf("Bucket", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Key", call.key())
        .leaf("UploadId", &upload_id)
        .leaf("StorageClass", upload.attributes.storage_class.as_str())
        .leaf("PartNumberMarker", marker)
        .leaf("NextPartNumberMarker", parts.last().map_or(marker, |(number, _)| *number))
        .leaf("MaxParts", max)
        .leaf("IsTruncated", truncated);
    for (number, part) in &parts {
        xml.open("Part")
            .leaf("PartNumber", number)
            .leaf("LastModified", timefmt::oss_xml(from_ms(part.modified_ms)))
            .leaf("ETag", format!("\"{}\"", part.etag))
            .leaf("HashCrc64ecma", part.crc64)
            .leaf("Size", part.size)
            .close();
    }
    Ok(reply::xml(xml.finish()))
}
