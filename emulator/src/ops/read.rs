//! GetObject, HeadObject, GetObjectMeta: bodies stream from the disk in blocks.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;
use shared::error::{OssCode, OssError};

use super::range::{self, Run};
use super::write::describe;
use super::{Failure, conditions};
use crate::authenticate::Caller;
use crate::oss::Call;
use crate::reply;
use crate::store::{ObjectRecord, Segment, Store, StoreError, run};

/// What one read from the disk takes; memory does not grow with the object.
const BLOCK: usize = 256 * 1024;

/// The record of the request's object.
///
/// # Errors
/// 404 `NoSuchKey`.
pub async fn record_of(call: &Call<'_>) -> Result<ObjectRecord, Failure> {
    let (bucket, key) = (call.bucket().to_owned(), call.key().to_owned());
    let found = run(&call.world.store, move |store| store.index.object(&bucket, &key)).await?;
    found.ok_or_else(|| no_such_key(call.key()).ec("0026-00000001").into())
}

/// 404 `NoSuchKey`, without a finer code.
pub fn no_such_key(key: &str) -> OssError {
    OssError::new(OssCode::NoSuchKey, "The specified key does not exist.").detail("Key", key)
}

/// `GET /bucket/key`.
pub async fn get(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let record = record_of(call).await?;
    conditions::check(call.request, &record)?;
    let run = range::requested(call.request, record.size)?;
    let Run { from, length } = run.unwrap_or(Run { from: 0, length: record.size });
    let mut response =
        Response::new(Body::from_stream(blocks(&call.world.store, record.segments.clone(), from, length)));
    describe(&mut response, &record);
    reply::set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    if run.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {from}-{}/{}", from + length - 1, record.size);
        reply::set(&mut response, header::CONTENT_RANGE, &range);
    }
    override_headers(call, &mut response)?;
    Ok(response)
}

/// `HEAD /bucket/key`.
pub async fn head(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let record = record_of(call).await?;
    conditions::check(call.request, &record)?;
    let mut response = reply::empty(StatusCode::OK);
    describe(&mut response, &record);
    reply::set(&mut response, header::CONTENT_LENGTH, &record.size.to_string());
    Ok(response)
}

/// `HEAD /bucket/key?objectMeta`: size, ETag and date alone.
pub async fn meta(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let record = record_of(call).await?;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &record.etag);
    let modified = shared::timefmt::http_date(crate::store::from_ms(record.modified_ms));
    reply::set(&mut response, header::LAST_MODIFIED, &modified);
    reply::set_crc64(&mut response, record.crc64);
    let head = call.request.method == "HEAD";
    reply::set(&mut response, header::CONTENT_LENGTH, &if head { record.size } else { 0 }.to_string());
    Ok(response)
}

/// `response-content-type` and its like, for signed requests only.
fn override_headers(call: &Call<'_>, response: &mut Response<Body>) -> Result<(), OssError> {
    for (name, header) in [
        ("response-content-type", header::CONTENT_TYPE),
        ("response-content-language", header::CONTENT_LANGUAGE),
        ("response-content-encoding", header::CONTENT_ENCODING),
        ("response-content-disposition", header::CONTENT_DISPOSITION),
        ("response-cache-control", header::CACHE_CONTROL),
        ("response-expires", header::EXPIRES),
    ] as [(&str, HeaderName); 6]
    {
        let Some(value) = call.request.param(name) else { continue };
        if matches!(call.caller, Caller::Anonymous) {
            let message = "Only signed requests may override response headers.";
            return Err(OssError::new(OssCode::InvalidArgument, message).detail("ArgumentName", name));
        }
        reply::set(response, header, value);
    }
    Ok(())
}

/// Where a stream of blocks stands.
struct Cursor {
    store: Arc<Store>,
    /// Segments not yet opened, the next one last.
    ahead: Vec<Segment>,
    open: Option<(File, u64)>,
    skip: u64,
    left: u64,
}

/// `length` bytes from `from` on, across segments.
fn blocks(
    store: &Arc<Store>,
    mut segments: Vec<Segment>,
    from: u64,
    length: u64,
) -> impl futures_util::Stream<Item = Result<Bytes, StoreError>> + use<> {
    segments.reverse();
    let cursor = Cursor { store: Arc::clone(store), ahead: segments, open: None, skip: from, left: length };
    stream::try_unfold(cursor, |mut cursor| async move {
        if cursor.left == 0 {
            return Ok(None);
        }
        tokio::task::spawn_blocking(move || cursor.next_block().map(|block| Some((block, cursor))))
            .await
            .unwrap_or_else(|join| Err(StoreError::Index(format!("a task of the store failed: {join}"))))
    })
}

impl Cursor {
    fn next_block(&mut self) -> Result<Bytes, StoreError> {
        loop {
            if let Some((file, remaining)) = &mut self.open
                && *remaining > 0
            {
                let want = self.left.min(*remaining).min(BLOCK as u64);
                let mut block = vec![0; usize::try_from(want).unwrap_or(BLOCK)];
                file.read_exact(&mut block)
                    .map_err(|error| StoreError::Index(format!("a blob is damaged: {error}")))?;
                *remaining -= want;
                self.left -= want;
                return Ok(block.into());
            }
            let segment = self
                .ahead
                .pop()
                .ok_or_else(|| StoreError::Record("an object has fewer bytes than its size".to_owned()))?;
            if self.skip >= segment.size {
                self.skip -= segment.size;
                continue;
            }
            let mut file = self.store.blobs.read(&segment.blob)?;
            if self.skip > 0 {
                file.seek(SeekFrom::Start(self.skip))
                    .map_err(|error| StoreError::Index(format!("a blob is damaged: {error}")))?;
            }
            self.open = Some((file, segment.size - self.skip));
            self.skip = 0;
        }
    }
}

/// Reads a whole object that is known to be small, off the async threads.
///
/// # Errors
/// [`StoreError`] when a blob is gone.
pub fn whole(store: &Store, record: &ObjectRecord) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(usize::try_from(record.size).unwrap_or_default());
    for segment in &record.segments {
        let mut file = store.blobs.read(&segment.blob)?;
        file.read_to_end(&mut bytes).map_err(|error| StoreError::Index(format!("a blob is damaged: {error}")))?;
    }
    Ok(bytes)
}
