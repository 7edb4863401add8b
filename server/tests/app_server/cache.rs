//! How often STS is asked for how many callers, and what they get while it is away.

use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{FakeSts, Said, app_and_clock, assumed_role, config, get, serving};

/// An answer up to the time at which it was given.
fn token(body: &str) -> &str {
    body.split_once(",\"ServerTime\"").unwrap().0
}

/// Sends a GET on a connection of its own and reads the answer to its end.
async fn ask_on_a_new_connection(authority: String) -> String {
    let mut socket = TcpStream::connect(&authority).await.unwrap();
    let request = format!("GET /sts HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_thousand_clients_at_one_expiry_cause_one_call() {
    rlimit::increase_nofile_limit(8192).unwrap();
    let sts = FakeSts::granting_for_a_while().await;
    let (app, clock) = app_and_clock(config(&sts.endpoint));
    let url = serving(&app).await;
    let first = get(&format!("{url}/sts")).await.body;
    clock.advance(Duration::seconds(539));
    assert_eq!(token(&get(&format!("{url}/sts")).await.body), token(&first), "361 s are left");

    clock.advance(Duration::seconds(1));
    // STS takes its time, until every client has been told apart from the others by its connection.
    let held = sts.gate.acquire_many(1_000_000).await.unwrap();
    let authority = url.strip_prefix("http://").unwrap().to_owned();
    let asking: Vec<_> = (0..1000).map(|_| tokio::spawn(ask_on_a_new_connection(authority.clone()))).collect();
    while sts.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    drop(held);
    let mut bodies = Vec::new();
    for one in asking {
        bodies.push(one.await.unwrap());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "all got the same");
    assert!(bodies[0].contains("2017-12-12T07:58:09Z"), "{}", bodies[0]);
    assert_eq!(sts.calls().len(), 2, "one for the first token, one for all the others");
}

#[tokio::test]
async fn a_refusal_by_sts_is_told_though_an_older_token_lasts_and_is_kept_by_nobody() {
    let sts = FakeSts::told(|call| match call.number {
        0 => Said { status: 200, body: assumed_role("2017-12-12T08:34:09Z"), date: call.time() },
        _ => Said { status: 403, body: r#"{"Code":"NoPermission","Message":"no"}"#.to_owned(), date: call.time() },
    })
    .await;
    let mut config = config(&sts.endpoint);
    config.token_expire_time = 3600;
    let (app, clock) = app_and_clock(config.clone());
    let url = format!("{}/sts", serving(&app).await);
    let first = get(&url).await.body;

    clock.advance(Duration::seconds(2640));
    for calls in 2..4 {
        assert_eq!(get(&url).await.json()["ErrorCode"], "NoPermission");
        assert_eq!(sts.calls().len(), calls);
    }
    assert!(first.contains("\"StatusCode\":200"));
}

#[tokio::test]
async fn a_reload_forgets_the_tokens_of_the_old_settings() {
    let sts = FakeSts::granting_for_a_while().await;
    let (app, _) = app_and_clock(config(&sts.endpoint));
    let url = format!("{}/sts", serving(&app).await);
    get(&url).await;
    get(&url).await;
    assert_eq!(sts.calls().len(), 1);
    app.reload(config(&sts.endpoint)).unwrap();
    get(&url).await;
    assert_eq!(sts.calls().len(), 2);
    let mut wrong = config(&sts.endpoint);
    wrong.role_arn = "no role".to_owned();
    assert!(app.reload(wrong).is_err());
    get(&url).await;
    assert_eq!(sts.calls().len(), 2, "settings that are refused change nothing");
}

#[tokio::test]
async fn a_reload_under_load_fails_no_request() {
    let sts = FakeSts::granting_for_a_while().await;
    let (app, _) = app_and_clock(config(&sts.endpoint));
    let url = serving(&app).await;
    let authority = url.strip_prefix("http://").unwrap().to_owned();
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let authority = authority.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    let body = ask_on_a_new_connection(authority.clone()).await;
                    assert!(body.contains("\"StatusCode\":200"), "{body}");
                }
            })
        })
        .collect();
    for _ in 0..20 {
        app.reload(config(&sts.endpoint)).unwrap();
        tokio::task::yield_now().await;
    }
    for one in asking {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn an_sts_that_is_away_costs_no_caller_a_token_that_lasts() {
    let sts = FakeSts::granting_for_a_while().await;
    let mut settings = config(&sts.endpoint);
    settings.token_expire_time = 3600;
    let (app, clock) = app_and_clock(settings);
    let url = format!("{}/sts", serving(&app).await);
    let first = get(&url).await.body;
    clock.advance(Duration::seconds(2640));
    // From here on it breaks every connection off.
    sts.gate.close();
    assert_eq!(token(&get(&url).await.body), token(&first));
    let asked = sts.calls().len();
    assert_eq!(token(&get(&url).await.body), token(&first));
    assert_eq!(sts.calls().len(), asked, "STS is left alone for a while");
}
