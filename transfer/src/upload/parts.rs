//! The requests of a multipart upload: Initiate, UploadPart, ListParts, Complete, Abort (`oss-rest.md` §2.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use shared::crc64;
use shared::error::{OssCode, push_element};
use shared::object_key::ObjectKey;

use super::progress::Progress;
use super::{Job, Stored, put};
use crate::config::{MAX_PART_SIZE, MAX_PARTS};
use crate::error::TransferError;
use crate::http::answer::unquoted;
use crate::http::payload::Payload;
use crate::http::{Call, Http};
use crate::object;
use crate::observer::Event;
use crate::source::{FileRange, SourceFile};

/// One part: its number, and where its bytes stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl Part {
    /// Its bytes.
    pub(crate) fn range(&self, source: &Arc<SourceFile>) -> FileRange {
        FileRange::new(source, self.offset, self.len)
    }
}

/// A part that OSS holds.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) part: Part,
    pub(super) etag: String,
    pub(super) crc64: u64,
}

/// A part in the answer to ListParts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedPart {
    /// From 1.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// CRC-64/XZ, where OSS says.
    pub crc64: Option<u64>,
}

/// Cuts `size` bytes into parts.
pub(crate) fn plan(size: u64, part_size: u64) -> Result<Vec<Part>, TransferError> {
    let limit = MAX_PART_SIZE * MAX_PARTS;
    if size > limit {
        let (way, instead) = ("a multipart upload", "several objects");
        return Err(TransferError::TooLarge { size, limit, way, instead });
    }
    let offsets = (0..size.div_ceil(part_size)).map(|index| index * part_size);
    Ok((1..).zip(offsets).map(|(number, offset)| Part { number, offset, len: part_size.min(size - offset) }).collect())
}

/// InitiateMultipartUpload; its upload id. `headers` are those of the object.
pub(super) async fn initiate(
    http: &Http,
    key: &ObjectKey,
    headers: &[(String, String)],
) -> Result<String, TransferError> {
    const OPERATION: &str = "InitiateMultipartUpload";
    let mut call = Call::new(OPERATION, "POST", Some(key)).param("uploads", "");
    call.headers.extend_from_slice(headers);
    let reply = http.send_small(&call).await?;
    let id = reply.element("InitiateMultipartUploadResult/UploadId").filter(|id| !id.is_empty());
    id.ok_or_else(|| TransferError::Answer {
        host: http.host().to_owned(),
        operation: OPERATION,
        problem: "has no UploadId".to_owned(),
    })
}

/// Uploads every part of `plan`, as many at once as requests may run, and tells `confirmed` of each; the first failure
/// stops the others.
pub(super) async fn upload_all(
    job: &Job<'_>,
    source: &Arc<SourceFile>,
    upload_id: &str,
    plan: Vec<Part>,
    progress: &Arc<Progress>,
    confirmed: impl Fn(&Done),
) -> Result<Vec<Done>, TransferError> {
    let confirmed = &confirmed;
    let uploads = plan.into_iter().map(|part| async move {
        let done = upload_one(job, source, upload_id, part, progress).await?;
        confirmed(&done);
        Ok(done)
    });
    let at_once = job.http.config.max_concurrent_requests;
    stream::iter(uploads).buffer_unordered(at_once).try_collect().await
}

async fn upload_one(
    job: &Job<'_>,
    source: &Arc<SourceFile>,
    upload_id: &str,
    part: Part,
    progress: &Arc<Progress>,
) -> Result<Done, TransferError> {
    const OPERATION: &str = "UploadPart";
    let (key, number, size) = (job.key.to_string(), part.number, part.len);
    job.http.observer.emit(Event::PartStarted { key: key.clone(), number, size });
    let mut call =
        Call::new(OPERATION, "PUT", Some(job.key)).param("partNumber", number.to_string()).param("uploadId", upload_id);
    call.progress = Some(Arc::clone(progress));
    let reply = put(job.http, call, Payload::File(part.range(source)), job.options.content_md5).await?;
    let (etag, crc64) = (reply.etag(), reply.sent_crc);
    if etag.is_empty() {
        let (host, problem) = (job.http.host().to_owned(), "has no ETag".to_owned());
        return Err(TransferError::Answer { host, operation: OPERATION, problem });
    }
    job.http.observer.emit(Event::PartDone { key, number, size });
    Ok(Done { part, etag, crc64 })
}

/// The checksum of an object made of these parts, which stand in the order of their numbers.
pub(crate) fn combined(parts: impl IntoIterator<Item = (u64, u64)>) -> u64 {
    parts.into_iter().fold(0, |crc, (part, len)| crc64::combine(crc, part, len))
}

