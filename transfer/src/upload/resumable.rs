//! Uploads that outlive the program: a checkpoint before the first part, and on resume three witnesses, the checkpoint, the
//! file, and OSS's ListParts, of which the last decides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::error::OssCode;
use shared::object_key::ObjectKey;

use super::ledger::Ledger;
use super::parts::{self, Done, ListedPart, Part};
use super::progress::Progress;
use super::{Job, Stored, UploadOptions, Uploaded, object_headers, simple};
use crate::blocking;
use crate::checkpoint::{self, Checkpoint, ConfirmedPart, Lock, Target, hex};
use crate::error::TransferError;
use crate::http::Http;
use crate::object;
use crate::observer::Event;
use crate::source::SourceFile;

/// How long a cancelled upload waits for its Abort. If that takes longer, the checkpoint stays, so that it can be discarded later.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

/// Uploads the file at `path` in parts, going on where the checkpoint in `folder` says. An empty file has no parts, and is
/// uploaded simply.
pub(crate) async fn upload(
    http: &Http,
    key: &ObjectKey,
    path: &Path,
    folder: &Path,
    options: &UploadOptions,
) -> Result<Uploaded, TransferError> {
    let source = SourceFile::look(path).await?;
    if source.size() == 0 {
        return simple::put_file(http, key, &source, options).await;
    }
    let target = Target { bucket_url: http.bucket_url(), key, headers: object_headers(key, options) };
    let at = target.checkpoint_path(folder, source.path());
    let locked = at.clone();
    let lock = blocking::run(move || Lock::take(&locked)).await?;
    let head_md5 = hex(&source.head_md5().await?);
    let mut checkpoint = Checkpoint::new(&target, &source, head_md5, http.config.part_size_for(source.size()));
    if let Some(found) = find(http, &at, &checkpoint).await? {
        checkpoint = found;
    }
    let plan = parts::plan(source.size(), checkpoint.part_size)?;
    let count = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let job = Job { http, key, size: source.size(), parts: count, options };
    let ledger = Ledger::new(at, checkpoint, &http.observer);
    let outcome = job
        .run(|progress| {
            let run = Run { job: &job, source: &source, ledger: &ledger, plan: &plan, progress };
            async move {
                let outcome = options.cancel.guard(run.work()).await;
                run.settle(outcome).await
            }
        })
        .await;
    drop(lock);
    outcome
}

/// The checkpoint at `path`, if it is a beginning of what is wanted now. Of one that is not, what OSS holds is aborted.
async fn find(http: &Http, path: &Path, wanted: &Checkpoint) -> Result<Option<Checkpoint>, TransferError> {
    let at = path.to_owned();
    let read = blocking::run(move || Ok(checkpoint::read(&at))).await?;
    let (reason, stale) = match read {
        Ok(None) => return Ok(None),
        Ok(Some(found)) => match found.mismatch(wanted) {
            None => return Ok(Some(found)),
            Some(reason) => (reason.to_owned(), Some(found)),
        },
        Err(error) => (error.to_string(), None),
    };
    http.observer.emit(Event::CheckpointRejected { key: wanted.key.clone(), reason });
    if let Some(stale) = stale
        && let Ok(key) = ObjectKey::parse(&stale.key)
        && let Err(error) = parts::abort(http, &key, &stale.upload_id).await
    {
        tracing::warn!(%key, upload_id = stale.upload_id, %error, "an outdated upload could not be aborted");
    }
    Ok(None)
}

/// What of an upload is there already.
enum Found {
    /// Nothing: it must begin anew.
    Nothing,
    /// These parts.
    Parts(Vec<Done>),
    /// The whole object: only the answer to Complete was lost.
    Object(Stored),
}

/// One run of an upload.
struct Run<'a> {
    job: &'a Job<'a>,
    source: &'a Arc<SourceFile>,
    ledger: &'a Arc<Ledger>,
    plan: &'a [Part],
    progress: Arc<Progress>,
}

