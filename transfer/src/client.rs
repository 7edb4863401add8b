//! The client of one bucket: the front of every operation.

use std::fmt;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use shared::clock::Clock;
use shared::object_key::ObjectKey;

use crate::append::{self, Tail};
use crate::checkpoint::{Checkpoint, SavedCheckpoint};
use crate::config::{ClientConfig, check_rate};
use crate::credentials::Provider;
use crate::download::DownloadOptions;
use crate::download::{ranged, whole};
use crate::error::TransferError;
use crate::http::Http;
use crate::listing::{FolderPage, Listing, OpenUpload};
use crate::object::{Downloaded, ObjectMeta};
use crate::observer::Observer;
use crate::presign::Presign;
use crate::probe::{self, Probe, Subject};
use crate::upload::{PartMap, UploadOptions, Uploaded, multipart, parts, resumable, simple};
use crate::{listing, object, post_form, presign};

/// Talks to one bucket. Clones share connections, credentials and the limit on concurrent requests.
///
/// Every operation may fail with what OSS refuses ([`TransferError::Oss`]), with what the network does
/// ([`Connect`](TransferError::Connect), [`Interrupted`](TransferError::Interrupted),
/// [`Timeout`](TransferError::Timeout)) after the configured repetitions, and with what
/// [`Provider::grant`] fails with. Dropping the future of an operation stops it.
#[derive(Clone)]
pub struct Client(Arc<Http>);

impl Client {
    /// A client that has connected to nothing yet.
    ///
    /// # Errors
    /// [`TransferError::Config`] when a setting is out of bounds or no HTTP client can be made.
    pub fn new(
        config: ClientConfig,
        provider: Arc<Provider>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Result<Self, TransferError> {
        Http::new(config, provider, clock, observer).map(|http| Self(Arc::new(http)))
    }

    /// Changes [`max_bytes_per_second`](ClientConfig::max_bytes_per_second), for what is under way as well.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the limit is too low; the earlier one then stays.
    pub fn limit(&self, max_bytes_per_second: Option<NonZeroU64>) -> Result<(), TransferError> {
        check_rate(max_bytes_per_second)?;
        self.0.set_pace(max_bytes_per_second);
        Ok(())
    }

    /// PutObject of bytes in memory.
    ///
    /// # Errors
    /// [`TransferError::CrcMismatch`] when OSS received other bytes; [`TransferError::Cancelled`].
    pub async fn put_bytes(
        &self,
        key: &ObjectKey,
        body: Bytes,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        simple::put_bytes(&self.0, key, body, options).await
    }

    /// PutObject streamed from a file, in 256 KiB of memory; at most 5 GiB.
    ///
    /// # Errors
    /// As for [`put_bytes`](Self::put_bytes); [`TransferError::File`], [`TransferError::FileChanged`] and
    /// [`TransferError::TooLarge`].
    pub async fn upload_simple(
        &self,
        key: &ObjectKey,
        file: &Path,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        simple::put_path(&self.0, key, file, options).await
    }

    /// Multipart upload of a file: parts side by side, each streamed from the file and repeated on its own. Any failure,
    /// a cancellation, and dropping the future abort the upload at OSS. An empty file is uploaded simply.
    ///
    /// # Errors
    /// As for [`upload_simple`](Self::upload_simple).
    pub async fn upload_multipart(
        &self,
        key: &ObjectKey,
        file: &Path,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        multipart::upload(&self.0, key, file, options).await
    }

    /// Multipart upload of a file that outlives the program. `folder` (made if need be) keeps its checkpoint, which is on disk
    /// before the first part is sent; the same call after a kill, a failure or a [pause](crate::CancelToken::pause) goes on:
    /// parts that ListParts names, and that have the file's bytes, are not sent again. Another size, time of modification or
    /// first 256 KiB of the file, or other headers, begin a new upload, and the old one is aborted. Cancelling aborts it,
    /// too. An empty file is uploaded simply.
    ///
    /// # Errors
    /// As for [`upload_simple`](Self::upload_simple); [`TransferError::Busy`] while the same upload runs elsewhere.
    pub async fn upload_resumable(
        &self,
        key: &ObjectKey,
        file: &Path,
        folder: &Path,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        resumable::upload(&self.0, key, file, folder, options).await
    }

    /// Whether `checkpoint` is of an upload to this bucket.
    pub fn is_of(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.bucket_url == self.0.bucket_url()
    }

    /// What `checkpoint`, and what OSS's ListParts says of each part of an upload.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the checkpoint is of another bucket.
    pub async fn part_map(&self, checkpoint: &Checkpoint) -> Result<PartMap, TransferError> {
        resumable::part_map(&self.0, checkpoint).await
    }

    /// Gives an unfinished upload up: AbortMultipartUpload, then removes the checkpoint.
    ///
    /// # Errors
    /// As for [`part_map`](Self::part_map); [`TransferError::Busy`] while the upload runs. The checkpoint is then still there.
    pub async fn discard(&self, saved: &SavedCheckpoint) -> Result<(), TransferError> {
        resumable::discard(&self.0, saved.path.clone()).await
    }

    /// PostObject of bytes in memory, at most 64 MiB, as a browser's form does it: signed by a policy that allows this one object, for 15 minutes.
    ///
    /// # Errors
    /// As for [`put_bytes`](Self::put_bytes); [`TransferError::TooLarge`].
    pub async fn post_form(
        &self,
        key: &ObjectKey,
        body: Bytes,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        post_form::post(&self.0, key, body, options).await
    }

    /// HeadObject.
    ///
    /// # Errors
    /// [`TransferError::Oss`] with `NoSuchKey` when there is no such object.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, TransferError> {
        object::head(&self.0, key).await
    }

