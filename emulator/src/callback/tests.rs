//! Callbacks over real sockets: what the app server gets, and what becomes of what it answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::json;
use shared::error::{OssCode, OssError};
use shared::sign::callback::{PublicKey, text};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const KEY_URL: &str = "http://127.0.0.1:9000/callback_pub_key.pem";
pub(super) const NOW: time::OffsetDateTime = datetime!(2024-05-07 03:06:13 UTC);
/// Longer than any exchange on loopback takes.
const PLENTY: Duration = Duration::from_secs(60);

/// An upload to speak of.
pub(super) fn facts() -> Facts {
    Facts {
        bucket: "photos".to_owned(),
        object: "a/中 \".jpg".to_owned(),
        etag: "D8E8FCA2DC0F896FD7CB4CB0031BA249".to_owned(),
        size: 5,
        mime_type: "image/jpeg".to_owned(),
        crc64: u64::MAX,
        content_md5: Some("2Oj8otwPiW/Xy0ywAxuiSQ==".to_owned()),
        client_ip: "127.0.0.1".to_owned(),
        request_id: "5C3D9175B6FC201293AD4890".to_owned(),
        operation: "PutObject".to_owned(),
        requester: Some("233139483420061".to_owned()),
        image: Some(ImageInfo { width: 810, height: 539, format: "jpg".to_owned() }),
    }
}

fn plan(callback: &serde_json::Value, var: &str) -> Plan {
    Plan::read(Some(&STANDARD.encode(callback.to_string())), Some(&STANDARD.encode(var))).unwrap().unwrap()
}

pub(super) fn simple(urls: &str) -> Plan {
    plan(&json!({ "callbackUrl": urls, "callbackBody": "b" }), "{}")
}

pub(super) fn caller() -> Caller {
    let dir = tempfile::tempdir().unwrap();
    Caller::new(CallbackKey::open(dir.path()).unwrap(), KEY_URL).unwrap()
}

/// Target, headers and body of a request.
type Got = (String, Vec<(String, String)>, Vec<u8>);

/// An app server that keeps what it gets, and answers 500 to `/fail…`.
async fn app_server() -> (SocketAddr, Arc<Mutex<Vec<Got>>>) {
    async fn handle(State(kept): State<Arc<Mutex<Vec<Got>>>>, request: Request) -> impl IntoResponse {
        let (parts, body) = request.into_parts();
        let target = parts.uri.to_string();
        let status = if target.starts_with("/fail") { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let headers = parts.headers.iter().map(header).collect();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        assert_eq!(parts.method, "POST");
        kept.lock().unwrap().push((target, headers, body));
        (status, r#"{"Status":"OK"}"#)
    }
    let kept = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(handle).with_state(Arc::clone(&kept));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, kept)
}

/// What a server does after its answer.
#[derive(Clone, Copy)]
enum Then {
    HangUp,
    Stall,
}

/// A server that reads one request and sends exactly these bytes.
async fn raw_server(answer: &str, then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, answer) = (listener.local_addr().unwrap(), answer.to_owned());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\nb") {
            let mut piece = [0; 4096];
            let count = socket.read(&mut piece).await.unwrap();
            assert!(count > 0, "the request broke off");
            seen.extend_from_slice(&piece[..count]);
        }
        // The caller may hang up on an answer that it does not want.
        let _ = socket.write_all(answer.as_bytes()).await;
        if matches!(then, Then::Stall) {
            std::future::pending::<()>().await;
        }
    });
    address
}

