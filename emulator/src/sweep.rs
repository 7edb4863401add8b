//! Lifecycle rules carried out: when a bucket is used, once a day of the emulator's clock and after each change of its rules.
//! So no work is done while nothing is asked, and who moves the clock sees what a day does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use crate::settings::lifecycle::{Due, Lifecycle, Subject};
use crate::settings::storage_class::StorageClass;
use crate::store::{
    BucketRecord, Entry, ListedVersion, ObjectRecord, PageQuery, Store, StoreError, VersionRecord, from_ms, to_ms,
};

/// Records read at a time.
const PAGE: usize = 1000;

/// The rules of buckets, read once, and when they were carried out.
#[derive(Debug, Default)]
pub struct Sweeps(Mutex<HashMap<String, Known>>);

#[derive(Debug, Default)]
struct Known {
    text: String,
    /// `None` when the text cannot be read.
    rules: Option<Arc<Lifecycle>>,
    /// The day of the last sweep by these rules.
    swept: Option<i64>,
}

impl Sweeps {
    /// Forgets what has been done, as all buckets are others now.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The rules of `bucket`, if it has any.
    pub fn rules(&self, name: &str, bucket: &BucketRecord) -> Option<Arc<Lifecycle>> {
        self.known(name, bucket, |known| known.rules.clone())
    }

    /// The rules that are to be carried out on `bucket` now; `None` when it has none, or they have been today.
    pub fn due(&self, name: &str, bucket: &BucketRecord, now: OffsetDateTime) -> Option<Arc<Lifecycle>> {
        let today = now.unix_timestamp().div_euclid(86_400);
        self.known(name, bucket, |known| {
            let last = known.swept.replace(today);
            known.rules.clone().filter(|_| last != Some(today))
        })
    }

    fn known<T>(&self, name: &str, bucket: &BucketRecord, look: impl FnOnce(&mut Known) -> Option<T>) -> Option<T> {
        let text = bucket.settings.get("lifecycle")?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(name.to_owned()).or_default();
        if known.text != *text {
            *known = Known { text: text.clone(), rules: Lifecycle::read(text).ok().map(Arc::new), swept: None };
        }
        look(known)
    }
}

/// Carries `rules` out on all that `bucket` holds.
///
/// # Errors
/// [`StoreError`]; what was done until then stays done.
pub fn sweep(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    objects(store, bucket, rules, now)?;
    versions(store, bucket, rules, now)?;
    uploads(store, bucket, rules, now)
}

/// What is due for one version, or for the current object of a key.
struct Act {
    key: String,
    version: Option<String>,
    /// What has taken its place since it was looked at stays as it is.
    modified_ms: i64,
    due: Due,
}

/// Carries out what is due, in one change.
fn carry_out(store: &Store, bucket: &str, acts: Vec<Act>, now: OffsetDateTime) -> Result<(), StoreError> {
    if acts.is_empty() {
        return Ok(());
    }
    let orphans = store.index.together(bucket, |batch| {
        let mut orphans = Vec::new();
        for Act { key, version, modified_ms, due } in acts {
            let version = version.as_deref();
            if batch.modified_ms(&key, version)? != Some(modified_ms) {
                continue;
            }
            match due {
                Due::Expire => orphans.extend(batch.delete(&key, version, to_ms(now))?.orphans),
                Due::Transition(class) => {
                    batch.update(&key, version, |record| record.attributes.storage_class = class)?;
                }
            }
        }
        Ok(orphans)
    })?;
    store.blobs.discard(orphans.iter().map(String::as_str));
    Ok(())
}

fn objects(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut query = PageQuery { max: PAGE, ..PageQuery::default() };
    loop {
        let page = store.index.list_objects(bucket, &query)?;
        let acts = page.entries.iter().filter_map(|entry| {
            let Entry::Item(key, record) = entry else { return None };
            let modified_ms = record.modified_ms;
            let due = rules.due(&subject(key, record, modified_ms), now)?;
            Some(Act { key: key.clone(), version: None, modified_ms, due })
        });
        carry_out(store, bucket, acts.collect(), now)?;
        match page.entries.last().filter(|_| page.truncated) {
            Some(last) => last.name().clone_into(&mut query.marker),
            None => return Ok(()),
        }
    }
}

