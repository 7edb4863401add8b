//! Copies: of objects and into parts, with their conditions and directives.

use md5::{Digest, Md5};
use shared::crc64::crc64;
use tests::{Ask, Stage, token_policy};

#[tokio::test]
async fn a_copy_has_the_bytes_and_by_the_directives_the_rest() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    let source = format!("/{bucket}/dir/a%20b%E4%B8%AD");
    let put = ask("PUT", "dir/a b中").header("content-type", "text/plain").header("x-oss-meta-a", "1");
    let put = stage.ask(&user, put.header("x-oss-tagging", "k=v").body("hello")).await;
    let copy = |key: &str| ask("PUT", key).header("x-oss-copy-source", &source);
    let copied = stage.ask(&user, copy("copy")).await;
    assert_eq!(copied.verdict(), "200");
    assert_eq!(copied.leaf("CopyObjectResult/ETag"), put.header("etag"));
    assert_eq!(copied.header("x-oss-hash-crc64ecma"), crc64(b"hello").to_string());
    let replaced = copy("replaced").header("x-oss-metadata-directive", "REPLACE").header("content-type", "image/png");
    stage.ask(&user, replaced.header("x-oss-tagging-directive", "Replace").header("x-oss-storage-class", "IA")).await;
    // The source goes, the copies stay.
    stage.ask(&user, ask("DELETE", "dir/a b中")).await;
    for (key, kind, meta, tags, class) in
        [("copy", "text/plain", "1", "1", "Standard"), ("replaced", "image/png", "", "", "IA")]
    {
        let got = stage.ask(&user, ask("GET", key)).await;
        let told = ["content-type", "x-oss-meta-a", "x-oss-tagging-count", "x-oss-storage-class"];
        assert_eq!(told.map(|name| got.header(name)), [kind, meta, tags, class], "{key}");
        assert_eq!(got.text(), "hello");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_copy_is_refused_for_its_conditions_its_source_or_its_rights() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    stage.ask(&user, Ask::new("PUT", &bucket, "users/a/k").body("hello")).await;
    stage.ask(&user, Ask::new("PUT", &bucket, "users/b/k").body("secret")).await;
    let etag = hex_md5(b"hello");
    let token = stage.assume(Some(&token_policy(&bucket, "users/a/"))).await;
    let copy =
        |from: &str| Ask::new("PUT", &bucket, "users/a/copy").header("x-oss-copy-source", &format!("/{bucket}/{from}"));
    let source = "users/a/k";
    for (ask, expected) in [
        (copy(source).header("x-oss-copy-source-if-match", &etag), "200"),
        (copy(source).header("x-oss-copy-source-if-match", "OTHER"), "412 PreconditionFailed 0016-00000004"),
        (copy(source).header("x-oss-copy-source-if-none-match", &etag), "304"),
        (copy(source).header("x-oss-forbid-overwrite", "true"), "409 FileAlreadyExists 0026-00000002"),
        (copy(source).header("x-oss-forbid-overwrite", "maybe"), "400 InvalidArgument 0017-00000279"),
        (copy("users/a/none"), "404 NoSuchKey 0026-00000001"),
        (copy("users/b/k"), "403 AccessDenied 0003-00000301"),
        (copy("").header("x-oss-metadata-directive", "MOVE"), "400 InvalidObjectName 0016-00000005"),
        (copy(source).header("x-oss-metadata-directive", "MOVE"), "400 InvalidArgument"),
    ] {
        let answer = stage.ask(&token, ask).await;
        assert_eq!(answer.verdict(), expected, "{}", answer.text());
    }
    stage.close().await;
}

#[tokio::test]
async fn parts_are_copied_whole_or_in_pieces() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let bytes: Vec<u8> = (0..300_000u32).map(|at| (at % 251) as u8).collect();
    stage.ask(&user, Ask::new("PUT", &bucket, "source").body(bytes.clone())).await;
    let begun = stage.ask(&user, Ask::new("POST", &bucket, "k").param("uploads", "")).await;
    let id = begun.leaf("InitiateMultipartUploadResult/UploadId");
    let source = format!("/{bucket}/source");
    for (number, range) in [("1", "bytes=0-149999"), ("2", "")] {
        let mut part = Ask::new("PUT", &bucket, "k").param("partNumber", number).param("uploadId", &id);
        part = part.header("x-oss-copy-source", &source);
        if !range.is_empty() {
            part = part.header("x-oss-copy-source-range", range);
        }
        let copied = stage.ask(&user, part).await;
        assert_eq!(copied.verdict(), "200", "{}", copied.text());
        let piece = if range.is_empty() { &bytes[..] } else { &bytes[..150_000] };
        assert_eq!(copied.leaf("CopyPartResult/ETag"), format!("\"{}\"", hex_md5(piece)));
    }
    let both = Ask::new("POST", &bucket, "k").param("uploadId", &id).header("x-oss-complete-all", "yes");
    let refused = stage.ask(&user, both.clone().body("<CompleteMultipartUpload/>")).await;
    assert_eq!(refused.verdict(), "400 InvalidArgument 0042-00000216");
    assert_eq!(stage.ask(&user, both).await.verdict(), "200");
    let got = stage.ask(&user, Ask::new("GET", &bucket, "k")).await;
    assert_eq!(got.body, [&bytes[..150_000], &bytes].concat());
    stage.close().await;
}

fn hex_md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect()
}
