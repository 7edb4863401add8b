//! What those who run the server see and set: health, metrics, limits, the audit trail, HTTPS, browsers, proxies, and its end.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value, json};
use server::config::Config;
use server::{Door, Tls};
use shared::region::Endpoint;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::{
    FakeSts, KEY_ID, KEY_SECRET, ROLE_ARN, SECURITY_TOKEN, TOKEN_SECRET, app, ask_with, config, get, serving,
};

/// The five keys and some sections.
fn config_with(folder: &tempfile::TempDir, sts: &Endpoint, sections: &Value) -> Config {
    let mut text = json!({ "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN,
        "StsEndpoint": sts.to_string(), "Bucket": "photos", "ObjectPrefix": "users/alice/" });
    let more = sections.as_object().unwrap().clone();
    text.as_object_mut().unwrap().extend(more);
    Config::parse(&text.to_string(), &folder.path().join("config.json")).unwrap()
}

#[tokio::test]
async fn readiness_follows_sts_and_the_end_and_health_follows_nothing() {
    let sts = FakeSts::start(|call| match call {
        0 => (404, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"gone"}"#.to_owned()),
        _ => (200, crate::support::assumed_role("2017-12-12T07:49:09Z")),
    })
    .await;
    let app = app(config(&sts.endpoint));
    let url = serving(&app).await;
    app.judge_key().await;
    let ready = get(&format!("{url}/readyz")).await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (503, Some("not ready")));
    assert!(!ready.body.contains("AccessKey"), "{}", ready.body);

    assert_eq!(get(&format!("{url}/sts")).await.json()["StatusCode"], 200);
    assert_eq!(get(&format!("{url}/readyz")).await.status, 200);
    app.reload(app.settings().config.clone()).unwrap();
    assert_eq!(get(&format!("{url}/readyz")).await.status, 200, "a reload takes no server out of use");
    app.drain();
    assert_eq!(get(&format!("{url}/readyz")).await.status, 503);
    assert_eq!(get(&format!("{url}/sts")).await.json()["StatusCode"], 200, "what still comes is answered");
    assert_eq!(get(&format!("{url}/healthz")).await.status, 200);
}

