//! The client of one bucket: the front of every operation.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use shared::clock::Clock;
use shared::object_key::ObjectKey;

use crate::config::ClientConfig;
use crate::credentials::Provider;
use crate::error::TransferError;
use crate::object::{Downloaded, Listing, ObjectMeta};
use crate::observer::Observer;
use crate::upload::{UploadOptions, Uploaded};

/// Talks to one bucket. Clones share connections, credentials and the limit on concurrent requests.
#[derive(Debug, Clone)]
pub struct Client {}

#[allow(clippy::todo, unused_variables)]
impl Client {
    /// A client that has connected to nothing yet.
    pub fn new(
        config: ClientConfig,
        provider: Arc<Provider>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Result<Self, TransferError> {
        todo!()
    }

    /// PutObject of bytes in memory.
    pub async fn put_bytes(
        &self,
        key: &ObjectKey,
        body: Bytes,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        todo!()
    }

    /// PutObject streamed from a file.
    pub async fn upload_simple(
        &self,
        key: &ObjectKey,
        file: &Path,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        todo!()
    }

    /// Multipart upload.
    pub async fn upload_multipart(
        &self,
        key: &ObjectKey,
        file: &Path,
        options: &UploadOptions,
    ) -> Result<Uploaded, TransferError> {
        todo!()
    }

    /// HeadObject.
    pub async fn head(&self, key: &ObjectKey) -> Result<ObjectMeta, TransferError> {
        todo!()
    }

    /// GetObject into memory.
    pub async fn get(&self, key: &ObjectKey, process: Option<&str>) -> Result<Bytes, TransferError> {
        todo!()
    }

    /// GetObject into a file.
    pub async fn download(&self, key: &ObjectKey, to: &Path) -> Result<Downloaded, TransferError> {
        todo!()
    }

    /// DeleteObject.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), TransferError> {
        todo!()
    }

    /// ListObjectsV2.
    pub async fn list(&self, prefix: &str, max_keys: u32) -> Result<Listing, TransferError> {
        todo!()
    }

    /// A URL that works without a signature of its own.
    pub async fn presign(
        &self,
        method: &str,
        key: &ObjectKey,
        process: Option<&str>,
        expires: Duration,
    ) -> Result<String, TransferError> {
        todo!()
    }
}
