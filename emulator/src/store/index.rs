//! The index of buckets and objects. Every change is one transaction, durable unless the world is a throwaway one.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::page::{self, Page, PageQuery};
use super::record::{BucketRecord, ObjectRecord, PartRecord, VersionRecord, decode, encode};
use super::{StoreError, Sync, io_error};

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

type Buckets = BTreeMap<String, Arc<BucketRecord>>;

/// The index file.
#[derive(Debug)]
pub struct Index {
    pub(super) db: Database,
    sync: Sync,
    /// All buckets, of which there are few and every request asks: the table's content, changed after each commit.
    buckets: RwLock<Buckets>,
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

impl Index {
    pub(super) fn open(path: &Path, sync: Sync) -> Result<Self, StoreError> {
        let db = Database::create(path).map_err(|error| match error {
            redb::DatabaseError::Storage(redb::StorageError::Io(source)) => io_error(path)(source),
            other => StoreError::Damaged { path: path.to_owned(), problem: other.to_string() },
        })?;
        let start = db.begin_write()?;
        start.open_table(SEQUENCE)?;
        for table in [OBJECTS, HISTORY, UPLOADS, PARTS] {
            start.open_table(table)?;
        }
        let mut buckets = Buckets::new();
        for item in start.open_table(BUCKETS)?.iter()? {
            let (name, value) = item?;
            buckets.insert(name.value().to_owned(), Arc::new(decode(value.value())?));
        }
        start.commit()?;
        Ok(Self { db, sync, buckets: RwLock::new(buckets) })
    }

    /// Begins a change; on disk once it is committed.
    pub(super) fn write(&self) -> Result<WriteTransaction, StoreError> {
        let mut write = self.db.begin_write()?;
        if self.sync == Sync::Never {
            write.set_durability(Durability::None).map_err(|error| StoreError::Index(error.to_string()))?;
        }
        Ok(write)
    }

    /// Every blob that a record names.
    pub(super) fn blob_ids(&self) -> Result<HashSet<String>, StoreError> {
        let mut ids = HashSet::new();
        let read = self.db.begin_read()?;
        for item in read.open_table(OBJECTS)?.iter()? {
            let record: ObjectRecord = decode(item?.1.value())?;
            ids.extend(record.segments.into_iter().map(|segment| segment.blob));
        }
        for item in read.open_table(HISTORY)?.iter()? {
            if let VersionRecord::Object(record) = decode(item?.1.value())? {
                ids.extend(record.segments.into_iter().map(|segment| segment.blob));
            }
        }
        for item in read.open_table(PARTS)?.iter()? {
            let record: PartRecord = decode(item?.1.value())?;
            ids.insert(record.blob);
        }
        Ok(ids)
    }

    /// Creates a bucket unless it exists; whether it was created.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create_bucket(&self, name: &str, record: BucketRecord) -> Result<bool, StoreError> {
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
        let read = self.db.begin_read()?;
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
        let read = self.db.begin_read()?;
        let table = read.open_table(OBJECTS)?;
        page::page(&table, bucket, query, &page::start_of(query, None), |key, value| {
            Ok((String::from_utf8_lossy(key).into_owned(), decode(value)?))
        })
    }
}
