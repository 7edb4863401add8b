//! Kills, broken networks and dead tokens in mid-transfer: the object arrives intact, nothing that OSS holds is sent again,
//! or the error says precisely why not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use demo::World;
use shared::bucket::BucketName;
use shared::clock::SystemClock;
use shared::crc64::crc64;
use shared::decision::Decision;
use shared::object_key::ObjectKey;
use shared::region::{Endpoint, Region};
use shared::sign::SignVersion;
use tests::{Proxy, Trouble};
use transfer::{
    Checkpoint, Client, ClientConfig, CredentialsSource, DownloadOptions, Event, Observer, Provider, UploadOptions,
};

pub const KEY: &str = "users/demo/雪山.bin";
pub const MIB: usize = 1024 * 1024;
/// What the program is told to cut files into.
const PART: u64 = 256 * 1024;

pub fn body(size: usize, seed: u64) -> Vec<u8> {
    (0..size as u64).map(|i| (i.wrapping_mul(seed * 2 + 31) >> 3) as u8 ^ (i >> 13) as u8).collect()
}

pub fn key() -> ObjectKey {
    ObjectKey::parse(KEY).unwrap()
}

/// The next of a sequence that looks random, and is the same every time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// A file of random bytes, and a folder for checkpoints.
pub struct Files {
    pub folder: tempfile::TempDir,
    pub file: PathBuf,
    pub body: Vec<u8>,
}

impl Files {
    pub fn new(size: usize, seed: u64) -> Self {
        let (folder, body) = (tempfile::tempdir().unwrap(), body(size, seed));
        let file = folder.path().join("original");
        std::fs::write(&file, &body).unwrap();
        Self { folder, file, body }
    }

    pub fn checkpoints(&self) -> PathBuf {
        self.folder.path().join("checkpoints")
    }
}

/// A client of the demo's world, by way of `endpoint`, that waits little.
pub fn client(world: &World, endpoint: &str, version: SignVersion, observer: Observer) -> Client {
    let source = CredentialsSource::AppServer { url: world.token_url.clone(), bearer: None };
    let provider = Provider::new(source, Arc::new(SystemClock), observer.clone()).unwrap();
    let region = Region::parse(&world.emulator.region).unwrap();
    let bucket = BucketName::parse(&world.emulator.bucket).unwrap();
    let mut config = ClientConfig::new(Endpoint::parse(endpoint).unwrap(), region, bucket);
    config.sign_version = version;
    config.part_size = 128 * 1024;
    config.socket_timeout = Duration::from_secs(2);
    config.retry_base_wait = Duration::from_millis(2);
    Client::new(config, Arc::new(provider), Arc::new(SystemClock), observer).unwrap()
}

async fn decisions(world: &World) -> Vec<Decision> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/decisions?limit=1000", world.emulator.control_endpoint);
    let text = http.get(url).send().await.unwrap().text().await.unwrap();
    let page: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(page["decisions"].clone()).unwrap()
}

/// How often OSS took each part, and how many bytes of parts came in.
async fn parts_taken(world: &World) -> (BTreeMap<u32, u32>, u64) {
    let (mut taken, mut bytes) = (BTreeMap::new(), 0);
    for decision in decisions(world).await {
        if let (Some(number), "UploadPart") = (decision.part_number, decision.operation.as_str()) {
            bytes += decision.bytes_in;
            if decision.status == 200 {
                *taken.entry(number).or_default() += 1;
            }
        }
    }
    (taken, bytes)
}

