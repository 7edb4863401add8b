//! The index of buckets and objects. Every change is one transaction, durable unless the world is a throwaway one.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::database::{Change, Check, OpenIndex};
use super::page::{self, Page, PageQuery};
use super::record::{BucketRecord, ObjectRecord, PartRecord, VersionRecord, decode, encode};
use super::{StoreError, Sync};

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

pub(super) const BUCKETS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("buckets");
/// `bucket NUL key`: the version that a reader who names none is given. No row where that is a delete marker.
pub(super) const OBJECTS: Bytes = TableDefinition::new("objects");
/// `bucket NUL key NUL sequence`, the sequence counted down, so that the newest comes first: every other version.
pub(super) const HISTORY: Bytes = TableDefinition::new("history");
/// `bucket NUL key NUL upload id`.
pub(super) const UPLOADS: Bytes = TableDefinition::new("uploads");
/// `upload id`, then the part's number as four big-endian bytes.
pub(super) const PARTS: Bytes = TableDefinition::new("parts");
/// The last sequence given to a version.
pub(super) const SEQUENCE: TableDefinition<'static, (), u64> = TableDefinition::new("sequence");

/// The number of the format that the records have.
const FORMAT: TableDefinition<'static, (), u64> = TableDefinition::new("format");
/// To be raised with every change that this code could not read.
const OURS: u64 = 1;

type Buckets = BTreeMap<String, Arc<BucketRecord>>;

/// The index file.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    sync: Sync,
    /// Opened anew after a failure of the disk.
    open: RwLock<Arc<OpenIndex>>,
    /// All buckets, of which there are few and every request asks: the table's content, changed after each commit.
    buckets: RwLock<Buckets>,
    /// Held from a bucket's change to its being remembered, so that both happen in one order.
    bucket_changes: Mutex<()>,
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Objects and older versions, and their bytes, by storage class in the order of [`crate::settings::storage_class::StorageClass`].
    pub classes: [(u64, u64); 5],
    /// Uploads under way.
    pub uploads: u64,
    /// Their parts.
    pub parts: u64,
    /// Delete markers.
    pub delete_markers: u64,
}

impl Usage {
    fn add(&mut self, record: &ObjectRecord) {
        if let Some((count, bytes)) = self.classes.get_mut(record.attributes.storage_class as usize) {
            *count += 1;
            *bytes += record.size;
        }
    }
}

/// `bucket NUL key`; neither part can hold a NUL.
pub(super) fn object_row(bucket: &str, key: &str) -> Vec<u8> {
    [bucket.as_bytes(), &[0], key.as_bytes()].concat()
}

/// Makes the tables of a new file; refuses one whose records have another format.
pub(super) fn prepare(open: &Arc<OpenIndex>, path: &Path) -> Result<(), StoreError> {
    let start = open.write()?;
    let is_new = start.list_tables()?.next().is_none();
    {
        let mut format = start.open_table(FORMAT)?;
        let found = format.get(())?.map(|value| value.value());
        if is_new {
            format.insert((), OURS)?;
        } else if found != Some(OURS) {
            let found = found.map_or("no format number".to_owned(), |found| format!("format {found}"));
            return Err(StoreError::OtherFormat { path: path.to_owned(), found: format!("{found}, expected {OURS}") });
        }
    }
    start.open_table(BUCKETS)?;
    start.open_table(SEQUENCE)?;
    for table in [OBJECTS, HISTORY, UPLOADS, PARTS] {
        start.open_table(table)?;
    }
    start.commit()
}

/// Calls `told` with every blob that a record names.
pub(super) fn each_blob(read: &ReadTransaction, mut told: impl FnMut(&str)) -> Result<(), StoreError> {
    let mut named = |record: &ObjectRecord| record.segments.iter().for_each(|segment| told(&segment.blob));
    for item in read.open_table(OBJECTS)?.iter()? {
        named(&decode(item?.1.value())?);
    }
    for item in read.open_table(HISTORY)?.iter()? {
        if let VersionRecord::Object(record) = decode(item?.1.value())? {
            named(&record);
        }
    }
    for item in read.open_table(PARTS)?.iter()? {
        told(&decode::<PartRecord>(item?.1.value())?.blob);
    }
    Ok(())
}

