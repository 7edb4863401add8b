//! What the app server comes to know of uploads to the emulator: by OSS's callback, by the app's word, by listing.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use server::App;
use server::config::{
    Config, DeviceKey, DeviceKeys, IdentitySection, PolicyTemplate, Provider, UnsafeNames, UploadsSection, VendSection,
};
use server::identity::device_keys;
use shared::bucket::BucketName;
use shared::clock::ShiftedClock;
use shared::credentials::Credentials;
use shared::object_key::Prefix;
use shared::region::{Endpoint, Region};
use shared::secret::Secret;
use tempfile::TempDir;
use tests::{Ask, Stage};
use tokio::net::TcpListener;

const POLICY: &str = include_str!("../../../policy/bucket_read_write_policy.txt");

/// An app server beside an emulator, for the folder of one user.
pub struct Server {
    pub url: String,
}

impl Server {
    pub async fn start(stage: &Stage, folder: &TempDir, prefix: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::beside(&stage.ready, &stage.clock, folder, prefix, change).await
    }

    /// Beside an emulator that somebody else runs.
    pub async fn beside(
        emulator: &emulator::Ready,
        clock: &Arc<ShiftedClock>,
        folder: &TempDir,
        prefix: &str,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let user = Credentials::long_term(&emulator.access_key_id, Secret::new(&emulator.access_key_secret));
        let sts = Endpoint::parse(&emulator.sts_endpoint).unwrap();
        let mut config = Config::new(user, emulator.role_arn.clone(), sts);
        config.bucket = Some(BucketName::parse(&emulator.bucket).unwrap());
        config.region = Some(Region::parse(&emulator.region).unwrap());
        config.oss_endpoint = Some(Endpoint::parse(&emulator.oss_endpoint).unwrap());
        config.object_prefix = Some(Prefix::parse(prefix).unwrap());
        config.policy = Some(PolicyTemplate { text: POLICY.to_owned(), source: "the story's policy".to_owned() });
        config.vend = Some(VendSection { self_signing: true, ..VendSection::default() });
        config.uploads = Some(UploadsSection {
            database: UploadsSection::sqlite(&folder.path().join("uploads.db")),
            queue_folder: folder.path().join("queue"),
            callback_url: Some(format!("{url}/callback")),
            callback_secret: Some(Secret::new("a secret of thirty-two characters")),
            callback_key_prefix: Some(emulator.control_endpoint.clone()),
            callback_vars: vec!["album".to_owned()],
            ..UploadsSection::default()
        });
        change(&mut config);
        let app = App::new(config, Arc::clone(clock) as _).unwrap();
        tokio::spawn(server::serve(listener, server::router(app), std::future::pending()));
        Self { url }
    }

    pub async fn get(&self, stage: &Stage, path: &str) -> (u16, Value) {
        let answer = stage.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.status().as_u16(), json_of(answer).await)
    }

    pub async fn post(&self, stage: &Stage, path: &str, body: Value) -> (u16, Value) {
        let answer = stage.http.post(format!("{}{path}", self.url)).body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), json_of(answer).await)
    }

    /// A request with a user's key; a body makes it a POST.
    pub async fn as_user(&self, stage: &Stage, key: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => stage.http.post(url).body(body.to_string()),
            None => stage.http.get(url),
        };
        let answer = request.header("authorization", format!("Bearer {key}")).send().await.unwrap();
        (answer.status().as_u16(), json_of(answer).await)
    }

    pub async fn uploads(&self, stage: &Stage) -> Vec<Value> {
        let (status, page) = self.get(stage, "/v1/uploads").await;
        assert_eq!(status, 200, "{page}");
        page["Uploads"].as_array().unwrap().clone()
    }
}

/// An identity section with a device for each of `users`, and their keys.
pub fn devices<const N: usize>(users: [&str; N]) -> (IdentitySection, [String; N]) {
    let mut keys = Vec::new();
    let secrets = users.map(|user| {
        let (secret, hash) = device_keys::new_key().unwrap();
        keys.push(DeviceKey { hash, user: user.to_owned(), device: None, grants: None });
        secret
    });
    let provider = Provider::DeviceKeys(DeviceKeys { keys, ..DeviceKeys::default() });
    (IdentitySection { providers: vec![provider], unsafe_names: UnsafeNames::default() }, secrets)
}

