//! Downloads: to a temporary name beside the target, checked, and only then put in its place.

pub(crate) mod ranged;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Instant;

use shared::object_key::ObjectKey;

use crate::blocking;
use crate::cancel::CancelToken;
use crate::durable;
use crate::error::TransferError;
use crate::http::sink::{FileSink, Sink};
use crate::http::{Call, Http};
use crate::object::Downloaded;
use crate::upload::ProgressFn;

/// How a download can be watched and stopped.
#[derive(Clone, Default)]
pub struct DownloadOptions {
    /// Stops the download.
    pub cancel: CancelToken,
    /// Hears of the bytes received.
    pub progress: Option<ProgressFn>,
    /// Whether a file that is there already stays what it is: the download then ends with [`TransferError::File`], and
    /// [`AlreadyExists`](std::io::ErrorKind::AlreadyExists) in it. Otherwise it is replaced.
    pub keep_existing: bool,
}

impl fmt::Debug for DownloadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadOptions").finish_non_exhaustive()
    }
}

/// GetObject in one request into the file at `to`, which appears whole or not at all.
pub(crate) async fn whole(
    http: &Http,
    key: &ObjectKey,
    to: &Path,
    options: &DownloadOptions,
) -> Result<Downloaded, TransferError> {
    options.cancel.guard(download(http, key, to, options.keep_existing)).await
}

async fn download(http: &Http, key: &ObjectKey, to: &Path, keep: bool) -> Result<Downloaded, TransferError> {
    let began = Instant::now();
    let (temporary, file) = Temporary::create(to).await?;
    let mut sink = FileSink::new(file, &temporary.path, key.as_str(), &http.observer);
    let reply = http.send(&Call::new("GetObject", "GET", Some(key)), &mut Sink::File(&mut sink)).await?;
    let size = sink.received();
    let Some((file, crc64)) = sink.into_file() else { return Err(TransferError::Cancelled) };
    reply.check_crc(crc64)?;
    temporary.put_in_place(file, to, keep).await?;
    Ok(Downloaded { size, crc64, etag: reply.etag(), request_id: reply.request_id(), elapsed: began.elapsed() })
}

/// A name that is gone when this is dropped: removed, or renamed before.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Creates a file beside `target`, on the same file system.
    async fn create(target: &Path) -> Result<(Self, File), TransferError> {
        let failed = |error| TransferError::file(target, "write", error);
        let name = target.file_name().ok_or_else(|| failed(std::io::Error::other("the path names no file")))?;
        let random = getrandom::u64().map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        let path = target.with_file_name(format!(".{}.{random:016x}.part", name.to_string_lossy()));
        blocking::run(move || {
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            let file = file.map_err(|error| TransferError::file(&path, "create", error))?;
            Ok((Self { path }, file))
        })
        .await
    }

    async fn put_in_place(self, file: File, target: &Path, keep: bool) -> Result<(), TransferError> {
        let target = target.to_owned();
        blocking::run(move || {
            durable::put_in_place_of(file, &self.path, &target, keep)
                .map_err(|error| TransferError::file(&target, "write", error))
        })
        .await
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Fails when the file is in its place; and nothing better can be done about one that cannot be removed.
        let _ = std::fs::remove_file(&self.path);
    }
}
