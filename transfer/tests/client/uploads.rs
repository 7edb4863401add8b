//! Uploads of every kind: what arrives, what is checked, and what is left behind when they fail.

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use shared::crc64::crc64;
use shared::sign::SignVersion;
use tempfile::NamedTempFile;
use transfer::config::MIN_PART_SIZE;
use transfer::{CancelToken, Event, Observer, TransferError, UploadOptions};

use crate::fake::{Fake, Fault, key, recorder};

pub const PART: usize = MIN_PART_SIZE as usize;

pub fn file_of(size: usize) -> (NamedTempFile, Vec<u8>) {
    let body: Vec<u8> = (0..size).map(|i| (i * 31 + i / 251) as u8).collect();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&body).unwrap();
    (file, body)
}

#[tokio::test]
async fn every_kind_of_upload_stores_the_very_bytes() {
    for version in [SignVersion::V4, SignVersion::V1] {
        let fake = Fake::start().await;
        let mut config = fake.config();
        config.sign_version = version;
        let client = fake.client(config, Observer::silent());
        for size in [0, 1, PART, 3 * PART + 7] {
            let (file, body) = file_of(size);
            let options = UploadOptions {
                content_md5: true,
                metadata: vec![("place".to_owned(), "外滩 1".to_owned())],
                ..UploadOptions::default()
            };
            let parts = u32::try_from(size.div_ceil(PART).max(1)).unwrap();
            for (name, uploaded, parts) in [
                ("bytes.JPG", client.put_bytes(&key("bytes.JPG"), body.clone().into(), &options).await, 1),
                ("simple", client.upload_simple(&key("simple"), file.path(), &options).await, 1),
                ("multi", client.upload_multipart(&key("multi"), file.path(), &options).await, parts),
            ] {
                let uploaded = uploaded.unwrap();
                assert_eq!(fake.world().objects[name].body, body, "{name} {size}");
                assert_eq!((uploaded.size, uploaded.crc64, uploaded.parts), (size as u64, crc64(&body), parts));
                assert_eq!(uploaded.etag, format!("{:016X}", crc64(&body)), "{name}");
                assert_eq!(uploaded.request_id, "5C3D9175B6FC201293AD4890");
            }
            let stored = fake.world().objects["bytes.JPG"].clone();
            let sent = |name: &str| stored.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            assert_eq!(sent("content-type").as_deref(), Some("image/jpeg"));
            assert_eq!(sent("x-oss-meta-place").as_deref(), Some("外滩 1"));
            assert_eq!(sent("content-md5").map(|md5| md5.len()), Some(24));
        }
        assert!(fake.world().uploads.is_empty(), "no upload is left behind");
        assert_eq!(fake.count("AbortMultipartUpload"), 0);
    }
}

#[tokio::test]
async fn a_key_is_an_opaque_name() {
    let fake = Fake::start().await;
    let client = fake.plain_client();
    for name in ["照片/🙂 +%2F&=?#.jpg", "a/../b", "./a", "a//b/", "~-_.", "a\\b", "x/.."] {
        client.put_bytes(&key(name), "x".into(), &UploadOptions::default()).await.unwrap();
        assert!(fake.world().objects.contains_key(name), "{name}");
    }
    for name in [".", ".."] {
        let error = client.put_bytes(&key(name), "x".into(), &UploadOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), "Config", "{name}");
    }
    assert!(fake.world().log.iter().all(|entry| entry == "PutObject"));
}

#[tokio::test]
async fn a_part_that_fails_is_sent_again_alone() {
    let fake = Fake::start().await;
    fake.mistreat("UploadPart 2", &[Fault::Refuse(503, "ServiceUnavailable"), Fault::Truncate]);
    let (observer, events) = recorder();
    let mut config = fake.config();
    config.max_concurrent_requests = 2;
    let client = fake.client(config, observer);
    let (file, body) = file_of(4 * PART);
    let heard: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let hear = Arc::clone(&heard);
    let options = UploadOptions {
        progress: Some(Arc::new(move |sent, total| hear.lock().unwrap().push((sent, total)))),
        ..UploadOptions::default()
    };
    client.upload_multipart(&key("a"), file.path(), &options).await.unwrap();
    assert_eq!(fake.world().objects["a"].body, body);
    assert_eq!((fake.count("UploadPart 2"), fake.count("UploadPart")), (3, 6));
    assert_eq!(fake.world().most_running, 2);
    let events = events.lock().unwrap();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count(), 2);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::PartDone { .. })).count(), 4);
    assert!(matches!(events.last(), Some(Event::UploadDone { .. })), "{:?}", events.last());
    let total = body.len() as u64;
    assert_eq!(heard.lock().unwrap().last(), Some(&(total, total)));
    assert!(heard.lock().unwrap().iter().all(|(sent, all)| sent <= all && *all == total));
}

#[tokio::test]
async fn all_uploads_of_a_client_share_its_limit() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.max_concurrent_requests = 3;
    let client = fake.client(config, Observer::silent());
    let (options, keys) =
        (UploadOptions::default(), (0..20).map(|number| key(&number.to_string())).collect::<Vec<_>>());
    let uploads = join_all(keys.iter().map(|key| client.put_bytes(key, "x".into(), &options))).await;
    assert!(uploads.iter().all(Result::is_ok));
    assert_eq!(fake.world().most_running, 3);
}

