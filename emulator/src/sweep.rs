//! Lifecycle rules carried out: when a bucket is used, once a day of the emulator's clock and after each change of its rules.
//! So no work is done while nothing is asked, and who moves the clock sees what a day does.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use crate::settings::lifecycle::{Due, Lifecycle, Subject};
use crate::store::{
    BucketRecord, Entry, ListedVersion, ObjectRecord, PageQuery, Store, StoreError, VersionRecord, from_ms, to_ms,
};

/// Records read at a time.
const PAGE: usize = 1000;

/// Which buckets have been swept, and when and by which rules.
#[derive(Debug, Default)]
pub struct Sweeps(Mutex<HashMap<String, (i64, String)>>);

impl Sweeps {
    /// The rules that are to be carried out on `bucket` now; `None` when it has none, or they have been today.
    pub fn due(&self, name: &str, bucket: &BucketRecord, now: OffsetDateTime) -> Option<Lifecycle> {
        let rules = bucket.settings.get("lifecycle")?;
        let today = now.unix_timestamp().div_euclid(86_400);
        let mut swept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = swept.get(name);
        if last.is_some_and(|(day, by)| *day == today && by == rules) {
            return None;
        }
        swept.insert(name.to_owned(), (today, rules.clone()));
        Lifecycle::read(rules).ok()
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

fn objects(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut query = PageQuery { max: PAGE, ..PageQuery::default() };
    loop {
        let page = store.index.list_objects(bucket, &query)?;
        for entry in &page.entries {
            if let Entry::Item(key, record) = entry {
                let due = rules.due(&subject(key, record, record.modified_ms), now);
                act(store, (bucket, key, None), due, now)?;
            }
        }
        match page.entries.last().filter(|_| page.truncated) {
            Some(last) => last.name().clone_into(&mut query.marker),
            None => return Ok(()),
        }
    }
}

fn subject<'a>(key: &'a str, record: &'a ObjectRecord, since_ms: i64) -> Subject<'a> {
    Subject {
        key,
        tags: &record.attributes.tags,
        size: record.size,
        class: record.attributes.storage_class,
        since: from_ms(since_ms),
        accessed: None,
    }
}

fn act(
    store: &Store,
    (bucket, key, version): (&str, &str, Option<&str>),
    due: Option<Due>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    match due {
        None => {}
        Some(Due::Expire) => {
            let deleted = store.index.delete_object(bucket, key, version, to_ms(now))?;
            store.blobs.discard(deleted.orphans.iter().map(String::as_str));
        }
        Some(Due::Transition(class)) => {
            store.index.update_object((bucket, key, version), |record| {
                record.attributes.storage_class = class;
                Ok::<_, std::convert::Infallible>(())
            })?;
        }
    }
    Ok(())
}

/// Previous versions, and delete markers that are all that is left of their key.
fn versions(store: &Store, bucket: &str, rules: &Lifecycle, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut query = PageQuery { max: PAGE, ..PageQuery::default() };
    // The version read before, of the same key a newer one: it says since when the next is a previous one.
    let mut newer: Option<(String, i64)> = None;
    // A delete marker that is current, until a version of its key turns up.
    let mut lone: Option<(String, String, i64)> = None;
    loop {
        let page = store.index.list_versions(bucket, &query)?;
        for entry in &page.entries {
            let Entry::Item(key, listed) = entry else { continue };
            if let Some((of, marker, since)) = lone.take_if(|(of, ..)| of != key) {
                remove_lone(store, (bucket, &of), (&marker, since), rules, now)?;
            }
            let since = newer.as_ref().filter(|(of, _)| of == key).map(|(_, since)| *since);
            lone = lone_marker(key, listed);
            if let Some(since) = since {
                previous(store, (bucket, key), (listed, since), rules, now)?;
            }
            newer = Some((key.clone(), modified(&listed.version)));
        }
        match page.entries.last().filter(|_| page.truncated) {
            Some(Entry::Item(key, listed)) => {
                key.clone_into(&mut query.marker);
                listed.version.version_id().clone_into(&mut query.id_marker);
            }
            _ => break,
        }
    }
    match lone {
        Some((key, marker, since)) => remove_lone(store, (bucket, &key), (&marker, since), rules, now),
        None => Ok(()),
    }
}

fn modified(version: &VersionRecord) -> i64 {
    match version {
        VersionRecord::Object(record) => record.modified_ms,
        VersionRecord::DeleteMarker { modified_ms, .. } => *modified_ms,
    }
}

fn lone_marker(key: &str, listed: &ListedVersion) -> Option<(String, String, i64)> {
    let marker = matches!(listed.version, VersionRecord::DeleteMarker { .. }) && listed.latest;
    marker.then(|| (key.to_owned(), listed.version.version_id().to_owned(), modified(&listed.version)))
}

fn remove_lone(
    store: &Store,
    (bucket, key): (&str, &str),
    (marker, since_ms): (&str, i64),
    rules: &Lifecycle,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    if rules.lone_marker_due(key, from_ms(since_ms), now) {
        store.index.delete_object(bucket, key, Some(marker), to_ms(now))?;
    }
    Ok(())
}

fn previous(
    store: &Store,
    (bucket, key): (&str, &str),
    (listed, since_ms): (&ListedVersion, i64),
    rules: &Lifecycle,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let id = listed.version.version_id();
    let due = match &listed.version {
        VersionRecord::Object(record) => rules.noncurrent_due(&subject(key, record, since_ms), now),
        // It has no bytes, no tags and no class: only its end can be due.
        VersionRecord::DeleteMarker { .. } => {
            let class = crate::settings::storage_class::StorageClass::DeepColdArchive;
            let marker = Subject { key, tags: &[], size: 0, class, since: from_ms(since_ms), accessed: None };
            rules.noncurrent_due(&marker, now)
        }
    };
    act(store, (bucket, key, Some(id)), due, now)
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
