//! What the store makes of rivals, of broken files, and of many writers at once.

use std::fs;

use super::*;

fn open(dir: &Path) -> Result<Store, StoreError> {
    Store::open(dir, Sync::Always)
}

/// A folder with a bucket and so many objects without bytes.
fn filled(objects: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.index.create_bucket("bucket", BucketRecord::new(0)).unwrap();
    for n in 0..objects {
        store.index.put_object("bucket", &format!("key-{n:06}"), sample_object(), false).unwrap();
    }
    dir
}

fn keys(store: &Store) -> usize {
    let query = PageQuery { max: 1_000_000, ..PageQuery::default() };
    store.index.list_objects("bucket", &query).unwrap().entries.len()
}

#[test]
fn a_second_emulator_is_refused_and_touches_nothing() {
    let dir = filled(1);
    let first = open(dir.path()).unwrap();
    let mut writer = first.blobs.writer().unwrap();
    writer.write(b"under way").unwrap();
    let refusal = open(dir.path()).unwrap_err();
    assert!(matches!(refusal, StoreError::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{refusal}");
    let blob = writer.finish().unwrap();
    assert!(first.blobs.read(&blob.id).is_ok());
    drop(first);
    assert!(open(dir.path()).is_ok());
}

#[test]
fn a_broken_index_is_named() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, Harm); 4] = [
        ("garbage", |bytes| bytes.fill(b'x')),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2 + 100)),
        ("a short file", |bytes| bytes.truncate(10)),
        ("a flipped bit in a row", |bytes| {
            let at = bytes.windows(10).rposition(|window| window == b"key-000042").unwrap();
            bytes[at + 5] ^= 1;
        }),
    ];
    for (name, harm) in harms {
        let dir = filled(200);
        let path = dir.path().join("index.redb");
        let mut bytes = fs::read(&path).unwrap();
        harm(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        // Whoever changes it does so later than the end that marked it.
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() + std::time::Duration::from_secs(1)).unwrap();
        let error = open(dir.path()).map(|store| keys(&store)).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{name}: {error:?}");
        let text = error.to_string();
        assert!(text.starts_with(&path.display().to_string()) && text.contains("Restore the file"), "{name}: {text}");
    }
}

#[test]
fn an_index_of_another_format_is_named() {
    let dir = filled(1);
    let path = dir.path().join("index.redb");
    for (format, wanted) in [(Some(7u64), "format 7, expected"), (None, "no format number, expected")] {
        {
            let db = redb::Database::create(&path).unwrap();
            let write = db.begin_write().unwrap();
            {
                let mut table = write.open_table(redb::TableDefinition::<(), u64>::new("format")).unwrap();
                table.remove(()).unwrap();
                if let Some(format) = format {
                    table.insert((), format).unwrap();
                }
            }
            write.commit().unwrap();
        }
        let error = open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("index.redb"), "{error}");
    }
}

#[test]
fn writers_that_come_together_are_all_heard_and_all_kept() {
    let dir = filled(0);
    let store = open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..40 {
                    let own = format!("{thread}-{n}");
                    store.index.put_object("bucket", &own, sample_object(), false).unwrap();
                    // All want this one: whoever is late is refused, and must not keep the others waiting.
                    let _ = store.index.put_object("bucket", &format!("shared-{n}"), sample_object(), true);
                }
            });
        }
    });
    assert_eq!(keys(&store), 8 * 40 + 40);
    // As a kill would leave it: the file as it is, nothing closed.
    let copy = tempfile::tempdir().unwrap();
    fs::copy(dir.path().join("index.redb"), copy.path().join("index.redb")).unwrap();
    assert_eq!(keys(&open(copy.path()).unwrap()), 8 * 40 + 40);
}

#[test]
fn what_is_remembered_of_a_bucket_is_what_is_kept() {
    let dir = filled(0);
    for round in 0..30 {
        let store = open(dir.path()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    let value = format!("{round}-{thread}");
                    let put = |bucket: &mut BucketRecord| drop(bucket.settings.insert("cors".to_owned(), value));
                    store.index.update_bucket("bucket", put).unwrap();
                });
            }
        });
        let remembered = store.index.bucket("bucket").unwrap();
        drop(store);
        assert_eq!(open(dir.path()).unwrap().index.bucket("bucket").unwrap(), remembered);
    }
}

#[test]
fn a_bucket_that_is_gone_takes_no_upload() {
    let dir = filled(0);
    let store = open(dir.path()).unwrap();
    assert!(store.index.delete_bucket("bucket").unwrap());
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let begun = store.index.initiate_upload("bucket", "key", sample_object().attributes, now);
    assert!(matches!(begun, Err(WriteError::NoSuchBucket)));
}

#[test]
fn what_an_orderly_end_left_is_not_looked_through_again() {
    let dir = filled(1);
    let stray = dir.path().join("blobs").join("ab");
    fs::create_dir_all(&stray).unwrap();
    let stray = stray.join("ab00");
    let put = || fs::write(&stray, "recorded nowhere").unwrap();
    put();
    drop(open(dir.path()).unwrap());
    assert!(stray.exists(), "it was an orderly end");
    let store = open(dir.path()).unwrap();
    store.blobs.leave_to_next_start();
    drop(store);
    drop(open(dir.path()).unwrap());
    assert!(!stray.exists(), "something was left to do");
    put();
    let store = open(dir.path()).unwrap();
    assert!(!dir.path().join("clean").exists(), "a kill from here on leaves no mark");
    drop(store);
    fs::remove_file(dir.path().join("clean")).unwrap();
    drop(open(dir.path()).unwrap());
    assert!(!stray.exists(), "a kill");
}
