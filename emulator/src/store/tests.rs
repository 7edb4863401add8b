//! Paging, crash leftovers and multipart bookkeeping of the store.

use super::*;

fn object(blob: &str) -> ObjectRecord {
    ObjectRecord { segments: vec![Segment { blob: blob.to_owned(), size: 1 }], ..sample_object() }
}

fn open(dir: &tempfile::TempDir) -> Store {
    let store = Store::open(dir.path(), Sync::Always).unwrap();
    for bucket in ["one", "onf", "bucket"] {
        store.index.create_bucket(bucket, BucketRecord::new(0)).unwrap();
    }
    store
}

fn names(page: &Page<ObjectRecord>) -> Vec<&str> {
    page.entries.iter().map(Entry::name).collect()
}

#[test]
fn pages_follow_prefix_delimiter_and_marker() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for key in ["a", "a/1", "a/2", "a/b/3", "ab", "中/1", "中文"] {
        store.index.put_object("one", key, object("x"), false).unwrap();
    }
    store.index.put_object("onf", "a", object("x"), false).unwrap();
    for (prefix, delimiter, marker, max, expected, truncated) in [
        ("", "", "", 9, vec!["a", "a/1", "a/2", "a/b/3", "ab", "中/1", "中文"], false),
        ("", "/", "", 9, vec!["a", "a/", "ab", "中/", "中文"], false),
        ("", "/", "", 2, vec!["a", "a/"], true),
        ("", "/", "a/", 9, vec!["ab", "中/", "中文"], false),
        ("", "/", "a/1", 9, vec!["a/", "ab", "中/", "中文"], false),
        ("a/", "/", "", 9, vec!["a/1", "a/2", "a/b/"], false),
        ("a/", "/", "a/b/", 9, vec![], false),
        ("a", "", "a/2", 9, vec!["a/b/3", "ab"], false),
        ("", "", "a/b/3", 2, vec!["ab", "中/1"], true),
        ("nothing", "/", "", 9, vec![], false),
        ("", "/b/", "", 9, vec!["a", "a/1", "a/2", "a/b/", "ab", "中/1", "中文"], false),
        ("", "/b/", "a/b/", 9, vec!["ab", "中/1", "中文"], false),
        ("a", "/b", "a/1", 2, vec!["a/2", "a/b"], true),
    ] {
        let query = PageQuery {
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
            marker: marker.to_owned(),
            max,
            ..PageQuery::default()
        };
        let page = store.index.list_objects("one", &query).unwrap();
        assert_eq!((names(&page), page.truncated), (expected, truncated), "{query:?}");
    }
}

#[test]
fn a_killed_process_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let kept = {
        let store = open(&dir);
        let blob = |text: &[u8]| {
            let mut writer = store.blobs.writer().unwrap();
            writer.write(text).unwrap();
            writer.finish().unwrap()
        };
        let (kept, orphan) = (blob(b"kept"), blob(b"recorded nowhere"));
        store.index.put_object("bucket", "key", object(&kept.id), false).unwrap();
        let mut torn = store.blobs.writer().unwrap();
        torn.write(b"half").unwrap();
        std::mem::forget(torn); // as a kill would leave it
        assert!(store.blobs.read(&orphan.id).is_ok());
        kept
    };
    std::fs::remove_file(dir.path().join("clean")).unwrap(); // which only an orderly end leaves
    let store = open(&dir);
    assert!(store.blobs.read(&kept.id).is_ok());
    let files = std::fs::read_dir(dir.path().join("blobs")).unwrap().flatten();
    let count: usize = files.map(|shelf| std::fs::read_dir(shelf.path()).unwrap().count()).sum();
    assert_eq!(count, 1);
    assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn an_upload_is_listed_filled_and_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let index = &store.index;
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let ids: Vec<String> = ["a", "a", "a/b"]
        .iter()
        .map(|key| index.initiate_upload("bucket", key, sample_object().attributes, now).unwrap())
        .collect();
    let part =
        |blob: &str| PartRecord { etag: "E".to_owned(), crc64: 0, size: 1, modified_ms: 0, blob: blob.to_owned() };
    let place = ("bucket", "a", ids[0].as_str());
    assert_eq!(index.put_part(place, 2, &part("two")).unwrap(), Some(None));
    assert_eq!(index.put_part(place, 1, &part("one")).unwrap(), Some(None));
    assert_eq!(index.put_part(place, 2, &part("again")).unwrap(), Some(Some(part("two"))));
    assert_eq!(index.parts(&ids[0], 0, 1).unwrap(), (vec![(1, part("one"))], true));
    assert_eq!(index.parts(&ids[0], 1, 9).unwrap(), (vec![(2, part("again"))], false));
    assert_eq!(index.put_part(("bucket", "a", "gone"), 1, &part("x")).unwrap(), None);

    let listed = |marker: &str, id: &str| {
        let query = PageQuery { marker: marker.to_owned(), id_marker: id.to_owned(), max: 9, ..PageQuery::default() };
        let page = index.list_uploads("bucket", &query).unwrap();
        page.entries.iter().map(|entry| entry.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("", ""), ["a", "a", "a/b"]);
    assert_eq!(listed("a", ""), ["a/b"]);
    let first = ids[..2].iter().min().unwrap();
    assert_eq!(listed("a", first), ["a", "a/b"]);

    let only_first = |_: UploadRecord, parts: &[(u32, PartRecord)]| -> Result<ObjectRecord, ()> {
        assert_eq!(parts.len(), 2);
        Ok(object("one"))
    };
    let (_, written) = index.complete_upload(place, false, only_first).unwrap();
    assert_eq!(written.orphans, ["again"]);
    assert!(matches!(
        index.complete_upload(place, false, |_, _| Err::<ObjectRecord, ()>(())),
        Err(CompleteError::NoSuchUpload)
    ));
    assert_eq!(index.abort_upload(("bucket", "a/b", &ids[2])).unwrap(), Some(Vec::new()));
    assert_eq!(index.abort_upload(("bucket", "a/b", &ids[2])).unwrap(), None);
}

