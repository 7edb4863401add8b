//! PostObject: a browser's form, signed or not, held to its policy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::sign::{post_policy, v4};
use shared::timefmt;
use tests::{Answer, Ask, Stage};
use time::Duration;

const BOUNDARY: &str = "----a-boundary";

/// A form, its file last.
fn form(fields: &[(&str, String)], filename: &str, file: &str) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\nContent-Type: text/plain\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n"
    );
    body.into_bytes()
}

/// Sends a form to the bucket.
pub async fn post(stage: &Stage, fields: &[(&str, String)], file: &str) -> Answer {
    let ask = Ask::new("POST", &stage.ready.bucket, "")
        .header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"));
    stage.send(&ask.request, form(fields, "C:\\dir\\photo 中.txt", file)).await
}

fn policy(stage: &Stage, life: Duration, conditions: Value) -> String {
    let expiration = timefmt::oss_xml(stage.clock.now() + life);
    STANDARD.encode(json!({ "expiration": expiration, "conditions": conditions }).to_string())
}

/// The fields of a form that `key` signs with version 4, and `more`.
pub fn signed(
    stage: &Stage,
    key: &Credentials,
    conditions: Vec<Value>,
    more: &[(&'static str, &str)],
) -> Vec<(&'static str, String)> {
    let date = timefmt::iso_basic(stage.clock.now());
    let scope = v4::Scope::parse(&format!("{}/{}/oss/aliyun_v4_request", &date[..8], stage.ready.region)).unwrap();
    let credential = format!("{}/{}/{}/oss/aliyun_v4_request", key.access_key_id, &date[..8], stage.ready.region);
    let mut all = vec![
        json!({ "x-oss-signature-version": "OSS4-HMAC-SHA256" }),
        json!({ "x-oss-credential": credential }),
        json!({ "x-oss-date": date }),
    ];
    all.extend(conditions);
    let policy = policy(stage, Duration::minutes(5), Value::Array(all));
    let signature = post_policy::sign_v4(&key.access_key_secret, &scope, &policy);
    let mut fields = vec![
        ("policy", policy),
        ("x-oss-signature-version", "OSS4-HMAC-SHA256".to_owned()),
        ("x-oss-credential", credential),
        ("x-oss-date", date),
        ("x-oss-signature", signature),
    ];
    if let Some(token) = &key.security_token {
        fields.push(("x-oss-security-token", token.expose().to_owned()));
    }
    fields.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    fields
}

#[tokio::test]
async fn a_form_stores_what_its_policy_allows() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let token = stage.assume(Some(&tests::token_policy(&bucket, "own/"))).await;
    let conditions = || {
        vec![
            json!({ "bucket": bucket }),
            json!(["starts-with", "$key", "own/"]),
            json!(["content-length-range", 1, 10]),
            json!(["in", "$content-type", ["text/plain", "image/png"]]),
        ]
    };
    let fields = signed(
        &stage,
        &token,
        conditions(),
        &[("key", "own/${filename}"), ("success_action_status", "201"), ("x-oss-meta-a", "1")],
    );
    let made = post(&stage, &fields, "hello").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.leaf("PostResponse/Key"), "own/photo 中.txt");
    let got = stage.ask(&user, Ask::new("GET", &bucket, "own/photo 中.txt")).await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type"), got.header("x-oss-meta-a")),
        ("hello", "text/plain", "1")
    );
    for (key, file, expected) in [
        ("own/k", "hello", "204"),
        ("other/k", "hello", "403 AccessDenied 0006-00000227"),
        ("own/k", "too long for it", "400 EntityTooLarge"),
        ("own/k", "", "400 EntityTooSmall"),
    ] {
        let made = post(&stage, &signed(&stage, &token, conditions(), &[("key", key)]), file).await;
        assert!(made.verdict().starts_with(expected), "{key} {file}: {}", made.text());
    }
    // The form's policy allows it, the token does not.
    let open = vec![json!(["starts-with", "$key", ""])];
    let made = post(&stage, &signed(&stage, &token, open, &[("key", "other/k")]), "hello").await;
    assert_eq!(made.verdict(), "403 AccessDenied 0003-00000301");
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "own/k")).await.text(), "hello");
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "other/k")).await.status, 404);
    stage.close().await;
}

