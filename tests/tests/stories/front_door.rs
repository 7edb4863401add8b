//! The front door: hostile requests by the byte, connections that are left, HTTPS, and hosts that stand for buckets.

use std::net::SocketAddr;
use std::time::Duration;

use emulator::{Cname, Options};
use shared::region::key_path;
use shared::sign::{Request, SignVersion};
use tests::{Answer, Ask, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What "promptly" means on a machine that is busy with other tests.
const PROMPTLY: Duration = Duration::from_secs(5);

fn address(stage: &Stage) -> SocketAddr {
    let endpoint = &stage.ready.oss_endpoint;
    endpoint.split_once("://").unwrap().1.parse().unwrap()
}

/// Sends `bytes` on a connection of their own; what comes back until it ends.
async fn send(stage: &Stage, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address(stage)).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // Whatever came before a reset counts.
    let _ = timeout(PROMPTLY, socket.read_to_end(&mut answer)).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request line and the headers of a rightly signed request, without the empty line.
fn head(stage: &Stage, method: &str, key: &str, target: &str) -> String {
    let mut request = Request::new(method, Some(&stage.ready.bucket), Some(key));
    stage.signer(&stage.user(), SignVersion::V4).sign_headers(&mut request);
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}", address(stage))
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_read_in_none() {
    let stage = Stage::open().await;
    let put = head(&stage, "PUT", "smuggled", &format!("/{}/smuggled", stage.ready.bucket));
    for (what, request, status) in [
        ("both lengths", format!("{put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400"),
        (
            "both, the other way",
            format!("{put}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
            "400",
        ),
        ("two lengths", format!("{put}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"), "400"),
        ("a length that is none", format!("{put}Content-Length: 0x5\r\n\r\nhello"), "400"),
        ("another coding", format!("{put}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "400"),
        ("a space before the colon", format!("{put}Content-Length : 5\r\n\r\nhello"), "400"),
        ("a folded header", format!("{put}Content-Length: 0\r\n Transfer-Encoding: chunked\r\n\r\n"), "400"),
        ("a bare line feed", format!("{put}X: y\nContent-Length: 5\r\n\r\nhello"), "400"),
        ("a bare carriage return", format!("{put}X: y\rContent-Length: 5\r\n\r\nhello"), "400"),
        ("a second Host", format!("{put}Host: other\r\nContent-Length: 0\r\n\r\n"), "400"),
        ("a second Authorization", format!("{put}Authorization: OSS a:b\r\nContent-Length: 0\r\n\r\n"), "400"),
        ("many headers", format!("{put}{}\r\n", "X: y\r\n".repeat(1000)), "431"),
        ("a large header", format!("{put}X: {}\r\n\r\n", "y".repeat(100_000)), "431"),
        ("a long target", format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(100_000)), "431"),
        ("no Host", "GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        ("no HTTP at all", "hello\r\n\r\n".to_owned(), "400"),
        ("a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00".to_owned(), "400"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "505"),
    ] {
        let answer = send(&stage, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
        assert!(answer.contains("connection: close"), "{what}: {answer}");
    }
    let answer =
        send(&stage, format!("{put}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "a chunk with a space: {answer}");
    let got = stage.ask(&stage.user(), Ask::new("GET", &stage.ready.bucket, "smuggled")).await;
    assert_eq!(got.verdict(), "404 NoSuchKey 0026-00000001", "nothing of it was stored");
    let answer =
        send(&stage, format!("{put}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "the same, rightly: {answer}");
    stage.close().await;
}

#[tokio::test]
async fn a_path_that_climbs_stays_a_key_in_its_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stage = Stage::with(Options { data: Some(data), ..Options::default() }).await;
    let bucket = &stage.ready.bucket;
    let climbing = "../../../../../../etc/passwd";
    for (key, target) in [
        (climbing, format!("/{bucket}/{climbing}")),
        (climbing, format!("/{bucket}/{}", key_path(climbing))),
        (climbing, format!("http://{}/{bucket}/{climbing}", address(&stage))),
        ("a/../../index.redb", format!("/{bucket}/a/%2e%2e/%2E./index.redb")),
        ("a\\..\\..\\b", format!("/{bucket}/a%5C..%5C..%5Cb")),
    ] {
        let put = head(&stage, "PUT", key, &target);
        let answer = send(&stage, format!("{put}Content-Length: 4\r\n\r\nmine").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{target}: {answer}");
        let answer = send(&stage, format!("{}\r\n", head(&stage, "GET", key, &target)).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nmine"), "{target}: {answer}");
    }
    // As a bucket's name it is refused; as none, it is one that is not there.
    for target in ["/../../etc/passwd", "/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd"] {
        let answer =
            send(&stage, format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{target}: {answer}");
        assert!(!answer.contains("root:"), "{target}: {answer}");
    }
    let around: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around, ["data"], "nothing was written beside the data folder");
    stage.close().await;
}

#[tokio::test]
async fn thousands_that_are_left_keep_nobody_waiting() {
    // Both ends of every connection are this process's, and other stories need files too.
    let files = rlimit::increase_nofile_limit(16 * 1024).unwrap();
    let many = usize::try_from(files / 8).unwrap().min(2000);
    let stage = Stage::open().await;
    let user = stage.user();
    let mut left = Vec::new();
    for index in 0..many {
        let mut socket = TcpStream::connect(address(&stage)).await.unwrap();
        match index % 4 {
            0 => {}
            1 => socket.write_all(b"GET / HT").await.unwrap(),
            2 => socket.write_all(b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n").await.unwrap(),
            _ => socket.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap(),
        }
        left.push(socket);
        if index % 200 == 0 {
            let key = format!("served-{index}");
            let put = stage.ask(&user, Ask::new("PUT", &stage.ready.bucket, &key).body("x"));
            assert_eq!(timeout(PROMPTLY, put).await.expect("a prompt answer").status, 200, "{index}");
            let fresh = head(&stage, "GET", &key, &format!("/{}/{key}", stage.ready.bucket));
            let answer = send(&stage, format!("{fresh}\r\n").as_bytes()).await;
            assert!(answer.ends_with("\r\n\r\nx"), "{index}: {answer}");
        }
    }
    drop(left);
    stage.close().await;
}

#[tokio::test]
async fn https_is_trusted_by_those_who_are_told_to() {
    let stage = Stage::with(Options { https: true, ..Options::default() }).await;
    assert!(stage.ready.sts_endpoint.starts_with("https://"), "{:?}", stage.ready);
    let token = stage.assume(None).await;
    let bucket = &stage.ready.bucket;
    for version in [SignVersion::V1, SignVersion::V4] {
        let put = stage.ask_signed(&token, version, Ask::new("PUT", bucket, "k").body(vec![7; 300_000])).await;
        assert_eq!(put.verdict(), "200");
        let got = stage.ask_signed(&token, version, Ask::new("GET", bucket, "k")).await;
        assert_eq!((got.status, got.body), (200, vec![7; 300_000]));
    }
    // By name as well: the region's hosts, and the bucket's at this machine.
    let pem = stage.http.get(format!("{}/ca.pem", stage.ready.control_endpoint)).send().await.unwrap();
    let authority = reqwest::Certificate::from_pem(&pem.bytes().await.unwrap()).unwrap();
    for host in [
        "localhost".to_owned(),
        format!("{bucket}.localhost"),
        "oss-cn-hangzhou.aliyuncs.com".to_owned(),
        format!("{bucket}.oss-cn-hangzhou.aliyuncs.com"),
    ] {
        let trusting = reqwest::Client::builder().no_proxy().tls_certs_only([authority.clone()]);
        let http = trusting.resolve(&host, address(&stage)).build().unwrap();
        let url = format!("https://{host}:{}/", address(&stage).port());
        assert_eq!(http.get(url).send().await.unwrap().status(), 403, "{host}: anonymous, but heard");
    }
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    let distrust = format!("{:?}", stranger.get(&stage.ready.oss_endpoint).send().await.unwrap_err());
    assert!(distrust.contains("UnknownIssuer"), "nobody trusts it untold: {distrust}");
    // Plain HTTP is served on the same port, and told apart.
    let insist = serde_json::json!({ "Version": "1", "Statement": [{
        "Effect": "Deny", "Action": ["oss:GetObject"], "Principal": ["*"], "Resource": [format!("acs:oss:*:*:{bucket}/*")],
        "Condition": { "Bool": { "acs:SecureTransport": ["false"] } },
    }]});
    let put = Ask::new("PUT", bucket, "").param("policy", "").body(insist.to_string());
    assert_eq!(stage.ask(&stage.user(), put).await.verdict(), "200");
    for (scheme, verdict) in [("https", "200"), ("http", "403 AccessDenied 0003-00000201")] {
        let mut request = Ask::new("GET", bucket, "k").request;
        stage.signer(&token, SignVersion::V4).sign_headers(&mut request);
        let endpoint = format!("{scheme}://{}", address(&stage));
        let answer = Answer::of(&stage.http, &endpoint, &request, Vec::new()).await;
        assert_eq!(answer.verdict(), verdict, "{scheme}");
    }
    stage.close().await;
}

#[tokio::test]
async fn without_https_there_is_nothing_to_trust() {
    let stage = Stage::open().await;
    let answer = stage.http.get(format!("{}/ca.pem", stage.ready.control_endpoint)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("--https"));
    stage.close().await;
}

#[tokio::test]
async fn a_host_of_ones_own_stands_for_a_bucket() {
    let cname = Cname::parse("photos.example.com=direct-transfer").unwrap();
    let stage = Stage::with(Options { cname: vec![cname], ..Options::default() }).await;
    let at = address(&stage);
    let http = reqwest::Client::builder().no_proxy().resolve("photos.example.com", at).build().unwrap();
    let key = "2026/a photo.jpg";
    for version in [SignVersion::V1, SignVersion::V4] {
        for (method, body) in [("PUT", "picture"), ("GET", "")] {
            let mut request = Request::new(method, Some(&stage.ready.bucket), Some(key));
            stage.signer(&stage.user(), version).sign_headers(&mut request);
            let url = format!("http://photos.example.com:{}/{}", at.port(), key_path(key));
            let mut send = http.request(method.parse().unwrap(), url).body(body);
            for (name, value) in &request.headers {
                send = send.header(name, value);
            }
            let answer = send.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{method} {version:?}");
            assert_eq!(answer.text().await.unwrap(), if method == "GET" { "picture" } else { "" });
        }
    }
    let by_path: Answer = stage.ask(&stage.user(), Ask::new("GET", &stage.ready.bucket, key)).await;
    assert_eq!(by_path.text(), "picture");
    stage.close().await;
}

#[tokio::test]
async fn an_old_http_client_is_served_and_let_go() {
    let stage = Stage::open().await;
    let bucket = &stage.ready.bucket;
    stage.ask(&stage.user(), Ask::new("PUT", bucket, "k").body("kept")).await;
    let old = |method: &str| {
        let head = head(&stage, method, "k", &format!("/{bucket}/k"));
        head.replacen("HTTP/1.1", "HTTP/1.0", 1).replacen("Connection: close\r\n", "", 1)
    };
    let got = send(&stage, format!("{}\r\n", old("GET")).as_bytes()).await;
    assert!(got.starts_with("HTTP/1.0 200 ") && got.ends_with("\r\n\r\nkept"), "{got}");
    assert!(!got.to_ascii_lowercase().contains("transfer-encoding"), "{got}");
    let put = send(&stage, format!("{}Content-Length: 3\r\n\r\nnew", old("PUT")).as_bytes()).await;
    assert!(put.starts_with("HTTP/1.0 200 "), "{put}");
    let put =
        send(&stage, format!("{}Transfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n", old("PUT")).as_bytes()).await;
    assert!(put.starts_with("HTTP/1.0 4") || put.starts_with("HTTP/1.1 4"), "HTTP/1.0 knows no chunks: {put}");
    assert_eq!(stage.ask(&stage.user(), Ask::new("GET", bucket, "k")).await.text(), "new");
    stage.close().await;
}