fn start(world: &World, files: &Files, version: &str, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_transfer-in-stories"))
        .args([
            "upload",
            "--json",
            "--mode",
            "resumable",
            "--part-size",
            "256KiB",
            "--signature",
            version,
            "--app-server",
            &world.token_url,
        ])
        .arg("--checkpoints")
        .arg(files.checkpoints())
        .args(more)
        .arg(&files.file)
        .arg(KEY)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until OSS has dealt with what a killed client sent: no more decisions for a while.
async fn settled(world: &World) {
    let mut before = usize::MAX;
    for _ in 0..50 {
        let now = decisions(world).await.len();
        if now == before {
            return;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    panic!("OSS still deals with what a killed client sent: {before} decisions so far");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_again_and_again_sends_no_part_twice() {
    const KILLS: u64 = 8;
    const PARTS: u32 = 97;
    for version in ["v4", "v1"] {
        let world = World::start().await.unwrap();
        let files = Files::new(24 * MIB + 5, 3);
        let mut chance = 5;
        for kill in 0..KILLS {
            let mut child = start(&world, &files, version, &["--limit", "20MiB"]);
            // From the first moment on, and later and later.
            tokio::time::sleep(Duration::from_millis(30 + next(&mut chance) % (60 + 40 * kill))).await;
            child.kill().unwrap();
            child.wait().unwrap();
            settled(&world).await;
        }
        let (held, _) = parts_taken(&world).await;
        assert!(!held.is_empty() && held.len() < PARTS as usize, "{version}: killed in mid-upload: {held:?}");
        let output = start(&world, &files, version, &[]).wait_with_output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{told}");
        let (taken, bytes) = parts_taken(&world).await;
        assert_eq!(taken.keys().copied().collect::<Vec<_>>(), (1..=PARTS).collect::<Vec<_>>(), "{version}");
        assert!(taken.values().all(|times| *times == 1), "{version}: a part that OSS held was sent again: {taken:?}");
        let size = files.body.len() as u64;
        // Each kill costs what was in flight: of five parts at most.
        let resent = bytes - size;
        assert!(resent <= KILLS * 5 * PART, "{version}: {resent}");
        assert_eq!(told["held"], held.len() as u64 * PART, "{version}");
        assert_eq!(told["crc64"], crc64(&files.body).to_string());
        let meta = client(&world, &world.emulator.oss_endpoint, SignVersion::V4, Observer::silent()).head(&key()).await;
        assert_eq!(meta.unwrap().crc64, Some(crc64(&files.body)), "{version}");
        assert_eq!(std::fs::read_dir(files.checkpoints()).unwrap().count(), 0, "{version}: nothing is left");
        world.stop().await;
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_asked_to_stop_keeps_what_it_has() {
    let world = World::start().await.unwrap();
    let files = Files::new(8 * MIB, 4);
    let child = start(&world, &files, "v4", &["--limit", "4MiB"]);
    let saved = saved_parts(&files.checkpoints(), 1).await;
    assert!(saved >= 1);
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["error"]["code"], "Paused");
    let output = start(&world, &files, "v4", &[]).wait_with_output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["held"].as_u64().unwrap() >= PART, "{told}");
    world.stop().await;
}

/// Waits until the one checkpoint in `folder` has as many parts.
async fn saved_parts(folder: &Path, wanted: usize) -> usize {
    for _ in 0..500 {
        let parts = Checkpoint::list(folder).await.unwrap().first().map_or(0, |saved| saved.checkpoint.parts.len());
        if parts >= wanted {
            return parts;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    0
}

/// What a bad network does to a connection.
fn trouble(chance: &mut u64) -> Trouble {
    let at = next(chance) % 300_000;
    match next(chance) % 12 {
        0 => Trouble::Refuse,
        1 | 2 => Trouble::Reset(at),
        3 => Trouble::Truncate(at % 900),
        4 => Trouble::LoseAnswer,
        5 => Trouble::Status(503),
        6 => Trouble::Slow(400_000),
        7 => Trouble::DamageUp(2_000 + at),
        8 => Trouble::DamageDown(2_000 + at),
        _ => Trouble::None,
    }
}

async fn bad_network(world: &World, seed: u64) -> Proxy {
    Proxy::start(&world.emulator.oss_endpoint, move |number| trouble(&mut (seed * 1000 + number * 77))).await
}

/// What a network can be blamed for.
const EXCUSES: [&str; 7] =
    ["Connect", "Interrupted", "Timeout", "CrcMismatch", "ServiceUnavailable", "InvalidResponse", "Answer"];

#[tokio::test(flavor = "multi_thread")]
async fn through_a_bad_network_uploads_and_downloads_arrive_intact_or_say_why_not() {
    let world = World::start().await.unwrap();
    for seed in 0..8 {
        let files = Files::new(2 * MIB + seed as usize, seed);
        let proxy = bad_network(&world, seed).await;
        let version = if seed % 2 == 0 { SignVersion::V4 } else { SignVersion::V1 };
        let client = client(&world, &proxy.endpoint, version, Observer::silent());
        let mut uploaded = None;
        for _ in 0..40 {
            let options = UploadOptions::default();
            match client.upload_resumable(&key(), &files.file, &files.checkpoints(), &options).await {
                Ok(done) => {
                    uploaded = Some(done);
                    break;
                }
                Err(error) => assert!(EXCUSES.contains(&error.code()), "seed {seed}: {}: {error}", error.code()),
            }
        }
        let uploaded = uploaded.unwrap_or_else(|| panic!("seed {seed}: never arrived"));
        assert_eq!(uploaded.crc64, crc64(&files.body), "seed {seed}");
        let target = files.folder.path().join("copy");
        let mut arrived = false;
        for _ in 0..40 {
            match client.download_resumable(&key(), &target, &DownloadOptions::default()).await {
                Ok(_) => {
                    arrived = true;
                    break;
                }
                Err(error) => assert!(EXCUSES.contains(&error.code()), "seed {seed}: {}: {error}", error.code()),
            }
            assert!(!target.exists(), "seed {seed}: nothing is in place before it is whole");
        }
        assert!(arrived && std::fs::read(&target).unwrap() == files.body, "seed {seed}");
        assert!(proxy.connections() > 5, "seed {seed}: the network was bad");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_has_its_own_name() {
    let world = World::start().await.unwrap();
    for (trouble, code) in [
        (Trouble::Reset(50_000), "Interrupted"),
        (Trouble::Truncate(20), "Interrupted"),
        (Trouble::LoseAnswer, "Interrupted"),
        (Trouble::Status(503), "ServiceUnavailable"),
    ] {
        let files = Files::new(120_000, 1);
        let proxy = Proxy::start(&world.emulator.oss_endpoint, move |_| trouble).await;
        let client = client(&world, &proxy.endpoint, SignVersion::V4, Observer::silent());
        let error = client.upload_simple(&key(), &files.file, &UploadOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), code, "{trouble:?}: {error}");
        assert_eq!(proxy.connections(), 3, "{trouble:?}: two repetitions");
    }
    // What arrived damaged is sent again, over the same connection.
    let files = Files::new(120_000, 1);
    let proxy = Proxy::start(&world.emulator.oss_endpoint, |_| Trouble::DamageUp(90_000)).await;
    let client = client(&world, &proxy.endpoint, SignVersion::V4, Observer::silent());
    let uploaded = client.upload_simple(&key(), &files.file, &UploadOptions::default()).await.unwrap();
    assert_eq!((uploaded.resent, uploaded.crc64), (120_000, crc64(&files.body)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_mid_upload_costs_no_part() {
    let world = Arc::new(World::start().await.unwrap());
    let files = Files::new(2 * MIB, 9);
    let (done, refreshed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let observer = {
        let (clock, done, refreshed) = (world.clock.clone(), Arc::clone(&done), Arc::clone(&refreshed));
        Observer::new(move |event| match event {
            // The world's time jumps beyond the token's end; the client's own clock knows nothing of it.
            Event::PartDone { .. } if done.fetch_add(1, Ordering::SeqCst) == 3 => {
                clock.advance(time::Duration::seconds(1000));
            }
            Event::TokenRefreshed { .. } => {
                refreshed.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        })
    };
    let client = client(&world, &world.emulator.oss_endpoint, SignVersion::V4, observer);
    let options = UploadOptions::default();
    let uploaded = client.upload_resumable(&key(), &files.file, &files.checkpoints(), &options).await.unwrap();
    assert_eq!(uploaded.crc64, crc64(&files.body));
    assert_eq!(refreshed.load(Ordering::SeqCst), 2, "one token to begin with, and one when it ended");
    let (taken, _) = parts_taken(&world).await;
    assert!(taken.len() == 16 && taken.values().all(|times| *times == 1), "{taken:?}");
    Arc::into_inner(world).unwrap().stop().await;
}