    /// GetObject into memory, through an IMG process (`image/resize,w_200`) if one is given; at most 64 MiB.
    ///
    /// # Errors
    /// [`TransferError::TooLarge`] beyond that; [`TransferError::CrcMismatch`] when other bytes arrived.
    pub async fn get(&self, key: &ObjectKey, process: Option<&str>) -> Result<Bytes, TransferError> {
        object::get(&self.0, key, process).await
    }

    /// ProcessObject: OSS keeps what the IMG `process` makes of `key` as the object `target` of the same bucket; its size in bytes.
    /// Needs `oss:PostProcessTask` and `oss:GetObject` of `key`, and `oss:PutObject` of `target`.
    ///
    /// # Errors
    /// As for every operation; [`TransferError::Answer`] when OSS does not tell the size.
    pub async fn save_as(&self, key: &ObjectKey, process: &str, target: &ObjectKey) -> Result<u64, TransferError> {
        object::save_as(&self.0, key, process, target).await
    }

    /// GetObject into a file: streamed to a temporary name beside `to`, checked, synced, and renamed over `to`.
    ///
    /// # Errors
    /// [`TransferError::CrcMismatch`] when other bytes arrived; [`TransferError::File`]. `to` is then as it was.
    pub async fn download(&self, key: &ObjectKey, to: &Path) -> Result<Downloaded, TransferError> {
        whole(&self.0, key, to, &DownloadOptions::default()).await
    }

    /// GetObject in ranges side by side, into a file that outlives the program: what an earlier call with the same `to`
    /// brought of the same object (by ETag, size and CRC64) is read again and kept. Until it is whole and its CRC64 agrees,
    /// it lies beside `to` as `.<name>.part`, with `.<name>.part.json`. [Pausing](crate::CancelToken::pause), failing and a
    /// kill keep these; cancelling removes them. A file at `to` is replaced, or [kept](DownloadOptions::keep_existing).
    ///
    /// # Errors
    /// As for [`download`](Self::download); [`TransferError::Oss`] with `PreconditionFailed` when the object is replaced
    /// meanwhile; [`TransferError::Busy`] while the same download runs elsewhere.
    pub async fn download_resumable(
        &self,
        key: &ObjectKey,
        to: &Path,
        options: &DownloadOptions,
    ) -> Result<Downloaded, TransferError> {
        ranged::download(&self.0, key, to, options).await
    }

