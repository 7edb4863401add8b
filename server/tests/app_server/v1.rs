//! What `/v1` vends without asking OSS, what it refuses, and its description.

use serde_json::{Value, json};
use server::config::{Config, PolicyTemplate, UploadsSection, VendSection};
use shared::bucket::BucketName;
use shared::object_key::Prefix;
use shared::region::Region;
use shared::secret::Secret;
use shared::sign::v1;

use crate::support::{Answer, FakeSts, KEY_ID, KEY_SECRET, app_server, ask, config, get};

const POLICY: &str = include_str!("../../../policy/bucket_read_write_policy.txt");

async fn vending(change: impl FnOnce(&mut Config)) -> String {
    let sts = FakeSts::granting().await;
    let mut config = config(&sts.endpoint);
    config.bucket = Some(BucketName::parse("photos").unwrap());
    config.region = Some(Region::parse("cn-hangzhou").unwrap());
    config.object_prefix = Some(Prefix::parse("users/alice/").unwrap());
    config.policy = Some(PolicyTemplate { text: POLICY.to_owned(), source: "policy.txt".to_owned() });
    config.vend = Some(VendSection { self_signing: true, max_seconds: 600, ..VendSection::default() });
    change(&mut config);
    app_server(config).await
}

async fn post(url: &str, path: &str, body: Value) -> Answer {
    ask("POST", &format!("{url}{path}"), body.to_string().into_bytes()).await
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    let sts = FakeSts::granting().await;
    let url = app_server(config(&sts.endpoint)).await;
    for (method, path, code) in [
        ("GET", "/v1/uploads", "UploadsNotKept"),
        ("POST", "/v1/uploads", "UploadsNotKept"),
        ("POST", "/v1/uploads/reconcile", "UploadsNotKept"),
        ("POST", "/callback", "UploadsNotKept"),
        ("POST", "/v1/presign", "VendingOff"),
        ("POST", "/v1/post-policy", "VendingOff"),
        ("GET", "/v1/callback", "NoCallbackUrl"),
        ("POST", "/v1/sign", "VendingOff"),
    ] {
        let answer = ask(method, &format!("{url}{path}"), b"{}".to_vec()).await;
        assert_eq!((answer.status, &answer.json()["ErrorCode"]), (501, &json!(code)), "{method} {path}");
        assert_eq!(answer.json()["StatusCode"], 501);
    }
    let url = vending(|config| config.vend = Some(VendSection::default())).await;
    assert_eq!(post(&url, "/v1/sign", json!({ "Content": "x" })).await.json()["ErrorCode"], "SigningOff");
}

