//! Where the app server's own key comes from, and how it is replaced without a request that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use server::config::Config;
use time::Duration;

use crate::support::{
    Answer, FakeSts, KEY_ID, KEY_SECRET, ROLE_ARN, Said, TOKEN_SECRET, app, app_and_clock, ask, assumed_role, get,
    serving, spawn,
};

/// A configuration without a key of its own, in `folder`.
fn config_with(folder: &tempfile::TempDir, sts: &FakeSts, base: &Value) -> Config {
    let text = json!({ "RoleArn": ROLE_ARN, "StsEndpoint": sts.endpoint.to_string(), "BaseCredentials": base });
    Config::parse(&text.to_string(), &folder.path().join("config.json")).unwrap()
}

/// What the metadata service says: a temporary key whose secret is the one that the fake STS knows.
fn key_until(expiration: &str) -> String {
    json!({ "Code": "Success", "AccessKeyId": "STS.NTBaseKey0001", "AccessKeySecret": KEY_SECRET,
        "SecurityToken": "base-token", "Expiration": expiration, "LastUpdated": "2017-12-12T07:00:00Z" })
    .to_string()
}

fn assert_granted(answer: &Answer) {
    assert_eq!(answer.json()["StatusCode"], 200, "{}", answer.body);
}

#[tokio::test]
async fn the_machines_role_signs_with_its_own_token_and_is_asked_anew_before_it_ends() {
    let sts = FakeSts::granting().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let metadata = {
        let asked = Arc::clone(&asked);
        move |method: Method, uri: Uri, headers: HeaderMap| {
            let token = headers.get("x-aliyun-ecs-metadata-token").is_some_and(|token| token == "proof");
            let said = match (method.as_str(), uri.path()) {
                ("PUT", "/latest/api/token") if headers.contains_key("x-aliyun-ecs-metadata-token-ttl-seconds") => {
                    "proof".to_owned()
                }
                ("GET", "/latest/meta-data/ram/security-credentials/") if token => "app-server\n".to_owned(),
                ("GET", "/latest/meta-data/ram/security-credentials/app-server") if token => {
                    asked.fetch_add(1, Ordering::SeqCst);
                    key_until("2017-12-12T08:34:09Z")
                }
                _ => "what is this?".to_owned(),
            };
            async move { said }
        }
    };
    let at = spawn(Router::new().fallback(metadata)).await;
    let folder = tempfile::tempdir().unwrap();
    let config = config_with(&folder, &sts, &json!({ "Source": "EcsMetadata", "Endpoint": format!("http://{at}") }));
    let (app, clock) = app_and_clock(config.clone());
    let url = format!("{}/sts", serving(&app).await);
    assert_granted(&get(&url).await);
    let call = sts.calls().remove(0);
    for (name, value) in [("AccessKeyId", "STS.NTBaseKey0001"), ("SecurityToken", "base-token")] {
        assert!(call.contains(&(name.to_owned(), value.to_owned())), "{call:?}");
    }
    // Reloads forget the cached token of the app, so that STS is asked with whatever base key there is.
    for (minutes, times) in [(54, 2), (1, 3)] {
        clock.advance(Duration::minutes(minutes));
        app.reload(config.clone()).unwrap();
        get(&url).await;
        assert_eq!(asked.load(Ordering::SeqCst), times);
    }
}