    /// AppendObject behind `tail`, which an earlier call gave, or [`Tail::default`] for a new object; where it ends now.
    ///
    /// # Errors
    /// [`TransferError::Oss`] with `PositionNotEqualToLength` when the object ends elsewhere; [`TransferError::CrcMismatch`].
    pub async fn append(
        &self,
        key: &ObjectKey,
        tail: Tail,
        body: Bytes,
        options: &UploadOptions,
    ) -> Result<Tail, TransferError> {
        append::append(&self.0, key, tail, body, options).await
    }

    /// DeleteObject; an absent object is no error.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), TransferError> {
        object::delete(&self.0, key).await
    }

    /// ListObjectsV2: the first `max_keys` objects (at least one) whose keys begin with `prefix`, in as many requests as that takes.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn list(&self, prefix: &str, max_keys: u32) -> Result<Listing, TransferError> {
        listing::list(&self.0, prefix, max_keys).await
    }

    /// ListObjectsV2 of one folder, with `/` between folders: at most 1000 entries, beginning at `after`, the `next` of the page before.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn folder(&self, prefix: &str, after: Option<String>) -> Result<FolderPage, TransferError> {
        listing::folder(&self.0, prefix, after).await
    }

    /// ListMultipartUploads: the first 1000 uploads under `prefix` that have not ended.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn open_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, TransferError> {
        listing::uploads(&self.0, prefix).await
    }

    /// AbortMultipartUpload; one that is gone already is no error.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn abort_upload(&self, key: &ObjectKey, upload_id: &str) -> Result<(), TransferError> {
        parts::abort(&self.0, key, upload_id).await
    }

    /// GetObjectTagging: names and values.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn tags(&self, key: &ObjectKey) -> Result<Vec<(String, String)>, TransferError> {
        object::tags(&self.0, key).await
    }

    /// CopyObject within the bucket, metadata included; an object that is there is replaced.
    ///
    /// # Errors
    /// As for every operation.
    pub async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<(), TransferError> {
        object::copy(&self.0, from, to).await
    }

    /// Asks OSS whether the token may do `probe`, by a request that changes nothing.
    ///
    /// # Errors
    /// As for every operation; [`TransferError::Oss`] with `AccessDenied` when it may not. Any other refusal by OSS of the
    /// request itself (`NoSuchKey`, `InvalidDigest`) means that it may: see [`Probe`].
    pub async fn probe(&self, probe: Probe, subject: Subject<'_>) -> Result<(), TransferError> {
        probe::send(&self.0, probe, subject).await
    }

    /// A URL with which anyone may make one request, for `expires` (1 s to 7 days) and no longer than the token lives.
    ///
    /// # Errors
    /// [`TransferError::Config`] when `expires` is out of bounds.
    pub async fn presign(
        &self,
        method: &str,
        key: &ObjectKey,
        process: Option<&str>,
        expires: Duration,
    ) -> Result<String, TransferError> {
        let process = process.map(|process| ("x-oss-process".to_owned(), process.to_owned()));
        let wanted = Presign { method, key: Some(key), query: process.as_slice(), headers: &[] };
        presign::presign(&self.0, wanted, expires).await
    }

    /// As [`presign`](Self::presign), for any request to the bucket or an object of it.
    ///
    /// # Errors
    /// As for [`presign`](Self::presign).
    pub async fn presign_request(&self, wanted: Presign<'_>, expires: Duration) -> Result<String, TransferError> {
        presign::presign(&self.0, wanted, expires).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.0.config).finish_non_exhaustive()
    }
}
