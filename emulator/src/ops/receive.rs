//! A request's body on its way to the disk: received here, hashed and written on another thread, whole or not at all.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use shared::error::{OssCode, OssError};
use shared::sign::Request;
use tokio::sync::mpsc;

use super::Failure;
use crate::oss::Intake;
use crate::reply::internal;
use crate::store::{Blob, Store, StoreError};

/// The largest object of one PutObject, and the largest part, in bytes (`oss-rest.md` §2.2).
const MAX_BYTES: u64 = 5 << 30;
/// Pieces that wait for the disk; a piece is what one read of the socket brings.
const WAITING: usize = 16;

/// Receives the body into a blob that is on the disk when this returns. Its length, its `Content-MD5` and its limit are checked.
///
/// # Errors
/// [`Failure`]; no blob is left then.
pub async fn receive(store: &Arc<Store>, request: &Request, body: &mut Intake) -> Result<Blob, Failure> {
    check_length(request)?;
    let expected_md5 = content_md5(request)?;
    let (send, mut pieces) = mpsc::channel::<Piece>(WAITING);
    let writing = {
        let store = Arc::clone(store);
        tokio::task::spawn_blocking(move || write(&store, &mut pieces))
    };
    let received = pass_on(body, send).await;
    let written =
        writing.await.unwrap_or_else(|join| Err(StoreError::Index(format!("a task of the store failed: {join}"))));
    received?;
    let Some(blob) = written? else {
        return Err(StoreError::Index("the writer stopped before the body ended".to_owned()).into());
    };
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

enum Piece {
    Data(Bytes),
    /// The body ended where it should; without this the blob is dropped.
    End,
}

async fn pass_on(body: &mut Intake, send: mpsc::Sender<Piece>) -> Result<(), OssError> {
    let mut total = 0u64;
    while let Some(piece) = body.next().await? {
        total += piece.len() as u64;
        if total > MAX_BYTES {
            return Err(too_large());
        }
        if send.send(Piece::Data(piece)).await.is_err() {
            return Ok(()); // the writer has failed, and says why itself
        }
    }
    let _ = send.send(Piece::End).await;
    Ok(())
}

fn write(store: &Store, pieces: &mut mpsc::Receiver<Piece>) -> Result<Option<Blob>, StoreError> {
    let mut writer = store.blobs.writer()?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Data(bytes) => writer.write(&bytes)?,
            Piece::End => return writer.finish().map(Some),
        }
    }
    Ok(None)
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
