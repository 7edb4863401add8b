//! A request's body on its way to the disk: received here, hashed and written on another thread, whole or not at all.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::error::{OssCode, OssError};
use shared::sign::Request;

use super::Failure;
use crate::oss::Intake;
use crate::store::{Blob, Store, StoreError, Writer, run, run_and_discard};

/// The largest object of one PutObject, and the largest part, in bytes (`oss-rest.md` §2.2).
const MAX_BYTES: u64 = 5 << 30;
/// So many bytes are gathered before they go to the disk; as many more are on their way there meanwhile.
const BATCH: usize = 256 * 1024;
/// So many pieces at most, as each costs memory beside its bytes.
const PIECES: usize = 64;

/// Receives the body into a blob, and hands it to `then` once it is on the disk, on the thread that wrote its last bytes: a small
/// body takes one errand to another thread. Its length, its `Content-MD5` and its limit are checked before. The blobs that
/// `then` returns beside its outcome are removed.
///
/// # Errors
/// [`Failure`]; no blob is left then. Those of `then`, which answers for the blob.
pub async fn receive<T, W>(store: &Arc<Store>, request: &Request, body: &mut Intake, then: W) -> Result<T, Failure>
where
    T: Send + 'static,
    W: FnOnce(&Store, Blob) -> Result<(T, Vec<String>), StoreError> + Send + 'static,
{
    check_length(request)?;
    let expected = content_md5(request)?;
    let finish = move |store: &Store, writer: Writer| {
        let blob = writer.finish()?;
        if expected.is_some_and(|expected| expected != blob.md5) {
            return Ok((None, vec![blob.id]));
        }
        then(store, blob).map(|(outcome, orphans)| (Some(outcome), orphans))
    };
    keep(store, body, finish).await?.ok_or_else(|| {
        let message = "The Content-MD5 you specified did not match what we received.";
        OssError::new(OssCode::InvalidDigest, message).into()
    })
}

/// Removes blobs in the background; what a crash leaves, the next start removes.
pub fn discard(store: &Arc<Store>, blobs: Vec<String>) {
    if !blobs.is_empty() {
        let store = Arc::clone(store);
        tokio::task::spawn_blocking(move || store.blobs.discard(blobs.iter().map(String::as_str)));
    }
}

/// Hashes and writes what has come on another thread, while more comes. Nobody holds a thread while a client is waited for:
/// there are some hundreds of them, and every look at the index needs one.
async fn keep<T, W>(store: &Arc<Store>, body: &mut Intake, finish: W) -> Result<T, Failure>
where
    T: Send + 'static,
    W: FnOnce(&Store, Writer) -> Result<(T, Vec<String>), StoreError> + Send + 'static,
{
    let (mut writing, mut total) = (None, 0);
    loop {
        let gathered = gather(body, &mut total).await;
        let writer = match writing.take() {
            Some(writing) => Some(writing.await?),
            None => None,
        };
        match gathered {
            Ok((pieces, false)) => writing = Some(run(store, move |store| write(store, writer, &pieces))),
            Ok((pieces, true)) => {
                let last = run_and_discard(store, move |store| finish(store, write(store, writer, &pieces)?));
                return Ok(last.await?);
            }
            Err(error) => {
                // Not on this thread: to remove a large file takes a while.
                tokio::task::spawn_blocking(move || drop(writer));
                return Err(error.into());
            }
        }
    }
}

/// The next pieces of the body, as they came, and whether they are the last.
async fn gather(body: &mut Intake, total: &mut u64) -> Result<(Vec<Bytes>, bool), OssError> {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while length < BATCH && pieces.len() < PIECES {
        let Some(piece) = body.next().await? else {
            return Ok((pieces, true));
        };
        length += piece.len();
        *total += piece.len() as u64;
        if *total > MAX_BYTES {
            return Err(too_large());
        }
        pieces.push(piece);
    }
    Ok((pieces, false))
}

fn write(store: &Store, writer: Option<Writer>, pieces: &[Bytes]) -> Result<Writer, StoreError> {
    let mut writer = match writer {
        Some(writer) => writer,
        None => store.blobs.writer()?,
    };
    pieces.iter().try_for_each(|piece| writer.write(piece))?;
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
                _ = receive(&store, &request, &mut body, |_, _| Ok(((), Vec::new()))) => panic!("the body has no end"),
                served = others => served.unwrap(),
            }
            run(&store, |_| Ok(())).await.unwrap();
        });
        assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    }
}
