//! Reload while requests come in: none fails, what is wrong changes nothing, and what was given out stays good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use server::config::Config;
use server::identity::device_keys;

use crate::support::{World, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_policies_and_settings_change_under_load_without_a_failed_request() {
    let (key, hash) = device_keys::new_key().unwrap();
    let device = |user: &str| json!([{"Hash": hash, "User": user}]).to_string();
    let sections = json!({"Identity": {"Providers": [{"Type": "DeviceKeys", "KeysFile": "keys.json"}]},
        "Grants": {"Prefix": "u/${user}/", "Custom": {"mine": "p.txt"}, "Default": "mine"}});
    let policy = |action: &str| {
        json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action,
            "Resource": "acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"}]})
        .to_string()
    };
    let world = World::open(&sections, &[("keys.json", &device("v0")), ("p.txt", &policy("oss:GetObject"))]).await;
    let file = world.folder.path().join("config.json");
    std::fs::write(&file, settings(&world.sts.endpoint, &sections)).unwrap();

    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (url, bearer) = (format!("{}/v1/token", world.url), format!("Bearer {key}"));
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
                while !stop.load(Ordering::SeqCst) {
                    let answer = client.get(&url).header("authorization", &bearer).send().await.unwrap();
                    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                    served.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for version in 1..=6 {
        std::fs::write(world.folder.path().join("keys.json"), device(&format!("v{version}"))).unwrap();
        let action = if version % 2 == 0 { "oss:GetObject" } else { "oss:PutObject" };
        std::fs::write(world.folder.path().join("p.txt"), policy(action)).unwrap();
        server::reload::reload(&world.app, &file).await;
        assert_eq!(world.app.reload_failure(), None);
        assert_eq!(world.outcome("", Some(&key)).await, format!("u/v{version}/"));
        // Each kind of mistake leaves the last good settings in use, and says what is wrong with the new.
        let (name, text, told) = match version % 3 {
            0 => ("keys.json", "[{".to_owned(), "keys.json is not JSON"),
            1 => ("p.txt", policy("oss:GetObject").replace("$OBJECT_PREFIX", ""), "it reaches more than the folder"),
            _ => ("config.json", "{}".to_owned(), "RoleArn is empty"),
        };
        let good = std::fs::read_to_string(world.folder.path().join(name)).unwrap();
        std::fs::write(world.folder.path().join(name), text).unwrap();
        server::reload::reload(&world.app, &file).await;
        let failure = world.app.reload_failure().unwrap_or_default();
        assert!(failure.contains(told), "{failure} lacks {told}");
        assert_eq!(world.outcome("", Some(&key)).await, format!("u/v{version}/"));
        std::fs::write(world.folder.path().join(name), good).unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(served.load(Ordering::SeqCst) >= 12, "there was hardly any load");
    assert!(Config::load(&file).is_ok());
}