pub async fn json_of(answer: reqwest::Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn an_upload_with_the_vended_callback_is_known_at_once() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let bucket = stage.ready.bucket.clone();
    let server = Server::start(&stage, &folder, "users/alice/", |_| {}).await;
    let (_, headers) = server.get(&stage, "/v1/callback").await;
    let callback = headers["x-oss-callback"].as_str().unwrap();
    let alice = stage.assume(Some(&tests::token_policy(&bucket, "users/alice/"))).await;
    let put = Ask::new("PUT", &bucket, "users/alice/照片.txt")
        .header("content-type", "text/plain")
        .header("x-oss-callback", callback)
        .header("x-oss-callback-var", &STANDARD.encode(json!({ "x:album": "海" }).to_string()))
        .body("hello");
    let answer = stage.ask(&alice, put).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(told["Status"], "OK");
    let uploads = server.uploads(&stage).await;
    let upload = &uploads[0];
    assert_eq!((uploads.len(), &upload["Id"]), (1, &told["Id"]));
    for (field, value) in [
        ("Bucket", json!(bucket)),
        ("Object", json!("users/alice/照片.txt")),
        ("ETag", json!("5D41402ABC4B2A76B9719D911017C592")),
        ("Size", json!(5)),
        ("MimeType", json!("text/plain")),
        ("Crc64", json!(answer.header("x-oss-hash-crc64ecma"))),
        ("RequestId", json!(answer.header("x-oss-request-id"))),
        ("Vars", json!({ "album": "海" })),
        ("Source", json!("callback")),
        ("Verified", json!(true)),
    ] {
        assert_eq!(upload[field], value, "{field}");
    }
    // A callback whose body lies about the object is signed by OSS all the same: the bucket's word counts.
    let mut lying: Value = serde_json::from_slice(&STANDARD.decode(callback).unwrap()).unwrap();
    for (body, expected) in [
        ("object=users/alice/nothing&size=1", "Error status : 404."),
        ("object=users/bob/a&size=1", "Error status : 403."),
        ("bucket=another&object=users/alice/a&size=1", "Error status : 403."),
    ] {
        lying["callbackBody"] = json!(body);
        let put =
            Ask::new("PUT", &bucket, "users/alice/2").header("x-oss-callback", &STANDARD.encode(lying.to_string()));
        let answer = stage.ask(&alice, put.body("x")).await;
        assert_eq!(answer.status, 203, "{}", answer.text());
        assert!(answer.text().contains(expected), "{body}: {}", answer.text());
    }
    lying["callbackBody"] = json!("object=${object}&size=999999");
    let put = Ask::new("PUT", &bucket, "users/alice/3").header("x-oss-callback", &STANDARD.encode(lying.to_string()));
    assert_eq!(stage.ask(&alice, put.body("x")).await.status, 200);
    let uploads = server.uploads(&stage).await;
    let third = uploads.iter().find(|upload| upload["Object"] == "users/alice/3").unwrap();
    assert_eq!((uploads.len(), &third["Verified"]), (2, &json!(false)));
    stage.close().await;
}

#[tokio::test]
async fn an_apps_word_counts_once_the_bucket_confirms_it_and_a_listing_finds_the_rest() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let alice = Server::start(&stage, &folder, "users/alice/", |_| {}).await;
    let bob = Server::start(&stage, &folder, "users/bob/", |_| {}).await;
    for key in ["users/alice/1", "users/alice/2", "users/alice/folder/", "users/bob/3"] {
        assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, key).body("hello")).await.status, 200);
    }
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    for (claims, status, code) in [
        (json!({ "Object": "users/alice/none" }), 404, "NoSuchObject"),
        (json!({ "Object": "users/bob/3" }), 403, "ObjectOutsidePrefix"),
        (json!({ "Object": "users/alice/1", "Size": 6 }), 409, "UploadDiffers"),
        (json!({ "Object": "users/alice/1", "ETag": "00" }), 409, "UploadDiffers"),
        (json!({ "Object": "users/alice/1", "Bucket": "other" }), 403, "OtherBucket"),
        (json!({ "Object": "users/alice/1", "Verified": true }), 400, "InvalidBody"),
        (json!({ "Object": "" }), 400, "InvalidUpload"),
    ] {
        let (found, answer) = alice.post(&stage, "/v1/uploads", claims.clone()).await;
        assert_eq!((found, answer["ErrorCode"].as_str().unwrap()), (status, code), "{claims}");
    }
    assert!(alice.uploads(&stage).await.is_empty());
    let claims = json!({ "Object": "users/alice/1", "ETag": etag, "Size": 5, "Vars": { "album": "sea" } });
    let (status, upload) = alice.post(&stage, "/v1/uploads", claims).await;
    assert_eq!((status, &upload["Verified"], &upload["Source"]), (200, &json!(true), &json!("client")), "{upload}");

    let (status, found) = alice.post(&stage, "/v1/uploads/reconcile", json!({})).await;
    assert_eq!((status, &found), (200, &json!({ "Seen": 3, "Added": 1 })));
    assert_eq!(alice.post(&stage, "/v1/uploads/reconcile", json!({})).await.1, json!({ "Seen": 3, "Added": 0 }));
    let uploads = alice.uploads(&stage).await;
    let mut keys: Vec<&str> = uploads.iter().map(|upload| upload["Object"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["users/alice/1", "users/alice/2"]);
    let first = uploads.iter().find(|upload| upload["Object"] == "users/alice/1").unwrap();
    assert_eq!(first["Vars"]["album"], "sea");

    // The same database, another user: nothing of it is seen, whatever is asked.
    assert!(bob.uploads(&stage).await.is_empty());
    assert!(bob.get(&stage, "/v1/uploads?prefix=users/").await.1["Uploads"].as_array().unwrap().is_empty());
    let (status, refused) = bob.get(&stage, "/v1/uploads?prefix=users/alice/").await;
    assert_eq!((status, &refused["ErrorCode"]), (403, &json!("ObjectOutsidePrefix")));
    stage.close().await;
}

