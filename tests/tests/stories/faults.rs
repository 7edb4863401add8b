//! The fault lab: each kind of fault as the real client sees it. The object arrives intact, or the error says precisely why not; and
//! each fault stands in the record of the request that it struck.

use std::sync::Arc;
use std::time::{Duration, Instant};

use demo::World;
use serde_json::{Value, json};
use shared::bucket::BucketName;
use shared::clock::{Clock, SystemClock};
use shared::crc64::crc64;
use shared::decision::Decision;
use shared::fault::PRESETS;
use shared::object_key::ObjectKey;
use shared::region::{Endpoint, Region};
use transfer::{Client, ClientConfig, CredentialsSource, Observer, Provider, TransferError, UploadOptions};

const KEY: &str = "users/demo/photo.bin";
const SIZE: usize = 600_000;

fn body(size: usize) -> Vec<u8> {
    (0..size as u64).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
}

fn key() -> ObjectKey {
    ObjectKey::parse(KEY).unwrap()
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Asks the control port; status and body.
async fn control(world: &World, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}{path}", world.emulator.control_endpoint);
    let mut request = http().request(method, url);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn set(world: &World, plan: Value) {
    let (status, said) = control(world, reqwest::Method::PUT, "/faults", Some(plan)).await;
    assert_eq!(status, 200, "{said}");
}

async fn decisions(world: &World) -> Vec<Decision> {
    let (_, page) = control(world, reqwest::Method::GET, "/decisions", None).await;
    serde_json::from_value(page["decisions"].clone()).unwrap()
}

/// A client that waits little, on a clock of its own.
fn client_on(world: &World, clock: Arc<dyn Clock>, observer: Observer) -> Client {
    let source = CredentialsSource::AppServer { url: world.token_url.clone(), bearer: None };
    let provider = Provider::new(source, Arc::clone(&clock), observer.clone()).unwrap();
    let region = Region::parse(&world.emulator.region).unwrap();
    let bucket = BucketName::parse(&world.emulator.bucket).unwrap();
    let mut config = ClientConfig::new(Endpoint::parse(&world.emulator.oss_endpoint).unwrap(), region, bucket);
    config.part_size = 128 * 1024;
    config.socket_timeout = Duration::from_secs(5);
    config.retry_base_wait = Duration::from_millis(1);
    Client::new(config, Arc::new(provider), clock, observer).unwrap()
}

fn client(world: &World) -> Client {
    client_on(world, Arc::new(SystemClock), Observer::silent())
}

/// What a client does under a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Simple,
    Multipart,
    Get,
}

