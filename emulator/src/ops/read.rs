//! GetObject, HeadObject, GetObjectMeta: bodies stream from the disk in blocks.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use shared::error::{OssCode, OssError};

use super::range::{self, Run};
use super::write::describe;
use super::{Failure, conditions, gzip, restore, symlink};
use crate::authenticate::Caller;
use crate::oss::Call;
use crate::pace::Pace;
use crate::reply;
use crate::store::{Found, Lease, NULL_VERSION, ObjectRecord, Segment, Store, StoreError, Versioning, run};

/// What one read from the disk takes. Larger pieces are slower: the system hands them out, and takes them back, each time.
const BLOCK: u64 = 64 * 1024;
/// So many blocks are read by one errand to another thread; memory does not grow with the object.
const BLOCKS: usize = 4;

/// An object that is being read: while this lives, its bytes stay on the disk.
#[derive(Debug)]
pub struct Held {
    /// What it is.
    pub record: ObjectRecord,
    /// Of its blobs.
    pub lease: Lease,
}

/// How often a reader looks again when the object was replaced between the look and the grip.
const LOOKS: usize = 5;

/// The object under `bucket`/`key`, a symlink itself included.
///
/// # Errors
/// 404 `NoSuchKey` or `NoSuchVersion`, 405 for a delete marker that is named.
pub async fn hold(call: &Call<'_>, (bucket, key): (&str, &str), version: Option<&str>) -> Result<Held, Failure> {
    for _ in 0..LOOKS {
        let place = (bucket.to_owned(), key.to_owned(), version.map(str::to_owned));
        let (found, lease) = run(&call.world.store, move |store| {
            let found = store.index.find(&place.0, &place.1, place.2.as_deref())?;
            let lease = match &found {
                Found::Object(record) => {
                    store.blobs.lease(record.segments.iter().map(|segment| segment.blob.clone()).collect())
                }
                _ => None,
            };
            Ok((found, lease))
        })
        .await?;
        match (found, lease) {
            (Found::Object(record), Some(lease)) => return Ok(Held { record: *record, lease }),
            (Found::Object(_), None) => {}
            (Found::DeleteMarker(id), _) => {
                let failure: Failure = if version.is_some() {
                    let message = "The specified method is not allowed against this resource.";
                    OssError::new(OssCode::MethodNotAllowed, message).into()
                } else {
                    no_such_key(key).ec("0026-00000001").into()
                };
                return Err(failure.header("x-oss-delete-marker", "true").header("x-oss-version-id", id));
            }
            (Found::Nothing, _) => {
                return Err(match version {
                    Some(version) => OssError::new(OssCode::NoSuchVersion, "The specified version does not exist.")
                        .detail("Key", key)
                        .detail("VersionId", version)
                        .into(),
                    None => no_such_key(key).ec("0026-00000001").into(),
                });
            }
        }
    }
    Err(StoreError::Index(format!("{bucket}/{key} is replaced faster than it can be read")).into())
}

/// The object whose bytes the request asks for: through a symlink, its target.
///
/// # Errors
/// As [`hold`]; 404 `SymlinkTargetNotExist`; 403 when the caller may not read the target, or it is archived.
pub async fn open(call: &Call<'_>) -> Result<Held, Failure> {
    let held = hold(call, (call.bucket(), call.key()), call.version()).await?;
    let held = match &held.record.symlink_target {
        Some(target) => symlink::follow(call, &held.record, target).await?,
        None => held,
    };
    Ok(held)
}

/// 404 `NoSuchKey`, without a finer code.
pub fn no_such_key(key: &str) -> OssError {
    OssError::new(OssCode::NoSuchKey, "The specified key does not exist.").detail("Key", key)
}

/// `GET /bucket/key`.
pub async fn get(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let Held { record, lease } = open(call).await?;
    conditions::check(call.request, &record)?;
    restore::check_readable(&record, call.now)?;
    let run = range::requested(call.request, record.size)?;
    let Run { from, length } = run.unwrap_or(Run { from: 0, length: record.size });
    let pace = Pace::of(call.request)?;
    let source = Source { store: Arc::clone(&call.world.store), segments: record.segments.clone(), lease };
    let blocks = source.blocks(from, length, pace);
    let compressed = gzip::wanted(call.request, &record);
    let body = if compressed { Body::from_stream(gzip::compressed(blocks)) } else { Body::from_stream(blocks) };
    let mut response = Response::new(body);
    describe(&mut response, call, &*call.bucket_record()?, &record);
    reply::set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    if run.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {from}-{}/{}", from + length - 1, record.size);
        reply::set(&mut response, header::CONTENT_RANGE, &range);
    }
    if compressed {
        gzip::tell(&mut response);
    }
    override_headers(call, &mut response)?;
    Ok(response)
}

