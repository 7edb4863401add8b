//! Uploads in parts: Initiate, parts side by side straight from the file, Complete; Abort when any of it fails.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use shared::crc64;
use shared::error::{OssCode, push_element};
use shared::object_key::ObjectKey;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::progress::Progress;
use super::{Job, Stored, UploadOptions, Uploaded, describe, put, simple};
use crate::config::{MAX_PART_SIZE, MAX_PARTS};
use crate::error::TransferError;
use crate::http::answer::unquoted;
use crate::http::payload::Payload;
use crate::http::{Call, Http};
use crate::object;
use crate::observer::Event;
use crate::source::{FileRange, SourceFile};

/// How long a failed upload waits for its Abort before it tells of the failure.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

/// Uploads the file at `path` in parts. An empty file has no parts, and is uploaded simply.
pub(crate) async fn upload(
    http: &Arc<Http>,
    key: &ObjectKey,
    path: &Path,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let source = SourceFile::look(path).await?;
    if source.size() == 0 {
        return simple::put_file(http, key, &source, options).await;
    }
    let plan = plan(source.size(), http.config.part_size_for(source.size()))?;
    let parts = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let job = Job { http, key, size: source.size(), parts, options };
    job.run(|progress| run(http, &job, &source, plan, progress)).await
}

/// One part: its number, and where its bytes stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    number: u32,
    offset: u64,
    len: u64,
}

/// A part that OSS holds.
struct Done {
    part: Part,
    etag: String,
    crc64: u64,
}

fn plan(size: u64, part_size: u64) -> Result<Vec<Part>, TransferError> {
    let limit = MAX_PART_SIZE * MAX_PARTS;
    if size > limit {
        let (way, instead) = ("a multipart upload", "several objects");
        return Err(TransferError::TooLarge { size, limit, way, instead });
    }
    let offsets = (0..size.div_ceil(part_size)).map(|index| index * part_size);
    Ok((1..).zip(offsets).map(|(number, offset)| Part { number, offset, len: part_size.min(size - offset) }).collect())
}

async fn run(
    http: &Arc<Http>,
    job: &Job<'_>,
    source: &Arc<SourceFile>,
    plan: Vec<Part>,
    progress: Arc<Progress>,
) -> Result<Stored, TransferError> {
    let cancel = &job.options.cancel;
    let upload_id = cancel.guard(initiate(job)).await?;
    let abandoned = AbortOnDrop { upload: Some((Arc::clone(http), job.key.clone(), upload_id.clone())) };
    let work = async {
        let done = upload_parts(job, source, &upload_id, plan, &progress).await?;
        source.check().await?;
        complete(job, &upload_id, &done).await
    };
    let outcome = cancel.guard(work).await;
    match outcome {
        Ok(_) => abandoned.disarm(),
        Err(_) => abandoned.abort().await,
    }
    outcome
}

async fn initiate(job: &Job<'_>) -> Result<String, TransferError> {
    const OPERATION: &str = "InitiateMultipartUpload";
    let call = describe(Call::new(OPERATION, "POST", Some(job.key)).param("uploads", ""), job.key, job.options);
    let reply = job.http.send_small(&call).await?;
    let id = reply.element("InitiateMultipartUploadResult/UploadId").filter(|id| !id.is_empty());
    id.ok_or_else(|| TransferError::Answer {
        host: job.http.host().to_owned(),
        operation: OPERATION,
        problem: "has no UploadId".to_owned(),
    })
}

/// Uploads every part, as many at once as requests may run; the first failure stops the others.
async fn upload_parts(
    job: &Job<'_>,
    source: &Arc<SourceFile>,
    upload_id: &str,
    plan: Vec<Part>,
    progress: &Arc<Progress>,
) -> Result<Vec<Done>, TransferError> {
    let uploads = plan.into_iter().map(|part| upload_part(job, source, upload_id, part, progress));
    let at_once = job.http.config.max_concurrent_requests;
    let mut done: Vec<Done> = stream::iter(uploads).buffer_unordered(at_once).try_collect().await?;
    done.sort_by_key(|done| done.part.number);
    Ok(done)
}

async fn upload_part(
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
    let payload = Payload::File(FileRange::new(source, part.offset, part.len));
    let reply = put(job.http, call, payload, job.options.content_md5).await?;
    let (etag, crc64) = (reply.etag(), reply.sent_crc);
    if etag.is_empty() {
        let (host, problem) = (job.http.host().to_owned(), "has no ETag".to_owned());
        return Err(TransferError::Answer { host, operation: OPERATION, problem });
    }
    job.http.observer.emit(Event::PartDone { key, number, size });
    Ok(Done { part, etag, crc64 })
}

/// Makes the object of its parts, which stand in the order of their numbers.
async fn complete(job: &Job<'_>, upload_id: &str, done: &[Done]) -> Result<Stored, TransferError> {
    let crc = done.iter().fold(0, |crc, done| crc64::combine(crc, done.crc64, done.part.len));
    let mut call = Call::new("CompleteMultipartUpload", "POST", Some(job.key))
        .param("uploadId", upload_id)
        .header("content-type", "application/xml");
    call.payload = Payload::Bytes(complete_body(done).into());
    let reply = match job.http.send_small(&call).await {
        Ok(reply) => reply,
        // An answer may be lost after OSS has made the object; the repetition then finds no upload any more.
        Err(error) if error.oss().is_some_and(|oss| oss.code == OssCode::NoSuchUpload) => {
            return completed_before(job, crc).await.ok_or(error);
        }
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
async fn completed_before(job: &Job<'_>, crc: u64) -> Option<Stored> {
    let meta = object::head(job.http, job.key).await.ok()?;
    let same = meta.size == job.size && meta.crc64 == Some(crc);
    same.then_some(Stored { etag: meta.etag, crc64: crc, request_id: meta.request_id })
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

/// Aborts an upload that its owner let go of, so that OSS does not keep (and charge for) its parts.
struct AbortOnDrop {
    upload: Option<(Arc<Http>, ObjectKey, String)>,
}

impl AbortOnDrop {
    /// The upload is complete.
    fn disarm(mut self) {
        self.upload = None;
    }

    /// Aborts now, and waits for it, but not long: the caller is to hear what went wrong before.
    async fn abort(mut self) {
        if let Some(abort) = self.start()
            && tokio::time::timeout(ABORT_PATIENCE, abort).await.is_err()
        {
            tracing::warn!("an abandoned upload is being aborted in the background");
        }
    }

    /// Begins the Abort, which goes on whatever becomes of the caller.
    fn start(&mut self) -> Option<JoinHandle<()>> {
        let (http, key, upload_id) = self.upload.take()?;
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move { abort(&http, &key, &upload_id).await }))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.start();
    }
}

async fn abort(http: &Http, key: &ObjectKey, upload_id: &str) {
    let call = Call::new("AbortMultipartUpload", "DELETE", Some(key)).param("uploadId", upload_id);
    if let Err(error) = http.send_small(&call).await {
        tracing::warn!(%key, upload_id, %error, "an abandoned upload could not be aborted");
    }
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