#[tokio::test]
async fn a_form_of_version_one_redirects_or_is_refused() {
    let stage = Stage::open().await;
    let user = stage.user();
    let fields = |policy: String, id: &str, signature: String| {
        vec![
            ("key", "k".to_owned()),
            ("policy", policy),
            ("OSSAccessKeyId", id.to_owned()),
            ("Signature", signature),
            ("success_action_redirect", "http://127.0.0.1/done?x=1".to_owned()),
        ]
    };
    let good = policy(&stage, Duration::minutes(5), json!([{ "key": "k" }]));
    let sign = |policy: &str| post_policy::sign_v1(&user.access_key_secret, policy);
    let made = post(&stage, &fields(good.clone(), &user.access_key_id, sign(&good)), "hello").await;
    assert_eq!(made.status, 303, "{}", made.text());
    assert!(made.header("location").starts_with("http://127.0.0.1/done?x=1&bucket="), "{}", made.header("location"));
    let late = policy(&stage, Duration::minutes(-5), json!([{ "key": "k" }]));
    let token = stage.assume(None).await;
    for (policy, id, signature, expected) in [
        (late.clone(), user.access_key_id.as_str(), sign(&late), "403 AccessDenied 0006-00000213"),
        (good.clone(), &user.access_key_id, "AAAA".to_owned(), "403 SignatureDoesNotMatch 0002-00000705"),
        (good.clone(), "unknown", sign(&good), "403 InvalidAccessKeyId 0002-00000902"),
        (good.clone(), &token.access_key_id, sign(&good), "403 InvalidAccessKeyId 0002-00000003"),
        ("e30=".to_owned(), &user.access_key_id, sign("e30="), "400 InvalidPolicyDocument 0006-00000209"),
    ] {
        let made = post(&stage, &fields(policy, id, signature), "hello").await;
        assert_eq!(made.verdict(), expected, "{}", made.text());
    }
    stage.close().await;
}

#[tokio::test]
async fn a_form_without_a_name_needs_a_bucket_that_anyone_may_write() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let fields = [("key", "k".to_owned())];
    assert_eq!(post(&stage, &fields, "x").await.verdict(), "403 AccessDenied 0003-00000001");
    let open = Ask::new("PUT", &bucket, "").param("acl", "").header("x-oss-acl", "public-read-write");
    stage.ask(&user, open).await;
    assert_eq!(post(&stage, &fields, "x").await.verdict(), "204");
    // A callback that names nobody is none, and has no say in the answer.
    let to_nobody = [
        ("key", "k".to_owned()),
        ("callback", STANDARD.encode(json!({ "callbackUrl": "" }).to_string())),
        ("success_action_status", "201".to_owned()),
    ];
    assert_eq!(post(&stage, &to_nobody, "x").await.leaf("PostResponse/Key"), "k");
    for (content_type, expected) in
        [(None, "405 MethodNotAllowed"), (Some("text/plain"), "400 RequestIsNotMultiPartContent")]
    {
        let ask = Ask::new("POST", &bucket, "");
        let ask = content_type.into_iter().fold(ask, |ask, value| ask.header("content-type", value));
        assert_eq!(stage.send(&ask.request, b"key=k".to_vec()).await.verdict(), expected, "{content_type:?}");
    }
    let ask =
        Ask::new("POST", &bucket, "").header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"));
    for body in ["", "nonsense", "--other\r\n", &format!("--{BOUNDARY}\r\n\r\n")] {
        let answer = stage.send(&ask.request, body.as_bytes().to_vec()).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
    }
    stage.close().await;
}

#[tokio::test]
async fn a_form_of_nobody_is_asked_where_it_comes_from() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |name: &str| Ask::new("PUT", &bucket, "").param(name, "");
    stage.ask(&user, ask("acl").header("x-oss-acl", "public-read-write")).await;
    let rules = "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList><Referer>https://*.example</Referer></RefererList></RefererConfiguration>";
    assert_eq!(stage.ask(&user, ask("referer").body(rules)).await.verdict(), "200");
    let nobody = [("key", "k".to_owned())];
    for (referer, fields, expected) in [
        ("https://a.example/page", nobody.to_vec(), "204"),
        ("https://other.test/", nobody.to_vec(), "403 AccessDenied"),
        ("https://other.test/", signed(&stage, &user, vec![json!({ "key": "k" })], &[("key", "k")]), "204"),
    ] {
        let ask = Ask::new("POST", &bucket, "")
            .header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"))
            .header("referer", referer);
        let posted = stage.send(&ask.request, form(&fields, "f", "x")).await;
        assert!(posted.verdict().starts_with(expected), "{referer}: {}", posted.verdict());
    }
    stage.close().await;
}