#[tokio::test]
async fn urls_and_forms_stay_within_the_grant() {
    let url = vending(|_| {}).await;
    let good = post(&url, "/v1/presign", json!({ "Method": "PUT", "Object": "users/alice/a b.jpg" })).await;
    let signed = good.json();
    assert_eq!((good.status, good.header("cache-control")), (200, "no-store"), "{}", good.body);
    // The clock stands at 07:34:09, the token ends at 07:49:09, and a URL lives for 600 s here.
    assert_eq!(signed["Expiration"], "2017-12-12T07:44:09Z");
    let address = signed["Url"].as_str().unwrap();
    assert!(address.starts_with("https://photos.oss-cn-hangzhou.aliyuncs.com/users/alice/a%20b.jpg?"), "{address}");
    assert!(address.contains("x-oss-security-token=") && !address.contains(KEY_ID), "{address}");
    for (path, body, status, code) in [
        ("presign", json!({ "Method": "PUT", "Object": "users/bob/a.jpg" }), 403, "ObjectOutsidePrefix"),
        ("presign", json!({ "Method": "PUT", "Object": "users/alice" }), 403, "ObjectOutsidePrefix"),
        ("presign", json!({ "Method": "DELETE", "Object": "users/alice/a" }), 400, "InvalidAsk"),
        ("presign", json!({ "Method": "GET", "Object": "users/alice/a", "ContentType": "a/b" }), 400, "InvalidAsk"),
        ("presign", json!({ "Method": "PUT", "Object": "users/alice/a", "ExpiresSeconds": 601 }), 400, "InvalidAsk"),
        ("presign", json!({ "Method": "PUT", "Object": "users/alice/a", "Expires": 60 }), 400, "InvalidBody"),
        ("presign", json!({ "Method": "PUT", "Object": "users/alice/a", "Callback": true }), 501, "NoCallbackUrl"),
        ("post-policy", json!({ "Object": "${filename}" }), 403, "ObjectOutsidePrefix"),
        ("post-policy", json!({ "Object": "users/${filename}" }), 403, "ObjectOutsidePrefix"),
        ("post-policy", json!({ "Object": "users/alice/a", "MinBytes": 2, "MaxBytes": 1 }), 400, "InvalidAsk"),
    ] {
        let answer = post(&url, &format!("/v1/{path}"), body.clone()).await;
        assert_eq!((answer.status, answer.json()["ErrorCode"].as_str().unwrap()), (status, code), "{body}");
    }
    // A token that may only write is not given URLs to read.
    let write = include_str!("../../../policy/bucket_write_policy.txt");
    let url = vending(|config| config.policy.as_mut().unwrap().text = write.to_owned()).await;
    let answer = post(&url, "/v1/presign", json!({ "Method": "GET", "Object": "users/alice/a" })).await;
    assert_eq!((answer.status, &answer.json()["ErrorCode"]), (403, &json!("ActionNotGranted")));
    assert_eq!(post(&url, "/v1/presign", json!({ "Method": "PUT", "Object": "users/alice/a" })).await.status, 200);
}

#[tokio::test]
async fn only_plain_requests_of_the_callers_own_are_signed() {
    let url = vending(|_| {}).await;
    let date = "Tue, 12 Dec 2017 07:34:09 GMT";
    let put = |resource: &str| format!("PUT\n\nimage/jpeg\n{date}\n{resource}");
    let good = put("/photos/users/alice/a b.jpg");
    let answer = post(&url, "/v1/sign", json!({ "Content": good })).await;
    let expected = format!("OSS {KEY_ID}:{}", v1::sign(&Secret::new(KEY_SECRET), &good));
    assert_eq!((answer.status, &answer.json()["Authorization"]), (200, &json!(expected)), "{}", answer.body);
    let with = |headers: &str| format!("PUT\n\n\n{date}\n{headers}\n/photos/users/alice/a");
    for content in [
        with("x-oss-meta-a:1"),
        format!("POST\n\n\n{date}\n/photos/users/alice/a?uploads"),
        put("/photos/users/alice/a?partNumber=1&uploadId=B"),
        format!("POST\n\n\n{date}\n/photos/users/alice/a?uploadId=B"),
        format!("GET\n\n\n{date}\n/photos/users/alice/a?x-oss-process=image/resize,w_1"),
    ] {
        assert_eq!(post(&url, "/v1/sign", json!({ "Content": content })).await.status, 200, "{content}");
    }
    for (content, code) in [
        (put("/photos/users/bob/a"), "ObjectOutsidePrefix"),
        (put("/photos/users/alice"), "ObjectOutsidePrefix"),
        (put("/other/users/alice/a"), "OtherBucket"),
        (put("/photos/users/alice/a?acl"), "OperationNotSigned"),
        (put("/photos/users/alice/a?uploadId=B&partNumber=1"), "OperationNotSigned"),
        (with("x-oss-copy-source:/photos/users/bob/a"), "HeaderNotSigned"),
        (with("x-oss-object-acl:public-read"), "HeaderNotSigned"),
        (with("x-oss-security-token:t"), "HeaderNotSigned"),
        (with("x-oss-date:Tue, 12 Dec 2018 07:34:09 GMT"), "HeaderNotSigned"),
        (good.replace(date, "Tue, 12 Dec 2017 07:50:09 GMT"), "DateNotSigned"),
        (good.replace(date, "1513065849"), "DateNotSigned"),
        (good.replace(date, ""), "DateNotSigned"),
        (good.replace("PUT", "DELETE"), "ActionNotGranted"),
        (good.replace("PUT", "OPTIONS"), "OperationNotSigned"),
        (put("/photos/"), "InvalidContent"),
        (put("/photos"), "InvalidContent"),
        (put("/photos/users/alice/a\n/photos/users/bob/b"), "InvalidContent"),
        ("PUT".to_owned(), "InvalidContent"),
        (String::new(), "InvalidContent"),
    ] {
        let answer = post(&url, "/v1/sign", json!({ "Content": content })).await;
        assert_eq!(answer.json()["ErrorCode"].as_str().unwrap_or_default(), code, "{content}");
    }
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit.jsonl");
    let audit = serde_json::from_value(json!({ "File": trail })).unwrap();
    let url = vending(|config| config.audit = Some(audit)).await;
    assert_eq!(post(&url, "/v1/sign", json!({ "Content": good })).await.status, 200);
    // The trail is written behind the requests.
    let mut line = String::new();
    while line.is_empty() {
        line = std::fs::read_to_string(&trail).unwrap();
        tokio::task::yield_now().await;
    }
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["outcome"], &line["identity"]), (&json!("signed"), &json!("everybody")), "{line}");
    assert_eq!(line["key"], shared::secret::mask(KEY_ID));
    let url = vending(|config| config.policy = None).await;
    assert_eq!(post(&url, "/v1/sign", json!({ "Content": good })).await.json()["ErrorCode"], "NoPolicy");
}

