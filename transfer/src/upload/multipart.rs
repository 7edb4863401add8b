//! Uploads in parts that nobody will resume: parts side by side straight from the file; Abort when any of it fails.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use shared::object_key::ObjectKey;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::parts::{self, Part};
use super::progress::Progress;
use super::{Job, Stored, UploadOptions, Uploaded, object_headers, simple};
use crate::error::TransferError;
use crate::http::Http;
use crate::source::SourceFile;

/// How long a failed upload waits for its Abort before it tells of the failure.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

/// Uploads the file at `path` in parts. An empty file has no parts, and is uploaded simply.
pub(crate) async fn upload(
    http: &Arc<Http>,
    key: &ObjectKey,
    path: &Path,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let source = SourceFile::look(path).await?;
    if source.size() == 0 {
        return simple::put_file(http, key, &source, options).await;
    }
    let plan = parts::plan(source.size(), http.config.part_size_for(source.size()))?;
    let count = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let job = Job { http, key, size: source.size(), parts: count, options };
    job.run(|progress| run(http, &job, &source, plan, progress)).await
}

async fn run(
    http: &Arc<Http>,
    job: &Job<'_>,
    source: &Arc<SourceFile>,
    plan: Vec<Part>,
    progress: Arc<Progress>,
) -> Result<Stored, TransferError> {
    let cancel = &job.options.cancel;
    let headers = object_headers(job.key, job.options);
    let upload_id = cancel.guard(parts::initiate(http, job.key, &headers)).await?;
    let abandoned = AbortOnDrop::new(http, job.key, &upload_id);
    let work = async {
        let done = parts::upload_all(job, source, &upload_id, plan, &progress, |_| {}).await?;
        source.check().await?;
        parts::complete(job, &upload_id, done).await
    };
    let outcome = cancel.guard(work).await;
    match outcome {
        Ok(_) => abandoned.disarm(),
        Err(_) => abandoned.abort().await,
    }
    outcome
}

/// Aborts an upload that its owner let go of, so that OSS does not keep (and charge for) its parts.
pub(super) struct AbortOnDrop {
    upload: Option<(Arc<Http>, ObjectKey, String)>,
}

impl AbortOnDrop {
    /// Aborts `upload_id` unless it is [disarmed](Self::disarm).
    pub(super) fn new(http: &Arc<Http>, key: &ObjectKey, upload_id: &str) -> Self {
        Self { upload: Some((Arc::clone(http), key.clone(), upload_id.to_owned())) }
    }

    /// The upload is complete.
    pub(super) fn disarm(mut self) {
        self.upload = None;
    }

    /// Aborts now, and waits for it, but not long: the caller is to hear what went wrong before.
    pub(super) async fn abort(mut self) {
        if let Some(abort) = self.start()
            && tokio::time::timeout(ABORT_PATIENCE, abort).await.is_err()
        {
            tracing::warn!("an abandoned upload is being aborted in the background");
        }
    }

    /// Begins the Abort, which goes on whatever becomes of the caller.
    fn start(&mut self) -> Option<JoinHandle<()>> {
        let (http, key, upload_id) = self.upload.take()?;
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move {
            if let Err(error) = parts::abort(&http, &key, &upload_id).await {
                tracing::warn!(%key, upload_id, %error, "an abandoned upload could not be aborted");
            }
        }))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.start();
    }
}
