//! The metadata of uploads, on each database: told by callbacks, listed, and kept while the database is away.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get as route_get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use getrandom::SysRng;
use serde_json::{Value, json};
use server::App;
use server::config::{Config, UploadsSection};
use server::uploads::tag::Tag;
use shared::bucket::BucketName;
use shared::clock::ManualClock;
use shared::secret::Secret;
use shared::sign::callback::{PrivateKey, text};
use shared::sign::encode;
use sqlx::{AnyConnection, Connection, Executor};
use tempfile::TempDir;
use time::Duration;
use time::macros::datetime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::postgres::Postgres;
use crate::support::{Answer, FakeSts, ask_with, config, get, spawn};

/// A database that can go away and come back.
enum Database {
    /// It is away while another program has it locked.
    Sqlite(TempDir, Option<AnyConnection>),
    Postgres(Postgres),
}

impl Database {
    /// One of each kind that this machine has.
    fn each() -> Vec<Self> {
        let sqlite = Self::Sqlite(tempfile::tempdir().unwrap(), None);
        std::iter::once(sqlite).chain(Postgres::start().map(Self::Postgres)).collect()
    }

    fn url(&self) -> Secret {
        match self {
            Self::Sqlite(folder, _) => UploadsSection::sqlite(&folder.path().join("uploads.db")),
            Self::Postgres(server) => server.url(),
        }
    }

    async fn go_away(&mut self) {
        let url = self.url();
        match self {
            Self::Sqlite(_, lock) => {
                let mut connection = AnyConnection::connect(url.expose()).await.unwrap();
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                *lock = Some(connection);
            }
            Self::Postgres(server) => server.crash(),
        }
    }

    async fn come_back(&mut self) {
        match self {
            Self::Sqlite(_, lock) => lock.take().unwrap().close().await.unwrap(),
            Self::Postgres(server) => server.resume(),
        }
    }
}

/// In the place of OSS: it signs callbacks, and tells its key.
struct Oss {
    key: PrivateKey,
    address: String,
}

impl Oss {
    async fn start() -> Self {
        let key = PrivateKey::generate(&mut SysRng).unwrap();
        let pem = key.public_key().to_pem().unwrap();
        let router = Router::new().route("/key.pem", route_get(move || async move { pem }));
        Self { key, address: format!("http://{}", spawn(router).await) }
    }

    /// Tells `server` of an upload at `target`.
    async fn tell(&self, server: &Server, target: &str, body: &str) -> Answer {
        let signature = self.key.sign(&text(target, body.as_bytes()), &mut SysRng).unwrap();
        self.send(server, target, body, &signature, &format!("{}/key.pem", self.address)).await
    }

