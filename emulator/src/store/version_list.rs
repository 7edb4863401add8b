//! Pages of all versions of a bucket's objects: keys in order, of each key the newest first.

use super::StoreError;
use super::index::{HISTORY, Index, OBJECTS, object_row};
use super::key_versions::history_base;
use super::page::{Entry, Page, PageQuery, common_prefix};
use super::record::{NULL_VERSION, VersionRecord, decode};

/// One version in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The version.
    pub version: VersionRecord,
    /// Whether it is what a reader who names none finds.
    pub latest: bool,
}

/// `sequence`, and the NUL before it, at the end of a row of history.
const TAIL: usize = 9;

impl Index {
    /// One page of versions. `query.id_marker` is, with `query.marker`, the version to go on behind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list_versions(&self, bucket: &str, query: &PageQuery) -> Result<Page<ListedVersion>, StoreError> {
        let read = self.read()?;
        let (objects, history) = (read.open_table(OBJECTS)?, read.open_table(HISTORY)?);
        let base = object_row(bucket, "");
        let within = object_row(bucket, &query.prefix);
        let mut from = within.clone().max([base.as_slice(), &start_of(query)].concat());
        let mut page = Page { entries: Vec::new(), truncated: false };
        loop {
            let next = |table: &redb::ReadOnlyTable<&'static [u8], &'static [u8]>, tail: usize| {
                let Some(item) = table.range(from.as_slice()..)?.next() else { return Ok(None) };
                let row = item?.0.value().to_vec();
                let key = row.get(base.len()..row.len().saturating_sub(tail)).unwrap_or_default();
                let key = String::from_utf8_lossy(key).into_owned();
                Ok::<_, StoreError>(row.starts_with(&within).then_some(key))
            };
            let key = match (next(&objects, 0)?, next(&history, TAIL)?) {
                (None, None) => return Ok(page),
                (Some(key), None) | (None, Some(key)) => key,
                (Some(a), Some(b)) => a.min(b),
            };
            if let Some(rolled) = common_prefix(&key, &query.prefix, &query.delimiter) {
                if page.entries.len() == query.max {
                    page.truncated = true;
                    return Ok(page);
                }
                page.entries.push(Entry::CommonPrefix(rolled.to_owned()));
                from = [base.as_slice(), rolled.as_bytes(), &[0xff]].concat();
                continue;
            }
            let older_base = history_base(bucket, &key);
            let versions = || {
                let current = objects.get(object_row(bucket, &key).as_slice())?;
                let current = current.map(|value| decode(value.value()).map(|it| VersionRecord::Object(Box::new(it))));
                let older = history.range(older_base.as_slice()..)?.map_while(|item| match item {
                    Ok((row, value)) => row.value().starts_with(&older_base).then(|| decode(value.value())),
                    Err(error) => Some(Err(error.into())),
                });
                Ok::<_, StoreError>(current.into_iter().chain(older))
            };
            let marked = key == query.marker && !query.id_marker.is_empty();
            let listed = if marked { up_to(&query.id_marker, versions()?)? } else { 0 };
            for (at, version) in versions()?.enumerate().skip(listed) {
                if page.entries.len() == query.max {
                    page.truncated = true;
                    return Ok(page);
                }
                page.entries.push(Entry::Item(key.clone(), ListedVersion { version: version?, latest: at == 0 }));
            }
            // No key holds a NUL, so this is behind all rows of the key in both tables, and before every later key.
            from = [base.as_slice(), key.as_bytes(), &[1]].concat();
        }
    }
}

/// How many of a key's `versions` are not behind `marker`. One that is gone stood where its id says, for ids count up.
fn up_to(marker: &str, versions: impl Iterator<Item = Result<VersionRecord, StoreError>>) -> Result<usize, StoreError> {
    let mut newer = 0;
    for (at, version) in versions.enumerate() {
        match version?.version_id() {
            id if id == marker => return Ok(at + 1),
            id if id != NULL_VERSION && id > marker => newer = at + 1,
            _ => {}
        }
    }
    Ok(newer)
}

fn start_of(query: &PageQuery) -> Vec<u8> {
    let mut start = query.marker.clone().into_bytes();
    if !start.is_empty() && query.id_marker.is_empty() {
        let rolled = common_prefix(&query.marker, &query.prefix, &query.delimiter) == Some(query.marker.as_str());
        start.push(if rolled { 0xff } else { 1 });
    }
    start
}
