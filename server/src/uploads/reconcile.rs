//! Reconciliation: uploads that nobody told of are found by listing the bucket.

use std::sync::Weak;
use std::time::Duration as Wait;

use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use super::bucket::{Bucket, BucketError, Seen};
use super::record::{Source, Upload, id_of};
use super::{StoreError, Uploads};
use crate::App;
use crate::sts_client::StsClient;

/// What several servers call the turn that they take.
const TURN: &str = "reconcile";
/// The pause before the settings are looked at again, when they want no reconciliation or it failed.
const PAUSE: Wait = Wait::from_secs(60);
/// No bucket has more pages of 1000.
const MAX_PAGES: u32 = 10_000_000;

/// Why reconciliation stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The bucket could not be listed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one page of the bucket brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Reconciled {
    /// How many objects the bucket told of.
    pub seen: usize,
    /// How many of them were not known, or not verified.
    pub added: usize,
    /// Where to go on; absent at the end of the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Uploads {
    /// Lists up to 1000 objects below `prefix` and keeps those that are not known; `from` is where an earlier page ended.
    ///
    /// # Errors
    /// [`ReconcileError`]; then nothing of this page is kept.
    pub async fn reconcile(
        &self,
        bucket: &Bucket,
        sts: &StsClient,
        prefix: &str,
        from: Option<&str>,
        identity: Option<&str>,
    ) -> Result<Reconciled, ReconcileError> {
        let listed = bucket.list(sts, prefix, from).await?;
        let (Some(first), Some(last)) = (listed.objects.first(), listed.objects.last()) else {
            return Ok(Reconciled { next: listed.next, ..Reconciled::default() });
        };
        let known = self.store.verified(bucket.name(), &first.object, &last.object).await?;
        let seen = listed.objects.len();
        let all = listed.objects.into_iter().map(|seen| self.found(bucket.name(), seen, identity));
        // A key that ends in a slash is a folder that a console made.
        let new: Vec<Upload> =
            all.filter(|upload| !upload.object.ends_with('/') && !known.contains(&upload.id)).collect();
        if !new.is_empty() {
            self.store.put_all(&new).await?;
        }
        Ok(Reconciled { seen, added: new.len(), next: listed.next })
    }

    /// Reconciles everything below `prefix`, unless another server has done so within `every`.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was kept until then stays.
    pub async fn reconcile_in_turn(
        &self,
        bucket: &Bucket,
        sts: &StsClient,
        prefix: &str,
        every: Duration,
    ) -> Result<Option<Reconciled>, ReconcileError> {
        let now = self.clock.now();
        if !self.store.take_turn(TURN, now, now + every).await? {
            return Ok(None);
        }
        let mut total = Reconciled::default();
        for _ in 0..MAX_PAGES {
            let page = self.reconcile(bucket, sts, prefix, total.next.as_deref(), None).await?;
            total = Reconciled { seen: total.seen + page.seen, added: total.added + page.added, next: page.next };
            if total.next.is_none() {
                break;
            }
        }
        Ok(Some(total))
    }

    fn found(&self, bucket: &str, seen: Seen, identity: Option<&str>) -> Upload {
        Upload {
            id: id_of(bucket, &seen.object, &seen.etag),
            bucket: bucket.to_owned(),
            object: seen.object,
            etag: seen.etag,
            size: seen.size,
            mime_type: seen.mime_type,
            crc64: seen.crc64,
            width: None,
            height: None,
            identity: identity.map(str::to_owned),
            vars: std::collections::BTreeMap::new(),
            source: Source::Listing,
            verified: true,
            request_id: None,
            uploaded_at: seen.modified.unwrap_or_else(|| self.clock.now()),
        }
    }
}

/// Reconciles as often as the settings in use want it, until the app is gone. Several servers take turns.
pub(crate) async fn now_and_then(app: Weak<App>) {
    while let Some(app) = app.upgrade() {
        let pause = once(&app).await;
        drop(app);
        tokio::time::sleep(pause).await;
    }
}

/// Reconciles once, if the settings want it; returns how long to wait.
async fn once(app: &App) -> Wait {
    let settings = app.settings();
    let seconds = settings.config.uploads.as_ref().and_then(|uploads| uploads.reconcile_seconds);
    let (Some(uploads), Some(bucket), Some(seconds)) = (app.uploads(), &settings.bucket, seconds) else {
        return PAUSE;
    };
    let prefix = settings.grants.common_prefix();
    let every = Duration::seconds(i64::from(seconds));
    match uploads.reconcile_in_turn(bucket, &settings.sts, prefix, every).await {
        Ok(Some(done)) => tracing::info!(seen = done.seen, added = done.added, "the bucket is reconciled"),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "the bucket is not reconciled");
            return PAUSE;
        }
    }
    Wait::from_secs(u64::from(seconds))
}
