//! The upload job.

use std::path::PathBuf;

use shared::object_key::ObjectKey;
use transfer::{CancelToken, TransferError, UploadOptions, Uploaded};

use super::Shared;
use super::connect::tell_token;
use super::explain::{explain, explain_for_key};
use super::told::refused;
use crate::command::{Failure, JobId, Place, Receipt};
use crate::problem::{Help, Problem};
use crate::settings::UploadMode;
use crate::words::{Text, said};

fn title() -> Text {
    said("The upload failed")
}

/// Runs `Command::Upload`.
pub(super) async fn upload(
    shared: &Shared,
    job: JobId,
    place: Place,
    path: PathBuf,
    key: String,
    mode: UploadMode,
    cancel: CancelToken,
) -> Result<Receipt, Failure> {
    let key = ObjectKey::parse(&key)
        .map_err(|error| Failure::Problem(Problem::new("Config", title(), refused(&error), Help::None)))?;
    let client = shared.sessions.client(&place).map_err(|error| Failure::Problem(explain(&error, title())))?;
    shared.outbox.start_meter(job, key.as_str());
    let options = UploadOptions { cancel, ..UploadOptions::default() };
    let outcome = match mode {
        UploadMode::Simple | UploadMode::Auto => client.upload_simple(&key, &path, &options).await,
        UploadMode::Resumable => client.upload_resumable(&key, &path, &shared.checkpoints, &options).await,
    };
    shared.outbox.stop_meter(job);
    tell_token(shared, &place);
    match outcome {
        Ok(uploaded) => {
            // The upload itself compares checksums; this shows what OSS holds now, where the token may read it.
            let stored = client.head(&key).await.ok().and_then(|meta| meta.crc64);
            Ok(receipt(place.bucket, &key, uploaded, stored))
        }
        Err(TransferError::Cancelled) => Err(Failure::Cancelled),
        Err(TransferError::Paused) => Err(Failure::Paused),
        Err(error) => {
            let prefix = shared.sessions.prefix(&place);
            Err(Failure::Problem(explain_for_key(&error, title(), key.as_str(), prefix.as_deref())))
        }
    }
}

fn receipt(bucket: String, key: &ObjectKey, uploaded: Uploaded, crc64_at_oss: Option<u64>) -> Receipt {
    Receipt {
        bucket,
        key: key.as_str().to_owned(),
        etag: uploaded.etag,
        size: uploaded.size,
        crc64: uploaded.crc64,
        crc64_at_oss,
        parts: uploaded.parts,
        held: uploaded.held,
        resent: uploaded.resent,
        elapsed: uploaded.elapsed,
        request_id: uploaded.request_id,
    }
}