#[tokio::test]
async fn the_description_is_made_of_the_routes_and_readable() {
    let url = vending(|_| {}).await;
    let document = get(&format!("{url}/v1/openapi.json")).await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{document}");
    let page = get(&format!("{url}/v1")).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(page.body.contains(path.as_str()), "the page lacks {path}");
        for (method, operation) in methods.as_object().unwrap() {
            let said = operation["summary"].as_str().or(operation["description"].as_str()).unwrap_or_default();
            assert!(!said.is_empty(), "{method} {path} says nothing");
            // What is described is there: it refuses, or answers, but is not unknown.
            let answer = ask(&method.to_uppercase(), &format!("{url}{path}"), b"{}".to_vec()).await;
            assert!(![404, 405].contains(&answer.status), "{method} {path}: {}", answer.body);
        }
    }
    let described = [
        "/v1/token",
        "/v1/uploads",
        "/v1/uploads/reconcile",
        "/v1/presign",
        "/v1/post-policy",
        "/v1/callback",
        "/v1/sign",
    ];
    for path in described {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    // Every type that is named is described.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn a_ready_made_callback_carries_the_servers_mark() {
    use base64::Engine;
    let folder = tempfile::tempdir().unwrap();
    let url = vending(|config| {
        config.uploads = Some(UploadsSection {
            database: UploadsSection::sqlite(&folder.path().join("uploads.db")),
            queue_folder: folder.path().join("queue"),
            callback_url: Some("https://app.example.com/callback".to_owned()),
            callback_secret: Some(Secret::new("a secret of thirty-two characters")),
            callback_vars: vec!["album".to_owned()],
            ..UploadsSection::default()
        });
    })
    .await;
    let header = get(&format!("{url}/v1/callback")).await.json();
    let text = base64::engine::general_purpose::STANDARD.decode(header["x-oss-callback"].as_str().unwrap()).unwrap();
    let callback: Value = serde_json::from_slice(&text).unwrap();
    assert!(callback["callbackUrl"].as_str().unwrap().starts_with("https://app.example.com/callback?tag="));
    assert!(callback["callbackBody"].as_str().unwrap().ends_with("&album=${x:album}"));
    assert_eq!(callback["callbackSNI"], true);
}
