//! The app server's records of uploads as the client reads them and as the window shows them beside the bucket: real app server, real emulator.

use std::sync::Arc;
use std::time::Duration;

use client_ui::profiles::Identity;
use client_ui::settings::Settings;
use demo::World;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::{Value, json};
use server::config::{Provider as IdentityProvider, SignedUrl, SigningKey};
use server::identity::signed_url;
use shared::clock::Clock as _;
use shared::credentials::Credentials;
use shared::object_key::ObjectKey;
use shared::secret::Secret;
use tests::{Ask, Stage};
use tokio::runtime::Runtime;
use transfer::{
    Client, CredentialsSource, NoRecords, Observer, Presign, Provider, RecordSource, TransferError, UploadOptions,
};

use crate::upload_metadata::{Server, devices, json_of};
use crate::window::Desk;

fn provider(stage: &Stage, url: String, bearer: Option<&str>) -> Provider {
    let source = CredentialsSource::AppServer { url, bearer: bearer.map(Secret::new) };
    Provider::new(source, Arc::clone(&stage.clock) as _, Observer::silent()).unwrap()
}

#[tokio::test]
async fn whoever_gets_a_token_gets_its_records_by_the_same_credential_page_by_page() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    for number in 0..103 {
        let put = Ask::new("PUT", &bucket, &format!("users/alice/{number:03}")).body("hello");
        assert_eq!(stage.ask(&user, put).await.status, 200);
    }
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "users/bob/1").body("x")).await.status, 200);
    let (mut identity, [alice, bob]) = devices(["alice", "bob"]);
    let secret = Secret::new("a secret that signs URLs, long enough");
    let keys = vec![SigningKey { id: "k".to_owned(), secret: Some(secret.clone()), secret_file: None }];
    identity.providers.push(IdentityProvider::SignedUrl(SignedUrl { keys, ..SignedUrl::default() }));
    let server = Server::start(&stage, &folder, "users/", |config| {
        (config.policy, config.identity) = (None, Some(identity));
    })
    .await;
    for key in [&alice, &bob] {
        let (status, told) = server.as_user(&stage, key, "/v1/uploads/reconcile", Some(json!({}))).await;
        assert_eq!(status, 200, "{told}");
    }
    let expires = (stage.clock.now().unix_timestamp() + 600).to_string();
    let who = [("dt-user", "alice"), ("dt-expires", &*expires), ("dt-nonce", "0123456789abcdef")];
    let signed = format!("{}/sts/getsts?{}", server.url, signed_url::signed_query("k", &secret, &who));
    for (name, provider, all) in [
        ("bearer", provider(&stage, format!("{}/", server.url), Some(&alice)), 103),
        ("query", provider(&stage, format!("{}/sts?seconds=900&key={alice}", server.url), None), 103),
        ("signed URL", provider(&stage, signed, None), 100),
    ] {
        assert_eq!(provider.grant().await.unwrap().place.object_prefix.as_deref(), Some("users/alice/"), "{name}");
        let (mut keys, mut cursor) = (Vec::new(), None::<String>);
        let truncated = loop {
            let page = provider.upload_records("users/alice/", cursor.as_deref()).await.unwrap();
            assert!(page.records.iter().all(|record| record.source == RecordSource::Listing && record.verified));
            assert!(page.records.iter().all(|record| record.identity.as_deref() == Some("alice") && record.size == 5));
            keys.extend(page.records.into_iter().map(|record| record.key));
            cursor = page.next;
            if cursor.is_none() {
                break page.truncated;
            }
        };
        keys.sort();
        keys.dedup();
        assert_eq!((keys.len(), truncated), (all, all < 103), "{name}: each once, and none of Bob's");
        let outside = provider.upload_records("users/bob/", None).await;
        match (name, outside) {
            // What is signed cannot be asked about another folder.
            ("signed URL", page) => assert!(page.unwrap().records.is_empty()),
            (_, refused) => assert_eq!(refused.unwrap_err().code(), "ObjectOutsidePrefix", "{name}"),
        }
    }
    let error = provider(&stage, server.url.clone(), None).upload_records("", None).await.unwrap_err();
    assert_eq!(error.code(), "CredentialMissing");
    // A server without the section, and one that is no app server of ours.
    let without = Server::start(&stage, &folder, "users/alice/", |config| config.uploads = None).await;
    for (url, expected) in [(&without.url, NoRecords::NotKept), (&stage.ready.control_endpoint, NoRecords::NoRoute)] {
        let error = provider(&stage, url.clone(), None).upload_records("", None).await.unwrap_err();
        assert!(matches!(error, TransferError::NoRecords(why) if why == expected), "{error}");
    }
    stage.close().await;
}

/// The window beside an app server that keeps records.
struct Room {
    desk: Desk,
    server: Server,
    /// What the app server runs on.
    runtime: Runtime,
    http: reqwest::Client,
    owner: Client,
    _folder: tempfile::TempDir,
}

impl Room {
    fn open(photo: &[u8]) -> Self {
        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let mut server = None;
        let desk = Desk::new(photo, "湖.jpg", |world| {
            let started = Server::beside(&world.emulator, &world.clock, &folder, demo::world::PREFIX, |_| {});
            let started = server.insert(runtime.block_on(started));
            Settings {
                app_server: started.url.clone(),
                object_name: "{prefix}{name}".to_owned(),
                ..Settings::default()
            }
        });
        let owner = owner(&desk.world);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { desk, server: server.unwrap(), runtime, http, owner, _folder: folder }
    }

    fn put(&self, name: &str, body: &str) {
        let key = key(name);
        let options = UploadOptions::default();
        self.runtime.block_on(self.owner.put_bytes(&key, body.to_owned().into(), &options)).unwrap();
    }

