//! The versions of one key, within a transaction: the current one, the older ones, and how they change places.

use redb::{ReadableTable, Table, WriteTransaction};

use super::StoreError;
use super::blob::random_id;
use super::index::{HISTORY, OBJECTS, SEQUENCE, object_row};
use super::record::{NULL_VERSION, ObjectRecord, VersionRecord, Versioning, decode, encode};

type Rows<'a> = Table<'a, &'static [u8], &'static [u8]>;

/// What the ids of versions begin with, as OSS's do.
const VERSION_MARK: &str = "CAEQ";

/// Whether a version could have this id.
pub fn is_version_id(text: &str) -> bool {
    text == NULL_VERSION || text.starts_with(VERSION_MARK)
}

/// `bucket NUL key NUL`: what all older versions of the key begin with.
pub(super) fn history_base(bucket: &str, key: &str) -> Vec<u8> {
    [object_row(bucket, key).as_slice(), &[0]].concat()
}

/// The blobs that a version is made of.
pub(super) fn blobs_of(version: VersionRecord) -> Vec<String> {
    match version {
        VersionRecord::Object(record) => record.segments.into_iter().map(|segment| segment.blob).collect(),
        VersionRecord::DeleteMarker { .. } => Vec::new(),
    }
}

/// One key's versions within a transaction.
pub(super) struct Key<'a> {
    pub(super) row: Vec<u8>,
    base: Vec<u8>,
    pub(super) objects: Rows<'a>,
    pub(super) history: Rows<'a>,
    sequence: Table<'a, (), u64>,
}

impl<'a> Key<'a> {
    /// Where the versions of `key` stand.
    pub(super) fn open(write: &'a WriteTransaction, bucket: &str, key: &str) -> Result<Self, StoreError> {
        Ok(Self {
            row: object_row(bucket, key),
            base: history_base(bucket, key),
            objects: write.open_table(OBJECTS)?,
            history: write.open_table(HISTORY)?,
            sequence: write.open_table(SEQUENCE)?,
        })
    }

    /// The object that a reader sees.
    pub(super) fn current(&self) -> Result<Option<ObjectRecord>, StoreError> {
        self.objects.get(self.row.as_slice())?.map(|value| decode(value.value())).transpose()
    }

    /// The older versions, newest first, until `wanted` finds one; its row and record.
    pub(super) fn find(
        &self,
        wanted: impl Fn(&VersionRecord) -> bool,
    ) -> Result<Option<(Vec<u8>, VersionRecord)>, StoreError> {
        for item in self.history.range(self.base.as_slice()..)? {
            let (row, value) = item?;
            if !row.value().starts_with(&self.base) {
                break;
            }
            let record = decode(value.value())?;
            if wanted(&record) {
                return Ok(Some((row.value().to_vec(), record)));
            }
        }
        Ok(None)
    }

    /// The next number of a version.
    fn next(&mut self) -> Result<u64, StoreError> {
        let next = self.sequence.get(())?.map_or(1, |last| last.value() + 1);
        self.sequence.insert((), next)?;
        Ok(next)
    }

    /// The id of a version that is made now, where the bucket names versions. Ids count up, so that a listing can go on behind
    /// one that is gone.
    pub(super) fn new_version(&mut self, versioning: Versioning) -> Result<Option<String>, StoreError> {
        if versioning != Versioning::Enabled {
            return Ok(None);
        }
        let random = random_id()?;
        let id = format!("{VERSION_MARK}{:016X}{}", self.next()?, random.get(..16).unwrap_or(&random));
        Ok(Some(id.to_ascii_uppercase()))
    }

    /// Makes `version` the newest of the older ones.
    pub(super) fn push(&mut self, version: &VersionRecord) -> Result<(), StoreError> {
        let next = self.next()?;
        let row = [self.base.as_slice(), &(u64::MAX - next).to_be_bytes()].concat();
        self.history.insert(row.as_slice(), encode(version)?.as_slice())?;
        Ok(())
    }

    /// Takes the current object away: into history, unless it is to be lost. Returns blobs that are nobody's then.
    pub(super) fn retire(&mut self, versioning: Versioning) -> Result<Vec<String>, StoreError> {
        let Some(current) = self.current()? else { return Ok(Vec::new()) };
        self.objects.remove(self.row.as_slice())?;
        let lost = match versioning {
            Versioning::Never => true,
            Versioning::Enabled => false,
            Versioning::Suspended => current.version_id.is_none(),
        };
        let version = VersionRecord::Object(Box::new(current));
        if lost {
            return Ok(blobs_of(version));
        }
        self.push(&version)?;
        Ok(Vec::new())
    }

    /// In a suspended bucket there is one version `null`; this removes it from history.
    pub(super) fn drop_null(&mut self, versioning: Versioning) -> Result<Vec<String>, StoreError> {
        if versioning != Versioning::Suspended {
            return Ok(Vec::new());
        }
        match self.find(|version| version.version_id() == NULL_VERSION)? {
            Some((row, version)) => {
                self.history.remove(row.as_slice())?;
                Ok(blobs_of(version))
            }
            None => Ok(Vec::new()),
        }
    }

    /// Once the current version is gone: the newest object of history takes its place, unless a delete marker is newer.
    pub(super) fn promote(&mut self) -> Result<(), StoreError> {
        if let Some((row, VersionRecord::Object(record))) = self.find(|_| true)? {
            self.history.remove(row.as_slice())?;
            self.objects.insert(self.row.as_slice(), encode(&*record)?.as_slice())?;
        }
        Ok(())
    }
}
