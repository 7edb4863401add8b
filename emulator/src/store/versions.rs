//! Versions of objects: put, read, changed and deleted as the bucket's versioning says, each in one transaction.

use std::convert::Infallible;

use redb::{ReadableTable, WriteTransaction};

use super::StoreError;
use super::index::{BUCKETS, HISTORY, Index, OBJECTS, object_row};
use super::key_versions::{Key, blobs_of, history_base};
use super::record::{BucketRecord, NULL_VERSION, ObjectRecord, VersionRecord, Versioning, decode, encode};

/// Why an object was not written.
#[derive(Debug)]
pub enum WriteError {
    /// The bucket was deleted in the meantime.
    NoSuchBucket,
    /// The object is there and was not to be overwritten.
    Exists,
    /// The store failed.
    Store(StoreError),
}

impl<S: Into<StoreError>> From<S> for WriteError {
    fn from(error: S) -> Self {
        Self::Store(error.into())
    }
}

/// What a write has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The version that it made; `None` in a bucket that never had versions.
    pub version_id: Option<String>,
    /// Blobs that belong to nobody now.
    pub orphans: Vec<String>,
}

/// What a deletion has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version that is gone, or the delete marker that was made.
    pub version_id: Option<String>,
    /// Whether that version is, or was, a delete marker.
    pub delete_marker: bool,
    /// Blobs that belong to nobody now.
    pub orphans: Vec<String>,
}

/// What stands where a reader looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An object.
    Object(Box<ObjectRecord>),
    /// The object was deleted by this version.
    DeleteMarker(String),
    /// Nothing.
    Nothing,
}

fn bucket_within(write: &WriteTransaction, name: &str) -> Result<Option<BucketRecord>, StoreError> {
    write.open_table(BUCKETS)?.get(name)?.map(|value| decode(value.value())).transpose()
}

/// As it is told: `null` for an unnamed version, nothing in a bucket without versions.
fn told(versioning: Versioning, version_id: Option<String>) -> Option<String> {
    (versioning != Versioning::Never).then(|| version_id.unwrap_or_else(|| NULL_VERSION.to_owned()))
}