#[tokio::test]
async fn a_key_that_was_replaced_in_its_file_is_used_at_once_when_sts_refuses_the_old_one() {
    let old = "LTAI5tRevokedKey0000";
    let sts = FakeSts::told(move |call| match call.parameter("AccessKeyId") == old {
        true => Said {
            status: 404,
            body: r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"gone"}"#.to_owned(),
            date: call.time(),
        },
        false => Said { status: 200, body: assumed_role("2017-12-12T07:49:09Z"), date: call.time() },
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let write = |id: &str| {
        let text = format!("[default]\ntype = access_key\naccess_key_id = {id}\naccess_key_secret = {KEY_SECRET}\n");
        std::fs::write(folder.path().join("credentials"), text).unwrap();
    };
    write(old);
    let (app, clock) = app_and_clock(config_with(&folder, &sts, &json!({ "Source": "File", "Path": "credentials" })));
    let url = format!("{}/sts", serving(&app).await);
    assert_eq!(get(&url).await.json()["ErrorCode"], "InvalidAccessKeyId.NotFound");
    write(KEY_ID);
    clock.advance(Duration::seconds(20));
    assert_granted(&get(&url).await);
}

#[tokio::test]
async fn another_program_or_the_clusters_token_will_do() {
    let sts = FakeSts::told(|call| {
        let body = match call.parameter("Action") {
            "AssumeRoleWithOIDC" => {
                assert_eq!(
                    (call.parameter("OIDCToken"), call.parameter("RoleArn")),
                    ("pod.token", "acs:ram::1:role/pod")
                );
                assumed_role("2017-12-12T08:34:09Z").replace(TOKEN_SECRET, KEY_SECRET)
            }
            _ => assumed_role("2017-12-12T07:49:09Z"),
        };
        Said { status: 200, body, date: call.time() }
    })
    .await;
    let uri = spawn(Router::new().fallback(|| async { key_until("2017-12-12T08:34:09Z") })).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "pod.token\n").unwrap();
    for base in [
        json!({ "Source": "Uri", "Url": format!("http://{uri}/?ak=callers-own-login") }),
        json!({ "Source": "Oidc", "RoleArn": "acs:ram::1:role/pod", "ProviderArn": "acs:ram::1:oidc-provider/k8s", "TokenFile": "token" }),
    ] {
        let app = app(config_with(&folder, &sts, &base));
        assert_granted(&get(&format!("{}/sts", serving(&app).await)).await);
        assert!(!format!("{:?}", app.settings()).contains("callers-own-login"));
    }
}

#[tokio::test]
async fn an_app_is_told_nothing_of_where_the_key_should_have_come_from() {
    let sts = FakeSts::granting().await;
    let folder = tempfile::tempdir().unwrap();
    for base in [
        json!({ "Source": "File", "Path": "nowhere" }),
        json!({ "Source": "EcsMetadata", "Endpoint": "http://127.0.0.1:1" }),
        json!({ "Source": "Uri", "Url": "http://127.0.0.1:1/secret" }),
    ] {
        let text = json!({ "RoleArn": ROLE_ARN, "StsEndpoint": sts.endpoint.to_string(), "BaseCredentials": base,
            "Bucket": "photos", "Region": "cn-hangzhou", "ObjectPrefix": "u/", "Vend": { "SelfSigning": true } });
        let config = Config::parse(&text.to_string(), &folder.path().join("config.json")).unwrap();
        let url = serving(&app(config)).await;
        let content = json!({ "Content": "GET\n\n\nTue, 12 Dec 2017 07:34:09 GMT\n/photos/u/a" }).to_string();
        for (method, path, body) in [("GET", "/sts", String::new()), ("POST", "/v1/sign", content)] {
            let answer = ask(method, &format!("{url}{path}"), body.into_bytes()).await;
            assert_eq!(answer.json()["ErrorCode"], "NoBaseCredentials", "{}", answer.body);
            for part in ["nowhere", "127.0.0.1", "secret"] {
                assert!(!answer.body.contains(part), "{path}: {}", answer.body);
            }
        }
    }
    assert!(sts.calls().is_empty());
}

#[test]
fn a_key_in_two_places_and_sections_that_lack_something_are_refused() {
    for (base, told) in [
        (
            json!({ "Source": "Environment" }),
            "AccessKeyID: found a key, expected an empty text, because BaseCredentials",
        ),
        (json!({ "Source": "Vault" }), "BaseCredentials.Source: unknown variant `Vault`"),
        (json!({ "Source": "Uri", "Urls": 1 }), "unknown field `Urls`"),
        (
            json!({ "Source": "EcsMetadata", "Endpoint": "ftp://x" }),
            "BaseCredentials.Endpoint: it must begin with http://",
        ),
    ] {
        let text = json!({ "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN, "BaseCredentials": base });
        let error = Config::parse(&text.to_string(), "config.json".as_ref()).unwrap_err().to_string();
        assert!(error.contains(told), "{error} lacks {told}");
    }
}