#[tokio::test]
async fn servers_reconcile_by_themselves_in_turns() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "users/alice/1").body("hello")).await.status, 200);
    let mut servers = Vec::new();
    for _ in 0..3 {
        let often = |config: &mut Config| config.uploads.as_mut().unwrap().reconcile_seconds = Some(3600);
        servers.push(Server::start(&stage, &folder, "users/alice/", often).await);
    }
    let mut known = Vec::new();
    for _ in 0..500 {
        known = servers[0].uploads(&stage).await;
        if !known.is_empty() {
            break;
        }
    }
    assert_eq!(known[0]["Source"], "listing");
    let lists = stage.decisions().await.into_iter().filter(|decision| decision.action == "oss:ListObjects").count();
    assert_eq!(lists, 1, "three servers listed the bucket");
    stage.close().await;
}

#[tokio::test]
async fn two_users_of_one_server_know_of_their_own_uploads_alone_and_an_operator_of_all() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let bucket = stage.ready.bucket.clone();
    let (identity, [alice, bob, carol]) = devices(["alice", "bob", "carol"]);
    let server = Server::start(&stage, &folder, "users/", |config| {
        config.policy = None;
        config.identity = Some(identity);
        config.uploads.as_mut().unwrap().operators = vec!["carol".to_owned()];
    })
    .await;
    for path in ["/v1/uploads", "/v1/callback"] {
        let (status, refused) = server.get(&stage, path).await;
        assert_eq!((status, &refused["ErrorCode"]), (401, &json!("CredentialMissing")), "{path}");
    }
    let mut callbacks = Vec::new();
    for (key, user) in [(&alice, "alice"), (&bob, "bob")] {
        let (_, headers) = server.as_user(&stage, key, "/v1/callback", None).await;
        let callback = headers["x-oss-callback"].as_str().unwrap().to_owned();
        let token = stage.assume(Some(&tests::token_policy(&bucket, &format!("users/{user}/")))).await;
        let put = Ask::new("PUT", &bucket, &format!("users/{user}/1")).header("x-oss-callback", &callback);
        assert_eq!(stage.ask(&token, put.body(user)).await.status, 200);
        callbacks.push(callback);
    }
    // Alice's callback tells of nothing in Bob's folder.
    let put = Ask::new("PUT", &bucket, "users/bob/2").header("x-oss-callback", &callbacks[0]).body("x");
    assert_eq!(stage.ask(&stage.user(), put).await.status, 203);
    for (key, query, expected) in [
        (&alice, "", &["alice"][..]),
        (&alice, "?prefix=users/", &["alice"]),
        (&alice, "?identity=alice", &["alice"]),
        (&bob, "", &["bob"]),
        (&carol, "", &["bob", "alice"]),
        (&carol, "?identity=alice", &["alice"]),
        (&carol, "?prefix=users/bob/", &["bob"]),
    ] {
        let (status, page) = server.as_user(&stage, key, &format!("/v1/uploads{query}"), None).await;
        assert_eq!(status, 200, "{page}");
        let mut found: Vec<&str> =
            page["Uploads"].as_array().unwrap().iter().map(|upload| upload["Identity"].as_str().unwrap()).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, expected, "{query}");
    }
    for (path, body, code) in [
        ("/v1/uploads?prefix=users/alice/", None, "ObjectOutsidePrefix"),
        ("/v1/uploads?prefix=users/bobby", None, "ObjectOutsidePrefix"),
        ("/v1/uploads?identity=alice", None, "NotYourUploads"),
        ("/v1/uploads", Some(json!({ "Object": "users/alice/1" })), "ObjectOutsidePrefix"),
        ("/v1/presign", Some(json!({ "Method": "GET", "Object": "users/alice/1" })), "ObjectOutsidePrefix"),
        ("/v1/post-policy", Some(json!({ "Object": "users/alice/1" })), "ObjectOutsidePrefix"),
    ] {
        let (status, refused) = server.as_user(&stage, &bob, path, body).await;
        assert_eq!((status, &refused["ErrorCode"]), (403, &json!(code)), "{path}");
    }
    let read = json!({ "Method": "GET", "Object": "users/bob/1" });
    let (_, signed) = server.as_user(&stage, &bob, "/v1/presign", Some(read)).await;
    let url = signed["Url"].as_str().unwrap();
    assert_eq!(stage.http.get(url).send().await.unwrap().text().await.unwrap(), "bob");
    stage.close().await;
}