    /// Puts an object with the callback that the app server vends, changed by `change`.
    fn put_with_callback(&self, name: &str, change: impl FnOnce(&mut Value)) {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let told = self.runtime.block_on(async {
            let answer = self.http.get(format!("{}/v1/callback", self.server.url)).send().await.unwrap();
            json_of(answer).await
        });
        let text = STANDARD.decode(told["x-oss-callback"].as_str().unwrap()).unwrap();
        let mut callback: Value = serde_json::from_slice(&text).unwrap();
        change(&mut callback);
        let headers = [("x-oss-callback".to_owned(), STANDARD.encode(callback.to_string()))];
        let key = key(name);
        let wanted = Presign { method: "PUT", key: Some(&key), query: &[], headers: &headers };
        self.runtime.block_on(async {
            let url = self.owner.presign_request(wanted, Duration::from_secs(60)).await.unwrap();
            let put = self.http.put(url).header("x-oss-callback", &headers[0].1).body("hello");
            let answer = put.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
        });
    }

    fn tell(&self, path: &str, body: &Value) {
        self.runtime.block_on(async {
            let url = format!("{}{path}", self.server.url);
            let answer = self.http.post(url).body(body.to_string()).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
        });
    }

    fn close(self) {
        let Self { desk, runtime, .. } = self;
        desk.close();
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::parse(&format!("{}{name}", demo::world::PREFIX)).unwrap()
}

/// A client that may do everything.
fn owner(world: &World) -> Client {
    let ready = &world.emulator;
    let key = Credentials::long_term(&ready.access_key_id, Secret::new(&ready.access_key_secret));
    let provider = world.provider(CredentialsSource::Fixed(key), Observer::silent()).unwrap();
    world.client(provider).unwrap()
}

#[test]
fn the_window_shows_what_the_app_server_knows_and_where_the_bucket_is_of_another_mind() {
    let mut room = Room::open(&samples::photo(64, 48, 5));
    room.put("told.txt", "hello");
    room.tell("/v1/uploads", &json!({ "Object": key("told.txt").as_str() }));
    room.put("gone.txt", "hello");
    room.tell("/v1/uploads", &json!({ "Object": key("gone.txt").as_str() }));
    room.runtime.block_on(room.owner.delete(&key("gone.txt"))).unwrap();
    room.put("changed.txt", "hello");
    room.tell("/v1/uploads", &json!({ "Object": key("changed.txt").as_str() }));
    room.put("changed.txt", "other");
    room.put_with_callback("called.txt", |_| {});
    room.put_with_callback("doubtful.txt", |callback| {
        callback["callbackBody"] = json!("object=${object}&size=999999");
    });
    let desk = &mut room.desk;
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    desk.click("Objects");
    assert!(!desk.sees("no record"), "nobody was asked");
    desk.click("Upload records");
    let verified = "verified: the app server has seen it in the bucket";
    for (name, source, end) in [
        ("told.txt 5 B", "by the app", verified.to_owned()),
        ("gone.txt 5 B", "by the app", format!("{verified} object is gone")),
        ("changed.txt 5 B", "by the app", format!("{verified} replaced since")),
        ("called.txt 5 B", "by callback", verified.to_owned()),
        ("doubtful.txt", "by callback", "not verified".to_owned()),
    ] {
        let name = format!("Upload record {name}");
        let text = desk.harness.get_by_label_contains(&name).accesskit_node().label().unwrap();
        assert!(text.contains(source) && text.ends_with(&end), "{text}");
    }
    assert!(desk.sees("Object 湖.jpg") && desk.sees("Objects that are gone: 1"));
    assert!(desk.sees("Objects here without a record: 2"), "the upload of the window, and what was changed");
    desk.keep("12-records");

    // The app server looks into the bucket; what nobody told of is known then.
    room.tell("/v1/uploads/reconcile", &json!({}));
    let desk = &mut room.desk;
    desk.click("Refresh records");
    assert!(desk.sees("by listing ") && !desk.sees("no record"));
    desk.harness.get_by_label_contains("Upload record 湖.jpg").click_accesskit();
    desk.settle();
    assert!(desk.sees("image/jpeg") && desk.sees("by listing, "), "what OSS says, and what the app server does");
    room.close();
}

#[test]
fn the_window_says_what_an_app_server_without_records_needs_and_who_may_not_see_them() {
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "湖.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Objects");
    desk.click("Upload records");
    assert!(desk.sees("This app server keeps no records of uploads."));
    assert!(desk.sees("sets the section \"Uploads\" in its configuration"));
    desk.keep("13-no-records");
    desk.close();
}

#[test]
fn the_windows_key_shows_the_records_of_its_owner() {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let (identity, [key]) = devices(["demo"]);
    let mut server = None;
    let mut desk = Desk::new(&samples::photo(64, 48, 5), "湖.jpg", |world| {
        let started = Server::beside(&world.emulator, &world.clock, &folder, "users/", |config| {
            (config.policy, config.identity) = (None, Some(identity));
        });
        let started = server.insert(runtime.block_on(started));
        Settings {
            app_server: format!("{}/sts", started.url),
            identity: Identity::Query("key".to_owned()),
            ..Settings::default()
        }
    });
    desk.harness.get_by_label("Key").focus();
    desk.harness.run();
    desk.harness.get_by_label("Key").type_text(&key);
    desk.settle();
    desk.click("Configure");
    desk.click("Objects");
    desk.click("Upload records");
    assert!(desk.sees("The app server knows of no upload to this folder."));
    desk.click("Wire");
    assert!(desk.sees("ListUploads : 200"));
    assert!(!desk.sees(&key), "the key is on no screen");
    desk.close();
    runtime.shutdown_timeout(Duration::from_secs(5));
}
