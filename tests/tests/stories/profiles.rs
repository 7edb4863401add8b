//! The window and an app server that wants to know who asks: without a key it says so, with one it gives a token for the caller's own folder.

use client_ui::settings::Settings;
use egui_kittest::kittest::Queryable as _;
use serde_json::json;
use server::App;
use server::config::Config;
use server::identity::device_keys;

use crate::window::Desk;

/// An app server that tells its callers apart, beside the world's own; its address.
async fn app_server(desk: &demo::World, folder: &std::path::Path, hash: &str) -> String {
    let emulator = &desk.emulator;
    let settings = json!({
        "AccessKeyID": emulator.access_key_id, "AccessKeySecret": emulator.access_key_secret,
        "RoleArn": emulator.role_arn, "TokenExpireTime": 900, "PolicyFile": "",
        "StsEndpoint": emulator.sts_endpoint, "OssEndpoint": emulator.oss_endpoint,
        "Bucket": emulator.bucket, "Region": emulator.region,
        "Identity": { "Providers": [{ "Type": "DeviceKeys", "Query": "key", "Keys": [{ "Hash": hash, "User": "alice" }] }] },
        "Grants": { "Prefix": "users/${user}/" },
    });
    let config = Config::parse(&settings.to_string(), &folder.join("config.json")).unwrap();
    let app = App::new(config, desk.clock.clone()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sts", listener.local_addr().unwrap());
    tokio::spawn(server::serve(listener, server::router(app), std::future::pending()));
    url
}

#[test]
fn a_key_opens_the_own_folder_and_stays_out_of_every_file() {
    let (key, hash) = device_keys::new_key().unwrap();
    let photo = samples::photo(320, 240, 5);
    let mut desk = Desk::new(&photo, "p.jpg", |_| Settings::default());
    let url = desk.runtime.block_on(app_server(&desk.world, desk.folder.path(), &hash));
    desk.harness.get_by_label("App server").focus();
    desk.harness.run();
    desk.harness.get_by_label("App server").type_text(&url);
    desk.settle();
    desk.click("Test");
    assert!(desk.sees("CredentialMissing") && desk.sees("The app server wants to know who asks."));
    desk.keep("12-who-asks");
    for way in ["Key as Bearer", "Key in the query"] {
        desk.click(way);
        if way == "Key as Bearer" {
            desk.harness.get_by_label("Key").focus();
            desk.harness.run();
            desk.harness.get_by_label("Key").type_text(&key);
        }
        desk.click("Test");
        desk.keep("13-known");
        assert!(desk.sees("users/alice/"), "{way}");
        assert!(desk.sees("bucket direct-transfer answered"), "{way}");
    }
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Upload");
    assert!(desk.sees(", equal"));
    for entry in std::fs::read_dir(desk.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!bytes.contains(&key), "{}", path.display());
        }
    }
    desk.close();
}