/// The object under `key` as rules look at it, counted from a moment in Unix milliseconds.
pub fn subject<'a>(key: &'a str, record: &'a ObjectRecord, since_ms: i64) -> Subject<'a> {
    Subject {
        key,
        tags: &record.attributes.tags,
        size: record.size,
        class: record.attributes.storage_class,
        since: from_ms(since_ms),
        accessed: None,
    }
}

/// Previous versions, and delete markers that are all that is left of their key.
fn versions(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut query = PageQuery { max: PAGE, ..PageQuery::default() };
    // When the version read before was made, of the same key a newer one: since then the next is a previous one.
    let mut newer: Option<(String, i64)> = None;
    // A delete marker that is current, until a version of its key turns up.
    let mut lone: Option<Act> = None;
    let lone_due = |marker: &Act| rules.lone_marker_due(&marker.key, from_ms(marker.modified_ms), now);
    loop {
        let page = store.index.list_versions(bucket, &query)?;
        let mut acts = Vec::new();
        for entry in &page.entries {
            let Entry::Item(key, listed) = entry else { continue };
            acts.extend(lone.take_if(|marker| marker.key != *key).filter(lone_due));
            let since = newer.as_ref().filter(|(of, _)| of == key).map(|(_, since)| *since);
            let act = |due| Act {
                key: key.clone(),
                version: Some(listed.version.version_id().to_owned()),
                modified_ms: listed.version.modified_ms(),
                due,
            };
            let marker = matches!(listed.version, VersionRecord::DeleteMarker { .. }) && listed.latest;
            lone = marker.then(|| act(Due::Expire));
            acts.extend(since.and_then(|since| previous(key, listed, since, rules, now)).map(act));
            newer = Some((key.clone(), listed.version.modified_ms()));
        }
        carry_out(store, bucket, acts, now)?;
        match page.entries.last().filter(|_| page.truncated) {
            Some(Entry::Item(key, listed)) => {
                key.clone_into(&mut query.marker);
                listed.version.version_id().clone_into(&mut query.id_marker);
            }
            _ => break,
        }
    }
    carry_out(store, bucket, lone.filter(lone_due).into_iter().collect(), now)
}

/// What is due for a version that has not been the current one since `since_ms`.
fn previous(key: &str, listed: &ListedVersion, since_ms: i64, rules: &Lifecycle, now: OffsetDateTime) -> Option<Due> {
    match &listed.version {
        VersionRecord::Object(record) => rules.noncurrent_due(&subject(key, record, since_ms), now),
        // It has no bytes, no tags and no class: only its end can be due.
        VersionRecord::DeleteMarker { .. } => {
            let class = StorageClass::DeepColdArchive;
            let marker = Subject { key, tags: &[], size: 0, class, since: from_ms(since_ms), accessed: None };
            rules.noncurrent_due(&marker, now)
        }
    }
}

fn uploads(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut query = PageQuery { max: PAGE, ..PageQuery::default() };
    loop {
        let page = store.index.list_uploads(bucket, &query)?;
        for entry in &page.entries {
            if let Entry::Item(key, (id, record)) = entry
                && rules.upload_due(key, from_ms(record.initiated_ms), now)
                && let Some(blobs) = store.index.abort_upload((bucket, key, id))?
            {
                store.blobs.discard(blobs.iter().map(String::as_str));
            }
        }
        match page.entries.last().filter(|_| page.truncated) {
            Some(Entry::Item(key, (id, _))) => {
                key.clone_into(&mut query.marker);
                id.clone_into(&mut query.id_marker);
            }
            _ => return Ok(()),
        }
    }
}
