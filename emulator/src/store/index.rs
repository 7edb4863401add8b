//! The index of buckets and objects. Every change is one durable transaction.

use std::collections::HashSet;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::page::{self, Page, PageQuery};
use super::record::{BucketRecord, ObjectRecord, PartRecord, decode, encode};
use super::{StoreError, io_error};

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

const BUCKETS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("buckets");
/// `bucket NUL key`.
pub(super) const OBJECTS: Bytes = TableDefinition::new("objects");
/// `bucket NUL key NUL upload id`.
pub(super) const UPLOADS: Bytes = TableDefinition::new("uploads");
/// `upload id`, then the part's number as four big-endian bytes.
pub(super) const PARTS: Bytes = TableDefinition::new("parts");

/// The index file.
#[derive(Debug)]
pub struct Index {
    pub(super) db: Database,
}

/// `bucket NUL key`; neither part can hold a NUL.
pub(super) fn object_row(bucket: &str, key: &str) -> Vec<u8> {
    [bucket.as_bytes(), &[0], key.as_bytes()].concat()
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Database::create(path).map_err(|error| match error {
            redb::DatabaseError::Storage(redb::StorageError::Io(source)) => io_error(path)(source),
            other => StoreError::Index(format!("{}: {other}", path.display())),
        })?;
        let start = db.begin_write()?;
        start.open_table(BUCKETS)?;
        for table in [OBJECTS, UPLOADS, PARTS] {
            start.open_table(table)?;
        }
        start.commit()?;
        Ok(Self { db })
    }

    /// Every blob that a record names.
    pub(super) fn blob_ids(&self) -> Result<HashSet<String>, StoreError> {
        let mut ids = HashSet::new();
        let read = self.db.begin_read()?;
        for item in read.open_table(OBJECTS)?.iter()? {
            let record: ObjectRecord = decode(item?.1.value())?;
            ids.extend(record.segments.into_iter().map(|segment| segment.blob));
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
    pub fn create_bucket(&self, name: &str, record: &BucketRecord) -> Result<bool, StoreError> {
        let write = self.db.begin_write()?;
        let created = {
            let mut table = write.open_table(BUCKETS)?;
            let absent = table.get(name)?.is_none();
            if absent {
                table.insert(name, encode(record)?.as_slice())?;
            }
            absent
        };
        write.commit()?;
        Ok(created)
    }

    /// The bucket, if it exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bucket(&self, name: &str) -> Result<Option<BucketRecord>, StoreError> {
        let read = self.db.begin_read()?;
        read.open_table(BUCKETS)?.get(name)?.map(|value| decode(value.value())).transpose()
    }

    /// All buckets, by name; an account has at most a hundred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn buckets(&self) -> Result<Vec<(String, BucketRecord)>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(BUCKETS)?;
        let rows = table.iter()?.map(|item| {
            let (name, value) = item?;
            Ok((name.value().to_owned(), decode(value.value())?))
        });
        rows.collect()
    }

    /// The object, if it exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<ObjectRecord>, StoreError> {
        let read = self.db.begin_read()?;
        read.open_table(OBJECTS)?
            .get(object_row(bucket, key).as_slice())?
            .map(|value| decode(value.value()))
            .transpose()
    }

    /// Puts an object in place of any that was there, which is returned: its blobs are nobody's now.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        record: &ObjectRecord,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        let write = self.db.begin_write()?;
        let replaced = {
            let mut table = write.open_table(OBJECTS)?;
            let old = table.insert(object_row(bucket, key).as_slice(), encode(record)?.as_slice())?;
            old.map(|value| decode(value.value())).transpose()?
        };
        write.commit()?;
        Ok(replaced)
    }

    /// Removes an object and returns it, if it was there.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<Option<ObjectRecord>, StoreError> {
        let write = self.db.begin_write()?;
        let removed = {
            let mut table = write.open_table(OBJECTS)?;
            let old = table.remove(object_row(bucket, key).as_slice())?;
            old.map(|value| decode(value.value())).transpose()?
        };
        write.commit()?;
        Ok(removed)
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