impl Run<'_> {
    async fn work(&self) -> Result<Stored, TransferError> {
        let found = self.look_back().await?;
        let mut done = match found {
            Found::Object(stored) => {
                self.progress.hold(self.job.size);
                return Ok(stored);
            }
            Found::Parts(done) => done,
            Found::Nothing => {
                self.begin().await?;
                Vec::new()
            }
        };
        let held: BTreeMap<u32, &Done> = done.iter().map(|done| (done.part.number, done)).collect();
        let missing: Vec<Part> = self.plan.iter().filter(|part| !held.contains_key(&part.number)).copied().collect();
        let upload_id = self.ledger.snapshot().upload_id;
        let uploads = parts::upload_all(self.job, self.source, &upload_id, missing, &self.progress, |done| {
            self.ledger.confirm(done);
        });
        let sent = tokio::select! {
            sent = uploads => sent?,
            never = self.ledger.keep(&self.progress) => match never {},
        };
        done.extend(sent);
        self.source.check().await?;
        parts::complete(self.job, &upload_id, done).await
    }

    /// Begins the upload at OSS, and writes that down before anything is sent.
    async fn begin(&self) -> Result<(), TransferError> {
        let (http, key) = (self.job.http, self.job.key);
        let headers = self.ledger.snapshot().headers;
        let upload_id = parts::initiate(http, key, &headers).await?;
        self.ledger.change(|checkpoint| {
            checkpoint.upload_id.clone_from(&upload_id);
            checkpoint.sent = 0;
            checkpoint.parts.clear();
        });
        let saved = self.ledger.save().await;
        if saved.is_err()
            && let Err(error) = parts::abort(http, key, &upload_id).await
        {
            tracing::warn!(%key, upload_id, %error, "an upload without a checkpoint could not be aborted");
        }
        saved
    }

    /// Asks OSS what it holds of the upload that the checkpoint names, and compares that with the file.
    async fn look_back(&self) -> Result<Found, TransferError> {
        let checkpoint = self.ledger.snapshot();
        if checkpoint.upload_id.is_empty() {
            return Ok(Found::Nothing);
        }
        let listed = match parts::list(self.job.http, self.job.key, &checkpoint.upload_id).await {
            Ok(listed) => listed,
            Err(error) if parts::is_no_such_upload(&error) => return self.look_for_object().await,
            // A token that may upload but not list: then what OSS has confirmed must do.
            Err(error) if error.oss().is_some_and(|oss| oss.code == OssCode::AccessDenied) => {
                self.confirmed(&checkpoint)
            }
            Err(error) => return Err(error),
        };
        let mut done = Vec::new();
        for part in self.plan {
            if let Some(listed) = listed.get(&part.number)
                && let Some(held) = self.held(*part, listed, checkpoint.parts.get(&part.number)).await?
            {
                done.push(held);
            }
        }
        let bytes = done.iter().map(|done| done.part.len).sum();
        self.progress.resume(checkpoint.sent, bytes);
        self.ledger.change(|checkpoint| {
            checkpoint.parts = done
                .iter()
                .map(|done| (done.part.number, ConfirmedPart { etag: done.etag.clone(), crc64: done.crc64 }))
                .collect();
        });
        let parts = done.iter().map(|done| done.part.number).collect();
        self.job.http.observer.emit(Event::UploadResumed { key: self.job.key.to_string(), parts, bytes });
        Ok(Found::Parts(done))
    }

    /// The parts that the checkpoint records, as OSS would list them.
    fn confirmed(&self, checkpoint: &Checkpoint) -> BTreeMap<u32, ListedPart> {
        let size_of = |number: u32| self.plan.get((number as usize).checked_sub(1)?).map(|part| part.len);
        let listed = checkpoint.parts.iter().filter_map(|(&number, part)| {
            let (size, etag, crc64) = (size_of(number)?, part.etag.clone(), Some(part.crc64));
            Some((number, ListedPart { number, size, etag, crc64 }))
        });
        listed.collect()
    }

    /// The part, if what OSS holds under its number has the bytes that stand in the file: by what was recorded when they
    /// went out, else by reading them again.
    async fn held(
        &self,
        part: Part,
        listed: &ListedPart,
        recorded: Option<&ConfirmedPart>,
    ) -> Result<Option<Done>, TransferError> {
        if listed.size != part.len || listed.etag.is_empty() {
            return Ok(None);
        }
        let crc64 = match recorded.filter(|recorded| recorded.etag == listed.etag) {
            Some(recorded) => recorded.crc64,
            None => part.range(self.source).crc64().await?,
        };
        // Where OSS states no checksum, the ETag of a part is its MD5.
        let same = match listed.crc64 {
            Some(remote) => remote == crc64,
            None => listed.etag.eq_ignore_ascii_case(&hex(&part.range(self.source).md5().await?)),
        };
        Ok(same.then(|| Done { part, etag: listed.etag.clone(), crc64 }))
    }

    /// OSS knows the upload no more: because it is complete, or because somebody aborted it.
    async fn look_for_object(&self) -> Result<Found, TransferError> {
        let Ok(meta) = object::head(self.job.http, self.job.key).await else { return Ok(Found::Nothing) };
        if meta.size != self.job.size || meta.crc64.is_none() {
            return Ok(Found::Nothing);
        }
        let crc64 = self.source.whole().crc64().await?;
        if meta.crc64 != Some(crc64) {
            return Ok(Found::Nothing);
        }
        Ok(Found::Object(Stored { etag: meta.etag, crc64, request_id: meta.request_id }))
    }

    /// Leaves the checkpoint for the next run if there is something to go on with, else removes it.
    async fn settle(&self, outcome: Result<Stored, TransferError>) -> Result<Stored, TransferError> {
        use TransferError as E;
        let over = match &outcome {
            Ok(_) => true,
            // Whatever OSS holds of these is of no use to anybody.
            Err(E::Cancelled | E::FileChanged { .. }) => self.abort().await,
            Err(error) => parts::is_no_such_upload(error),
        };
        if over {
            if let Err(error) = self.ledger.close().await {
                tracing::warn!(%error, "the checkpoint of an upload that has ended is still there");
            }
        } else if !self.ledger.snapshot().upload_id.is_empty() {
            let sent = self.progress.sent_in_all();
            self.ledger.change(|checkpoint| checkpoint.sent = sent);
            self.ledger.save_or_warn().await;
        }
        outcome
    }

    /// Whether OSS has forgotten the upload.
    async fn abort(&self) -> bool {
        let upload_id = self.ledger.snapshot().upload_id;
        if upload_id.is_empty() {
            return true;
        }
        let abort = parts::abort(self.job.http, self.job.key, &upload_id);
        matches!(tokio::time::timeout(ABORT_PATIENCE, abort).await, Ok(Ok(())))
    }
}

