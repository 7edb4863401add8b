//! Uploads in one request: PutObject from memory or streamed from a file.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use shared::object_key::ObjectKey;

use super::progress::Progress;
use super::{Job, Stored, UploadOptions, Uploaded, object_headers, put};
use crate::config::MAX_PART_SIZE;
use crate::error::TransferError;
use crate::http::payload::Payload;
use crate::http::{Call, Http};
use crate::source::{FileRange, SourceFile};

/// PutObject of bytes in memory.
pub(crate) async fn put_bytes(
    http: &Http,
    key: &ObjectKey,
    body: Bytes,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let job = Job { http, key, size: body.len() as u64, parts: 1, options };
    job.run(|progress| options.cancel.guard(put_object(&job, Payload::Bytes(body), progress))).await
}

/// PutObject streamed from a file.
pub(crate) async fn put_file(
    http: &Http,
    key: &ObjectKey,
    source: &Arc<SourceFile>,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let size = source.size();
    let job = Job { http, key, size, parts: 1, options };
    job.run(|progress| {
        options.cancel.guard(async {
            let stored = put_object(&job, Payload::File(FileRange::new(source, 0, size)), progress).await?;
            // OSS has the bytes of the first look; whoever reads the file now may see others.
            source.check().await?;
            Ok(stored)
        })
    })
    .await
}

/// Looks at the file at `path` and uploads it.
pub(crate) async fn put_path(
    http: &Http,
    key: &ObjectKey,
    path: &Path,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    put_file(http, key, &SourceFile::look(path).await?, options).await
}

async fn put_object(job: &Job<'_>, payload: Payload, progress: Arc<Progress>) -> Result<Stored, TransferError> {
    if job.size > MAX_PART_SIZE {
        let (way, instead) = ("a simple upload", "a multipart upload");
        return Err(TransferError::TooLarge { size: job.size, limit: MAX_PART_SIZE, way, instead });
    }
    let mut call = Call::new("PutObject", "PUT", Some(job.key));
    call.headers = object_headers(job.key, job.options);
    call.progress = Some(progress);
    let reply = put(job.http, call, payload, job.options.content_md5).await?;
    Ok(Stored { etag: reply.etag(), crc64: reply.sent_crc, request_id: reply.request_id() })
}
