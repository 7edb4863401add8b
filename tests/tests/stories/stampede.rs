//! The stampede: every app of every user finds its token ended at the same moment. STS is asked once for each identity.

use std::collections::BTreeSet;
use std::sync::Arc;

use demo::world::World;
use serde_json::json;
use server::App;
use server::config::Config;
use server::identity::device_keys;
use shared::clock::Clock;
use shared::credentials::Credentials;
use tokio::task::JoinSet;
use transfer::{CredentialsSource, Observer, Provider};

const USERS: usize = 4;
const APPS: usize = 40;

/// Beside a demo's emulator, an app server that tells its users apart: its token URL, and a device key for each of them.
async fn app_server(world: &World) -> (String, Vec<String>) {
    let (keys, hashes): (Vec<String>, Vec<String>) = (0..USERS).map(|_| device_keys::new_key().unwrap()).unzip();
    let keys_of: Vec<_> =
        hashes.iter().zip(0..).map(|(hash, user)| json!({ "Hash": hash, "User": format!("user{user}") })).collect();
    let ready = &world.emulator;
    let settings = json!({
        "AccessKeyID": ready.access_key_id, "AccessKeySecret": ready.access_key_secret, "RoleArn": ready.role_arn,
        "TokenExpireTime": 900, "PolicyFile": "", "StsEndpoint": ready.sts_endpoint, "OssEndpoint": ready.oss_endpoint,
        "Bucket": ready.bucket, "Region": ready.region,
        "Identity": { "Providers": [{ "Type": "DeviceKeys", "Keys": keys_of }] },
        "Grants": { "Prefix": "users/${user}/" },
    });
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(&settings.to_string(), &folder.path().join("config.json")).unwrap();
    let app = App::new(config, Arc::clone(&world.clock) as Arc<dyn Clock>).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sts", listener.local_addr().unwrap());
    tokio::spawn(server::serve(listener, server::router(app), std::future::pending()));
    (url, keys)
}

async fn credentials_of(apps: &[Arc<Provider>]) -> Vec<Credentials> {
    let mut asking = JoinSet::new();
    for (at, provider) in apps.iter().enumerate() {
        let provider = Arc::clone(provider);
        asking.spawn(async move { (at, provider.credentials().await.unwrap()) });
    }
    let mut all = asking.join_all().await;
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, credentials)| credentials).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_expiry_of_many_apps_costs_one_call_of_sts_for_each_identity() {
    let world = World::start().await.unwrap();
    let (url, keys) = app_server(&world).await;
    let app = |key: &String| {
        let source = CredentialsSource::AppServer { url: format!("{url}?key={key}"), bearer: None };
        world.provider(source, Observer::silent()).unwrap()
    };
    let apps: Vec<Arc<Provider>> = keys.iter().flat_map(|key| (0..APPS).map(move |_| key)).map(app).collect();
    let mut known = BTreeSet::new();
    // The first time nobody has a token; then all of them end, again and again.
    for round in 1..=3 {
        let before = world.decisions(0).last().map_or(0, |decision| decision.sequence);
        let given = credentials_of(&apps).await;
        let calls = world.decisions(before).iter().filter(|decision| decision.operation == "AssumeRole").count();
        assert_eq!(calls, USERS, "calls of STS in round {round}, for {} apps", apps.len());
        for of_user in given.chunks(APPS) {
            let tokens: BTreeSet<&str> = of_user.iter().map(|credentials| credentials.access_key_id.as_str()).collect();
            assert_eq!(tokens.len(), 1, "all apps of a user are given the same token");
            assert!(known.insert(of_user[0].access_key_id.clone()), "and no other user, nor an earlier round, had it");
        }
        world.clock.advance(time::Duration::seconds(901));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_app_with_many_tasks_asks_its_app_server_once() {
    let world = World::start().await.unwrap();
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let observer = Observer::new(move |event| {
        if matches!(event, transfer::Event::TokenRequested { .. }) {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let source = CredentialsSource::AppServer { url: world.token_url.clone(), bearer: None };
    let app = world.provider(source, observer).unwrap();
    for round in 1..=2 {
        let given = credentials_of(&vec![Arc::clone(&app); APPS]).await;
        assert!(given.iter().all(|credentials| credentials.access_key_id == given[0].access_key_id));
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), round);
        world.clock.advance(time::Duration::seconds(901));
    }
    world.stop().await;
}