/// `HEAD /bucket/key`.
pub async fn head(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let Held { record, .. } = open(call).await?;
    conditions::check(call.request, &record)?;
    let mut response = reply::empty(StatusCode::OK);
    describe(&mut response, call, &*call.bucket_record()?, &record);
    reply::set(&mut response, header::CONTENT_LENGTH, &record.size.to_string());
    if gzip::wanted(call.request, &record) {
        gzip::tell(&mut response);
        *response.body_mut() = gzip::of_unknown_length();
    }
    Ok(response)
}

/// `HEAD /bucket/key?objectMeta`: size, ETag and date alone.
pub async fn meta(call: &Call<'_>) -> Result<Response<Body>, Failure> {
    let Held { record, .. } = hold(call, (call.bucket(), call.key()), call.version()).await?;
    let mut response = reply::empty(StatusCode::OK);
    reply::set_etag(&mut response, &record.etag);
    let modified = shared::timefmt::http_date(crate::store::from_ms(record.modified_ms));
    reply::set(&mut response, header::LAST_MODIFIED, &modified);
    reply::set_crc64(&mut response, record.crc64);
    if call.bucket_record()?.versioning != Versioning::Never {
        let version = record.version_id.as_deref().unwrap_or(NULL_VERSION);
        reply::set_named(&mut response, "x-oss-version-id", version);
    }
    let head = call.request.method == "HEAD";
    reply::set(&mut response, header::CONTENT_LENGTH, &if head { record.size } else { 0 }.to_string());
    Ok(response)
}

/// `response-content-type` and its like, for signed requests only.
pub(super) fn override_headers(call: &Call<'_>, response: &mut Response<Body>) -> Result<(), OssError> {
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

/// The bytes of an object that is held.
struct Source {
    store: Arc<Store>,
    segments: Vec<Segment>,
    lease: Lease,
}

/// Where a stream of blocks stands.
struct Cursor {
    store: Arc<Store>,
    /// Segments not yet opened, the next one last.
    ahead: Vec<Segment>,
    open: Option<(File, u64)>,
    skip: u64,
    left: u64,
    block: u64,
    _lease: Lease,
}

impl Source {
    /// `length` bytes from `from` on, across segments, no faster than `pace`.
    fn blocks(
        mut self,
        from: u64,
        length: u64,
        pace: Option<Pace>,
    ) -> impl futures_util::Stream<Item = Result<Bytes, StoreError>> + use<> {
        self.segments.reverse();
        let cursor = Cursor {
            store: self.store,
            ahead: self.segments,
            open: None,
            skip: from,
            left: length,
            block: pace.map_or(BLOCK, |pace| pace.piece().min(BLOCK)),
            _lease: self.lease,
        };
        let blocks = if pace.is_some() { 1 } else { BLOCKS };
        stream::try_unfold((cursor, pace), move |(mut cursor, mut pace)| async move {
            if cursor.left == 0 {
                return Ok(None);
            }
            if let Some(pace) = &mut pace {
                pace.take(cursor.block.min(cursor.left)).await;
            }
            let store = Arc::clone(&cursor.store);
            run(&store, move |store| Ok(Some((cursor.next_blocks(store, blocks)?, (cursor, pace))))).await
        })
        .map_ok(|blocks| stream::iter(blocks.into_iter().map(Ok)))
        .try_flatten()
    }
}

impl Cursor {
    fn next_blocks(&mut self, store: &Store, most: usize) -> Result<Vec<Bytes>, StoreError> {
        let mut blocks = Vec::with_capacity(most);
        while self.left > 0 && blocks.len() < most {
            blocks.push(self.next_block(store)?);
        }
        Ok(blocks)
    }

    fn next_block(&mut self, store: &Store) -> Result<Bytes, StoreError> {
        let damaged = |problem: &dyn std::fmt::Display| StoreError::Index(format!("a blob is damaged: {problem}"));
        loop {
            if let Some((file, remaining)) = &mut self.open
                && *remaining > 0
            {
                let want = self.left.min(*remaining).min(self.block);
                let mut block = Vec::with_capacity(usize::try_from(want).unwrap_or_default());
                file.take(want).read_to_end(&mut block).map_err(|error| damaged(&error))?;
                if (block.len() as u64) < want {
                    return Err(damaged(&"it is too short"));
                }
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
            let mut file = store.blobs.read(&segment.blob)?;
            if self.skip > 0 {
                file.seek(SeekFrom::Start(self.skip)).map_err(|error| damaged(&error))?;
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