async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn header<'a>(got: &'a Got, name: &str) -> Option<&'a str> {
    got.1.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn the_app_server_gets_what_oss_sends() {
    let (address, kept) = app_server().await;
    let caller = caller();
    let public = PublicKey::from_pem(caller.public_key_pem()).unwrap();
    let form = json!({
        "callbackUrl": format!("{address}/%E4%B8%AD+?id=1&index=%202"),
        "callbackBody": "bucket=${bucket}&object=${object}&w=${imageInfo.width}&n=${x:note}&v=${vpcId}",
    });
    let json = json!({
        "callbackUrl": format!("http://{address}"),
        "callbackHost": "app.example",
        "callbackBodyType": "application/json",
        "callbackBody": r#"{"object":${object},"size":${size},"pic":"${imageInfo.width},${imageInfo.height}","n":${x:note}}"#,
    });
    let own_host = address.to_string();
    for (callback, target, host, content_type, body) in [
        (
            form,
            "/%E4%B8%AD+?id=1&index=%202",
            own_host.as_str(),
            "application/x-www-form-urlencoded",
            "bucket=photos&object=a%2F%E4%B8%AD%20%22.jpg&w=810&n=%26%3D&v=",
        ),
        (json, "/", "app.example", "application/json", r#"{"object":"a/中 \".jpg","size":5,"pic":"810,539","n":"&="}"#),
    ] {
        let answer = caller.run(&plan(&callback, r#"{"x:note":"&="}"#), &facts(), NOW).await.unwrap();
        assert_eq!(answer, r#"{"Status":"OK"}"#);
        let got = kept.lock().unwrap().pop().unwrap();
        assert_eq!((got.0.as_str(), String::from_utf8(got.2.clone()).unwrap().as_str()), (target, body));
        let (length, digest) = (body.len().to_string(), STANDARD.encode(Md5::digest(body)));
        for (name, value) in [
            ("host", host),
            ("connection", "close"),
            ("user-agent", "aliyun-oss-callback"),
            ("content-type", content_type),
            ("content-length", &length),
            ("content-md5", &digest),
            ("date", "Tue, 07 May 2024 03:06:13 GMT"),
            ("x-oss-pub-key-url", &STANDARD.encode(KEY_URL)),
            ("x-oss-bucket", "photos"),
            ("x-oss-request-id", "5C3D9175B6FC201293AD4890"),
            ("x-oss-requester", "233139483420061"),
            ("x-oss-signature-version", "1.0"),
            ("x-oss-tag", "CALLBACK"),
        ] {
            assert_eq!(header(&got, name), Some(value), "{name}");
        }
        let signature = header(&got, "authorization").unwrap();
        assert!(public.verify(signature, &text(&got.0, &got.2)), "{target}");
        assert!(!public.verify(signature, &text("/other", &got.2)), "{target}");
    }
}

#[tokio::test]
async fn urls_are_asked_in_order_until_one_answers() {
    let (address, kept) = app_server().await;
    let closed = closed_port().await;
    let urls = format!("http://{closed}/;http://{address}/fail1;{address}/right;{address}/never");
    caller().run(&simple(&urls), &facts(), NOW).await.unwrap();
    let asked: Vec<String> = kept.lock().unwrap().drain(..).map(|got| got.0).collect();
    assert_eq!(asked, ["/fail1", "/right"]);

    // Where none answers as it must, the last one's failure is told.
    let error = caller().run(&simple(&format!("{closed};{address}/fail2")), &facts(), NOW).await.unwrap_err();
    assert_eq!(error.message, "Error status : 500.");
}

fn failed(outcome: Result<bytes::Bytes, OssError>) -> (String, String) {
    let error = outcome.unwrap_err();
    assert_eq!((error.code, error.status), (OssCode::CallbackFailed, 203));
    (error.message, error.ec.unwrap())
}

#[tokio::test]
async fn a_wrong_answer_fails_the_callback_in_oss_words() {
    const NOT_JSON: &str = "Response body is not valid json format.";
    const INVALID_LENGTH: &str = "Error Status : 400.User server return invalid content-length value.";
    const MISSING_LENGTH: &str = "Error Status : 400.User server missing content-length.";
    let oversize = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", (1 << 20) + 1);
    for (answer, message, ec) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", NOT_JSON, "205"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n\u{feff}{}", NOT_JSON, "205"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}x", NOT_JSON, "205"),
        ("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}", "Error status : 201.", "203"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "Error status : 204.", "203"),
        ("HTTP/1.1 301 Moved\r\nlocation: /\r\ncontent-length: 2\r\n\r\n{}", "Error status : 301.", "203"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "Error status : 400.", "203"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "Error status : 404.", "203"),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "Error status : 502.", "203"),
        ("HTTP/1.0 200 OK\r\n\r\n{}", MISSING_LENGTH, "203"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", MISSING_LENGTH, "203"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", INVALID_LENGTH, "203"),
        ("HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}", INVALID_LENGTH, "203"),
        (&oversize, "Error Status : 400.User server return too long content-length value.", "203"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}", "Error status : 502.", "203"),
        ("no HTTP at all\r\n\r\n", "Error status : 502.", "203"),
        ("", "Error status : 502.", "203"),
    ] {
        let address = raw_server(answer, Then::HangUp).await;
        let outcome = caller().run_within(&simple(&address.to_string()), &facts(), NOW, PLENTY).await;
        assert_eq!(failed(outcome), (message.to_owned(), format!("0007-00000{ec}")), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_of_a_mebibyte_passes_unchanged() {
    let body = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    let answer = format!("HTTP/1.0 200 OK\r\nContent-Length: 1048576\r\n\r\n{body}");
    let address = raw_server(&answer, Then::HangUp).await;
    assert_eq!(caller().run(&simple(&address.to_string()), &facts(), NOW).await.unwrap(), body);
}

#[tokio::test]
async fn whoever_is_not_there_or_too_slow_fails_the_callback() {
    let closed = closed_port().await;
    let outcome = caller().run(&simple(&closed.to_string()), &facts(), NOW).await;
    let message = "Error status : -1. OSS can not connect to your callbackUrl, please check it.";
    assert_eq!(failed(outcome), (message.to_owned(), "0007-00000203".to_owned()));

    // Silent from the start, and silent in the middle of the answer.
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"] {
        let address = raw_server(begun, Then::Stall).await;
        let limit = Duration::from_millis(50);
        let outcome = caller().run_within(&simple(&address.to_string()), &facts(), NOW, limit).await;
        let message = format!("Error status : -1 {address} reply timeout, cost: 50 ms, timeout: 50 ms.");
        assert_eq!(failed(outcome), (message, "0007-00000202".to_owned()));
    }
}

#[tokio::test]
async fn https_names_its_server_only_when_asked_to() {
    for (sni, named) in [(false, false), (true, true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hello = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut hello = vec![0; 4096];
            let count = socket.read(&mut hello).await.unwrap();
            hello.truncate(count);
            socket.write_all(b"this is no TLS at all\r\n\r\n").await.unwrap();
            hello
        });
        let callback = json!({
            "callbackUrl": format!("https://localhost:{port}/"), "callbackBody": "b", "callbackSNI": sni,
        });
        let outcome = caller().run_within(&plan(&callback, "{}"), &facts(), NOW, PLENTY).await;
        assert_eq!(failed(outcome).0, "Error status : 502.");
        let hello = hello.await.unwrap();
        assert_eq!(hello.windows(9).any(|bytes| bytes == b"localhost"), named);
    }
}