#[tokio::test]
async fn a_wrong_checksum_is_never_reported_as_done() {
    let (file, _) = file_of(2 * PART);
    for (operation, multipart) in [("PutObject", false), ("UploadPart 2", true), ("CompleteMultipartUpload", true)] {
        let fake = Fake::start().await;
        // Twice it is sent again; a Complete cannot be.
        fake.mistreat(operation, &[Fault::WrongCrc, Fault::WrongCrc, Fault::WrongCrc]);
        let (observer, events) = recorder();
        let client = fake.client(fake.config(), observer);
        let options = UploadOptions::default();
        let outcome = if multipart {
            client.upload_multipart(&key("a"), file.path(), &options).await
        } else {
            client.upload_simple(&key("a"), file.path(), &options).await
        };
        assert!(matches!(outcome, Err(TransferError::CrcMismatch { remote: 1, .. })), "{operation}: {outcome:?}");
        assert!(matches!(events.lock().unwrap().last(), Some(Event::UploadFailed { .. })), "{operation}");
        assert!(fake.world().uploads.is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn cancelling_stops_the_upload_and_aborts_it() {
    let fake = Fake::start().await;
    fake.mistreat("UploadPart", &[Fault::Silence, Fault::Silence]);
    let cancel = CancelToken::new();
    let options = UploadOptions { cancel: cancel.clone(), ..UploadOptions::default() };
    let (file, _) = file_of(2 * PART);
    let client = fake.plain_client();
    let key = key("a");
    let upload = client.upload_multipart(&key, file.path(), &options);
    let (outcome, ()) = tokio::join!(upload, async {
        fake.wait_for("UploadPart").await;
        cancel.cancel();
    });
    assert!(matches!(outcome, Err(TransferError::Cancelled)), "{outcome:?}");
    assert_eq!(fake.count("AbortMultipartUpload"), 1);
    assert!(fake.world().uploads.is_empty() && fake.world().objects.is_empty());
    // A token that was cancelled before stops everything at once.
    assert!(matches!(client.put_bytes(&key, "x".into(), &options).await, Err(TransferError::Cancelled)));
    assert_eq!(fake.count("PutObject"), 0);
}

#[tokio::test]
async fn dropping_an_upload_aborts_it() {
    let fake = Fake::start().await;
    fake.mistreat("UploadPart", &[Fault::Silence, Fault::Silence]);
    let (file, _) = file_of(2 * PART);
    let (client, path) = (fake.plain_client(), file.path().to_owned());
    let upload =
        tokio::spawn(async move { client.upload_multipart(&key("a"), &path, &UploadOptions::default()).await });
    fake.wait_for("UploadPart").await;
    upload.abort();
    fake.wait_for("AbortMultipartUpload").await;
    assert!(fake.world().uploads.is_empty());
}

#[tokio::test]
async fn a_file_that_changes_during_its_upload_is_not_stored() {
    type Change = fn(&mut std::fs::File);
    let grow: Change = |file| file.write_all(b"more").unwrap();
    let shrink: Change = |file| file.set_len(10).unwrap();
    for (after_part, what, change) in [(1, "grows", grow), (1, "shrinks", shrink), (4, "grows", grow)] {
        let fake = Fake::start().await;
        let (file, _) = file_of(4 * PART);
        let handle = Mutex::new(file.reopen().unwrap());
        let observer = Observer::new(move |event| {
            if matches!(event, Event::PartDone { number, .. } if *number == after_part) {
                let mut handle = handle.lock().unwrap();
                std::io::Seek::seek(&mut *handle, std::io::SeekFrom::End(0)).unwrap();
                change(&mut handle);
            }
        });
        let mut config = fake.config();
        config.max_concurrent_requests = 1;
        let client = fake.client(config, observer);
        let outcome = client.upload_multipart(&key("a"), file.path(), &UploadOptions::default()).await;
        assert!(matches!(outcome, Err(TransferError::FileChanged { .. })), "{what}: {outcome:?}");
        assert!(fake.world().objects.is_empty() && fake.world().uploads.is_empty(), "{what}");
        assert_eq!(fake.count("UploadPart"), after_part as usize, "no further part is sent");
    }
}

#[tokio::test]
async fn a_lost_answer_to_complete_is_made_up_for() {
    let fake = Fake::start().await;
    fake.mistreat("CompleteMultipartUpload", &[Fault::Truncate]);
    let (file, body) = file_of(2 * PART);
    let uploaded =
        fake.plain_client().upload_multipart(&key("a"), file.path(), &UploadOptions::default()).await.unwrap();
    assert_eq!(uploaded.crc64, crc64(&body));
    assert_eq!((fake.count("CompleteMultipartUpload"), fake.count("AbortMultipartUpload")), (2, 0));
}

#[tokio::test]
async fn what_is_no_readable_file_is_named() {
    let fake = Fake::start().await;
    let client = fake.plain_client();
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("absent.jpg")] {
        let error = client.upload_multipart(&key("a"), &path, &UploadOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), "File");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(fake.world().log.is_empty());
}
