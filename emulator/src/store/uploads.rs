//! Multipart uploads in the index: initiated, filled part by part, then completed or aborted.

use std::collections::HashSet;

use redb::ReadableTable;
use time::OffsetDateTime;

use super::StoreError;
use super::blob::random_id;
use super::index::{BUCKETS, Index, PARTS, UPLOADS, object_row};
use super::page::{self, Page, PageQuery};
use super::record::{Attributes, ObjectRecord, PartRecord, UploadRecord, decode, encode, to_ms};
use super::versions::{WriteError, Written};

/// Why an upload was not completed.
#[derive(Debug)]
pub enum CompleteError<E> {
    /// It is not there (any more).
    NoSuchUpload,
    /// The caller's own check failed.
    Refused(E),
    /// The object could not be written.
    Write(WriteError),
}

impl<E, S: Into<WriteError>> From<S> for CompleteError<E> {
    fn from(error: S) -> Self {
        Self::Write(error.into())
    }
}

fn upload_row(bucket: &str, key: &str, id: &str) -> Vec<u8> {
    [object_row(bucket, key).as_slice(), &[0], id.as_bytes()].concat()
}

fn part_row(id: &str, number: u32) -> Vec<u8> {
    [id.as_bytes(), &number.to_be_bytes()].concat()
}

/// The number at the end of a part's row.
fn part_number(row: &[u8]) -> u32 {
    row.last_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

impl Index {
    /// Begins an upload and returns its id: 32 hex digits that sort by time.
    ///
    /// # Errors
    /// [`WriteError`]: a bucket that was deleted meanwhile takes no upload.
    pub fn initiate_upload(
        &self,
        bucket: &str,
        key: &str,
        attributes: Attributes,
        now: OffsetDateTime,
    ) -> Result<String, WriteError> {
        let initiated_ms = to_ms(now);
        let random = random_id()?;
        let id = format!("{initiated_ms:012X}{}", random.get(..20).unwrap_or(&random)).to_ascii_uppercase();
        let record = UploadRecord { initiated_ms, attributes };
        let write = self.write()?;
        if write.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(WriteError::NoSuchBucket);
        }
        write.open_table(UPLOADS)?.insert(upload_row(bucket, key, &id).as_slice(), encode(&record)?.as_slice())?;
        write.commit()?;
        Ok(id)
    }

    /// The upload, if it is under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Option<UploadRecord>, StoreError> {
        let read = self.read()?;
        read.open_table(UPLOADS)?
            .get(upload_row(bucket, key, id).as_slice())?
            .map(|value| decode(value.value()))
            .transpose()
    }

    /// Records a part in place of any with its number, whose record is returned. `None` when the upload is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: u32,
        record: &PartRecord,
    ) -> Result<Option<Option<PartRecord>>, StoreError> {
        let write = self.write()?;
        if write.open_table(UPLOADS)?.get(upload_row(bucket, key, id).as_slice())?.is_none() {
            return Ok(None);
        }
        let replaced = {
            let mut table = write.open_table(PARTS)?;
            let old = table.insert(part_row(id, number).as_slice(), encode(record)?.as_slice())?;
            old.map(|value| decode(value.value())).transpose()?
        };
        write.commit()?;
        Ok(Some(replaced))
    }

    /// Up to `max` parts behind number `marker`, in order, and whether more follow.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn parts(&self, id: &str, marker: u32, max: usize) -> Result<(Vec<(u32, PartRecord)>, bool), StoreError> {
        let read = self.read()?;
        let table = read.open_table(PARTS)?;
        let from = part_row(id, marker.saturating_add(1));
        let to = part_row(id, u32::MAX);
        let mut parts = Vec::new();
        for item in table.range(from.as_slice()..=to.as_slice())? {
            let (row, value) = item?;
            if parts.len() == max {
                return Ok((parts, true));
            }
            parts.push((part_number(row.value()), decode(value.value())?));
        }
        Ok((parts, false))
    }

    /// Turns the parts into an object. `assemble` sees all parts in order and says what the object is, or refuses.
    /// Returns the object and what the write has done; the parts left out are among its orphans.
    ///
    /// # Errors
    /// [`CompleteError`]; nothing has changed then.
    pub fn complete_upload<E>(
        &self,
        (bucket, key, id): (&str, &str, &str),
        forbid_overwrite: bool,
        assemble: impl FnOnce(UploadRecord, &[(u32, PartRecord)]) -> Result<ObjectRecord, E>,
    ) -> Result<(ObjectRecord, Written), CompleteError<E>> {
        let write = self.write()?;
        let Some((upload, parts)) = take_upload(&write, (bucket, key, id))? else {
            return Err(CompleteError::NoSuchUpload);
        };
        let object = assemble(upload, &parts).map_err(CompleteError::Refused)?;
        let mut written = self.put_within(&write, (bucket, key), object.clone(), forbid_overwrite)?;
        write.commit()?;
        let used: HashSet<&String> = object.segments.iter().map(|segment| &segment.blob).collect();
        written.orphans.extend(parts.into_iter().map(|(_, part)| part.blob).filter(|blob| !used.contains(blob)));
        Ok((object, written))
    }

    /// Forgets an upload; its parts' blobs are nobody's now. `None` when it is not there.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub fn abort_upload(&self, place: (&str, &str, &str)) -> Result<Option<Vec<String>>, StoreError> {
        let write = self.write()?;
        let Some((_, parts)) = take_upload(&write, place)? else {
            return Ok(None);
        };
        write.commit()?;
        Ok(Some(parts.into_iter().map(|(_, part)| part.blob).collect()))
    }

    /// One page of a bucket's uploads under way; each item is (key, (upload id, record)).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list_uploads(&self, bucket: &str, query: &PageQuery) -> Result<Page<(String, UploadRecord)>, StoreError> {
        let read = self.read()?;
        let table = read.open_table(UPLOADS)?;
        page::page(&table, bucket, query, &page::start_of(query, Some(0)), |behind, value| {
            let text = String::from_utf8_lossy(behind);
            let (key, id) = text.split_once('\0').unwrap_or((&text, ""));
            Ok((key.to_owned(), (id.to_owned(), decode(value)?)))
        })
    }
}

type Taken = (UploadRecord, Vec<(u32, PartRecord)>);

/// Removes an upload and its parts within `write`, and returns them.
fn take_upload(
    write: &redb::WriteTransaction,
    (bucket, key, id): (&str, &str, &str),
) -> Result<Option<Taken>, StoreError> {
    let upload: UploadRecord = {
        let mut table = write.open_table(UPLOADS)?;
        let Some(old) = table.remove(upload_row(bucket, key, id).as_slice())? else {
            return Ok(None);
        };
        decode(old.value())?
    };
    let mut table = write.open_table(PARTS)?;
    let (from, to) = (part_row(id, 0), part_row(id, u32::MAX));
    let mut parts: Vec<(u32, PartRecord)> = Vec::new();
    for item in table.range(from.as_slice()..=to.as_slice())? {
        let (row, value) = item?;
        parts.push((part_number(row.value()), decode(value.value())?));
    }
    for (number, _) in &parts {
        table.remove(part_row(id, *number).as_slice())?;
    }
    Ok(Some((upload, parts)))
}
