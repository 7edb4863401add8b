//! The time machine: time stopped, moved, and told wrongly by one side.

use std::sync::{Arc, Mutex};

use demo::World;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::object_key::ObjectKey;
use transfer::{Client, CredentialsSource, Event, Observer, UploadOptions};

async fn clock(world: &World, change: Option<Value>) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/clock", world.emulator.control_endpoint);
    let answer = match change {
        Some(change) => http.post(url).header("content-type", "application/json").body(change.to_string()).send().await,
        None => http.get(url).send().await,
    };
    let answer = answer.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn time_stands_still_moves_and_goes_on() {
    let world = World::start().await.unwrap();
    let (_, stopped) = clock(&world, Some(json!({"freeze": true, "advance_seconds": 3600}))).await;
    assert_eq!((&stopped["frozen"], &stopped["skew_seconds"]), (&json!(true), &json!(0)));
    assert_eq!(clock(&world, None).await.1["now"], stopped["now"], "it stands");
    assert_eq!(shared::timefmt::iso8601_millis(world.clock.now()), stopped["now"], "for all of the world");
    let (_, moved) = clock(&world, Some(json!({"skew_seconds": -60}))).await;
    assert_ne!(moved["now"], stopped["now"]);
    let (_, going) = clock(&world, Some(json!({"freeze": false, "skew_seconds": 0}))).await;
    assert!(going["now"].as_str() >= stopped["now"].as_str() && going["frozen"] == false, "{going}");
    let offset = going["offset_ms"].as_i64().unwrap();
    assert!((3_540_000..=3_600_000).contains(&offset), "{offset}");
    for wrong in [json!({}), json!({"freeze": 1}), json!({"forward": 1})] {
        let (status, said) = clock(&world, Some(wrong)).await;
        assert!(status == 400 && said["error"].is_string(), "{said}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_refused_once_and_then_corrected() {
    for skew in [1200, -1200] {
        let world = World::start().await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let observer = Observer::new({
            let heard = Arc::clone(&heard);
            move |event| {
                if let Event::ClockCorrected { offset_seconds } = event {
                    heard.lock().unwrap().push(*offset_seconds);
                }
            }
        });
        // The token comes while all agree.
        let provider = world.app_provider().unwrap();
        let key = provider.credentials().await.unwrap();
        clock(&world, Some(json!({ "skew_seconds": skew / 100 }))).await;
        let fixed = world.provider(CredentialsSource::Fixed(key), Observer::silent()).unwrap();
        let client =
            Client::new(world.client_config().unwrap(), fixed, world.clock.clone() as Arc<dyn Clock>, observer)
                .unwrap();
        let key = ObjectKey::parse("users/demo/x").unwrap();
        client.put_bytes(&key, "a".into(), &UploadOptions::default()).await.expect("seconds do not matter");
        assert!(heard.lock().unwrap().is_empty());
        clock(&world, Some(json!({ "skew_seconds": skew }))).await;
        let outcome = client.put_bytes(&key, "b".into(), &UploadOptions::default()).await;
        match (skew, outcome) {
            // By OSS's clock the token of 15 minutes has ended, whatever the time is here.
            (1200, Err(error)) => assert_eq!(error.code(), "SecurityTokenExpired"),
            (-1200, Ok(_)) => {}
            (_, outcome) => panic!("{skew}: {outcome:?}"),
        }
        let heard = heard.lock().unwrap().clone();
        assert!(heard.len() == 1 && (heard[0] - skew).abs() <= 2, "{heard:?}");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/decisions", world.emulator.control_endpoint);
        let page: Value = serde_json::from_str(&http.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
        let codes: Vec<&str> =
            page["decisions"].as_array().unwrap().iter().map(|d| d["error_code"].as_str().unwrap()).collect();
        assert_eq!(codes.iter().filter(|code| **code == "RequestTimeTooSkewed").count(), 1, "{codes:?}");
        world.stop().await;
    }
}