async fn work(client: &Client, work: Work) -> Result<(), TransferError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("original");
    std::fs::write(&file, body(SIZE)).unwrap();
    let options = UploadOptions::default();
    match work {
        Work::Simple => client.upload_simple(&key(), &file, &options).await.map(drop),
        Work::Multipart => client.upload_multipart(&key(), &file, &options).await.map(drop),
        Work::Get => {
            let back = folder.path().join("back");
            client.download(&key(), &back).await?;
            assert_eq!(std::fs::read(back).unwrap(), body(SIZE), "what arrives is intact");
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_overcome_or_told_by_its_name() {
    let world = World::start().await.unwrap();
    let client = client(&world);
    work(&client, Work::Simple).await.unwrap();
    // The fault, once and for ever: what comes of it, with the name in the record, and the code that the client tells at the end.
    for (fault, during, operation, named, told) in [
        (json!({"kind":"drop_before"}), Work::Simple, "PutObject", "drop before commit", "Interrupted"),
        (json!({"kind":"drop_after"}), Work::Simple, "PutObject", "drop after commit", "Interrupted"),
        (json!({"kind":"drop_after"}), Work::Multipart, "CompleteMultipartUpload", "drop after commit", "Interrupted"),
        (
            json!({"kind":"reset","after_bytes":50_000}),
            Work::Multipart,
            "UploadPart",
            "reset after 50000 bytes",
            "Interrupted",
        ),
        (json!({"kind":"reset"}), Work::Get, "GetObject", "reset after 0 bytes", "Interrupted"),
        (
            json!({"kind":"truncate","after_bytes":70_000}),
            Work::Get,
            "GetObject",
            "truncated answer after 70000 bytes",
            "Interrupted",
        ),
        (json!({"kind":"server_error","status":500}), Work::Simple, "PutObject", "server error 500", "InternalError"),
        (
            json!({"kind":"server_error","status":503}),
            Work::Multipart,
            "UploadPart",
            "server error 503",
            "ServiceUnavailable",
        ),
        (json!({"kind":"throttling"}), Work::Multipart, "InitiateMultipartUpload", "throttling", "QpsLimitExceeded"),
        (json!({"kind":"wrong_crc"}), Work::Multipart, "UploadPart", "wrong CRC64", "CrcMismatch"),
        (json!({"kind":"wrong_crc"}), Work::Get, "GetObject", "wrong CRC64", "CrcMismatch"),
        (json!({"kind":"wrong_etag"}), Work::Simple, "PutObject", "wrong ETag", ""),
        (json!({"kind":"expired_token"}), Work::Simple, "PutObject", "expired token", "SecurityTokenExpired"),
    ] {
        // Once is enough where a whole download is not what its CRC64 says.
        let is_final = named == "wrong CRC64" && during == Work::Get;
        let once = if is_final { told } else { "" };
        for (count, code) in [(Some(1), once), (None, told)] {
            let before = decisions(&world).await.len();
            set(&world, json!({"rules": [{"operation": operation, "count": count, "fault": fault}]})).await;
            let outcome = work(&client, during).await;
            let what = format!("{named}, {count:?}: {outcome:?}");
            match (outcome, code) {
                (Ok(()), "") => {}
                (Err(error), code) => assert_eq!(error.code(), code, "{what}"),
                (Ok(()), _) if told.is_empty() => {}
                (Ok(()), _) => panic!("{what}"),
            }
            let all = decisions(&world).await;
            let struck: Vec<&Decision> = all[before..].iter().filter(|decision| !decision.faults.is_empty()).collect();
            assert!(!struck.is_empty() && count.is_none_or(|count| struck.len() == count), "{what}: {struck:#?}");
            for decision in struck {
                assert_eq!(
                    (decision.operation.as_str(), decision.faults.as_slice()),
                    (operation, &[named.to_owned()][..]),
                    "{what}"
                );
                let lost = named.starts_with("drop") || named.starts_with("reset");
                assert_eq!(decision.status == 0, lost, "{what}: {decision:?}");
            }
            control(&world, reqwest::Method::DELETE, "/faults", None).await;
            if during != Work::Get && count.is_some() {
                // The first upload's, where this one was refused.
                let meta = client.head(&key()).await.unwrap();
                assert_eq!(meta.crc64, Some(crc64(&body(SIZE))), "{what}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_under_a_wrong_etag_is_refused_at_the_end_and_says_so() {
    let world = World::start().await.unwrap();
    set(&world, json!({"rules": [{"operation": "UploadPart", "count": 1, "fault": {"kind": "wrong_etag"}}]})).await;
    let error = work(&client(&world), Work::Multipart).await.unwrap_err();
    assert_eq!(error.code(), "InvalidPart", "{error}");
    work(&client(&world), Work::Multipart).await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_slow_takes_its_time_and_arrives() {
    let world = World::start().await.unwrap();
    let client = client(&world);
    work(&client, Work::Simple).await.unwrap();
    // 600,000 bytes at 1 MB/s take 0.6 s, shared or alone; a wait is a wait.
    for (fault, during, least) in [
        (json!({"kind":"latency","ms":300}), Work::Simple, 300),
        (json!({"kind":"bandwidth","bytes_per_second":1_000_000}), Work::Multipart, 550),
        (json!({"kind":"bandwidth","bytes_per_second":1_000_000}), Work::Get, 550),
        (json!({"kind":"slow_body","bytes_per_second":1_000_000}), Work::Simple, 550),
        (json!({"kind":"slow_body","bytes_per_second":1_000_000}), Work::Get, 550),
    ] {
        set(&world, json!({"rules": [{"fault": fault}]})).await;
        let began = Instant::now();
        work(&client, during).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(least), "{fault}, {during:?}: {:?}", began.elapsed());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_every_preset_an_upload_arrives_in_the_end_intact() {
    const EXCUSES: [&str; 9] = [
        "Connect",
        "Interrupted",
        "Timeout",
        "CrcMismatch",
        "ServiceUnavailable",
        "InternalError",
        "BadGateway",
        "SecurityTokenExpired",
        "Throttling.User",
    ];
    for preset in PRESETS {
        let world = World::start().await.unwrap();
        set(&world, json!({"preset": preset.name, "seed": 11})).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("original");
        std::fs::write(&file, body(SIZE)).unwrap();
        let client = client(&world);
        let mut tries = 0;
        loop {
            tries += 1;
            match client.upload_resumable(&key(), &file, folder.path(), &UploadOptions::default()).await {
                Ok(uploaded) => break assert_eq!(uploaded.crc64, crc64(&body(SIZE))),
                Err(error) => assert!(EXCUSES.contains(&error.code()), "{}: {error}", preset.name),
            }
            assert!(tries < 20, "{}", preset.name);
        }
        let (_, told) = control(&world, reqwest::Method::GET, "/faults", None).await;
        assert_eq!(told["banner"], format!("{}, seed 11", preset.name));
        let applied: u64 = told["rules"].as_array().unwrap().iter().map(|rule| rule["applied"].as_u64().unwrap()).sum();
        let recorded: usize = decisions(&world).await.iter().map(|decision| decision.faults.len()).sum();
        assert!(applied > 0 && applied == recorded as u64, "{}: {applied} and {recorded}", preset.name);
        world.stop().await;
    }
}

/// Which requests were struck, and by what, whatever their order.
async fn struck(seed: u64) -> Vec<(String, Option<u32>, Vec<String>)> {
    let world = World::start().await.unwrap();
    let rules = json!([
        {"operation": "UploadPart", "probability": 0.4, "fault": {"kind": "server_error", "status": 503}},
        {"probability": 0.5, "fault": {"kind": "latency", "ms": 1, "jitter_ms": 20}},
    ]);
    set(&world, json!({"seed": seed, "rules": rules})).await;
    // Whether it succeeds is part of what the seed decides.
    let _ = work(&client(&world), Work::Simple).await;
    let _ = work(&client(&world), Work::Multipart).await;
    let all = decisions(&world).await.into_iter().filter(|decision| decision.service == "oss");
    let mut struck: Vec<_> = all.map(|decision| (decision.operation, decision.part_number, decision.faults)).collect();
    struck.sort();
    world.stop().await;
    struck
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_strikes_the_same_requests() {
    let once = struck(4).await;
    assert!(once.iter().any(|(_, _, faults)| !faults.is_empty()), "{once:?}");
    assert_eq!(once, struck(4).await);
    assert_ne!(once, struck(5).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_server_tells_of_the_troubles_of_sts() {
    let world = World::start().await.unwrap();
    for (fault, told) in [
        (json!({"kind":"throttling"}), "Throttling.User"),
        (json!({"kind":"server_error","status":503}), "ServiceUnavailable"),
    ] {
        set(&world, json!({"rules": [{"service": "sts", "count": 1, "fault": fault}]})).await;
        client(&world).head(&key()).await.expect_err("there is no such object").oss().expect("OSS was reached");
        set(&world, json!({"rules": [{"service": "sts", "fault": fault}]})).await;
        let fresh = World::start().await.unwrap();
        set(&fresh, json!({"rules": [{"service": "sts", "fault": fault}]})).await;
        let error = client(&fresh).head(&key()).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        fresh.stop().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_is_refused_and_changes_nothing() {
    let world = World::start().await.unwrap();
    set(&world, json!({"preset": "lift", "seed": 7})).await;
    let wrong = json!({"rules": [{"probability": 2, "fault": {"kind": "drop_before"}}]});
    let (status, said) = control(&world, reqwest::Method::PUT, "/faults", Some(wrong)).await;
    assert_eq!((status, &said["path"], &said["expected"]), (400, &json!("rules[0].probability"), &json!("0 to 1")));
    let (_, told) = control(&world, reqwest::Method::GET, "/faults", None).await;
    assert_eq!((&told["banner"], &told["rules"][0]["count"]), (&json!("Lift, seed 7"), &json!(6)));
    assert_eq!(told["presets"].as_array().unwrap().len(), PRESETS.len());
    let (_, told) = control(&world, reqwest::Method::DELETE, "/faults", None).await;
    assert_eq!(told["banner"], "none");
    world.stop().await;
}