#[tokio::test]
async fn metrics_count_for_this_machine_and_hide_behind_a_proxy() {
    let sts = FakeSts::granting().await;
    let url = serving(&app(config(&sts.endpoint))).await;
    for path in ["/sts", "/", "/nowhere"] {
        get(&format!("{url}{path}")).await;
    }
    let text = get(&format!("{url}/metrics")).await;
    assert_eq!(text.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for line in [
        "direct_transfer_requests_total{route=\"token\",status=\"200\"} 2",
        "direct_transfer_requests_total{route=\"other\",status=\"404\"} 1",
        "direct_transfer_tokens_total{from=\"sts\"} 1",
        "direct_transfer_tokens_total{from=\"cache\"} 1",
        "direct_transfer_sts_calls_total{code=\"OK\"} 1",
        "direct_transfer_cache_tokens 1",
    ] {
        assert!(text.body.lines().any(|found| found == line), "{} lacks {line}", text.body);
    }
    for of_proxy in [("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9"), ("via", "1.1 front")] {
        assert_eq!(
            ask_with("GET", &format!("{url}/metrics"), &[of_proxy], Vec::new()).await.status,
            403,
            "{of_proxy:?}"
        );
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back_and_proxies_are_believed_as_configured() {
    let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
    let limits = json!({ "PerAddress": 2 });
    let behind = config_with(&folder, &sts.endpoint, &json!({ "Limits": limits, "TrustedProxies": ["127.0.0.0/8"] }));
    let alone = config_with(&folder, &sts.endpoint, &json!({ "Limits": limits }));
    for (config, others_admitted) in [(behind, true), (alone, false)] {
        let url = format!("{}/sts", serving(&app(config)).await);
        let ask = |client: &'static str| {
            let url = url.clone();
            async move { ask_with("GET", &url, &[("x-forwarded-for", client)], Vec::new()).await }
        };
        for _ in 0..2 {
            assert_eq!(ask("203.0.113.9").await.json()["StatusCode"], 200);
        }
        let refused = ask("203.0.113.9").await;
        assert_eq!((refused.status, &refused.json()["ErrorCode"]), (200, &json!("TooManyRequests")));
        let wait: u32 = refused.header("retry-after").parse().unwrap();
        assert!((25..=30).contains(&wait), "{wait}");
        let other = ask("203.0.113.10").await;
        assert_eq!(other.json()["StatusCode"] == 200, others_admitted, "{}", other.body);
    }
}

#[tokio::test]
async fn who_guesses_on_is_told_to_wait_whatever_comes_next_and_who_lacks_a_credential_is_not() {
    let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
    let key = "the key of one device, long enough";
    let hash = format!("sha256:{}", shared::sign::acs3::body_hash(key.as_bytes()));
    let identity =
        json!({ "Identity": { "Providers": [{ "Type": "DeviceKeys", "Keys": [{ "Hash": hash, "User": "alice" }] }] } });
    let url = format!("{}/sts", serving(&app(config_with(&folder, &sts.endpoint, &identity))).await);
    let ask = |bearer: String| {
        let url = url.clone();
        async move { ask_with("GET", &url, &[("authorization", &format!("Bearer {bearer}"))], Vec::new()).await }
    };
    for _ in 0..110 {
        assert_eq!(get(&url).await.json()["ErrorCode"], "CredentialMissing");
    }
    for guess in 0..100 {
        ask(format!("guess {guess}")).await;
    }
    assert_eq!(ask(key.to_owned()).await.json()["StatusCode"], 200);
    ask("one guess too many".to_owned()).await;
    let refused = ask(key.to_owned()).await;
    assert_eq!((&refused.json()["ErrorCode"], refused.header("retry-after")), (&json!("TooManyFailures"), "1"));
}

#[tokio::test]
async fn a_burst_of_many_questions_stays_within_the_share_of_sts() {
    let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
    let slow = json!({ "Sts": { "CallsPerSecond": 1, "CacheMegabytes": 0 } });
    let url = format!("{}/sts", serving(&app(config_with(&folder, &sts.endpoint, &slow))).await);
    assert_eq!(get(&url).await.json()["StatusCode"], 200);
    // Nothing is kept, so each question is a new one: the next waits for its turn, and those beyond the next seconds are told so.
    let began = std::time::Instant::now();
    assert_eq!(get(&url).await.json()["StatusCode"], 200);
    assert!(began.elapsed().as_millis() >= 500, "{:?}", began.elapsed());
    assert_eq!(sts.calls().len(), 2);
}

#[tokio::test]
async fn the_audit_trail_says_who_got_what_and_holds_no_secret() {
    let sts = FakeSts::start(|call| match call {
        0 => (200, crate::support::assumed_role("2017-12-12T07:49:09Z")),
        _ => (403, r#"{"Code":"NoPermission","Message":"no"}"#.to_owned()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let config = config_with(&folder, &sts.endpoint, &json!({ "Audit": { "File": "audit.jsonl" } }));
    let app = app(config.clone());
    let url = format!("{}/sts?ak=callers-own-login", serving(&app).await);
    get(&url).await;
    get(&url).await;
    // Somebody rotates the file, and says so.
    let (file, older) = (folder.path().join("audit.jsonl"), folder.path().join("audit.jsonl.1"));
    app.flush().await;
    fs::rename(&file, &older).unwrap();
    app.reload(config).unwrap();
    get(&url).await;
    app.flush().await;
    let text = fs::read_to_string(&older).unwrap() + &fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let granted = json!({ "time": "2017-12-12T07:34:09.000Z", "outcome": "granted", "provider": "none", "identity": "everybody",
        "grant": "default", "prefix": "users/alice/", "session": "direct-transfer", "key": "STS.NS…Key",
        "expires": "2017-12-12T07:49:09Z", "sts_request_id": "6894B13B", "cached": false, "address": "127.0.0.1" });
    assert_eq!(lines[0], granted);
    assert_eq!(
        (&lines[1]["cached"], &lines[2]["outcome"], &lines[2]["code"]),
        (&json!(true), &json!("refused"), &json!("NoPermission"))
    );
    for secret in [KEY_ID, KEY_SECRET, TOKEN_SECRET, SECURITY_TOKEN, "STS.NSExampleTokenKey", "callers-own-login"] {
        assert!(!text.contains(secret), "the trail tells {secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn browsers_may_ask_from_the_pages_that_are_named() {
    let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
    let cors = json!({ "Cors": { "AllowedOrigins": ["https://app.example.com"] } });
    let url = format!("{}/sts", serving(&app(config_with(&folder, &sts.endpoint, &cors))).await);
    for (origin, allowed) in [("https://app.example.com", "https://app.example.com"), ("https://evil.example", "")] {
        let preflight = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization"),
        ];
        let answer = ask_with("OPTIONS", &url, &preflight, Vec::new()).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, allowed));
        let answer = ask_with("GET", &url, &[("origin", origin)], Vec::new()).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
}

/// A certificate for `localhost` and its key, PEM; with the authority that signed it.
fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    (made.pem(), key.serialize_pem())
}

#[tokio::test]
async fn https_takes_another_certificate_while_it_runs_and_keeps_the_last_good_one() {
    let (sts, folder) = (FakeSts::granting().await, tempfile::tempdir().unwrap());
    let write = |certificate: &str, key: &str| {
        fs::write(folder.path().join("cert.pem"), certificate).unwrap();
        fs::write(folder.path().join("key.pem"), key).unwrap();
    };
    let (first, first_key) = certificate();
    write(&first, &first_key);
    let config =
        config_with(&folder, &sts.endpoint, &json!({ "Tls": { "CertificateFile": "cert.pem", "KeyFile": "key.pem" } }));
    let tls = Tls::load(config.tls.as_ref().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/sts", listener.local_addr().unwrap().port());
    let app = app(config);
    let connections = NonZeroUsize::MIN.saturating_add(9);
    let door = Door { tls: Some(tls.clone()), connections, metrics: app.metrics(), ..Door::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move { drop(stopped.await) };
    let serving = tokio::spawn(server::serve_through(door, listener, server::router(Arc::clone(&app)), until));

    let trusts = |pem: String, url: String| async move {
        let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
        match client.get(url).send().await {
            Ok(answer) => answer.text().await.unwrap().contains("\"StatusCode\":200"),
            Err(_) => false,
        }
    };
    assert!(trusts(first.clone(), url.clone()).await);
    let (second, second_key) = certificate();
    write(&second, &first_key);
    assert!(tls.reload().unwrap_err().contains("do not go together"));
    assert!(trusts(first.clone(), url.clone()).await, "the last good one");
    write(&second, &second_key);
    assert_eq!(tls.reload(), Ok(true));
    assert_eq!(tls.reload(), Ok(false));
    assert!(trusts(second, url.clone()).await && !trusts(first, url).await);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (good, key) = certificate();
    for (certificate, key, told) in [
        (None, None, "CertificateFile"),
        (Some(good.as_str()), None, "KeyFile"),
        (Some("no PEM"), Some(key.as_str()), "holds no certificate"),
        (Some(&good), Some("no PEM"), "holds no private key"),
    ] {
        for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
            let path = folder.path().join(name);
            let _ = fs::remove_file(&path);
            text.iter().for_each(|text| fs::write(&path, text).unwrap());
        }
        let text = json!({ "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN,
            "Tls": { "CertificateFile": "cert.pem", "KeyFile": "key.pem" } });
        let config = Config::parse(&text.to_string(), &folder.path().join("config.json")).unwrap();
        let error = Tls::load(&config.tls.unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("Tls: ") && error.contains(told), "{error} lacks {told}");
    }
}
