//! What is granted: folders, named grants that narrow and never widen, keys that the server chooses, and policies that are
//! refused because they let one identity reach another's folder.

use serde_json::{Value, json};
use server::identity::device_keys;
use shared::ram::{Bounds, PolicyDocument, PolicyKind, reach};

use crate::support::{World, ask_with};

/// Two devices of alice and bob; bob's has grants of its own.
fn devices() -> (String, String, Value) {
    let ((alice, alices), (bob, bobs)) = (device_keys::new_key().unwrap(), device_keys::new_key().unwrap());
    let keys = json!([
        {"Hash": alices, "User": "alice", "Device": "phone"},
        {"Hash": bobs, "User": "bob", "Device": "tv", "Grants": ["read", "thumbs", "no-such-grant"]},
    ]);
    (alice, bob, json!({"Providers": [{"Type": "DeviceKeys", "Keys": keys}]}))
}

const THUMBS: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:GetObject",
    "Resource":"acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIXthumbs/*.webp"}]}"#;

/// The actions of the policy that STS was last asked for, which stays in `prefix` whatever it is.
fn actions(world: &World, prefix: &str) -> String {
    let text = world.asked("Policy");
    let policy = PolicyDocument::parse(&text, PolicyKind::Session).unwrap();
    reach(&policy, &Bounds { bucket: "photos", prefix, only_key: None }).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let statements = value["Statement"].as_array().unwrap().iter();
    let names = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(names) => names.clone(),
        one => vec![one.clone()],
    });
    names.map(|name| name.as_str().unwrap().trim_start_matches("oss:").to_owned()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_caller_narrows_its_grant_and_never_widens_it() {
    let (alice, bob, identity) = devices();
    let world = World::open(
        &json!({"Identity": identity, "Grants": {"Prefix": "users/${user}/", "Custom": {"thumbs": "thumbs.txt"}}}),
        &[("thumbs.txt", THUMBS)],
    )
    .await;
    let write = "PutObject ListParts AbortMultipartUpload";
    for (query, folder, expected) in [
        ("", "users/alice/", &*format!("{write} GetObject ListObjects")),
        ("grant=read-write", "users/alice/", &format!("{write} GetObject ListObjects")),
        ("grant=write", "users/alice/", write),
        ("grant=read&folder=2026/07", "users/alice/2026/07/", "GetObject ListObjects"),
        ("folder=%E7%85%A7%E7%89%87/&seconds=900", "users/alice/照片/", &format!("{write} GetObject ListObjects")),
    ] {
        assert_eq!(world.outcome(query, Some(&alice)).await, folder, "{query}");
        assert_eq!(actions(&world, folder), expected, "{query}");
    }
    assert_eq!(world.asked("DurationSeconds"), "900");
    for (query, expected) in [
        ("grant=thumbs", "403 GrantNotAllowed"),
        ("grant=everything", "403 GrantNotAllowed"),
        ("grant=", "403 GrantNotAllowed"),
        ("seconds=3601", "403 DurationNotAllowed"),
        ("seconds=899", "400 DurationTooShort"),
        ("seconds=-1", "400 InvalidParameter"),
        ("folder=../bob/", "400 InvalidFolder"),
        ("folder=a/../../bob", "400 InvalidFolder"),
        ("folder=/users/bob/", "400 InvalidFolder"),
        ("folder=a//b", "400 InvalidFolder"),
        ("folder=%2A", "400 InvalidFolder"),
        ("folder=%3F/", "400 InvalidFolder"),
        ("folder=${user}", "400 InvalidFolder"),
        ("folder=%5Cbob", "400 InvalidFolder"),
        ("extension=jpg", "400 KeyNotChosen"),
        (&format!("folder={}", "x".repeat(900)), "400 PolicyTooLong"),
        (&format!("folder={}", "x".repeat(1020)), "400 InvalidFolder"),
    ] {
        let asked = world.sts.calls().len();
        assert_eq!(world.outcome(query, Some(&alice)).await, expected, "{query}");
        assert_eq!(world.sts.calls().len(), asked, "{query} costs no call of STS");
    }
    // A device with grants of its own has those, and the first of them when it asks for none.
    assert_eq!(world.outcome("", Some(&bob)).await, "users/bob/");
    assert_eq!(actions(&world, "users/bob/"), "GetObject ListObjects");
    assert_eq!(world.outcome("grant=thumbs", Some(&bob)).await, "users/bob/");
    assert_eq!(actions(&world, "users/bob/"), "GetObject");
    assert_eq!(world.outcome("grant=write", Some(&bob)).await, "403 GrantNotAllowed");
}

#[tokio::test]
async fn v1_tells_all_that_an_app_needs_and_takes_its_question_as_json() {
    let (alice, _, identity) = devices();
    let world = World::open(&json!({"Identity": identity, "ObjectPrefix": "u/"}), &[]).await;
    let (url, bearer) = (format!("{}/v1/token", world.url), format!("Bearer {alice}"));
    let asked =
        async |body: &str| ask_with("POST", &url, &[("authorization", &bearer)], body.as_bytes().to_vec()).await;
    let answer = asked(r#"{"grant": "write", "folder": "a"}"#).await;
    let body = answer.json();
    for (field, value) in [
        ("Grant", json!("write")),
        ("Identity", json!("alice")),
        ("Bucket", json!("photos")),
        ("Region", json!("cn-hangzhou")),
        ("Endpoint", json!("https://oss-cn-hangzhou.aliyuncs.com")),
        ("ObjectPrefix", json!("u/alice/a/")),
        ("ServerTime", json!("2017-12-12T07:34:09Z")),
        ("Expiration", json!("2017-12-12T07:49:09Z")),
        ("ExpiresIn", json!(900)),
        ("AccessKeyId", json!("STS.NSExampleTokenKey")),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert!(body.as_object().unwrap().values().all(|value| !value.is_null()));
    for (body, code) in
        [("{", "InvalidBody"), (r#"{"grants": "write"}"#, "InvalidBody"), (r#"{"seconds": "1"}"#, "InvalidBody")]
    {
        let answer = asked(body).await;
        assert_eq!((answer.status, answer.json()["ErrorCode"].as_str()), (400, Some(code)), "{body}");
    }
    let wrong_method = ask_with("PUT", &url, &[("authorization", &bearer)], Vec::new()).await;
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "GET,HEAD,POST"));
}

#[tokio::test]
async fn the_server_chooses_the_key_of_each_upload() {
    let (alice, _, identity) = devices();
    let keys = json!({"Extensions": ["jpg", "PNG"], "MaxBytes": 1000});
    let world = World::open(&json!({"Identity": identity, "ObjectPrefix": "u/", "ObjectKey": keys}), &[]).await;
    let bearer = format!("Bearer {alice}");
    let ask = async |query: &str| {
        ask_with("GET", &format!("{}/v1/token?{query}", world.url), &[("authorization", &bearer)], Vec::new()).await
    };
    let mut seen = Vec::new();
    for extension in ["jpg", "JPG", ".png"] {
        let body = ask(&format!("extension={extension}&size=1000")).await.json();
        let key = body["ObjectKey"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        let random = key.strip_prefix("u/alice/2017/12/12/").and_then(|rest| rest.rsplit_once('.')).unwrap();
        assert!(random.0.len() == 32 && random.0.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        assert!(["jpg", "png"].contains(&random.1), "{key}");
        let policy = PolicyDocument::parse(&world.asked("Policy"), PolicyKind::Session).unwrap();
        reach(&policy, &Bounds { bucket: "photos", prefix: "u/alice/", only_key: Some(&key) }).unwrap();
        assert!(!seen.contains(&key));
        seen.push(key);
    }
    for (query, expected) in [
        ("", "400 ExtensionMissing"),
        ("extension=exe&size=1", "403 ExtensionNotAllowed"),
        ("extension=jpg/../../x&size=1", "403 ExtensionNotAllowed"),
        ("extension=jpg", "400 SizeMissing"),
        ("extension=jpg&size=1001", "403 SizeNotAllowed"),
        ("extension=jpg&size=many", "400 InvalidParameter"),
        ("grant=read", "u/alice/"),
    ] {
        assert_eq!(world.outcome(query, Some(&alice)).await, expected, "{query}");
    }
}

#[test]
fn policies_and_templates_that_mix_identities_are_refused_with_what_escapes() {
    let (.., identity) = devices();
    let policy = |action: &str, resource: &str| {
        json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action, "Resource": format!("acs:oss:*:*:{resource}")}]})
            .to_string()
    };
    let listing = policy("oss:ListObjects", "$BUCKET_NAME");
    for (grants, text, told) in [
        (json!({"Prefix": "users/"}), "", "every identity would get the same folder"),
        (json!({"Prefix": "users/${user}"}), "", "Grants.Prefix: it must end in '/'"),
        (json!({"Prefix": "${user}-${device}/"}), "", "side by side"),
        (json!({}), "", "Grants.Prefix: it is empty"),
        (json!({"Prefix": "${user}/", "Default": "all"}), "", "Grants.Allowed[0]: \"all\" is no grant"),
        (json!({"Prefix": "${user}/", "Allowed": ["read"]}), "", "Grants.Default: \"read-write\" is not among"),
        (json!({"Prefix": "${user}/", "Custom": {"read": "p.txt"}}), "{}", "Grants.Custom.read: this name is taken"),
        (json!({"Prefix": "${user}/", "Custom": {"mine": "absent.txt"}}), "{}", "absent.txt cannot be read"),
        (json!({"Prefix": "${user}/", "Custom": {"mine": "p.txt"}}), "{}", "Version: found nothing"),
        (
            json!({"Prefix": "users/${user}/", "Custom": {"mine": "p.txt"}}),
            &policy("oss:GetObject", "$BUCKET_NAME/users/*"),
            "Grants.Custom.mine: it reaches more than the folder users/somebody/: Statement[0] allows oss:GetObject on the key \"users/\"",
        ),
        (
            json!({"Prefix": "users/${user}/", "Custom": {"mine": "p.txt"}}),
            &policy("oss:GetObject", "$BUCKET_NAME/users/somebody/*"),
            "on the key \"users/somebody/\"",
        ),
        (
            json!({"Prefix": "users/${user}/", "Custom": {"mine": "p.txt"}}),
            &policy("oss:*", "$BUCKET_NAME/*$OBJECT_PREFIX*"),
            "on the key \"xusers/somebody/\" of the bucket photos",
        ),
        (json!({"Prefix": "users/${user}/", "Custom": {"mine": "p.txt"}}), &listing, "without a prefix"),
        (
            json!({"Prefix": "users/${user}/", "Custom": {"mine": "p.txt"}}),
            &policy("oss:GetObject", "$BUCKET/x"),
            "$BUCKET",
        ),
    ] {
        let found = World::refused(&json!({"Identity": identity, "Grants": grants}), &[("p.txt", text)]);
        assert!(found.contains(told), "{grants} {text}:\n{found}\nlacks {told}");
    }
    // PolicyFile is a grant like any other once callers are told apart.
    let whole_bucket = policy("oss:PutObject", "$BUCKET_NAME/*");
    let found = World::refused(
        &json!({"Identity": identity, "ObjectPrefix": "u/", "PolicyFile": "p.txt"}),
        &[("p.txt", &whole_bucket)],
    );
    assert!(found.contains("PolicyFile: it reaches more than the folder u/somebody/"), "{found}");
    // With keys that the server chooses, a policy of one's own must write no other.
    let folder = policy("oss:PutObject", "$BUCKET_NAME/$OBJECT_PREFIX*");
    let sections = json!({"Identity": identity, "ObjectKey": {"Extensions": ["jpg"]},
        "Grants": {"Prefix": "${user}/", "Custom": {"mine": "p.txt"}}});
    let found = World::refused(&sections, &[("p.txt", &folder)]);
    assert!(found.contains("writes more than somebody/a-key-that-the-server-chose"), "{found}");
    assert_eq!(World::refused(&sections, &[("p.txt", &policy("oss:PutObject", "$BUCKET_NAME/$OBJECT_KEY"))]), "");
}
