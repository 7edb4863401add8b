//! The life of a multipart upload (`oss-rest.md` §2.3).

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use shared::crc64;
use shared::error::{OssCode, OssError, elements};
use shared::timefmt;

use super::Failure;
use super::list::{MaxEntries, max_entries, url_encoding};
use super::receive::{discard, receive};
use super::write::stored_headers;
use crate::operation::invalid_argument;
use crate::oss::{Call, Intake};
use crate::reply;
use crate::store::{CompleteError, ObjectRecord, ObjectType, PartRecord, Segment, UploadRecord, from_ms, run, to_ms};
use crate::xml::Xml;

/// The least size of every part but the last, in bytes.
const MIN_PART: u64 = 100 * 1024;
/// Ten thousand parts, written out generously.
const MAX_BODY: usize = 4 << 20;

fn no_such_upload(upload_id: &str) -> OssError {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    OssError::new(OssCode::NoSuchUpload, message).ec("0042-00000311").detail("UploadId", upload_id)
}

/// `POST /bucket/key?uploads`.
pub async fn initiate(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let headers = stored_headers(call.request)?;
    let (bucket, key, now) = (call.bucket().to_owned(), call.key().to_owned(), call.now);
    let upload_id =
        run(&call.world.store, move |store| store.index.initiate_upload(&bucket, &key, headers, now)).await?;
    let mut xml = Xml::new("InitiateMultipartUploadResult");
    xml.leaf("Bucket", call.bucket());
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.key("Key", call.key()).leaf("UploadId", upload_id);
    Ok(reply::xml(xml.finish()))
}

/// `PUT /bucket/key?partNumber&uploadId`: a part sent again takes the place of the first.
pub async fn upload_part(
    call: &Call<'_>,
    upload_id: String,
    number: u32,
    body: &mut Intake,
) -> Result<Response<Body>, Failure> {
    let store = &call.world.store;
    known_upload(call, &upload_id).await?;
    let blob = receive(store, call.request, body).await?;
    let record = PartRecord {
        etag: hex::encode_upper(blob.md5),
        crc64: blob.crc64,
        size: blob.size,
        modified_ms: to_ms(call.now),
        blob: blob.id.clone(),
    };
    let etag = record.etag.clone();
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let put = run(store, move |store| store.index.put_part((&bucket, &key, &id), number, &record)).await;
    match put {
        Ok(Some(replaced)) => discard(store, replaced.into_iter().map(|part| part.blob).collect()),
        Ok(None) => {
            discard(store, vec![blob.id]);
            return Err(no_such_upload(&upload_id).into());
        }
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

async fn known_upload(call: &Call<'_>, upload_id: &str) -> Result<UploadRecord, Failure> {
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.to_owned());
    let found = run(&call.world.store, move |store| store.index.upload(&bucket, &key, &id)).await?;
    found.ok_or_else(|| no_such_upload(upload_id).into())
}

/// `POST /bucket/key?uploadId`: the parts become one object, without copying a byte.
pub async fn complete(call: &Call<'_>, upload_id: String, body: &mut Intake) -> Result<Response<Body>, Failure> {
    if call.request.header("x-oss-complete-all").is_some() {
        let message =
            "The request header x-oss-complete-all is not implemented by this emulator; SUPPORT.md lists what is.";
        return Err(OssError::new(OssCode::NotImplemented, message).into());
    }
    let body = body.collect(MAX_BODY).await?;
    let wanted = part_list(&String::from_utf8_lossy(&body))?;
    let store = &call.world.store;
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let now_ms = to_ms(call.now);
    let outcome = run(store, move |store| {
        Ok(store.index.complete_upload((&bucket, &key, &id), |upload, parts| assemble(upload, parts, &wanted, now_ms)))
    })
    .await?;
    let (object, orphans) = outcome.map_err(|error| match error {
        CompleteError::NoSuchUpload => no_such_upload(&upload_id).into(),
        CompleteError::Refused(error) => Failure(error),
        CompleteError::Store(error) => error.into(),
    })?;
    discard(store, orphans);
    let mut xml = Xml::new("CompleteMultipartUploadResult");
    if url_encoding(call.request)? {
        xml.url_encode_keys();
    }
    xml.leaf("Location", format!("http://{}/{}/{}", call.host, call.bucket(), call.key()))
        .leaf("Bucket", call.bucket())
        .key("Key", call.key())
        .leaf("ETag", format!("\"{}\"", object.etag));
    let mut response = reply::xml(xml.finish());
    reply::set_etag(&mut response, &object.etag);
    reply::set_crc64(&mut response, object.crc64);
    Ok(response)
}

/// Reads `<Part><PartNumber/><ETag/></Part>…`; ETags come quoted or not, in any case.
fn part_list(body: &str) -> Result<Vec<(u32, String)>, OssError> {
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
    wanted: &[(u32, String)],
    now_ms: i64,
) -> Result<ObjectRecord, OssError> {
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
    let mut digest = Md5::new();
    for part in &chosen {
        digest.update(hex::decode(&part.etag).unwrap_or_default());
    }
    Ok(ObjectRecord {
        etag: format!("{}-{}", hex::encode_upper(digest.finalize()), chosen.len()),
        crc64: chosen.iter().fold(0, |crc, part| crc64::combine(crc, part.crc64, part.size)),
        size: chosen.iter().map(|part| part.size).sum(),
        modified_ms: now_ms,
        object_type: ObjectType::Multipart,
        headers: upload.headers,
        segments: chosen.iter().map(|part| Segment { blob: part.blob.clone(), size: part.size }).collect(),
    })
}

/// `DELETE /bucket/key?uploadId`.
pub async fn abort(call: &Call<'_>, upload_id: String) -> Result<Response<Body>, Failure> {
    let store = &call.world.store;
    let (bucket, key, id) = (call.bucket().to_owned(), call.key().to_owned(), upload_id.clone());
    let blobs = run(store, move |store| store.index.abort_upload((&bucket, &key, &id))).await?;
    discard(store, blobs.ok_or_else(|| no_such_upload(&upload_id))?);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `GET /bucket/key?uploadId`.
pub async fn list_parts(call: &Call<'_>, upload_id: String) -> Result<Response<Body>, Failure> {
    known_upload(call, &upload_id).await?;
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
        .leaf("StorageClass", "Standard")
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