impl Index {
    /// Puts an object in the place of any that a reader would see.
    ///
    /// # Errors
    /// [`WriteError`]; nothing has changed then.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        record: ObjectRecord,
        forbid_overwrite: bool,
    ) -> Result<Written, WriteError> {
        let write = self.write()?;
        let written = self.put_within(&write, (bucket, key), record, forbid_overwrite)?;
        write.commit()?;
        Ok(written)
    }

    /// As [`Index::put_object`], as a part of a larger change.
    pub(super) fn put_within(
        &self,
        write: &WriteTransaction,
        (bucket, key): (&str, &str),
        mut record: ObjectRecord,
        forbid_overwrite: bool,
    ) -> Result<Written, WriteError> {
        let versioning = bucket_within(write, bucket)?.ok_or(WriteError::NoSuchBucket)?.versioning;
        if versioning == Versioning::Never {
            return put_alone(write, (bucket, key), &record, forbid_overwrite);
        }
        let mut place = Key::open(write, bucket, key)?;
        // Where there are versions nothing is overwritten, so nothing can be forbidden (OSS, PutObject).
        record.version_id = place.new_version(versioning)?;
        let mut orphans = place.drop_null(versioning)?;
        orphans.extend(place.retire(versioning)?);
        place.objects.insert(place.row.as_slice(), encode(&record)?.as_slice())?;
        Ok(Written { version_id: told(versioning, record.version_id), orphans })
    }

    /// Makes a new state of the current object, or a first one, in one step with the look at it; its version stays.
    /// Returns what now stands there.
    ///
    /// # Errors
    /// [`WriteError`], or what `make` refuses; nothing has changed then.
    pub fn rewrite_object<E>(
        &self,
        (bucket, key): (&str, &str),
        make: impl FnOnce(Option<&ObjectRecord>) -> Result<ObjectRecord, E>,
    ) -> Result<Result<(ObjectRecord, Written), E>, WriteError> {
        let write = self.write()?;
        let versioning = bucket_within(&write, bucket)?.ok_or(WriteError::NoSuchBucket)?.versioning;
        let current = Key::open(&write, bucket, key)?.current()?;
        let record = match make(current.as_ref()) {
            Ok(record) => record,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let written = if current.is_some() {
            write.open_table(OBJECTS)?.insert(object_row(bucket, key).as_slice(), encode(&record)?.as_slice())?;
            Written { version_id: told(versioning, record.version_id.clone()), orphans: Vec::new() }
        } else {
            self.put_within(&write, (bucket, key), record.clone(), false)?
        };
        write.commit()?;
        Ok(Ok((record, written)))
    }

    /// As [`Batch::delete`], alone.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn delete_object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        now_ms: i64,
    ) -> Result<Deleted, StoreError> {
        self.together(bucket, |batch| batch.delete(key, version, now_ms))
    }

    /// Makes several changes to objects of a bucket for the price of one: on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn together<T>(
        &self,
        bucket: &str,
        change: impl FnOnce(&Batch<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let write = self.write()?;
        let versioning = bucket_within(&write, bucket)?.map_or(Versioning::Never, |bucket| bucket.versioning);
        let changed = change(&Batch { write: &write, bucket, versioning })?;
        write.commit()?;
        Ok(changed)
    }

    /// What a reader of `version`, or of the current one, finds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Found, StoreError> {
        let read = self.read()?;
        let current = read.open_table(OBJECTS)?.get(object_row(bucket, key).as_slice())?;
        if let Some(value) = current {
            let record: ObjectRecord = decode(value.value())?;
            let id = record.version_id.as_deref().unwrap_or(NULL_VERSION);
            if version.is_none_or(|wanted| wanted == id) {
                return Ok(Found::Object(Box::new(record)));
            }
        }
        let base = history_base(bucket, key);
        for item in read.open_table(HISTORY)?.range(base.as_slice()..)? {
            let (row, value) = item?;
            if !row.value().starts_with(&base) {
                break;
            }
            let found: VersionRecord = decode(value.value())?;
            match (version, found) {
                (Some(wanted), found) if found.version_id() != wanted => {}
                (_, VersionRecord::DeleteMarker { version_id, .. }) => {
                    return Ok(Found::DeleteMarker(version_id.unwrap_or_else(|| NULL_VERSION.to_owned())));
                }
                (Some(_), VersionRecord::Object(record)) => return Ok(Found::Object(record)),
                // The newest of history is an object only beside a current one.
                (None, VersionRecord::Object(_)) => break,
            }
        }
        Ok(Found::Nothing)
    }

    /// Changes the record of an object in its place; `None` when there is no such object. An error of `change` changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn update_object<T, E>(
        &self,
        (bucket, key, version): (&str, &str, Option<&str>),
        change: impl FnOnce(&mut ObjectRecord) -> Result<T, E>,
    ) -> Result<Option<Result<T, E>>, StoreError> {
        let write = self.write()?;
        let changed = update_within(&write, (bucket, key, version), change)?;
        if matches!(changed, Some(Ok(_))) {
            write.commit()?;
        }
        Ok(changed)
    }
}

/// Puts an object in a bucket that never had versions: one step in one table, as this is done most.
fn put_alone(
    write: &WriteTransaction,
    (bucket, key): (&str, &str),
    record: &ObjectRecord,
    forbid_overwrite: bool,
) -> Result<Written, WriteError> {
    let (row, mut objects) = (object_row(bucket, key), write.open_table(OBJECTS)?);
    if forbid_overwrite && objects.get(row.as_slice())?.is_some() {
        return Err(WriteError::Exists);
    }
    let replaced = objects.insert(row.as_slice(), encode(record)?.as_slice())?;
    let replaced: Option<ObjectRecord> = replaced.map(|old| decode(old.value())).transpose()?;
    let orphans = replaced.map(|old| blobs_of(VersionRecord::Object(Box::new(old)))).unwrap_or_default();
    Ok(Written { version_id: None, orphans })
}

/// Changes to objects of one bucket that are made together.
pub struct Batch<'a> {
    write: &'a WriteTransaction,
    bucket: &'a str,
    versioning: Versioning,
}

