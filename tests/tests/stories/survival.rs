//! What outlives a restart, and what must never be seen: bodies cut off, half an object.

use std::time::Duration;

use emulator::Options;
use shared::sign::SignVersion;
use tests::{Ask, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn files(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            _ => 1,
        })
        .sum()
}

#[tokio::test]
async fn a_body_cut_off_leaves_the_old_object_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::with(Options { data: Some(dir.path().to_owned()), ..Options::default() }).await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "k").body("old")).await.status, 200);
    for ending in ["closed", "half closed"] {
        let mut request = Ask::new("PUT", &bucket, "k").request;
        stage.signer(&user, SignVersion::V4).sign_headers(&mut request);
        let address = stage.ready.oss_endpoint.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.unwrap();
        let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("PUT /{bucket}/k HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1000000\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&[b'x'; 300_000]).await.unwrap();
        if ending == "half closed" {
            socket.shutdown().await.unwrap();
            let mut answer = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
            assert!(read.is_ok(), "the connection is ended");
        }
        drop(socket);
        assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "k")).await.text(), "old", "{ending}");
    }
    // The writers end on threads of their own: look until they have, at most a few seconds.
    for _ in 0..200 {
        if files(&dir.path().join("incoming")) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files(&dir.path().join("incoming")), 0);
    assert_eq!(files(&dir.path().join("blobs")), 1);
    stage.close().await;
}

#[tokio::test]
async fn objects_uploads_and_buckets_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(dir.path().to_owned()), ..Options::default() };
    let stage = Stage::with(options()).await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", "second-bucket", "")).await.status, 200);
    assert_eq!(stage.ask(&user, Ask::new("PUT", "second-bucket", "照片").body("kept")).await.status, 200);
    let begun = stage.ask(&user, Ask::new("POST", &bucket, "big").param("uploads", "")).await.text();
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let part = Ask::new("PUT", &bucket, "big").param("partNumber", "1").param("uploadId", &id).body("part");
    assert_eq!(stage.ask(&user, part).await.status, 200);
    stage.close().await;

    let stage = Stage::with(options()).await;
    let user = stage.user();
    assert_eq!(stage.ask(&user, Ask::new("GET", "second-bucket", "照片")).await.text(), "kept");
    let parts = stage.ask(&user, Ask::new("GET", &bucket, "big").param("uploadId", &id)).await.text();
    assert!(parts.contains("<PartNumber>1</PartNumber>"), "{parts}");
    stage.close().await;
}

#[tokio::test]
async fn a_port_in_use_and_a_folder_in_use_say_what_to_change() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::with(Options { data: Some(dir.path().to_owned()), ..Options::default() }).await;
    let clock = || std::sync::Arc::new(shared::clock::ShiftedClock::new());
    let taken = stage.ready.oss_endpoint.trim_start_matches("http://").parse().unwrap();
    let error = emulator::start(Options { listen: taken, ..Options::default() }, clock()).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("--listen {taken}: ")), "{error}");
    let same = Options { data: Some(dir.path().to_owned()), ..Options::default() };
    let error = emulator::start(same, clock()).await.unwrap_err().to_string();
    assert!(error.starts_with("--data ") && error.contains("another emulator, process "), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = emulator::start(Options { data: Some(file), ..Options::default() }, clock()).await.unwrap_err();
    assert!(error.to_string().starts_with("--data "), "{error}");
    stage.close().await;
}