#[test]
fn versions_are_listed_on_from_one_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.index.put_object("one", "k", object("first"), false).unwrap();
    store.index.update_bucket("one", |bucket| bucket.versioning = Versioning::Enabled).unwrap();
    for _ in 0..3 {
        store.index.put_object("one", "k", object("x"), false).unwrap();
        store.index.delete_object("one", "k", None, 0).unwrap();
    }
    let mut query = PageQuery { max: 2, ..PageQuery::default() };
    let mut listed = Vec::new();
    loop {
        let page = store.index.list_versions("one", &query).unwrap();
        // As who empties a bucket does: what is listed is deleted before the next page.
        for entry in &page.entries {
            let Entry::Item(key, version) = entry else { panic!("{entry:?}") };
            let id = version.version.version_id().to_owned();
            store.index.delete_object("one", key, Some(&id), 0).unwrap();
            key.clone_into(&mut query.marker);
            listed.push(id.clone());
            query.id_marker = id;
        }
        if !page.truncated {
            break;
        }
    }
    assert_eq!((listed.len(), listed.last().map(String::as_str)), (7, Some(NULL_VERSION)));
    assert!(store.index.delete_bucket("one").unwrap());
}

#[test]
fn changes_come_together_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for key in ["a", "b"] {
        store.index.put_object("one", key, object(key), false).unwrap();
    }
    let failed = store.index.together("one", |batch| {
        batch.delete("a", None, 0)?;
        Err::<(), _>(StoreError::Record("of a test".to_owned()))
    });
    assert!(failed.is_err() && matches!(store.index.find("one", "a", None).unwrap(), Found::Object(_)));
    let orphans = store.index.together("one", |batch| {
        assert_eq!((batch.modified_ms("a", None)?, batch.modified_ms("c", None)?), (Some(0), None));
        let gone = [batch.delete("a", None, 0)?, batch.delete("b", None, 0)?, batch.delete("c", None, 0)?];
        Ok(gone.map(|deleted| deleted.orphans))
    });
    assert_eq!(orphans.unwrap(), [vec!["a".to_owned()], vec!["b".to_owned()], vec![]]);
    assert_eq!(store.index.find("one", "b", None).unwrap(), Found::Nothing);
}

#[test]
fn a_lease_is_of_all_blobs_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let blob = |bytes: &[u8]| {
        let mut writer = store.blobs.writer().unwrap();
        writer.write(bytes).unwrap();
        writer.finish().unwrap().id
    };
    for gone in [0, 1] {
        let ids = [blob(b"one"), blob(b"two")];
        assert!(store.blobs.lease(ids.to_vec()).is_some());
        // The whole object is replaced, or its last appends are merged.
        store.blobs.discard([ids[gone].as_str()]);
        assert!(store.blobs.lease(ids.to_vec()).is_none(), "{gone}");
        store.blobs.discard([ids[1 - gone].as_str()]);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn digests_are_the_reference_implementations_however_the_bytes_come(
        pieces in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..300), 0..12),
    ) {
        use md5::Digest;
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Store::open(dir.path(), Sync::Never).unwrap().blobs.writer().unwrap();
        for piece in &pieces {
            writer.write(piece).unwrap();
        }
        let whole = pieces.concat();
        let blob = writer.finish().unwrap();
        proptest::prop_assert_eq!(blob.md5, <[u8; 16]>::from(md5::Md5::digest(&whole)));
        proptest::prop_assert_eq!((blob.crc64, blob.size), (shared::crc64::crc64(&whole), whole.len() as u64));
    }
}
