//! Two users of the app server, each with everything that a grant can give, who try each other's folders by every
//! operation, by tricks with names, and by mixing their tokens.

use std::sync::Arc;

use serde_json::json;
use server::App;
use server::config::Config;
use server::identity::device_keys;
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::token::TokenReply;
use tests::{Ask, Stage};

const DENIED: &str = "403 AccessDenied 0003-00000301";
/// All of OSS, in one's own folder.
const EVERYTHING: &str = r#"{"Version":"1","Statement":[
    {"Effect":"Allow","Action":"oss:*","Resource":"acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"},
    {"Effect":"Allow","Action":["oss:ListObjects","oss:ListObjectVersions","oss:ListMultipartUploads"],
     "Resource":"acs:oss:*:*:$BUCKET_NAME","Condition":{"StringLike":{"oss:Prefix":"$OBJECT_PREFIX*"}}}]}"#;

/// The emulator, an app server with two devices, and a token for each.
struct World {
    stage: Stage,
    url: String,
    keys: [String; 2],
    alice: Credentials,
    bob: Credentials,
}

impl World {
    async fn open() -> Self {
        let stage = Stage::open().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("everything.txt"), EVERYTHING).unwrap();
        let [(alice, alices), (bob, bobs)] = [(); 2].map(|()| device_keys::new_key().unwrap());
        let settings = json!({
            "AccessKeyID": stage.ready.access_key_id, "AccessKeySecret": stage.ready.access_key_secret,
            "RoleArn": stage.ready.role_arn, "TokenExpireTime": 900, "PolicyFile": "",
            "StsEndpoint": stage.ready.sts_endpoint, "OssEndpoint": stage.ready.oss_endpoint,
            "Bucket": stage.ready.bucket, "Region": stage.ready.region,
            "Identity": { "Providers": [{ "Type": "DeviceKeys", "Keys": [
                { "Hash": alices, "User": "alice" }, { "Hash": bobs, "User": "bob" } ] }] },
            "Grants": { "Prefix": "users/${user}/", "Custom": { "everything": "everything.txt" },
                "Default": "everything", "Allowed": ["everything", "write"] },
        });
        let config = Config::parse(&settings.to_string(), &folder.path().join("config.json")).unwrap();
        let app = App::new(config, Arc::clone(&stage.clock) as Arc<dyn Clock>).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(server::serve(listener, server::router(app), std::future::pending()));
        let mut world = Self { keys: [alice, bob], alice: stage.user(), bob: stage.user(), stage, url };
        world.alice = world.token(&world.keys[0], "").await;
        world.bob = world.token(&world.keys[1], "").await;
        world
    }

    /// As a mobile SDK asks: a GET of one URL.
    async fn token(&self, key: &str, query: &str) -> Credentials {
        let url = format!("{}/sts?key={key}{query}", self.url);
        let body = self.stage.http.get(url).send().await.unwrap().text().await.unwrap();
        match TokenReply::parse(&body).unwrap() {
            TokenReply::Granted(grant) => grant.credentials,
            TokenReply::Refused { error_code, error_message } => panic!("{error_code}: {error_message}"),
        }
    }

    fn ask(&self, method: &str, key: &str) -> Ask {
        Ask::new(method, &self.stage.ready.bucket, key)
    }

    async fn verdict(&self, who: &Credentials, ask: Ask) -> String {
        self.stage.ask(who, ask).await.verdict()
    }

    /// What is in the bucket, by the bucket's own key: every key with its content.
    async fn everything(&self) -> Vec<(String, String)> {
        let user = self.stage.user();
        let mut all = Vec::new();
        for key in self.stage.ask(&user, self.ask("GET", "")).await.leaves("ListBucketResult/Contents/Key") {
            let content = self.stage.ask(&user, self.ask("GET", &key)).await.text();
            all.push((key, content));
        }
        all
    }
}

