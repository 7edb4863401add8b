//! Pages of an ordered table: prefix, delimiter, marker. The cost of a page does not grow with the bucket.

use redb::ReadableTable;

use super::StoreError;

/// What a listing asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Only keys that begin with it.
    pub prefix: String,
    /// Keys that share what lies between the prefix and this are rolled into one common prefix; empty for none.
    pub delimiter: String,
    /// Only entries behind it; a common prefix counts as an entry.
    pub marker: String,
    /// Uploads and versions only: with `marker`, only those of that key behind this id, and those of later keys.
    pub id_marker: String,
    /// At most so many entries.
    pub max: usize,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<T> {
    /// A key and its record.
    Item(String, T),
    /// A common prefix.
    CommonPrefix(String),
}

impl<T> Entry<T> {
    /// The key or the prefix.
    pub fn name(&self) -> &str {
        match self {
            Self::Item(name, _) | Self::CommonPrefix(name) => name,
        }
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In byte order of the names.
    pub entries: Vec<Entry<T>>,
    /// Whether more follow.
    pub truncated: bool,
}

/// Where, behind the bucket's name, a listing that continues after `query.marker` begins. `terminator` is the byte that
/// follows a key in the table: none for objects, NUL for uploads.
pub(super) fn start_of(query: &PageQuery, terminator: Option<u8>) -> Vec<u8> {
    let mut start = query.marker.clone().into_bytes();
    if start.is_empty() {
        return start;
    }
    if common_prefix(&query.marker, &query.prefix, &query.delimiter) == Some(query.marker.as_str()) {
        start.push(0xff); // no UTF-8 byte reaches it: behind every key of that common prefix
        return start;
    }
    match terminator {
        None => start.push(0),
        Some(byte) if query.id_marker.is_empty() => start.push(byte + 1),
        Some(byte) => {
            start.push(byte);
            start.extend(query.id_marker.bytes());
            start.push(0);
        }
    }
    start
}

pub(super) fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(prefix)?;
    let at = rest.find(delimiter).filter(|_| !delimiter.is_empty())?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// Reads one page of `bucket` from a table whose keys are `bucket NUL key [NUL more]`; `read` turns what stands behind the
/// bucket, and the value, into key and record.
pub(super) fn page<T>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    bucket: &str,
    query: &PageQuery,
    start: &[u8],
    read: impl Fn(&[u8], &[u8]) -> Result<(String, T), StoreError>,
) -> Result<Page<T>, StoreError> {
    let mut base = bucket.as_bytes().to_vec();
    base.push(0);
    let within = [base.as_slice(), query.prefix.as_bytes()].concat();
    let mut from = within.clone().max([base.as_slice(), start].concat());
    let mut page = Page { entries: Vec::new(), truncated: false };
    'runs: loop {
        for item in table.range(from.as_slice()..)? {
            let (raw, value) = item?;
            if !raw.value().starts_with(&within) {
                return Ok(page);
            }
            if page.entries.len() == query.max {
                page.truncated = true;
                return Ok(page);
            }
            let behind = raw.value().get(base.len()..).unwrap_or_default();
            let (key, record) = read(behind, value.value())?;
            match common_prefix(&key, &query.prefix, &query.delimiter) {
                None => page.entries.push(Entry::Item(key, record)),
                Some(rolled) => {
                    from = [base.as_slice(), rolled.as_bytes(), &[0xff]].concat();
                    page.entries.push(Entry::CommonPrefix(rolled.to_owned()));
                    continue 'runs;
                }
            }
        }
        return Ok(page);
    }
}
