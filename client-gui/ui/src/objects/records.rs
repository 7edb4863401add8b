//! What the app server knows of uploads to the folder, and where that and the bucket's listing disagree.

use std::collections::{HashMap, HashSet};

use transfer::{ListedObject, RecordPage, UploadRecord};

use crate::problem::Problem;

/// What became of the object of a record, by the listing of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The listing does not tell: it is not here as a whole, or the object lies in a folder of its own.
    Unknown,
    /// It is there, with this ETag.
    There,
    /// Another object has its name now.
    Replaced,
    /// There is none of this name.
    Gone,
}

/// The records of the folder, once they were asked for.
#[derive(Debug, Default)]
pub struct Records {
    /// Newest first, each with what became of its object.
    pub list: Vec<(UploadRecord, Fate)>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<String>,
    /// Whether the app server has more that it cannot be asked for.
    pub truncated: bool,
    /// Why there are none.
    pub failed: Option<Problem>,
    /// Objects of the listing that no record tells of.
    unrecorded: HashSet<String>,
    covers: Option<String>,
    told: bool,
}

/// The listing of a folder.
pub(super) struct Listed<'a> {
    pub(super) prefix: &'a str,
    pub(super) folders: &'a [String],
    pub(super) objects: &'a [ListedObject],
    /// Whether that is all of it.
    pub(super) whole: bool,
    /// The bucket.
    pub(super) bucket: &'a str,
}

impl Records {
    /// Takes a page in.
    pub(super) fn take(&mut self, page: RecordPage, covers: Option<String>) {
        self.list.extend(page.records.into_iter().map(|record| (record, Fate::Unknown)));
        (self.next, self.truncated, self.covers) = (page.next, page.truncated, covers);
        (self.told, self.failed) = (true, None);
    }

    /// Whether the app server has answered.
    pub fn is_told(&self) -> bool {
        self.told
    }

    /// Whether the app server has answered, and these are all records of the folder.
    fn is_whole(&self) -> bool {
        self.told && self.next.is_none() && !self.truncated
    }

    /// Whether there are more than those that are here.
    pub fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Whether no record tells of the object `key` as the listing has it.
    pub fn lacks(&self, key: &str) -> bool {
        self.unrecorded.contains(key)
    }

    /// How many objects of the listing no record tells of.
    pub fn unrecorded(&self) -> usize {
        self.unrecorded.len()
    }

    /// How many objects are gone that a record tells of.
    pub fn gone(&self) -> usize {
        self.list.iter().filter(|(_, fate)| *fate == Fate::Gone).count()
    }

    /// The newest record of the object `key`.
    pub fn of(&self, key: &str) -> Option<&UploadRecord> {
        self.list.iter().map(|(record, _)| record).find(|record| record.key == key)
    }

    /// Compares both anew.
    pub(super) fn compare(&mut self, listed: &Listed<'_>) {
        let etags: HashMap<&str, &str> =
            listed.objects.iter().map(|object| (object.key.as_str(), object.etag.as_str())).collect();
        for (record, fate) in &mut self.list {
            *fate = if record.bucket == listed.bucket { listed.fate(record, &etags) } else { Fate::Unknown };
        }
        self.unrecorded.clear();
        // Of what the app server would not show, nothing follows from its silence.
        let Some(covers) = self.covers.as_ref().filter(|_| self.is_whole()) else { return };
        let recorded = self.list.iter().filter(|(_, fate)| *fate == Fate::There);
        let known: HashSet<&str> = recorded.map(|(record, _)| record.key.as_str()).collect();
        let silent = etags.keys().filter(|key| key.starts_with(covers.as_str()) && !known.contains(**key));
        self.unrecorded = silent.map(|key| (*key).to_owned()).collect();
    }
}

impl Listed<'_> {
    fn fate(&self, record: &UploadRecord, etags: &HashMap<&str, &str>) -> Fate {
        let Some(name) = record.key.strip_prefix(self.prefix) else { return Fate::Unknown };
        if let Some((folder, _)) = name.split_once('/') {
            let end = self.prefix.len() + folder.len() + 1;
            let there = record.key.get(..end).is_some_and(|folder| self.folders.iter().any(|known| known == folder));
            return if self.whole && !there { Fate::Gone } else { Fate::Unknown };
        }
        match etags.get(record.key.as_str()) {
            // Where one of them has no ETag, the name must do.
            Some(etag) if etag.is_empty() || record.etag.is_empty() => Fate::There,
            Some(etag) if etag.eq_ignore_ascii_case(&record.etag) => Fate::There,
            Some(_) => Fate::Replaced,
            None if self.whole => Fate::Gone,
            None => Fate::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use transfer::RecordSource;

    fn record(key: &str, etag: &str) -> UploadRecord {
        UploadRecord {
            id: format!("{key} {etag}"),
            bucket: "b".to_owned(),
            key: key.to_owned(),
            etag: etag.to_owned(),
            size: 1,
            identity: None,
            vars: BTreeMap::new(),
            source: RecordSource::Listing,
            verified: true,
            uploaded_at: time::OffsetDateTime::UNIX_EPOCH,
        }
    }

    fn object(key: &str, etag: &str) -> ListedObject {
        ListedObject { key: key.to_owned(), etag: etag.to_owned(), ..ListedObject::default() }
    }

    #[test]
    fn both_are_compared_as_far_as_each_is_known() {
        let objects = [object("a/1", "AB"), object("a/2", "cd"), object("a/3", "X")];
        let folders = ["a/deep/".to_owned()];
        let listed = |whole, bucket| Listed { prefix: "a/", folders: &folders, objects: &objects, whole, bucket };
        let records = ["a/1", "a/2", "a/gone", "a/deep/1", "a/lost/1"].map(|key| record(key, "ab"));
        let page = RecordPage { records: records.into(), ..RecordPage::default() };
        let fates = |records: &Records| records.list.iter().map(|(_, fate)| *fate).collect::<Vec<_>>();
        let mut kept = Records::default();
        kept.compare(&listed(true, "b"));
        assert_eq!(kept.unrecorded(), 0, "nobody was asked");
        kept.take(page.clone(), Some("a/".to_owned()));
        kept.compare(&listed(true, "b"));
        use Fate::{Gone, Replaced, There, Unknown};
        assert_eq!(fates(&kept), [There, Replaced, Gone, Unknown, Gone]);
        assert_eq!((kept.gone(), kept.unrecorded()), (2, 2));
        assert!(kept.lacks("a/2") && kept.lacks("a/3"), "one has other bytes than its record tells of");
        kept.compare(&listed(false, "b"));
        assert_eq!(fates(&kept), [There, Replaced, Unknown, Unknown, Unknown], "the listing goes on");
        kept.compare(&listed(true, "c"));
        assert_eq!(fates(&kept), [Unknown; 5], "another bucket");
        for (page, covers) in [
            (page.clone(), None),
            (page.clone(), Some("a/other/".to_owned())),
            (RecordPage { next: Some("n".to_owned()), ..page.clone() }, Some(String::new())),
            (RecordPage { truncated: true, ..page }, Some(String::new())),
        ] {
            let mut kept = Records::default();
            kept.take(page, covers);
            kept.compare(&listed(true, "b"));
            assert_eq!(kept.unrecorded(), 0, "its silence says nothing");
        }
    }
}