/// Every operation that the emulator performs, from its own table: method, path, parameters.
fn operations() -> Vec<(String, String, Vec<(String, String)>)> {
    let table = emulator::support_table();
    let cells = |line: &str| line.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`']).to_owned()).collect();
    let rows: Vec<Vec<String>> = table.lines().skip(2).map(cells).collect();
    rows.iter()
        .filter(|row| matches!(row[3].as_str(), "works" | "stored only") && !row[1].starts_with("OPTIONS"))
        // A form carries its signature in its body; `forms` tells of those.
        .filter(|row| row[0] != "PostObject")
        .map(|row| {
            let (method, target) = row[1].split_once(' ').unwrap();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let query = query.split_whitespace().next().unwrap_or_default();
            let pairs = query.split('&').filter(|pair| !pair.is_empty());
            let pair = |pair: &str| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (name.to_owned(), value.to_owned())
            };
            (method.to_owned(), path.to_owned(), pairs.map(pair).collect())
        })
        .collect()
}

#[tokio::test]
async fn no_operation_reaches_the_other_s_folder_or_the_bucket() {
    let world = World::open().await;
    for (who, key) in [(&world.alice, "users/alice/mine"), (&world.bob, "users/bob/mine")] {
        assert_eq!(world.verdict(who, world.ask("PUT", key).body(key)).await, "200");
    }
    let before = world.everything().await;
    let operations = operations();
    assert!(operations.len() > 60, "the table is not read: {operations:?}");
    let mut denied = 0;
    for (who, others) in [(&world.alice, "users/bob/mine"), (&world.bob, "users/alice/mine")] {
        for (method, path, parameters) in &operations {
            let mut ask = match path.as_str() {
                "/" => Ask::new(method, "", ""),
                "/bucket" => world.ask(method, ""),
                _ => world.ask(method, others),
            };
            for (name, value) in parameters {
                ask = match name.as_str() {
                    "x-oss-copy-source" => {
                        ask.header("x-oss-copy-source", &format!("/{}/{others}", world.stage.ready.bucket))
                    }
                    _ => ask.param(name, value),
                };
            }
            let verdict = world.verdict(who, ask).await;
            assert!(verdict.starts_with('4'), "{method} {path} {parameters:?}: {verdict}");
            denied += usize::from(verdict == DENIED);
        }
    }
    assert!(denied > operations.len(), "most are refused by the policy itself, not by their form: {denied}");
    assert_eq!(world.everything().await, before, "nothing came, went or changed");
    world.stage.close().await;
}

#[tokio::test]
async fn no_trick_with_names_or_with_other_objects_leads_out() {
    let world = World::open().await;
    let bucket = world.stage.ready.bucket.clone();
    assert_eq!(world.verdict(&world.bob, world.ask("PUT", "users/bob/secret").body("s")).await, "200");
    let from_bob = |ask: Ask| ask.header("x-oss-copy-source", &format!("/{bucket}/users/bob/secret"));
    let batch = "<Delete><Object><Key>users/bob/secret</Key></Object></Delete>";
    for (expected, ask) in [
        (DENIED, world.ask("GET", "users/Alice/x")),
        (DENIED, world.ask("PUT", "users/alice").body("x")),
        (DENIED, world.ask("PUT", "users/alice2/x").body("x")),
        (DENIED, world.ask("PUT", "users//alice/x").body("x")),
        (DENIED, world.ask("PUT", "users/./alice/x").body("x")),
        (DENIED, world.ask("PUT", "x/users/alice/x").body("x")),
        (DENIED, world.ask("PUT", "users/alice\\..\\bob/x").body("x")),
        (DENIED, world.ask("PUT", "users%2Falice/x").body("x")),
        (DENIED, from_bob(world.ask("PUT", "users/alice/stolen"))),
        (DENIED, world.ask("POST", "").param("delete", "").body(batch)),
        (DENIED, world.ask("GET", "").param("prefix", "users/")),
        (DENIED, world.ask("GET", "").param("prefix", "users/alice")),
        (DENIED, world.ask("GET", "").param("prefix", "users/bob/").param("list-type", "2")),
        (DENIED, world.ask("GET", "").param("uploads", "").param("prefix", "users/bob/")),
        (DENIED, world.ask("GET", "").param("versions", "").param("prefix", "")),
        ("200", world.ask("GET", "").param("prefix", "users/alice/").param("marker", "users/b")),
        // A key is an opaque name, and so is a prefix: this one lies in alice's own folder, and is not bob's.
        ("200", world.ask("GET", "").param("prefix", "users/alice/../bob/")),
        ("404 NoSuchKey 0026-00000001", world.ask("GET", "users/alice/../bob/secret")),
        ("200", world.ask("PUT", "users/alice/../bob/secret").body("alice's")),
    ] {
        let what = format!("{:?}", ask.request);
        assert_eq!(world.verdict(&world.alice, ask).await, expected, "{what}");
    }
    // A link of alice's own may point anywhere, and shows her nothing that she may not read.
    let link =
        world.ask("PUT", "users/alice/link").param("symlink", "").header("x-oss-symlink-target", "users/bob/secret");
    world.stage.ask(&world.alice, link).await;
    let through = world.stage.ask(&world.alice, world.ask("GET", "users/alice/link")).await;
    assert!(through.status >= 400 && through.text() != "s", "{}", through.verdict());
    let part = world.ask("POST", "users/alice/big").param("uploads", "");
    let upload = world.stage.ask(&world.alice, part).await.leaf("InitiateMultipartUploadResult/UploadId");
    let copied = from_bob(world.ask("PUT", "users/alice/big").param("uploadId", &upload).param("partNumber", "1"));
    assert_eq!(world.verdict(&world.alice, copied).await, DENIED);
    // Bob's upload in progress cannot be taken over by its id.
    let started = world.stage.ask(&world.bob, world.ask("POST", "users/bob/big").param("uploads", "")).await;
    let bobs = started.leaf("InitiateMultipartUploadResult/UploadId");
    for key in ["users/bob/big", "users/alice/big"] {
        let put = world.ask("PUT", key).param("uploadId", &bobs).param("partNumber", "1").body("x");
        let verdict = world.verdict(&world.alice, put).await;
        assert!(verdict == DENIED || verdict.starts_with("404 NoSuchUpload"), "{key}: {verdict}");
    }
    let secret = world.stage.ask(&world.bob, world.ask("GET", "users/bob/secret")).await;
    assert_eq!(secret.text(), "s");
    world.stage.close().await;
}

#[tokio::test]
async fn tokens_cannot_be_mixed_and_a_narrow_one_is_narrow() {
    let world = World::open().await;
    let (alice, bob) = (&world.alice, &world.bob);
    let put = |key: &str| world.ask("PUT", key).body("x");
    for (name, mixed) in [
        ("bob's token on alice's key", Credentials { security_token: bob.security_token.clone(), ..alice.clone() }),
        (
            "bob's secret on alice's key",
            Credentials { access_key_secret: bob.access_key_secret.clone(), ..alice.clone() },
        ),
        ("alice's id on bob's key", Credentials { access_key_id: alice.access_key_id.clone(), ..bob.clone() }),
        ("no token", Credentials { security_token: None, ..alice.clone() }),
    ] {
        for key in ["users/alice/x", "users/bob/x"] {
            let verdict = world.verdict(&mixed, put(key)).await;
            assert!(verdict.starts_with("403"), "{name} on {key}: {verdict}");
        }
    }
    let narrow = world.token(&world.keys[0], "&grant=write&folder=2026").await;
    for (expected, ask) in [
        ("200", put("users/alice/2026/x")),
        (DENIED, put("users/alice/x")),
        (DENIED, put("users/alice/20266/x")),
        (DENIED, world.ask("GET", "users/alice/2026/x")),
        (DENIED, world.ask("DELETE", "users/alice/2026/x")),
    ] {
        let what = format!("{:?}", ask.request);
        assert_eq!(world.verdict(&narrow, ask).await, expected, "{what}");
    }
    // The role's own token, which is what a server without session policies would hand out, shows that it was the policy.
    let whole = world.stage.assume(None).await;
    assert_eq!(world.verdict(&whole, put("users/bob/x")).await, "200");
    world.stage.close().await;
}
