//! A request's body on its way to the disk: received here, hashed and written on another thread, whole or not at all.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::error::{OssCode, OssError};
use shared::sign::Request;

use super::Failure;
use crate::oss::Intake;
use crate::reply::internal;
use crate::store::{Blob, Store, StoreError, Writer, run};

/// The largest object of one PutObject, and the largest part, in bytes (`oss-rest.md` §2.2).
const MAX_BYTES: u64 = 5 << 30;
/// So many bytes are gathered before they go to the disk; as many more are on their way there meanwhile.
const BATCH: usize = 256 * 1024;

/// Receives the body into a blob that is on the disk when this returns. Its length, its `Content-MD5` and its limit are checked.
///
/// # Errors
/// [`Failure`]; no blob is left then.
pub async fn receive(store: &Arc<Store>, request: &Request, body: &mut Intake) -> Result<Blob, Failure> {
    check_length(request)?;
    let expected_md5 = content_md5(request)?;
    let blob = keep(store, body).await?;
    if expected_md5.is_some_and(|expected| expected != blob.md5) {
        discard(store, vec![blob.id]);
        let message = "The Content-MD5 you specified did not match what we received.";
        return Err(OssError::new(OssCode::InvalidDigest, message).into());
    }
    Ok(blob)
}

/// Removes blobs in the background; what a crash leaves, the next start removes.
pub fn discard(store: &Arc<Store>, blobs: Vec<String>) {
    if !blobs.is_empty() {
        let store = Arc::clone(store);
        tokio::task::spawn_blocking(move || store.blobs.discard(blobs.iter().map(String::as_str)));
    }
}

/// Removes the blobs of a write that failed with `error`, in the background, unless it was made all the same.
///
/// Returns what the client is told.
pub fn abandon(store: &Arc<Store>, blobs: Vec<String>, error: StoreError) -> Failure {
    let failure = internal(&error).into();
    let store = Arc::clone(store);
    tokio::task::spawn_blocking(move || store.abandon(blobs, &error));
    failure
}

/// Hashes and writes what has come on another thread, while more comes. Nobody holds a thread while a client is waited for:
/// there are some hundreds of them, and every look at the index needs one.
async fn keep(store: &Arc<Store>, body: &mut Intake) -> Result<Blob, Failure> {
    let (mut writing, mut total) = (None, 0);
    loop {
        let gathered = gather(body, &mut total).await;
        let writer = match writing.take() {
            Some(writing) => Some(writing.await?),
            None => None,
        };
        match gathered {
            Ok((bytes, false)) => writing = Some(run(store, move |store| write(store, writer, &bytes))),
            Ok((bytes, true)) => return Ok(run(store, move |store| write(store, writer, &bytes)?.finish()).await?),
            Err(error) => {
                // Not on this thread: to remove a large file takes a while.
                tokio::task::spawn_blocking(move || drop(writer));
                return Err(error.into());
            }
        }
    }
}

/// The next bytes of the body, and whether they are the last.
async fn gather(body: &mut Intake, total: &mut u64) -> Result<(Vec<u8>, bool), OssError> {
    let mut bytes = Vec::new();
    while bytes.len() < BATCH {
        let Some(piece) = body.next().await? else {
            return Ok((bytes, true));
        };
        *total += piece.len() as u64;
        if *total > MAX_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, false))
}

fn write(store: &Store, writer: Option<Writer>, bytes: &[u8]) -> Result<Writer, StoreError> {
    let mut writer = match writer {
        Some(writer) => writer,
        None => store.blobs.writer()?,
    };
    writer.write(bytes)?;
    Ok(writer)
}

fn check_length(request: &Request) -> Result<(), OssError> {
    match request.header("content-length").map(str::parse::<u64>) {
        Some(Ok(length)) if length > MAX_BYTES => Err(too_large()),
        Some(_) => Ok(()),
        None if request.header("transfer-encoding").is_some() => Ok(()),
        None => Err(OssError::new(OssCode::MissingContentLength, "You must provide the Content-Length HTTP header.")),
    }
}

fn too_large() -> OssError {
    OssError::new(OssCode::EntityTooLarge, "Your proposed upload exceeds the maximum allowed size.")
        .detail("MaxSizeAllowed", MAX_BYTES.to_string())
}

/// The `Content-MD5` that the body must have.
///
/// # Errors
/// 400 when it is not base64 of 16 bytes.
pub fn content_md5(request: &Request) -> Result<Option<[u8; 16]>, OssError> {
    let Some(text) = request.header("content-md5") else {
        return Ok(None);
    };
    let digest = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    digest.map(Some).ok_or_else(|| {
        OssError::new(OssCode::InvalidDigest, "The Content-MD5 you specified is not valid.").detail("Content-MD5", text)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use futures_util::stream::{iter, pending};
    use tokio::time::{Duration, timeout};

    use super::*;
    use crate::store::Sync;

    #[test]
    fn who_keeps_us_waiting_holds_no_thread() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), Sync::Never).unwrap());
        let request = Request::new("PUT", None, None).with_header("transfer-encoding", "chunked");
        let begun = [Bytes::from(vec![7; BATCH]), Bytes::from_static(b"more")].map(Ok::<_, std::io::Error>);
        let mut body = Intake::new(Body::from_stream(iter(begun).chain(pending())), false);
        runtime.block_on(async {
            let others = timeout(Duration::from_secs(10), async {
                // What is written is looked for, then nobody waits any more.
                while !std::fs::read_dir(dir.path().join("incoming"))
                    .unwrap()
                    .flatten()
                    .any(|it| it.metadata().is_ok_and(|it| it.len() > 0))
                {
                    run(&store, |_| Ok(())).await.unwrap();
                }
            });
            tokio::select! {
                biased;
                _ = receive(&store, &request, &mut body) => panic!("the body has no end"),
                served = others => served.unwrap(),
            }
            run(&store, |_| Ok(())).await.unwrap();
        });
        assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    }
}
