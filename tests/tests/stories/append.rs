//! AppendObject: bytes put behind one another, and nowhere else.

use emulator::Options;
use shared::crc64::crc64;
use tests::{Ask, Stage};

#[tokio::test]
async fn bytes_go_behind_those_that_are_there() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let append = |key: &str, position: &str, body: &str| {
        Ask::new("POST", &bucket, key).param("append", "").param("position", position).body(body)
    };
    let first = stage.ask(&user, append("log", "0", "hello").header("x-oss-meta-a", "1")).await;
    assert_eq!((first.status, first.header("x-oss-next-append-position")), (200, "5"));
    let second = stage.ask(&user, append("log", "5", " world")).await;
    assert_eq!(second.header("x-oss-hash-crc64ecma"), crc64(b"hello world").to_string());
    let wrong = stage.ask(&user, append("log", "5", "again")).await;
    assert_eq!(wrong.verdict(), "409 PositionNotEqualToLength 0026-00000016");
    assert_eq!(wrong.header("x-oss-next-append-position"), "11");
    let head = stage.ask(&user, Ask::new("HEAD", &bucket, "log")).await;
    for (name, value) in
        [("x-oss-object-type", "Appendable"), ("x-oss-next-append-position", "11"), ("x-oss-meta-a", "1")]
    {
        assert_eq!(head.header(name), value);
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "log").header("range", "bytes=3-7")).await.text(), "lo wo");

    stage.ask(&user, Ask::new("PUT", &bucket, "plain").body("x")).await;
    for (ask, expected) in [
        (append("plain", "1", "y"), "409 ObjectNotAppendable"),
        (append("new", "3", "y"), "409 PositionNotEqualToLength 0026-00000016"),
        (append("log", "x", "y"), "400 InvalidArgument"),
        (Ask::new("POST", &bucket, "log").param("append", ""), "400 MissingArgument 0016-00000501"),
        (append("log", "11", "y").header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="), "400 InvalidDigest"),
        (
            Ask::new("PUT", &bucket, "copy").header("x-oss-copy-source", &format!("/{bucket}/log")),
            "400 OperationNotSupported",
        ),
    ] {
        assert_eq!(stage.ask(&user, ask).await.verdict(), expected);
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "log")).await.text(), "hello world");
    stage.close().await;
}

#[tokio::test]
async fn of_two_who_append_at_once_one_is_told_to_look_again() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |body: &str| Ask::new("POST", &bucket, "log").param("append", "").param("position", "0").body(body);
    let (a, b) = tokio::join!(stage.ask(&user, ask("aaaa")), stage.ask(&user, ask("bbbb")));
    let mut verdicts = [a.verdict(), b.verdict()];
    verdicts.sort();
    assert_eq!(verdicts, ["200", "409 PositionNotEqualToLength 0026-00000016"]);
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "log")).await.body.len(), 4);
    stage.close().await;
}

#[tokio::test]
async fn many_appends_are_kept_in_few_files() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::with(Options { data: Some(folder.path().to_owned()), ..Options::default() }).await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let mut whole = Vec::new();
    for n in 0..200_u32 {
        let line = format!("line {n}\n");
        let position = whole.len().to_string();
        let ask = Ask::new("POST", &bucket, "log").param("append", "").param("position", &position);
        assert_eq!(stage.ask(&user, ask.body(line.as_str())).await.verdict(), "200");
        whole.extend_from_slice(line.as_bytes());
    }
    let got = stage.ask(&user, Ask::new("GET", &bucket, "log")).await;
    assert_eq!(got.header("x-oss-hash-crc64ecma"), shared::crc64::crc64(&whole).to_string());
    assert!(got.body == whole);
    stage.close().await;
    let shelves = std::fs::read_dir(folder.path().join("blobs")).unwrap().flatten();
    let files: usize = shelves.map(|shelf| std::fs::read_dir(shelf.path()).unwrap().count()).sum();
    assert!(files <= 24, "{files} files");
}