    async fn send(&self, server: &Server, target: &str, body: &str, signature: &str, key_url: &str) -> Answer {
        let key_url = STANDARD.encode(key_url);
        let headers = [
            ("authorization", signature),
            ("x-oss-pub-key-url", &key_url),
            ("x-oss-bucket", "photos"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        ask_with("POST", &format!("{}{target}", server.url), &headers, body.into()).await
    }
}

struct Server {
    url: String,
    clock: Arc<ManualClock>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// An app server for the bucket `photos`, which it cannot reach, so that uploads are taken as told.
    async fn start(database: &Secret, queue: &Path, oss: &Oss, change: impl FnOnce(&mut UploadsSection)) -> Self {
        let sts = FakeSts::granting().await;
        let mut config = config(&sts.endpoint);
        config.bucket = Some(BucketName::parse("photos").unwrap());
        let mut section = UploadsSection {
            database: database.clone(),
            queue_folder: queue.to_owned(),
            callback_key_prefix: Some(oss.address.clone()),
            ..UploadsSection::default()
        };
        change(&mut section);
        config.uploads = Some(section);
        let clock = Arc::new(ManualClock::new(datetime!(2017-12-12 07:34:09 UTC)));
        let app = App::new(config, Arc::clone(&clock) as _).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move {
            let _ = stopped.await;
        };
        let served = tokio::spawn(server::serve(listener, server::router(app), until));
        Self { url, clock, stop, served }
    }

    /// Ends it, and all that it does beside its requests.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }

    async fn list(&self, query: &str) -> Answer {
        get(&format!("{}/v1/uploads?{query}", self.url)).await
    }

    /// The keys of a listing, and its cursor.
    async fn keys(&self, query: &str) -> (Vec<String>, Option<String>) {
        let answer = self.list(query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let page = answer.json();
        let key = |upload: &Value| upload["Object"].as_str().unwrap().to_owned();
        (page["Uploads"].as_array().unwrap().iter().map(key).collect(), page["Next"].as_str().map(str::to_owned))
    }
}

fn body(object: &str, etag: &str) -> String {
    format!(
        "object={}&etag={etag}&size=12&mimeType=image%2Fjpeg&imageInfo.width=3&imageInfo.height=&album=%E6%B5%B7",
        encode(object)
    )
}

#[tokio::test]
async fn a_callback_becomes_one_record_that_can_be_found() {
    let oss = Oss::start().await;
    for database in Database::each() {
        let queue = tempfile::tempdir().unwrap();
        let server = Server::start(&database.url(), queue.path(), &oss, |_| {}).await;
        let told = oss.tell(&server, "/callback?from=oss", &body("users/a/照片 1.jpg", "%22ab12%22")).await;
        assert_eq!((told.status, told.header("content-type")), (200, "application/json"), "{}", told.body);
        assert_eq!(told.header("content-length"), told.body.len().to_string());
        assert_eq!(told.json()["Status"], "OK");
        let page = server.list("").await.json();
        assert_eq!(
            page["Uploads"][0],
            json!({
                "Id": told.json()["Id"], "Bucket": "photos", "Object": "users/a/照片 1.jpg", "ETag": "AB12", "Size": 12,
                "MimeType": "image/jpeg", "Width": 3, "Vars": {"album": "海"}, "Source": "callback", "Verified": false,
                "UploadedAt": "2017-12-12T07:34:09.000Z",
            })
        );
        // Told again, and replayed later with other values: the same record, as it was.
        server.clock.advance(Duration::minutes(1));
        for replay in
            [body("users/a/照片 1.jpg", "AB12"), body("users/a/照片 1.jpg", "ab12").replace("size=12", "size=13")]
        {
            assert_eq!(oss.tell(&server, "/callback", &replay).await.json()["Id"], told.json()["Id"]);
        }
        assert_eq!(server.list("").await.json(), page);

        for (minute, object) in (1..).zip(["users/a/2.jpg", "users/b/3.jpg", "users/a0/4.jpg", "users/a/5.jpg"]) {
            assert_eq!(oss.tell(&server, "/callback", &body(object, &format!("{minute}"))).await.status, 200);
            server.clock.advance(Duration::minutes(1));
        }
        for (query, expected) in [
            ("", &["users/a/5.jpg", "users/a0/4.jpg", "users/b/3.jpg", "users/a/2.jpg", "users/a/照片 1.jpg"][..]),
            ("prefix=users/a/", &["users/a/5.jpg", "users/a/2.jpg", "users/a/照片 1.jpg"]),
            ("prefix=users/a/%E7%85%A7", &["users/a/照片 1.jpg"]),
            ("prefix=users/A/", &[]),
            ("since=2017-12-12T07:36:09Z&until=2017-12-12T07:38:09Z", &["users/a0/4.jpg", "users/b/3.jpg"]),
            ("identity=everybody", &[]),
        ] {
            assert_eq!(server.keys(query).await.0, expected, "{query}");
        }
        let mut walked = Vec::new();
        let mut cursor = Some(String::new());
        while let Some(at) = cursor {
            let query = if at.is_empty() { "limit=2".to_owned() } else { format!("limit=2&cursor={at}") };
            let (keys, next) = server.keys(&query).await;
            assert!(keys.len() <= 2);
            walked.extend(keys);
            cursor = next;
        }
        assert_eq!(walked, server.keys("").await.0);
        for query in ["limit=0", "limit=1001", "since=yesterday", "cursor=x", "prefx=a", "prefix=%00"] {
            let answer = server.list(query).await;
            assert_eq!((answer.status, &answer.json()["ErrorCode"]), (400, &json!("InvalidQuery")), "{query}");
        }
        assert_eq!(server.list("identity=bob").await.status, 403);
    }
}

#[tokio::test]
async fn what_oss_did_not_sign_or_this_server_did_not_mark_is_refused() {
    let oss = Oss::start().await;
    let folder = tempfile::tempdir().unwrap();
    let database = UploadsSection::sqlite(&folder.path().join("uploads.db"));
    let secret = Secret::new("a secret of thirty-two characters");
    let server = Server::start(&database, &folder.path().join("queue"), &oss, |section| {
        section.callback_secret = Some(secret.clone());
    })
    .await;
    let tag = Tag { identity: "alice".to_owned(), prefix: "users/a/".to_owned() }.seal(&secret);
    let (target, body) = (format!("/callback?tag={tag}"), body("users/a/1.jpg", "AB"));
    let good = oss.key.sign(&text(&target, body.as_bytes()), &mut SysRng).unwrap();
    let key = format!("{}/key.pem", oss.address);
    let elsewhere = format!("{}.evil/key.pem", oss.address);
    for (signature, key_url) in [
        (good.as_str(), elsewhere.as_str()),
        (&good, "http://gosspublic.alicdn.com/callback_pub_key_v1.pem"),
        (&good, "http://gosspublic.alicdn.com/other.pem"),
        (&good, "not an address"),
        ("AAAA", &key),
        ("", &key),
    ] {
        let answer = oss.send(&server, &target, &body, signature, key_url).await;
        assert_eq!((answer.status, &answer.json()["ErrorCode"]), (400, &json!("InvalidSignature")), "{key_url}");
    }
    // Every account of OSS can have such a callback signed; only this server can mark its address.
    let forged = Tag { identity: "bob".to_owned(), prefix: String::new() }.seal(&Secret::new("guessed"));
    for (target, body, expected) in [
        ("/callback".to_owned(), body.clone(), (403, "InvalidTag")),
        (format!("/callback?tag={forged}"), body.clone(), (403, "InvalidTag")),
        (target.clone(), body.replace("users%2Fa", "users%2Fb"), (403, "ObjectOutsidePrefix")),
        (target.clone(), format!("{body}&bucket=another"), (403, "OtherBucket")),
        (target.clone(), "size=1".to_owned(), (400, "InvalidUpload")),
        (target.clone(), "x".repeat(70_000), (413, "InvalidBody")),
    ] {
        let answer = oss.tell(&server, &target, &body).await;
        let code = answer.json()["ErrorCode"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, code.as_str()), expected, "{target} {}", answer.body);
    }
    assert_eq!(oss.tell(&server, &target, &body).await.status, 200);
    assert_eq!(server.list("").await.json()["Uploads"][0]["Identity"], "alice");
    assert_eq!(get(&format!("{}/callback", server.url)).await.status, 405);
}

#[tokio::test]
async fn while_the_database_is_away_tokens_are_vended_and_uploads_wait_on_the_disk() {
    let oss = Oss::start().await;
    for mut database in Database::each() {
        let queue = tempfile::tempdir().unwrap();
        let first = Server::start(&database.url(), queue.path(), &oss, |_| {}).await;
        assert_eq!(oss.tell(&first, "/callback", &body("users/a/0.jpg", "A0")).await.status, 200);
        assert_eq!(first.keys("").await.0, ["users/a/0.jpg"]);
        database.go_away().await;
        // A server that starts meanwhile is no worse off.
        let late = tempfile::tempdir().unwrap();
        let second = Server::start(&database.url(), late.path(), &oss, |_| {}).await;
        for (server, object) in [(&first, "users/a/1.jpg"), (&second, "users/a/2.jpg"), (&first, "users/a/3.jpg")] {
            let told = oss.tell(server, "/callback", &body(object, "A1")).await;
            assert_eq!((told.status, &told.json()["Status"]), (200, &json!("OK")), "{}", told.body);
            assert_eq!(get(&format!("{}/sts", server.url)).await.json()["StatusCode"], 200);
        }
        // Tokens can be had, so this server stays in use; what waits is told to those who watch.
        let ready = get(&format!("{}/readyz", first.url)).await;
        assert_eq!(ready.json(), json!({ "status": "ready", "uploads": "waiting for their database" }));
        let metrics = get(&format!("{}/metrics", first.url)).await.body;
        for line in ["direct_transfer_uploads_waiting 2", "direct_transfer_uploads_database_away 1"] {
            assert!(metrics.lines().any(|found| found == line), "{metrics} lacks {line}");
        }
        let asked = second.list("").await;
        assert_eq!((asked.status, &asked.json()["ErrorCode"]), (503, &json!("UploadsUnavailable")));
        assert!(!asked.header("retry-after").is_empty());
        assert!(!asked.body.contains("stories") && !asked.body.contains("uploads.db"), "{}", asked.body);
        // The first server is gone with two uploads on its disk; one that takes over its folder has them.
        first.stop().await;
        database.come_back().await;
        // What a disk spoilt stops nothing, and is put aside.
        std::fs::write(queue.path().join("0-spoilt.json"), "{").unwrap();
        let third = Server::start(&database.url(), queue.path(), &oss, |_| {}).await;
        let mut keys = third.keys("").await.0;
        keys.extend(second.keys("").await.0);
        keys.sort();
        keys.dedup();
        for key in ["users/a/1.jpg", "users/a/2.jpg", "users/a/3.jpg"] {
            assert!(keys.iter().any(|found| found == key), "{key} is lost: {keys:?}");
        }
        let left = |folder: &TempDir| -> Vec<String> {
            let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        };
        assert_eq!((left(&queue), left(&late)), (vec!["0-spoilt.unreadable".to_owned()], vec![]));
    }
}

#[tokio::test]
async fn three_servers_share_nothing_but_the_database() {
    let oss = Oss::start().await;
    for database in Database::each() {
        let queues: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let mut servers = Vec::new();
        for queue in &queues {
            servers.push(Server::start(&database.url(), queue.path(), &oss, |_| {}).await);
        }
        // Each upload is told to two of them at once, as a balancer's retry would.
        let tellings = (0..30).flat_map(|n| [(n, n % 3), (n, (n + 1) % 3)]);
        let tellings = tellings.map(|(n, to)| {
            let (oss, server) = (&oss, &servers[to]);
            async move { oss.tell(server, "/callback", &body(&format!("users/a/{n:02}.jpg"), &format!("{n}"))).await }
        });
        for told in futures_util::future::join_all(tellings).await {
            assert_eq!(told.status, 200, "{}", told.body);
        }
        // What a busy database made wait is moved by whoever looks.
        for server in &servers {
            server.list("").await;
        }
        let all = servers[0].keys("").await.0;
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(sorted, (0..30).map(|n| format!("users/a/{n:02}.jpg")).collect::<Vec<_>>());
        // A page begun at one server goes on at another.
        let (mut walked, mut cursor, mut at) = (Vec::new(), String::new(), 0);
        loop {
            let (keys, next) = servers[at % 3].keys(&format!("limit=7{cursor}")).await;
            walked.extend(keys);
            at += 1;
            let Some(next) = next else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, all);
    }
}

#[test]
fn what_is_wrong_with_the_sections_is_told_by_its_place() {
    let told = |sections: Value| {
        let mut config = json!({ "AccessKeyID": "a", "AccessKeySecret": "b", "RoleArn": crate::support::ROLE_ARN });
        config.as_object_mut().unwrap().extend(sections.as_object().unwrap().clone());
        Config::parse(&config.to_string(), Path::new("/etc/dt/config.json"))
    };
    for (sections, at) in [
        (json!({ "Uploads": { "Database": "mysql://root:hunter2@db" } }), "Uploads.Database: it must begin"),
        (json!({ "Uploads": { "CallbackSecret": "hunter2" } }), "Uploads.CallbackSecret: it must have 32"),
        (json!({ "Uploads": { "CallbackUrl": "app.example.com" } }), "Uploads.CallbackUrl: it must be an address"),
        (json!({ "Uploads": { "CallbackVars": ["ok", "Not"] } }), "Uploads.CallbackVars[1]: it must be made of"),
        (json!({ "Uploads": { "ReconcileSeconds": 5 } }), "Uploads.ReconcileSeconds: it must be 60"),
        (json!({ "Uploads": { "Databse": "" } }), "Uploads.Databse: unknown field"),
        (json!({ "Vend": { "MaxSeconds": 0 } }), "Vend.MaxSeconds: it must lie between 1 and 604800"),
        (json!({ "Vend": { "ContentTypes": ["image"] } }), "Vend.ContentTypes[0]: it must look like image/jpeg"),
    ] {
        let error = told(sections).unwrap_err().to_string();
        assert!(error.contains(at) && !error.contains("hunter2"), "{error}");
    }
    let config = told(json!({ "Uploads": { "Database": "sqlite:data/my uploads.db" } })).unwrap();
    let uploads = config.uploads.as_ref().unwrap();
    assert_eq!(uploads.database.expose(), "sqlite:///etc/dt/data/my%20uploads.db?mode=rwc");
    assert_eq!(uploads.queue_folder, Path::new("/etc/dt/uploads-queue"));
    assert!(config.warnings().iter().any(|warning| warning.starts_with("Uploads.CallbackSecret is empty")));
}
