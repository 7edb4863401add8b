//! The app server against the emulator's STS: both signatures, clocks that disagree, and keys that come from elsewhere.

use std::sync::Arc;

use serde_json::{Value, json};
use server::config::Config;
use shared::clock::{Clock, ShiftedClock};
use shared::credentials::Credentials;
use shared::secret::Secret;
use tests::{Ask, Stage};
use time::Duration;
use tokio::net::TcpListener;

/// An app server for the stage's bucket on a clock of its own; the root of its URL.
async fn app_server(stage: &Stage, clock: Arc<ShiftedClock>, more: &Value) -> String {
    let mut text = json!({
        "AccessKeyID": stage.ready.access_key_id, "AccessKeySecret": stage.ready.access_key_secret,
        "RoleArn": stage.ready.role_arn, "StsEndpoint": stage.ready.sts_endpoint, "Bucket": stage.ready.bucket,
        "ObjectPrefix": "users/alice/", "PolicyFile": "bucket_read_write_policy.txt",
    });
    text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/config.json");
    let config = Config::parse(&text.to_string(), file.as_ref()).unwrap();
    let app = server::App::new(config, clock as Arc<dyn Clock>).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(server::serve(listener, server::router(app), std::future::pending()));
    url
}

/// Asks for a token and uploads with it; the answer of the app server and the status of the upload.
async fn upload(stage: &Stage, url: &str) -> (Value, u16) {
    let body = stage.http.get(format!("{url}/sts")).send().await.unwrap().text().await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let mut key = Credentials::long_term(text("AccessKeyId"), Secret::new(text("AccessKeySecret")));
    key.security_token = Some(Secret::new(text("SecurityToken")));
    let ask = Ask::new("PUT", &stage.ready.bucket, "users/alice/a.txt").body("x");
    let status = stage.ask(&key, ask).await.status;
    (body, status)
}

#[tokio::test]
async fn both_signatures_and_a_wrong_clock_bring_tokens_that_upload() {
    let stage = Stage::open().await;
    for signature in ["RPC", "ACS3"] {
        for hours in [0, -3, 2] {
            let clock = Arc::new(ShiftedClock::new());
            clock.advance(Duration::hours(hours));
            let url = app_server(&stage, Arc::clone(&clock), &json!({ "Sts": { "Signature": signature } })).await;
            let (first, status) = upload(&stage, &url).await;
            assert_eq!((&first["StatusCode"], status), (&json!(200), 200), "{signature}, {hours} h: {first}");
            // Kept for as long as by a clock that is right, and no longer.
            let (second, _) = upload(&stage, &url).await;
            assert_eq!(second["SecurityToken"], first["SecurityToken"], "{signature}, {hours} h");
            clock.advance(Duration::seconds(541));
            stage.clock.advance(Duration::seconds(541));
            let (third, status) = upload(&stage, &url).await;
            assert_ne!(third["SecurityToken"], first["SecurityToken"], "{signature}, {hours} h");
            assert_eq!(status, 200);
        }
    }
    stage.close().await;
}

#[tokio::test]
async fn readiness_says_what_sts_thinks_of_the_key() {
    let stage = Stage::open().await;
    for (key, ready) in [(stage.ready.access_key_id.as_str(), 200), ("LTAIunknown0000", 503)] {
        let url = app_server(&stage, Arc::default(), &json!({ "AccessKeyID": key })).await;
        let mut status = 0;
        // The first question makes the server ask; the answer is there a moment later.
        for _ in 0..1000 {
            status = stage.http.get(format!("{url}/readyz")).send().await.unwrap().status().as_u16();
            if status == 200 {
                break;
            }
        }
        assert_eq!(status, ready, "{key}");
    }
    stage.close().await;
}