impl Batch<'_> {
    /// Deletes: without `version`, what a reader would see, leaving a delete marker where the bucket keeps versions;
    /// with it, that version for good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete(&self, key: &str, version: Option<&str>, now_ms: i64) -> Result<Deleted, StoreError> {
        let mut place = Key::open(self.write, self.bucket, key)?;
        if let Some(version) = version {
            return delete_version(&mut place, version);
        }
        let mut orphans = place.drop_null(self.versioning)?;
        orphans.extend(place.retire(self.versioning)?);
        let version_id = place.new_version(self.versioning)?;
        let delete_marker = self.versioning != Versioning::Never;
        if delete_marker {
            let version_id = version_id.clone();
            place.push(&VersionRecord::DeleteMarker { version_id, modified_ms: now_ms })?;
        }
        Ok(Deleted { version_id: told(self.versioning, version_id), delete_marker, orphans })
    }

    /// As [`Index::update_object`], of a change that cannot fail.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn update(
        &self,
        key: &str,
        version: Option<&str>,
        change: impl FnOnce(&mut ObjectRecord),
    ) -> Result<(), StoreError> {
        let change = |record: &mut ObjectRecord| {
            change(record);
            Ok::<_, Infallible>(())
        };
        update_within(self.write, (self.bucket, key, version), change)?;
        Ok(())
    }

    /// When `version`, or the current object, was made; `None` when it is not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn modified_ms(&self, key: &str, version: Option<&str>) -> Result<Option<i64>, StoreError> {
        let place = Key::open(self.write, self.bucket, key)?;
        let current = place.current()?.map(|record| VersionRecord::Object(Box::new(record)));
        let found = match (version, current) {
            (None, current) => current,
            (Some(wanted), Some(current)) if current.version_id() == wanted => Some(current),
            (Some(wanted), _) => place.find(|it| it.version_id() == wanted)?.map(|(_, version)| version),
        };
        Ok(found.map(|version| version.modified_ms()))
    }
}

fn update_within<T, E>(
    write: &WriteTransaction,
    (bucket, key, version): (&str, &str, Option<&str>),
    change: impl FnOnce(&mut ObjectRecord) -> Result<T, E>,
) -> Result<Option<Result<T, E>>, StoreError> {
    let mut place = Key::open(write, bucket, key)?;
    let is = |id: Option<&str>| version.is_none_or(|wanted| wanted == id.unwrap_or(NULL_VERSION));
    if let Some(mut record) = place.current()?.filter(|record| is(record.version_id.as_deref())) {
        let changed = change(&mut record);
        if changed.is_ok() {
            place.objects.insert(place.row.as_slice(), encode(&record)?.as_slice())?;
        }
        return Ok(Some(changed));
    }
    let wanted = version.unwrap_or_default();
    let Some((row, VersionRecord::Object(mut record))) = place.find(|it| it.version_id() == wanted)? else {
        return Ok(None);
    };
    let changed = change(&mut record);
    if changed.is_ok() {
        place.history.insert(row.as_slice(), encode(&VersionRecord::Object(record))?.as_slice())?;
    }
    Ok(Some(changed))
}

fn delete_version(place: &mut Key<'_>, version: &str) -> Result<Deleted, StoreError> {
    let version_id = Some(version.to_owned());
    let current = place.current()?;
    if let Some(current) = current.filter(|it| it.version_id.as_deref().unwrap_or(NULL_VERSION) == version) {
        place.objects.remove(place.row.as_slice())?;
        place.promote()?;
        let orphans = blobs_of(VersionRecord::Object(Box::new(current)));
        return Ok(Deleted { version_id, delete_marker: false, orphans });
    }
    let Some((row, found)) = place.find(|it| it.version_id() == version)? else {
        return Ok(Deleted { version_id, ..Deleted::default() });
    };
    place.history.remove(row.as_slice())?;
    if place.current()?.is_none() {
        place.promote()?;
    }
    let delete_marker = matches!(found, VersionRecord::DeleteMarker { .. });
    Ok(Deleted { version_id, delete_marker, orphans: blobs_of(found) })
}
