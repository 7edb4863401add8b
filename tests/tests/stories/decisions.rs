//! The decision stream: one record a request, in order, with what decided; and never a secret.

use futures_util::StreamExt;
use shared::decision::{Decision, SignatureOutcome};
use shared::sign::SignVersion;
use tests::{Ask, Stage, token_policy};

#[tokio::test]
async fn each_request_leaves_one_record() {
    let stage = Stage::open().await;
    let bucket = stage.ready.bucket.clone();
    let token = stage.assume(Some(&token_policy(&bucket, "users/alice/"))).await;
    stage.ask(&token, Ask::new("PUT", &bucket, "users/alice/p").body("12345")).await;
    let refused = stage.ask(&token, Ask::new("PUT", &bucket, "users/bob/p").body("1")).await;
    let mut wrong = stage.user();
    wrong.access_key_secret = shared::secret::Secret::new("wrong");
    stage.ask_signed(&wrong, SignVersion::V4, Ask::new("GET", &bucket, "k")).await;
    let decisions = stage.decisions().await;
    let [assume, put, denied, mismatch] = decisions.as_slice() else { panic!("{decisions:#?}") };

    assert_eq!((assume.service.as_str(), assume.operation.as_str(), assume.status), ("sts", "AssumeRole", 200));
    assert_eq!(assume.layers.iter().map(|l| l.layer.as_str()).collect::<Vec<_>>(), ["identity", "trust"]);
    assert_eq!((put.sequence, put.operation.as_str(), put.action.as_str()), (2, "PutObject", "oss:PutObject"));
    assert_eq!(put.resource, format!("acs:oss:*:1000000000000001:{bucket}/users/alice/p"));
    assert_eq!((put.bytes_in, put.status, put.principal.kind.as_str()), (5, 200, "role"));
    assert_eq!(put.signature, SignatureOutcome::Valid { scheme: "V4 header".to_owned() });
    let layers = |decision: &Decision| {
        decision.layers.iter().map(|l| (l.layer.clone(), l.effect.clone(), l.statement)).collect::<Vec<_>>()
    };
    let allow = |layer: &str| (layer.to_owned(), "Allow".to_owned(), Some(0));
    assert_eq!(layers(put), [allow("session"), allow("identity")]);
    let implicit = ("session".to_owned(), "ImplicitDeny".to_owned(), None);
    assert_eq!(layers(denied), [implicit, allow("identity")]);
    assert_eq!((denied.error_code.as_str(), denied.ec.as_str()), ("AccessDenied", "0003-00000301"));
    assert_eq!(denied.request_id, refused.header("x-oss-request-id"));
    assert!(
        matches!(&mismatch.signature, SignatureOutcome::Mismatch { string_to_sign, .. } if string_to_sign.starts_with("OSS4"))
    );
    stage.close().await;
}

#[tokio::test]
async fn the_stream_is_followed_from_any_point() {
    let stage = Stage::open().await;
    let bucket = stage.ready.bucket.clone();
    let user = stage.user();
    for _ in 0..3 {
        stage.ask(&user, Ask::new("GET", &bucket, "k")).await;
    }
    let url = format!("{}/decisions?after=1", stage.ready.control_endpoint);
    let answer = stage.http.get(&url).header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.bytes_stream();
    stage.ask(&user, Ask::new("GET", &bucket, "later")).await;
    let mut text = String::new();
    while !text.contains("id: 4") || !text.ends_with("\n\n") {
        text.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
    }
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["2", "3", "4"]);
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let decision: Decision = serde_json::from_str(last).unwrap();
    assert_eq!(decision.path, format!("/{bucket}/later"));
    stage.close().await;
}

#[tokio::test]
async fn the_control_port_is_not_for_web_pages() {
    let stage = Stage::open().await;
    let url = format!("{}/clock", stage.ready.control_endpoint);
    let move_on = || stage.http.post(&url).header("content-type", "application/json").body(r#"{"advance_seconds":60}"#);
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        assert_eq!(move_on().header(name, value).send().await.unwrap().status(), 403, "{name}");
    }
    assert_eq!(stage.clock.offset().whole_seconds(), 0);
    let answer = move_on().send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("\"offset_ms\":60000"));
    assert_eq!(stage.clock.offset().whole_seconds(), 60);
    stage.close().await;
}

/// Everything that the emulator says to others is searched for every secret that there is.
#[tokio::test]
async fn no_answer_and_no_record_holds_a_secret() {
    let stage = Stage::open().await;
    let bucket = stage.ready.bucket.clone();
    let token = stage.assume(Some(&token_policy(&bucket, "users/alice/"))).await;
    let mut wrong = token.clone();
    wrong.access_key_secret = shared::secret::Secret::new("another-secret");
    let mut said = Vec::new();
    for version in [SignVersion::V1, SignVersion::V4] {
        for key in [&token, &wrong, &stage.user()] {
            for ask in [Ask::new("GET", &bucket, "k"), Ask::new("GET", &bucket, "").param("acl", "")] {
                let answer = stage.ask_signed(key, version, ask.clone()).await;
                said.push(format!("{:?} {}", answer.headers, answer.text()));
                let mut url = ask.request.clone();
                stage.signer(key, version).presign(&mut url, 60);
                let answer = stage.send(&url, Vec::new()).await;
                said.push(format!("{:?} {}", answer.headers, answer.text()));
            }
        }
    }
    let call =
        vec![("Action".to_owned(), "GetCallerIdentity".to_owned()), ("Version".to_owned(), "2015-04-01".to_owned())];
    for key in [&token, &wrong] {
        said.push(stage.sts(key, call.clone()).await.1);
    }
    said.push(serde_json::to_string(&stage.decisions().await).unwrap());
    let secrets = [
        token.access_key_secret.expose().to_owned(),
        token.security_token.as_ref().unwrap().expose().to_owned(),
        shared::sign::encode(token.security_token.as_ref().unwrap().expose()),
        stage.ready.access_key_secret.clone(),
        "another-secret".to_owned(),
    ];
    for text in &said {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
    assert!(said.len() > 20);
    stage.close().await;
}