/// Empties all tables and fills them with what `from` holds, its blobs renamed where `name` knows a new name.
/// Returns the blobs that were named before. The sequence goes on: versions to come are newer than all that were.
pub(super) fn replace(
    write: &WriteTransaction,
    from: Option<&ReadTransaction>,
    name: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Vec<String>, StoreError> {
    let mut old = Vec::new();
    {
        let mut forget = |record: ObjectRecord| old.extend(record.segments.into_iter().map(|segment| segment.blob));
        for item in write.open_table(OBJECTS)?.iter()? {
            forget(decode(item?.1.value())?);
        }
        for item in write.open_table(HISTORY)?.iter()? {
            if let VersionRecord::Object(record) = decode(item?.1.value())? {
                forget(*record);
            }
        }
    }
    for item in write.open_table(PARTS)?.iter()? {
        old.push(decode::<PartRecord>(item?.1.value())?.blob);
    }
    write.delete_table(BUCKETS)?;
    for table in [OBJECTS, HISTORY, UPLOADS, PARTS] {
        write.delete_table(table)?;
    }
    let mut buckets = write.open_table(BUCKETS)?;
    let [mut objects, mut history] = [write.open_table(OBJECTS)?, write.open_table(HISTORY)?];
    let [mut uploads, mut parts] = [write.open_table(UPLOADS)?, write.open_table(PARTS)?];
    let Some(from) = from else { return Ok(old) };
    let mut rename = |blob: &mut String| {
        if let Some(new) = name(blob) {
            *blob = new;
        }
    };
    for item in from.open_table(BUCKETS)?.iter()? {
        let (row, value) = item?;
        buckets.insert(row.value(), value.value())?;
    }
    for item in from.open_table(UPLOADS)?.iter()? {
        let (row, value) = item?;
        uploads.insert(row.value(), value.value())?;
    }
    for item in from.open_table(OBJECTS)?.iter()? {
        let (row, value) = item?;
        let mut record: ObjectRecord = decode(value.value())?;
        record.segments.iter_mut().for_each(|segment| rename(&mut segment.blob));
        objects.insert(row.value(), encode(&record)?.as_slice())?;
    }
    for item in from.open_table(HISTORY)?.iter()? {
        let (row, value) = item?;
        let mut version: VersionRecord = decode(value.value())?;
        if let VersionRecord::Object(record) = &mut version {
            record.segments.iter_mut().for_each(|segment| rename(&mut segment.blob));
        }
        history.insert(row.value(), encode(&version)?.as_slice())?;
    }
    for item in from.open_table(PARTS)?.iter()? {
        let (row, value) = item?;
        let mut part: PartRecord = decode(value.value())?;
        rename(&mut part.blob);
        parts.insert(row.value(), encode(&part)?.as_slice())?;
    }
    let reached = from.open_table(SEQUENCE)?.get(())?.map_or(0, |last| last.value());
    let mut sequence = write.open_table(SEQUENCE)?;
    let last = sequence.get(())?.map_or(0, |last| last.value());
    sequence.insert((), last.max(reached))?;
    Ok(old)
}

fn buckets_of(open: &OpenIndex) -> Result<Buckets, StoreError> {
    let mut buckets = Buckets::new();
    for item in open.read()?.open_table(BUCKETS)?.iter()? {
        let (name, value) = item?;
        buckets.insert(name.value().to_owned(), Arc::new(decode(value.value())?));
    }
    Ok(buckets)
}

impl Index {
    pub(super) fn open(path: &Path, sync: Sync, check: Check) -> Result<Self, StoreError> {
        let open = Arc::new(OpenIndex::open(path, sync, check)?);
        prepare(&open, path)?;
        let buckets = RwLock::new(buckets_of(&open)?);
        let (path, open, bucket_changes) = (path.to_owned(), RwLock::new(open), Mutex::default());
        Ok(Self { path, sync, open, buckets, bucket_changes })
    }

    /// The database, opened anew when the disk has failed it: what it then holds is what reached the disk.
    fn opened(&self) -> Result<Arc<OpenIndex>, StoreError> {
        let open = Arc::clone(&self.open.read().unwrap_or_else(PoisonError::into_inner));
        if !open.has_failed() {
            return Ok(open);
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.has_failed() {
            let fresh = Arc::new(OpenIndex::open(&self.path, self.sync, Check::Everything)?);
            let buckets = buckets_of(&fresh)?;
            *open = fresh;
            *self.buckets.write().unwrap_or_else(PoisonError::into_inner) = buckets;
            tracing::warn!("{}: opened anew after a write that failed", self.path.display());
        }
        Ok(Arc::clone(&open))
    }

    /// Whether the disk has not failed it, or it was opened anew since.
    pub(super) fn is_well(&self) -> bool {
        !self.open.read().unwrap_or_else(PoisonError::into_inner).has_failed()
    }

    /// What is committed, at one point in time.
    pub(super) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.opened()?.read()
    }

    /// Begins a change; on disk once it is committed.
    pub(super) fn write(&self) -> Result<Change, StoreError> {
        self.opened()?.write()
    }

    /// Those of `blobs` that no record names. Reads the whole index.
    pub(super) fn unnamed(&self, mut blobs: HashSet<String>) -> Result<HashSet<String>, StoreError> {
        if blobs.is_empty() {
            return Ok(blobs);
        }
        each_blob(&self.read()?, |id| {
            blobs.remove(id);
        })?;
        Ok(blobs)
    }

    /// Creates a bucket unless it exists; whether it was created.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create_bucket(&self, name: &str, record: BucketRecord) -> Result<bool, StoreError> {
        let _order = self.change_buckets();
        let write = self.write()?;
        {
            let mut table = write.open_table(BUCKETS)?;
            if table.get(name)?.is_some() {
                return Ok(false);
            }
            table.insert(name, encode(&record)?.as_slice())?;
        }
        write.commit()?;
        self.remember(name, Some(record));
        Ok(true)
    }

    /// Changes a bucket; `None` when it is not there.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn update_bucket(&self, name: &str, change: impl FnOnce(&mut BucketRecord)) -> Result<Option<()>, StoreError> {
        let _order = self.change_buckets();
        let write = self.write()?;
        let record = {
            let mut table = write.open_table(BUCKETS)?;
            let Some(mut record) = table.get(name)?.map(|value| decode::<BucketRecord>(value.value())).transpose()?
            else {
                return Ok(None);
            };
            change(&mut record);
            table.insert(name, encode(&record)?.as_slice())?;
            record
        };
        write.commit()?;
        self.remember(name, Some(record));
        Ok(Some(()))
    }

    /// Removes a bucket that has neither objects, nor versions, nor uploads; whether it was empty and is gone.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn delete_bucket(&self, name: &str) -> Result<bool, StoreError> {
        let _order = self.change_buckets();
        let write = self.write()?;
        let base = object_row(name, "");
        for table in [OBJECTS, HISTORY, UPLOADS] {
            let table = write.open_table(table)?;
            if let Some(item) = table.range(base.as_slice()..)?.next()
                && item?.0.value().starts_with(&base)
            {
                return Ok(false);
            }
        }
        write.open_table(BUCKETS)?.remove(name)?;
        write.commit()?;
        self.remember(name, None);
        Ok(true)
    }

    /// Makes a change of everything. Who asks for a bucket waits until it is made, and sees no mixture.
    pub(super) fn replace_all<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _order = self.change_buckets();
        let open = self.opened()?;
        let write = open.write()?;
        let done = change(&write)?;
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        write.commit()?;
        *buckets = buckets_of(&open)?;
        Ok(done)
    }

    fn change_buckets(&self) -> MutexGuard<'_, ()> {
        self.bucket_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, name: &str, record: Option<BucketRecord>) {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        match record {
            Some(record) => buckets.insert(name.to_owned(), Arc::new(record)),
            None => buckets.remove(name),
        };
    }

    /// The bucket, if it exists. Never blocks on the disk.
    pub fn bucket(&self, name: &str) -> Option<Arc<BucketRecord>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All buckets, by name; an account has at most a hundred.
    pub fn buckets(&self) -> Vec<(String, Arc<BucketRecord>)> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.iter().map(|(name, record)| (name.clone(), Arc::clone(record))).collect()
    }

    /// What a bucket holds. Reads all of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn usage(&self, bucket: &str) -> Result<Usage, StoreError> {
        let read = self.read()?;
        let base = object_row(bucket, "");
        let end = [bucket.as_bytes(), &[1]].concat();
        let within = base.as_slice()..end.as_slice();
        let mut usage = Usage::default();
        for item in read.open_table(OBJECTS)?.range(within.clone())? {
            usage.add(&decode(item?.1.value())?);
        }
        for item in read.open_table(HISTORY)?.range(within.clone())? {
            match decode(item?.1.value())? {
                VersionRecord::Object(record) => usage.add(&record),
                VersionRecord::DeleteMarker { .. } => usage.delete_markers += 1,
            }
        }
        let parts = read.open_table(PARTS)?;
        for item in read.open_table(UPLOADS)?.range(within)? {
            let (row, _) = item?;
            let id = row.value().rsplit(|byte| *byte == 0).next().unwrap_or_default();
            usage.uploads += 1;
            usage.parts += parts.range(id..[id, &[0xff]].concat().as_slice())?.count() as u64;
        }
        Ok(usage)
    }

    /// One page of a bucket's objects.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list_objects(&self, bucket: &str, query: &PageQuery) -> Result<Page<ObjectRecord>, StoreError> {
        let read = self.read()?;
        let table = read.open_table(OBJECTS)?;
        page::page(&table, bucket, query, &page::start_of(query, None), |key, value| {
            Ok((String::from_utf8_lossy(key).into_owned(), decode(value)?))
        })
    }
}
