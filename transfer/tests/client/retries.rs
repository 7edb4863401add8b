//! What is repeated, how often, and what is given up.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::clock::ManualClock;
use shared::error::{OssCode, OssError};
use shared::region::Endpoint;
use time::macros::datetime;
use transfer::{Client, Event, TransferError, UploadOptions};

use crate::fake::{Fake, Fault, key, recorder};

#[tokio::test]
async fn failures_that_may_pass_are_repeated_and_others_are_not() {
    use Fault::{Refuse, Truncate};
    for (faults, requests, outcome) in [
        (vec![Refuse(500, "InternalError")], 2, Ok(())),
        (vec![Refuse(503, "ServiceUnavailable"); 2], 3, Ok(())),
        (vec![Refuse(503, "ServiceUnavailable"); 3], 3, Err("ServiceUnavailable")),
        (vec![Refuse(429, "TooManyRequests")], 2, Ok(())),
        (vec![Refuse(408, "Slow")], 2, Ok(())),
        (vec![Truncate, Truncate], 3, Ok(())),
        (vec![Truncate, Truncate, Truncate], 3, Err("Interrupted")),
        (vec![Refuse(501, "NotImplemented")], 1, Err("NotImplemented")),
        (vec![Refuse(403, "AccessDenied")], 1, Err("AccessDenied")),
        (vec![Refuse(400, "InvalidArgument")], 1, Err("InvalidArgument")),
        (vec![Refuse(203, "CallbackFailed")], 1, Err("CallbackFailed")),
        (vec![Refuse(301, "Moved")], 1, Err("Moved")),
    ] {
        let fake = Fake::start().await;
        fake.mistreat("PutObject", &faults);
        let done = fake.plain_client().put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await;
        assert_eq!(done.as_ref().map(|_| ()).map_err(TransferError::code), outcome, "{faults:?}");
        assert_eq!(fake.count("PutObject"), requests, "{faults:?}");
    }
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_once_and_for_all() {
    for minutes in [20, -20, 3 * 24 * 60] {
        let fake = Fake::start().await;
        let wrong = Arc::new(ManualClock::new(datetime!(2024-06-01 12:00:00 UTC)));
        wrong.advance(time::Duration::minutes(minutes));
        let (observer, events) = recorder();
        let client = Client::new(fake.config(), fake.provider(&wrong), wrong, observer).unwrap();
        client.put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await.unwrap();
        client.head(&key("a")).await.unwrap();
        assert_eq!(fake.world().log, ["refused PutObject", "PutObject", "HeadObject"], "{minutes}");
        let corrected = Event::ClockCorrected { offset_seconds: -60 * minutes };
        assert!(events.lock().unwrap().contains(&corrected), "{minutes}");
    }
}

#[tokio::test]
async fn a_clock_that_stays_wrong_is_told() {
    let fake = Fake::start().await;
    fake.mistreat(
        "HeadObject",
        &[Fault::Refuse(403, "RequestTimeTooSkewed"), Fault::Refuse(403, "RequestTimeTooSkewed")],
    );
    assert_eq!(fake.plain_client().head(&key("a")).await.unwrap_err().code(), "RequestTimeTooSkewed");
    assert_eq!(fake.count("HeadObject"), 2);
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let fake = Fake::start().await;
    fake.mistreat("HeadObject", &[Fault::Silence, Fault::Silence]);
    let mut config = fake.config();
    config.socket_timeout = Duration::from_millis(100);
    config.max_error_retries = 1;
    let began = Instant::now();
    let error = fake.client(config, recorder().0).head(&key("a")).await.unwrap_err();
    assert_eq!(error.code(), "Timeout", "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(fake.count("HeadObject"), 2);
}

/// Reads a little of each request, says `answer`, and reads no further.
fn lazy_server(answer: String) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read_exact(&mut [0; 1000]);
            connection.write_all(answer.as_bytes()).unwrap();
            kept.push(connection);
        }
    });
    address
}

#[tokio::test]
async fn an_upload_that_nobody_reads_ends_with_what_the_server_said_or_a_timeout() {
    let xml = OssError::new(OssCode::AccessDenied, "No.").to_xml();
    let refusal = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{xml}", xml.len());
    let success = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned();
    for (answer, code) in [(String::new(), "Timeout"), (refusal, "AccessDenied"), (success, "Interrupted")] {
        let fake = Fake::start().await;
        let mut config = fake.config();
        config.endpoint = Endpoint::parse(&format!("http://{}", lazy_server(answer))).unwrap();
        config.socket_timeout = Duration::from_millis(200);
        config.max_error_retries = 0;
        // More than the buffers of both ends hold.
        let body = vec![0; 32 * 1024 * 1024];
        let client = fake.client(config, recorder().0);
        let error = client.put_bytes(&key("a"), body.into(), &UploadOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named() {
    let fake = Fake::start().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = fake.config();
    config.endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let (observer, events) = recorder();
    let error = fake.client(config, observer).head(&key("a")).await.unwrap_err();
    assert_eq!(error.code(), "Connect");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    let events = events.lock().unwrap();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count(), 2);
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_given_up_after_its_own_timeout() {
    // A listener whose only place is taken lets nobody in, and refuses nobody.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 64, "this system lets everybody in");
    }
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.endpoint = Endpoint::parse(&format!("http://{address}")).unwrap();
    // Connecting is no silence: it has as long as it may take, whatever a request may.
    (config.connect_timeout, config.socket_timeout) = (Duration::from_millis(600), Duration::from_millis(50));
    config.max_error_retries = 0;
    let client = fake.client(config, recorder().0);
    let began = Instant::now();
    let error = client.head(&key("a")).await.unwrap_err();
    assert_eq!(error.code(), "Connect", "{error}");
    let took = began.elapsed();
    assert!((Duration::from_millis(500)..Duration::from_secs(5)).contains(&took), "{took:?}");
}
