//! Every way of uploading against the real emulator, with both signatures: forms and appends as well, MD5s that are looked at, and little memory.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::body::Bytes;
use demo::World;
use shared::crc64::crc64;
use shared::object_key::ObjectKey;
use shared::sign::SignVersion;
use transfer::{Observer, Tail, UploadOptions};

use crate::interruptions::{Files, KEY, MIB, body, client, key};

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_of_the_client_are_ones_that_oss_takes() {
    let world = World::start().await.unwrap();
    let options =
        UploadOptions { metadata: vec![("place".to_owned(), "外滩".to_owned())], ..UploadOptions::default() };
    for version in [SignVersion::V4, SignVersion::V1] {
        let client = client(&world, &world.emulator.oss_endpoint, version, Observer::silent());
        let body = body(70_000, 2);
        let uploaded = client.post_form(&key(), body.clone().into(), &options).await.unwrap();
        let meta = client.head(&key()).await.unwrap();
        assert_eq!((meta.crc64, uploaded.crc64), (Some(crc64(&body)), crc64(&body)), "{version:?}");
        assert_eq!(meta.metadata, options.metadata);
        let outside = ObjectKey::parse("users/somebody-else/x").unwrap();
        let error = client.post_form(&outside, body.into(), &options).await.unwrap_err();
        assert_eq!(error.code(), "AccessDenied", "{version:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_token_has_ended_or_whose_clock_is_wrong_is_made_anew() {
    let world = World::start().await.unwrap();
    let options = UploadOptions::default();
    for version in [SignVersion::V4, SignVersion::V1] {
        let client = client(&world, &world.emulator.oss_endpoint, version, Observer::silent());
        client.post_form(&key(), "one".into(), &options).await.unwrap();
        world.clock.advance(time::Duration::seconds(1000));
        client.post_form(&key(), "two".into(), &options).await.unwrap();
        assert_eq!(client.get(&key(), None).await.unwrap(), "two", "{version:?}: the token had ended");
        // A client that has learnt nothing of the world's time, which is now an hour ahead of this machine's.
        world.clock.advance(time::Duration::seconds(2600));
        let late = self::client(&world, &world.emulator.oss_endpoint, version, Observer::silent());
        late.post_form(&key(), "three".into(), &options).await.unwrap();
        assert_eq!(late.get(&key(), None).await.unwrap(), "three", "{version:?}: the clock was behind");
        world.clock.advance(time::Duration::seconds(-7200));
        let early = self::client(&world, &world.emulator.oss_endpoint, version, Observer::silent());
        early.post_form(&key(), "four".into(), &options).await.unwrap();
        assert_eq!(early.get(&key(), None).await.unwrap(), "four", "{version:?}: the clock was ahead");
        world.clock.advance(time::Duration::seconds(3600));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_upload_with_its_md5_is_one_that_oss_takes() {
    let world = World::start().await.unwrap();
    let files = Files::new(300_000, 6);
    let options = UploadOptions { content_md5: true, ..UploadOptions::default() };
    for version in [SignVersion::V4, SignVersion::V1] {
        let client = client(&world, &world.emulator.oss_endpoint, version, Observer::silent());
        let (key, crc) = (key(), crc64(&files.body));
        let body = Bytes::from(files.body.clone());
        assert_eq!(client.put_bytes(&key, body.clone(), &options).await.unwrap().crc64, crc);
        assert_eq!(client.upload_simple(&key, &files.file, &options).await.unwrap().crc64, crc);
        assert_eq!(client.upload_multipart(&key, &files.file, &options).await.unwrap().parts, 3);
        let resumable = client.upload_resumable(&key, &files.file, &files.checkpoints(), &options).await.unwrap();
        assert_eq!((resumable.parts, resumable.crc64), (3, crc), "{version:?}");
        let log = ObjectKey::parse(&format!("users/demo/{version:?}.log")).unwrap();
        let tail = client.append(&log, Tail::default(), body.clone(), &options).await.unwrap();
        let tail = client.append(&log, tail, "more".into(), &options).await.unwrap();
        let whole = [&files.body[..], b"more"].concat();
        assert_eq!((tail.position, tail.crc64), (whole.len() as u64, crc64(&whole)), "{version:?}");
        assert_eq!(client.head(&log).await.unwrap().crc64, Some(crc64(&whole)), "{version:?}");
    }
    // OSS looked at them: a wrong one is refused.
    let probed = client(&world, &world.emulator.oss_endpoint, SignVersion::V4, Observer::silent());
    let refused = probed.probe(transfer::Probe::PutObject, transfer::probe::Subject::Object(&key())).await;
    assert_eq!(refused.unwrap_err().code(), "InvalidDigest");
    world.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn large_parts_side_by_side_take_little_memory_up_and_down() {
    const SIZE: usize = 160 * MIB;
    /// Two parts held in memory would not fit.
    const MOST: u64 = 48 * 1024;
    let world = World::start().await.unwrap();
    let files = Files::new(SIZE, 8);
    let used =
        peak(program(&world, &files, &["upload", "--mode", "resumable"], &files.file.to_string_lossy(), KEY)).await;
    assert!(used < MOST, "the upload took {used} KiB");
    let to = files.folder.path().join("copy");
    let used = peak(program(&world, &files, &["download"], KEY, &to.to_string_lossy())).await;
    assert!(used < MOST, "the download took {used} KiB");
    assert!(std::fs::read(to).unwrap() == files.body);
    world.stop().await;
}

/// The program, with large parts.
#[cfg(target_os = "linux")]
fn program(world: &World, files: &Files, command: &[&str], from: &str, to: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_transfer-in-stories"))
        .args(command)
        .args(["--part-size", "32MiB", "--concurrency", "5", "--app-server", &world.token_url, from, to])
        .env_clear()
        .env("TRANSFER_CHECKPOINTS", files.checkpoints())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The most memory that a program had until it ended well, in KiB.
#[cfg(target_os = "linux")]
async fn peak(mut child: Child) -> u64 {
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let told = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = told.and_then(|told| told.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success() && most > 0);
            return most;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
