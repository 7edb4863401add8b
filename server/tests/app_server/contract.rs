//! The token contract, as apps meet it: paths, methods, headers and bodies, and the readers of the official SDKs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use server::config::PolicyTemplate;
use shared::bucket::BucketName;
use shared::object_key::Prefix;
use shared::region::Region;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use crate::support::{
    Answer, FakeSts, ROLE_ARN, SECURITY_TOKEN, TOKEN_SECRET, app_server, ask, assumed_role, config, get,
};

/// The body of a token without additions.
fn token_body() -> String {
    format!(
        r#"{{"StatusCode":200,"Code":"Success","AccessKeyId":"STS.NSExampleTokenKey","AccessKeySecret":"{TOKEN_SECRET}","SecurityToken":"{SECURITY_TOKEN}","Expiration":"2017-12-12T07:49:09Z"}}"#
    )
}

#[tokio::test]
async fn the_five_keys_ask_for_the_whole_role_and_answer_the_bare_contract() {
    let sts = FakeSts::granting().await;
    let url = app_server(config(&sts.endpoint)).await;
    let answer = get(&format!("{url}/sts")).await;
    assert_eq!((answer.status, answer.body), (200, token_body()));
    let mut asked = sts.calls().remove(0);
    asked.retain(|(name, _)| !matches!(name.as_str(), "Signature" | "SignatureNonce"));
    asked.sort();
    let expected = [
        ("AccessKeyId", crate::support::KEY_ID),
        ("Action", "AssumeRole"),
        ("DurationSeconds", "900"),
        ("Format", "JSON"),
        ("RoleArn", ROLE_ARN),
        ("RoleSessionName", "direct-transfer"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Timestamp", "2017-12-12T07:34:09Z"),
        ("Version", "2015-04-01"),
    ];
    assert_eq!(asked, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn the_place_and_the_filled_policy_go_where_they_belong() {
    let sts = FakeSts::granting().await;
    let mut config = config(&sts.endpoint);
    config.token_expire_time = 3600;
    config.bucket = Some(BucketName::parse("photos").unwrap());
    config.object_prefix = Some(Prefix::parse("a\"],\"Effect\":\"Deny/$BUCKET_NAME/").unwrap());
    config.region = Some(Region::parse("cn-hangzhou").unwrap());
    config.policy = Some(PolicyTemplate {
        text: include_str!("../../../policy/bucket_write_policy.txt").to_owned(),
        source: "policy/bucket_write_policy.txt".to_owned(),
    });
    let answer = get(&format!("{}/sts", app_server(config).await)).await.json();
    for (field, value) in [
        ("Bucket", "photos"),
        ("Region", "cn-hangzhou"),
        ("Endpoint", "https://oss-cn-hangzhou.aliyuncs.com"),
        ("ObjectPrefix", "a\"],\"Effect\":\"Deny/$BUCKET_NAME/"),
    ] {
        assert_eq!(answer[field], value, "{field}");
    }
    let asked = sts.calls().remove(0);
    let parameter = |name| asked.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap();
    assert_eq!(parameter("DurationSeconds"), "3600");
    let policy: Value = serde_json::from_str(parameter("Policy")).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Effect"], "Allow");
    let resource = "acs:oss:*:*:photos/a\"],\"Effect\":\"Deny/$BUCKET_NAME/*";
    assert_eq!(statement["Resource"], serde_json::json!([resource]), "a value cannot become syntax");
}

#[tokio::test]
async fn every_path_of_the_samples_answers_get_and_post_and_nothing_else() {
    let sts = FakeSts::granting().await;
    let url = app_server(config(&sts.endpoint)).await;
    for path in ["/", "/sts", "/sts/getsts", "/sts?device=1", "/?callback=x&ak=%00"] {
        for method in ["GET", "POST"] {
            let answer = ask(method, &format!("{url}{path}"), Vec::new()).await;
            assert_eq!((answer.status, answer.body), (200, token_body()), "{method} {path}");
        }
        let head = ask("HEAD", &format!("{url}{path}"), Vec::new()).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
        assert_eq!(head.header("content-length"), token_body().len().to_string(), "HEAD {path}");
    }
    let asked = sts.calls().len();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = ask(method, &format!("{url}/sts"), Vec::new()).await;
        assert_eq!((answer.status, &answer.json()["StatusCode"]), (405, &Value::from(405)), "{method}");
        assert_eq!(answer.header("allow"), "GET,HEAD,POST", "{method}");
    }
    for path in ["/st", "/sts/", "/config.json", "/sts/../config.json"] {
        let answer = get(&format!("{url}{path}")).await;
        assert_eq!((answer.status, &answer.json()["ErrorCode"]), (404, &Value::from("NotFound")), "{path}");
    }
    assert_eq!(sts.calls().len(), asked, "what is no token request costs no call of STS");
}

#[tokio::test]
async fn a_body_is_ignored_up_to_the_limit() {
    let sts = FakeSts::granting().await;
    let url = format!("{}/sts", app_server(config(&sts.endpoint)).await);
    assert_eq!(ask("POST", &url, vec![b'x'; 64 * 1024]).await.body, token_body());
    let refused = ask("POST", &url, vec![b'x'; 64 * 1024 + 1]).await;
    // Android reads no body of an HTTP error, so this is a refusal of the contract like any other.
    assert_eq!((refused.status, &refused.json()["StatusCode"]), (200, &Value::from(500)));
    assert_eq!(refused.json()["ErrorCode"], "InvalidBody");
    assert_eq!(sts.calls().len(), 1);
}

#[tokio::test]
async fn the_official_readers_understand_success_and_failure() {
    // A fraction of a second from STS must not reach the phones: iOS reads such a date as 1970.
    let sts = FakeSts::start(|call| match call {
        0 => (200, assumed_role("2017-12-12T07:49:09.123Z")),
        _ => {
            (404, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"Specified access key is not found."}"#.to_owned())
        }
    })
    .await;
    let url = format!("{}/sts", app_server(config(&sts.endpoint)).await);

    let granted = get(&url).await;
    assert_eq!(android(&granted), Ok("2017-12-12T07:49:09Z".to_owned()));
    assert_eq!(ios(&granted), Ok("2017-12-12T07:49:09Z".to_owned()));
    assert_eq!(python_credentials_uri(&granted), Ok("2017-12-12T07:49:09Z".to_owned()));
    assert_eq!(flutter(&granted), Ok("2017-12-12T07:49:09Z".to_owned()));
    assert_eq!(ali_oss(&granted), Ok(("STS.NSExampleTokenKey".to_owned(), SECURITY_TOKEN.to_owned())));

    let refused = get(&url).await;
    let reason = "ErrorCode: InvalidAccessKeyId.NotFound| ErrorMessage: Specified access key is not found.";
    assert_eq!(android(&refused), Err(reason.to_owned()));
    assert!(ios(&refused).is_err());
    assert!(python_credentials_uri(&refused).is_err());
    assert!(flutter(&refused).is_err(), "which looks at no StatusCode, and must find no field of a token");
    assert!(ali_oss(&refused).is_err());
    for answer in [&granted, &refused] {
        assert_eq!(answer.header("content-type"), "application/json", "Flutter parses by content type");
        assert_eq!(answer.header("cache-control"), "no-store", "iOS asks through a caching session");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert!(answer.json().as_object().unwrap().values().all(|value| !value.is_null()), "a null crashes iOS apps");
    }
}

#[tokio::test]
async fn the_official_readers_understand_refusals_of_this_server_and_its_additions() {
    let (key, hash) = server::identity::device_keys::new_key().unwrap();
    let devices = serde_json::json!({"Type": "DeviceKeys", "Keys": [{"Hash": hash, "User": "alice"}]});
    let sections = serde_json::json!({"Identity": {"Providers": [devices]}, "ObjectPrefix": "u/"});
    let world = crate::support::World::open(&sections, &[]).await;
    let granted = get(&format!("{}/sts/getsts?key={key}", world.url)).await;
    for read in [android, ios, python_credentials_uri, flutter] {
        assert_eq!(read(&granted), Ok("2017-12-12T07:49:09Z".to_owned()));
    }
    for (query, code) in [("", "CredentialMissing"), ("key=x", "CredentialUnknown")] {
        let refused = get(&format!("{}/sts/getsts?{query}", world.url)).await;
        let told = android(&refused).unwrap_err();
        assert!(told.starts_with(&format!("ErrorCode: {code}| ErrorMessage: ")), "{told}");
        for read in [ios, python_credentials_uri, flutter] {
            assert!(read(&refused).is_err(), "{}", refused.body);
        }
        assert_eq!(refused.header("cache-control"), "no-store");
        assert!(refused.json().as_object().unwrap().values().all(|value| !value.is_null()), "a null crashes iOS apps");
    }
}

/// A `StatusCode` as Android and iOS take it: a number or a text.
fn status_code(body: &Value) -> Option<i64> {
    body["StatusCode"].as_i64().or_else(|| body["StatusCode"].as_str()?.parse().ok())
}

fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, String> {
    body[field].as_str().ok_or_else(|| format!("no {field}"))
}

/// `OSSAuthCredentialsProvider.getFederationToken`: the body of an HTTP error is never read; all four fields must be there.
fn android(answer: &Answer) -> Result<String, String> {
    if answer.status >= 400 {
        return Err("IOException".to_owned());
    }
    let body = answer.json();
    if status_code(&body) != Some(200) {
        return Err(format!(
            "ErrorCode: {}| ErrorMessage: {}",
            text(&body, "ErrorCode")?,
            text(&body, "ErrorMessage")?
        ));
    }
    for field in ["AccessKeyId", "AccessKeySecret", "SecurityToken"] {
        text(&body, field)?;
    }
    text(&body, "Expiration").map(str::to_owned)
}

/// `OSSAuthCredentialProvider`: HTTP status is not looked at; the date is `yyyy-MM-dd'T'HH:mm:ssZ` to the letter.
fn ios(answer: &Answer) -> Result<String, String> {
    let body = answer.json();
    if status_code(&body) != Some(200) {
        return Err("Can't get a federation token".to_owned());
    }
    exact_date(text(&body, "Expiration")?)
}

/// `CredentialsURI` of credentials-python 1.0.12: HTTP 200, `Code` is `Success`, four keys, one date format.
fn python_credentials_uri(answer: &Answer) -> Result<String, String> {
    let body = answer.json();
    if answer.status != 200 || body["Code"] != "Success" {
        return Err(format!("HTTP {} Code {}", answer.status, body["Code"]));
    }
    for field in ["AccessKeyId", "AccessKeySecret", "SecurityToken"] {
        text(&body, field)?;
    }
    exact_date(text(&body, "Expiration")?)
}

/// `flutter_oss_aliyun`: Dio parses by content type; the four fields are looked up, and `StatusCode` is not.
fn flutter(answer: &Answer) -> Result<String, String> {
    if !(200..300).contains(&answer.status) || !answer.header("content-type").contains("json") {
        return Err(format!("HTTP {} {}", answer.status, answer.header("content-type")));
    }
    let body = answer.json();
    for field in ["AccessKeyId", "AccessKeySecret", "SecurityToken"] {
        text(&body, field)?;
    }
    exact_date(text(&body, "Expiration")?)
}

/// ali-oss: the keys of the object begin in lower case, and `securityToken` becomes `stsToken`.
fn ali_oss(answer: &Answer) -> Result<(String, String), String> {
    let body = answer.json();
    text(&body, "AccessKeySecret")?;
    Ok((text(&body, "AccessKeyId")?.to_owned(), text(&body, "SecurityToken")?.to_owned()))
}

fn exact_date(date: &str) -> Result<String, String> {
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape == "0000-00-00T00:00:00Z" { Ok(date.to_owned()) } else { Err(format!("unreadable date {date}")) }
}

#[tokio::test]
async fn a_burst_is_answered_whole_without_flooding_sts() {
    let sts = FakeSts::granting().await;
    let url = format!("{}/sts", app_server(config(&sts.endpoint)).await);
    let asking: Vec<_> = (0..200)
        .map(|_| {
            tokio::spawn({
                let url = url.clone();
                async move { get(&url).await.body }
            })
        })
        .collect();
    for answer in asking {
        assert_eq!(answer.await.unwrap(), token_body());
    }
    let mut nonces: Vec<String> = sts
        .calls()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| (name == "SignatureNonce").then_some(value))
        .collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 200, "every call has a nonce of its own");
    assert!(sts.most_at_once() <= 50, "{} calls at once", sts.most_at_once());
}

#[tokio::test]
async fn a_shutdown_lets_a_running_request_finish_and_waits_for_no_idle_connection() {
    let (arrived, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (arrived, gate) = (Arc::clone(&arrived), Arc::clone(&gate));
        move || async move {
            arrived.notify_one();
            gate.notified().await;
            "finished"
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap() };
    let serving =
        tokio::spawn(server::serve(listener, Router::new().route("/", axum::routing::get(handler)), shutdown));
    let _idle = TcpStream::connect(address).await.unwrap();
    let request = tokio::spawn(async move { get(&format!("http://{address}/")).await.body });
    arrived.notified().await;
    stop.send(()).unwrap();
    gate.notify_one();
    assert_eq!(request.await.unwrap(), "finished");
    let ended = tokio::time::timeout(Duration::from_secs(5), serving).await;
    ended.expect("an idle connection holds the shutdown up").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