/// What the checkpoint and OSS each say of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartMap {
    /// Whether OSS still knows the upload.
    pub known: bool,
    /// One for each part, in the order of their numbers.
    pub parts: Vec<MappedPart>,
}

/// One part of a [`PartMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MappedPart {
    /// Bytes.
    pub size: u64,
    /// Whether the checkpoint says that OSS has it.
    pub here: bool,
    /// Whether OSS lists it, in this size.
    pub at_oss: bool,
}

/// Asks OSS about the upload that `checkpoint` names.
pub(crate) async fn part_map(http: &Http, checkpoint: &Checkpoint) -> Result<PartMap, TransferError> {
    let key = key_of(http, checkpoint)?;
    let (known, listed) = match parts::list(http, &key, &checkpoint.upload_id).await {
        Ok(listed) => (true, listed),
        Err(error) if parts::is_no_such_upload(&error) => (false, BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let plan = parts::plan(checkpoint.size, checkpoint.part_size.max(1))?;
    let map = |part: &Part| MappedPart {
        size: part.len,
        here: checkpoint.parts.contains_key(&part.number),
        at_oss: listed.get(&part.number).is_some_and(|listed| listed.size == part.len),
    };
    Ok(PartMap { known, parts: plan.iter().map(map).collect() })
}

/// Aborts the upload of the checkpoint at `path`, and removes that.
pub(crate) async fn discard(http: &Http, path: PathBuf) -> Result<(), TransferError> {
    let at = path.clone();
    let (lock, found) = blocking::run(move || Ok((Lock::take(&at)?, checkpoint::read(&at)))).await?;
    // One that cannot be read names no upload.
    if let Ok(Some(checkpoint)) = found {
        parts::abort(http, &key_of(http, &checkpoint)?, &checkpoint.upload_id).await?;
    }
    let outcome = blocking::run(move || checkpoint::remove(&path)).await;
    drop(lock);
    outcome
}

fn key_of(http: &Http, checkpoint: &Checkpoint) -> Result<ObjectKey, TransferError> {
    let wrong = |problem: String| TransferError::Config { setting: "the checkpoint", problem };
    if checkpoint.bucket_url != http.bucket_url() {
        return Err(wrong(format!("it is of {}, not of {}", checkpoint.bucket_url, http.bucket_url())));
    }
    ObjectKey::parse(&checkpoint.key).map_err(|error| wrong(error.to_string()))
}
