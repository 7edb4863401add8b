//! What is asked of stored objects: head, get, download, delete, list, presigned URLs.

use std::time::Duration;

use bytes::Bytes;
use shared::sign::SignVersion;
use time::macros::datetime;
use transfer::{Event, Observer, TransferError, UploadOptions};

use crate::fake::{Fake, Fault, key, recorder};
use crate::store::Stored;

fn store(fake: &Fake, name: &str, body: &[u8]) {
    let stored = Stored { body: Bytes::copy_from_slice(body), headers: Vec::new() };
    fake.world().objects.insert(name.to_owned(), stored);
}

#[tokio::test]
async fn head_tells_what_is_stored() {
    let fake = Fake::start().await;
    store(&fake, "a.jpg", b"hello");
    let meta = fake.plain_client().head(&key("a.jpg")).await.unwrap();
    assert_eq!((meta.size, meta.crc64), (5, Some(11_177_612_005_948_864_433)));
    assert_eq!(meta.last_modified, Some(datetime!(2024-06-01 12:00:00 UTC)));
    assert_eq!(meta.metadata, [("place".to_owned(), "外滩".to_owned())]);
    assert!(!meta.etag.contains('"'));
}

#[tokio::test]
async fn a_refused_head_is_as_clear_as_any_refusal() {
    let fake = Fake::start().await;
    let error = fake.plain_client().head(&key("absent")).await.unwrap_err();
    let oss = error.oss().unwrap();
    assert_eq!((oss.code.as_str(), oss.ec.as_deref(), oss.status), ("NoSuchKey", Some("0026-00000001"), 404));
    assert_eq!(error.request_id(), Some("5C3D9175B6FC201293AD4890"));
}

#[tokio::test]
async fn get_brings_the_bytes_or_says_why_not() {
    let fake = Fake::start().await;
    let body = "hello".repeat(100_000);
    store(&fake, "a", body.as_bytes());
    let client = fake.plain_client();
    fake.mistreat("GetObject", &[Fault::Truncate]);
    assert_eq!(client.get(&key("a"), None).await.unwrap(), body);
    fake.mistreat("GetObject", &[Fault::WrongCrc]);
    assert_eq!(client.get(&key("a"), None).await.unwrap_err().code(), "CrcMismatch");
    // The checksum is of the stored object, not of its thumbnail.
    fake.mistreat("GetObject", &[Fault::WrongCrc]);
    assert_eq!(client.get(&key("a"), Some("image/resize,w_10")).await.unwrap(), body);
    fake.mistreat("GetObject", &[Fault::Claim(64 * 1024 * 1024 + 1)]);
    let error = client.get(&key("a"), None).await.unwrap_err();
    assert!(matches!(error, TransferError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("download"), "{error}");
}

#[tokio::test]
async fn a_download_is_whole_or_not_there() {
    let fake = Fake::start().await;
    let body: Vec<u8> = (0..700_000_u32).map(|i| (i / 7) as u8).collect();
    store(&fake, "a", &body);
    let (observer, events) = recorder();
    let client = fake.client(fake.config(), observer);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.jpg");
    std::fs::write(&target, "before").unwrap();
    for (faults, code) in [
        (vec![Fault::WrongCrc], "CrcMismatch"),
        (vec![Fault::Truncate; 3], "Interrupted"),
        (vec![Fault::Refuse(403, "AccessDenied")], "AccessDenied"),
    ] {
        fake.mistreat("GetObject", &faults);
        assert_eq!(client.download(&key("a"), &target).await.unwrap_err().code(), code);
        assert_eq!(std::fs::read(&target).unwrap(), b"before", "{code}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{code}: nothing is left beside it");
    }
    fake.mistreat("GetObject", &[Fault::Truncate]);
    let downloaded = client.download(&key("a"), &target).await.unwrap();
    assert_eq!(downloaded.size, body.len() as u64);
    assert_eq!(std::fs::read(&target).unwrap(), body);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let last = Event::DownloadProgress { key: "a".to_owned(), received: 700_000, total: Some(700_000) };
    assert!(events.lock().unwrap().contains(&last));
    let error = client.download(&key("a"), &folder.path().join("absent/a")).await.unwrap_err();
    assert_eq!(error.code(), "File");
}

#[tokio::test]
async fn a_list_has_as_many_pages_as_it_takes() {
    let fake = Fake::start().await;
    for number in 0..1203 {
        store(&fake, &format!("照片 /{number:04}+.jpg"), b"12345");
    }
    store(&fake, "other", b"");
    let client = fake.plain_client();
    for (prefix, most, found, truncated, requests) in [
        ("照片", 5000, 1203, false, 2),
        ("照片", 1100, 1100, true, 2),
        ("照片", 1203, 1203, false, 2),
        ("x", 10, 0, false, 1),
    ] {
        fake.world().log.clear();
        let listing = client.list(prefix, most).await.unwrap();
        assert_eq!((listing.objects.len(), listing.truncated), (found, truncated), "{prefix} {most}");
        assert_eq!(fake.count("ListObjectsV2"), requests, "{prefix} {most}");
        if let Some(last) = listing.objects.last() {
            assert_eq!(last.key, format!("照片 /{:04}+.jpg", found - 1));
            assert_eq!((last.size, last.etag.as_str(), last.object_type.as_str()), (5, "E", "Normal"));
            assert_eq!(last.last_modified, Some(datetime!(2024-06-01 12:00:00 UTC)));
        }
    }
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_may_be_deleted_again() {
    let fake = Fake::start().await;
    store(&fake, "a", b"x");
    let client = fake.plain_client();
    for _ in 0..2 {
        client.delete(&key("a")).await.unwrap();
        assert!(fake.world().objects.is_empty());
    }
}

#[tokio::test]
async fn a_presigned_url_works_until_it_expires() {
    for version in [SignVersion::V4, SignVersion::V1] {
        let fake = Fake::start().await;
        let mut config = fake.config();
        config.sign_version = version;
        let client = fake.client(config, Observer::silent());
        client.put_bytes(&key("照片/a b.jpg"), "hello".into(), &UploadOptions::default()).await.unwrap();
        let life = Duration::from_secs(60);
        let url = client.presign("GET", &key("照片/a b.jpg"), Some("image/resize,w_10"), life).await.unwrap();
        let browser = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        assert_eq!(browser.get(&url).send().await.unwrap().text().await.unwrap(), "hello");
        fake.clock.advance(time::Duration::seconds(61));
        assert_eq!(browser.get(&url).send().await.unwrap().status(), 403);
        for bad in [Duration::ZERO, Duration::from_secs(7 * 86_400 + 1)] {
            assert_eq!(client.presign("GET", &key("a"), None, bad).await.unwrap_err().code(), "Config");
        }
    }
}