/// Makes the object of its parts, in whatever order they come.
pub(super) async fn complete(job: &Job<'_>, upload_id: &str, mut done: Vec<Done>) -> Result<Stored, TransferError> {
    done.sort_by_key(|done| done.part.number);
    let crc = combined(done.iter().map(|done| (done.crc64, done.part.len)));
    let mut call = Call::new("CompleteMultipartUpload", "POST", Some(job.key))
        .param("uploadId", upload_id)
        .header("content-type", "application/xml");
    call.payload = Payload::Bytes(complete_body(&done).into());
    let reply = match job.http.send_small(&call).await {
        Ok(reply) => reply,
        // An answer may be lost after OSS has made the object; the repetition then finds no upload any more.
        Err(error) if is_no_such_upload(&error) => return completed_before(job, crc).await.ok_or(error),
        Err(error) => return Err(error),
    };
    reply.check_crc(crc)?;
    let etag = match reply.etag() {
        header if !header.is_empty() => header,
        _ => unquoted(&reply.element("CompleteMultipartUploadResult/ETag").unwrap_or_default()),
    };
    Ok(Stored { etag, crc64: crc, request_id: reply.request_id() })
}

/// The object, if it is there just as this upload would have made it.
pub(super) async fn completed_before(job: &Job<'_>, crc: u64) -> Option<Stored> {
    let meta = object::head(job.http, job.key).await.ok()?;
    let same = meta.size == job.size && meta.crc64 == Some(crc);
    same.then_some(Stored { etag: meta.etag, crc64: crc, request_id: meta.request_id })
}

/// Whether OSS says that the upload is complete, aborted, or never was.
pub(super) fn is_no_such_upload(error: &TransferError) -> bool {
    error.oss().is_some_and(|oss| oss.code == OssCode::NoSuchUpload)
}

fn complete_body(done: &[Done]) -> String {
    let mut xml = String::from("<CompleteMultipartUpload>\n");
    for Done { part, etag, .. } in done {
        xml.push_str("<Part>\n");
        push_element(&mut xml, "PartNumber", &part.number.to_string());
        push_element(&mut xml, "ETag", &format!("\"{etag}\""));
        xml.push_str("</Part>\n");
    }
    xml.push_str("</CompleteMultipartUpload>\n");
    xml
}

/// AbortMultipartUpload; one that is gone already is no error.
pub(crate) async fn abort(http: &Http, key: &ObjectKey, upload_id: &str) -> Result<(), TransferError> {
    let call = Call::new("AbortMultipartUpload", "DELETE", Some(key)).param("uploadId", upload_id);
    match http.send_small(&call).await {
        Err(error) if !is_no_such_upload(&error) => Err(error),
        _ => Ok(()),
    }
}

/// ListParts, as many answers as it takes.
pub(crate) async fn list(
    http: &Http,
    key: &ObjectKey,
    upload_id: &str,
) -> Result<BTreeMap<u32, ListedPart>, TransferError> {
    let (mut parts, mut marker) = (BTreeMap::new(), 0);
    loop {
        let call = Call::new("ListParts", "GET", Some(key))
            .param("uploadId", upload_id)
            .param("max-parts", "1000")
            .param("part-number-marker", marker.to_string());
        let page = read_page(http.send_small(&call).await?.elements());
        parts.extend(page.parts.into_iter().map(|part| (part.number, part)));
        // An answer that promises more without moving on would be asked for again and again.
        match page.next.filter(|next| page.truncated && *next > marker) {
            Some(next) => marker = next,
            None => return Ok(parts),
        }
    }
}

#[derive(Default)]
struct Page {
    parts: Vec<ListedPart>,
    truncated: bool,
    next: Option<u32>,
}

/// Reads the leaf elements of a ListPartsResult; within each Part the PartNumber stands first.
fn read_page(elements: Vec<(String, String)>) -> Page {
    let mut page = Page::default();
    for (path, text) in elements {
        match (path.strip_prefix("ListPartsResult/").unwrap_or_default(), page.parts.last_mut()) {
            ("IsTruncated", _) => page.truncated = text == "true",
            ("NextPartNumberMarker", _) => page.next = text.parse().ok(),
            ("Part/PartNumber", _) => {
                page.parts.push(ListedPart { number: text.parse().unwrap_or(0), ..ListedPart::default() });
            }
            ("Part/Size", Some(part)) => part.size = text.parse().unwrap_or(0),
            ("Part/ETag", Some(part)) => part.etag = unquoted(&text),
            ("Part/HashCrc64ecma", Some(part)) => part.crc64 = text.parse().ok(),
            _ => {}
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_once() {
        for (size, part_size, lens) in [(1, 10, vec![1]), (10, 10, vec![10]), (25, 10, vec![10, 10, 5])] {
            let plan = plan(size, part_size).unwrap();
            assert_eq!(plan.iter().map(|part| part.len).collect::<Vec<_>>(), lens);
            assert_eq!(plan.iter().map(|part| part.offset).collect::<Vec<_>>(), [0, 10, 20][..lens.len()]);
            assert_eq!(plan.last().map(|part| part.number as usize), Some(lens.len()));
        }
        assert!(plan(MAX_PART_SIZE * MAX_PARTS + 1, MAX_PART_SIZE).is_err());
    }
}
