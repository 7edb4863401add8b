//! Objects and uploads as OSS keeps them: digests, ranges, conditions, parts, lists.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use shared::crc64::{combine, crc64};
use tests::{Ask, Stage};

#[tokio::test]
async fn an_object_comes_back_as_it_went() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let put = Ask::new("PUT", &bucket, "k")
        .header("content-type", "text/plain; charset=utf-8")
        .header("cache-control", "max-age=60")
        .header("x-oss-meta-who", "张三")
        .header("x-oss-meta-twice", "one")
        .header("x-oss-meta-twice", "two")
        .header("content-md5", &STANDARD.encode(Md5::digest(b"hello world")))
        .body("hello world");
    let answer = stage.ask(&user, put).await;
    assert_eq!(answer.verdict(), "200");
    assert_eq!(answer.header("etag"), "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\"");
    assert_eq!(answer.header("x-oss-hash-crc64ecma"), crc64(b"hello world").to_string());
    for method in ["GET", "HEAD"] {
        let answer = stage.ask(&user, Ask::new(method, &bucket, "k")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), if method == "GET" { "hello world" } else { "" });
        for (name, value) in [
            ("content-length", "11"),
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "max-age=60"),
            ("x-oss-meta-who", "张三"),
            ("x-oss-meta-twice", "one,two"),
            ("x-oss-object-type", "Normal"),
            ("x-oss-storage-class", "Standard"),
            ("etag", "\"5EB63BBBE01EEED093CB22BB8F5ACDC3\""),
        ] {
            assert_eq!(answer.header(name), value, "{method}");
        }
        assert!(shared::timefmt::parse_http_date(answer.header("last-modified")).is_some());
    }
    let meta = stage.ask(&user, Ask::new("HEAD", &bucket, "k").param("objectMeta", "")).await;
    assert_eq!((meta.header("content-length"), meta.header("content-type")), ("11", ""));

    for (range, standard, status, body, content_range) in [
        ("bytes=0-4", false, 206, "hello", "bytes 0-4/11"),
        ("bytes=-5", false, 206, "world", "bytes 6-10/11"),
        ("bytes=6-99", false, 200, "hello world", ""),
        ("bytes=6-99", true, 206, "world", "bytes 6-10/11"),
    ] {
        let mut ask = Ask::new("GET", &bucket, "k").header("range", range);
        if standard {
            ask = ask.header("x-oss-range-behavior", "standard");
        }
        let answer = stage.ask(&user, ask).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, body), "{range} {standard}");
        assert_eq!(answer.header("content-range"), content_range);
    }
    let beyond = Ask::new("GET", &bucket, "k").header("range", "bytes=11-").header("x-oss-range-behavior", "standard");
    assert_eq!(stage.ask(&user, beyond).await.verdict(), "416 InvalidRange");
    let unchanged = Ask::new("GET", &bucket, "k").header("if-none-match", "5EB63BBBE01EEED093CB22BB8F5ACDC3");
    assert_eq!(stage.ask(&user, unchanged).await.verdict(), "304");
    let failed = Ask::new("GET", &bucket, "k").header("if-match", "\"other\"");
    assert_eq!(stage.ask(&user, failed).await.verdict(), "412 PreconditionFailed 0016-00000004");
    let named = Ask::new("GET", &bucket, "k").param("response-content-type", "image/x-odd");
    assert_eq!(stage.ask(&user, named).await.header("content-type"), "image/x-odd");

    for _ in 0..2 {
        assert_eq!(stage.ask(&user, Ask::new("DELETE", &bucket, "k")).await.status, 204);
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "k")).await.verdict(), "404 NoSuchKey 0026-00000001");
    stage.close().await;
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says_changes_nothing() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "k").body("first")).await.status, 200);
    for (md5, verdict) in [
        (STANDARD.encode(Md5::digest(b"something else")), "400 InvalidDigest"),
        ("not base64".to_owned(), "400 InvalidDigest"),
    ] {
        let put = Ask::new("PUT", &bucket, "k").header("content-md5", &md5).body("second");
        assert_eq!(stage.ask(&user, put).await.verdict(), verdict);
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "k")).await.text(), "first");
    let absent = stage.ask(&user, Ask::new("PUT", "no-such-bucket", "k").body("x")).await;
    assert_eq!(absent.verdict(), "404 NoSuchBucket 0015-00000101");
    stage.close().await;
}

#[tokio::test]
async fn a_multipart_upload_from_first_part_to_object() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let initiate = Ask::new("POST", &bucket, "大/文件").param("uploads", "").header("content-type", "image/png");
    let begun = stage.ask(&user, initiate).await;
    let id = begun.leaf("InitiateMultipartUploadResult/UploadId");
    assert_eq!(begun.leaf("InitiateMultipartUploadResult/Key"), "大/文件");
    let part = |number: u32, body: Vec<u8>| {
        Ask::new("PUT", &bucket, "大/文件").param("partNumber", &number.to_string()).param("uploadId", &id).body(body)
    };
    let (one, two, three) = (vec![1; 150_000], vec![2; 102_400], vec![3; 7]);
    let mut etags = Vec::new();
    for (number, body) in [(1, vec![9; 5]), (5, three.clone()), (1, one.clone()), (3, two.clone())] {
        let answer = stage.ask(&user, part(number, body.clone())).await;
        assert_eq!(answer.header("x-oss-hash-crc64ecma"), crc64(&body).to_string());
        etags.push((number, answer.header("etag").to_owned()));
    }
    let listed =
        stage.ask(&user, Ask::new("GET", &bucket, "大/文件").param("uploadId", &id).param("max-parts", "2")).await;
    assert_eq!(listed.leaves("ListPartsResult/Part/PartNumber"), ["1", "3"]);
    assert_eq!(listed.leaves("ListPartsResult/Part/HashCrc64ecma")[0], crc64(&one).to_string());
    assert_eq!(listed.leaf("ListPartsResult/IsTruncated"), "true");
    assert_eq!(listed.leaf("ListPartsResult/NextPartNumberMarker"), "3");
    let uploads = stage.ask(&user, Ask::new("GET", &bucket, "").param("uploads", "")).await;
    assert_eq!(uploads.leaves("ListMultipartUploadsResult/Upload/UploadId"), [id.as_str()]);

    let complete = |parts: &[(u32, &str)]| {
        let list: String = parts
            .iter()
            .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
            .collect();
        Ask::new("POST", &bucket, "大/文件")
            .param("uploadId", &id)
            .body(format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>"))
    };
    let (e1, e3, e5) = (etags[2].1.as_str(), etags[3].1.as_str(), etags[1].1.as_str());
    for (parts, verdict) in [
        (&[(1, e1), (2, e3)][..], "400 InvalidPart 0042-00000211"),
        (&[(1, e3)], "400 InvalidPart 0042-00000211"),
        (&[(3, e3), (1, e1)], "400 InvalidPartOrder 0042-00000209"),
        (&[(1, e1), (1, e1)], "400 InvalidPartOrder 0042-00000209"),
        (&[], "400 MalformedXML 0042-00000205"),
    ] {
        assert_eq!(stage.ask(&user, complete(parts)).await.verdict(), verdict, "{parts:?}");
    }
    let malformed = Ask::new("POST", &bucket, "大/文件").param("uploadId", &id).body("<Complete");
    assert_eq!(stage.ask(&user, malformed).await.verdict(), "400 MalformedXML 0042-00000205");

    let escaped = e5.replace('"', "&quot;").to_lowercase();
    let done = stage.ask(&user, complete(&[(1, e1), (3, e3.trim_matches('"')), (5, &escaped)])).await;
    assert_eq!(done.verdict(), "200");
    let whole = [one.clone(), two.clone(), three.clone()].concat();
    assert_eq!(done.header("x-oss-hash-crc64ecma"), crc64(&whole).to_string());
    let by_parts = combine(combine(crc64(&one), crc64(&two), two.len() as u64), crc64(&three), three.len() as u64);
    assert_eq!(by_parts, crc64(&whole));
    let read = stage.ask(&user, Ask::new("GET", &bucket, "大/文件")).await;
    assert_eq!(read.body, whole);
    assert_eq!(read.header("content-type"), "image/png");
    assert_eq!(read.header("x-oss-object-type"), "Multipart");
    assert!(read.header("etag").ends_with("-3\""), "{}", read.header("etag"));
    // A range across the seams.
    let across = stage.ask(&user, Ask::new("GET", &bucket, "大/文件").header("range", "bytes=149999-252402")).await;
    assert_eq!(across.body, whole[149_999..=252_402]);
    let again = stage.ask(&user, complete(&[(1, e1)])).await;
    assert_eq!(again.verdict(), "404 NoSuchUpload 0042-00000311");
    stage.close().await;
}

#[tokio::test]
async fn small_parts_and_aborted_uploads() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let begun = stage.ask(&user, Ask::new("POST", &bucket, "k").param("uploads", "")).await;
    let id = begun.leaf("InitiateMultipartUploadResult/UploadId");
    let mut list = String::new();
    for number in ["1", "2"] {
        let part = Ask::new("PUT", &bucket, "k").param("partNumber", number).param("uploadId", &id).body("small");
        let etag = stage.ask(&user, part).await.header("etag").to_owned();
        list.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"));
    }
    let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    let complete = Ask::new("POST", &bucket, "k").param("uploadId", &id).body(body);
    assert_eq!(stage.ask(&user, complete).await.verdict(), "400 EntityTooSmall 0042-00000213");
    let abort = Ask::new("DELETE", &bucket, "k").param("uploadId", &id);
    assert_eq!(stage.ask(&user, abort.clone()).await.status, 204);
    assert_eq!(stage.ask(&user, abort).await.verdict(), "404 NoSuchUpload 0042-00000311");
    let late = Ask::new("PUT", &bucket, "k").param("partNumber", "3").param("uploadId", &id).body("late");
    assert_eq!(stage.ask(&user, late).await.verdict(), "404 NoSuchUpload 0042-00000311");
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "k")).await.verdict(), "404 NoSuchKey 0026-00000001");
    stage.close().await;
}

#[tokio::test]
async fn lists_page_through_everything_once() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let keys = ["a", "b/1", "b/2", "c d+e", "中/文", "🙂"];
    for key in keys {
        assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, key).body("x")).await.status, 200);
    }
    let (mut marker, mut token, mut seen, mut seen_v2) = (String::new(), String::new(), Vec::new(), Vec::new());
    for _ in 0..keys.len() {
        let page = stage.ask(&user, Ask::new("GET", &bucket, "").param("max-keys", "2").param("marker", &marker)).await;
        seen.extend(page.leaves("ListBucketResult/Contents/Key"));
        marker = page.leaf("ListBucketResult/NextMarker");
        let mut ask = Ask::new("GET", &bucket, "").param("list-type", "2").param("max-keys", "2");
        if !token.is_empty() {
            ask = ask.param("continuation-token", &token);
        }
        let page = stage.ask(&user, ask).await;
        seen_v2.extend(page.leaves("ListBucketResult/Contents/Key"));
        token = page.leaf("ListBucketResult/NextContinuationToken");
        assert_eq!(marker.is_empty(), token.is_empty());
        if marker.is_empty() {
            break;
        }
    }
    assert_eq!(seen, keys);
    assert_eq!(seen_v2, keys);
    let rolled = Ask::new("GET", &bucket, "").param("delimiter", "/").param("encoding-type", "url");
    let rolled = stage.ask(&user, rolled).await;
    assert_eq!(rolled.leaves("ListBucketResult/CommonPrefixes/Prefix"), ["b%2F", "%E4%B8%AD%2F"]);
    assert_eq!(rolled.leaves("ListBucketResult/Contents/Key"), ["a", "c%20d%2Be", "%F0%9F%99%82"]);
    assert_eq!(rolled.leaf("ListBucketResult/EncodingType"), "url");
    for (name, value) in [
        ("max-keys", "0"),
        ("max-keys", "1001"),
        ("max-keys", "x"),
        ("encoding-type", "gzip"),
        ("continuation-token", "%"),
    ] {
        let ask = Ask::new("GET", &bucket, "").param("list-type", "2").param(name, value);
        assert_eq!(stage.ask(&user, ask).await.verdict(), "400 InvalidArgument", "{name}={value}");
    }
    let buckets = stage.ask(&user, Ask::new("GET", "", "")).await;
    assert_eq!(buckets.leaves("ListAllMyBucketsResult/Buckets/Bucket/Name"), [bucket.as_str()]);
    let info = stage.ask(&user, Ask::new("GET", &bucket, "").param("bucketInfo", "")).await;
    assert_eq!(info.leaf("BucketInfo/Bucket/Location"), "oss-cn-hangzhou");
    let location = stage.ask(&user, Ask::new("GET", &bucket, "").param("location", "")).await;
    assert_eq!(location.leaf("LocationConstraint"), "oss-cn-hangzhou");
    stage.close().await;
}

#[tokio::test]
async fn what_is_not_modified_says_which_it_is() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let put = stage.ask(&user, Ask::new("PUT", &bucket, "k").header("cache-control", "max-age=60").body("x")).await;
    let etag = put.header("etag").to_owned();
    for method in ["GET", "HEAD"] {
        let whole = stage.ask(&user, Ask::new(method, &bucket, "k")).await;
        let same = stage.ask(&user, Ask::new(method, &bucket, "k").header("if-none-match", &etag)).await;
        assert_eq!((same.status, same.body.len()), (304, 0), "{method}");
        for name in ["etag", "last-modified", "cache-control"] {
            assert_eq!(same.header(name), whole.header(name), "{method} {name}");
            assert!(!same.header(name).is_empty(), "{method} {name}");
        }
    }
    stage.close().await;
}

#[tokio::test]
async fn texts_are_compressed_for_those_who_take_gzip() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let text = "a line of text\n".repeat(20_000);
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    for (key, kind, body) in
        [("t", "text/plain; charset=utf-8", text.as_str()), ("b", "image/png", &text), ("s", "text/plain", "short")]
    {
        stage.ask(&user, ask("PUT", key).header("content-type", kind).body(body)).await;
    }
    stage
        .ask(
            &user,
            ask("PUT", "z").header("content-type", "text/css").header("content-encoding", "br").body(text.as_str()),
        )
        .await;
    for (key, accepted, range, compressed) in [
        ("t", "gzip", "", true),
        ("t", "deflate, gzip;q=0.8", "", true),
        ("t", "gzip;q=0", "", false),
        ("t", "br", "", false),
        ("t", "", "", false),
        ("t", "gzip", "bytes=0-2000", false),
        ("b", "gzip", "", false),
        ("s", "gzip", "", false),
        ("z", "gzip", "", false),
    ] {
        let with = |method: &str| {
            let mut ask = ask(method, key);
            for (name, value) in [("accept-encoding", accepted), ("range", range)] {
                if !value.is_empty() {
                    ask = ask.header(name, value);
                }
            }
            ask
        };
        let what = format!("{key} {accepted} {range}");
        let got = stage.ask(&user, with("GET")).await;
        assert_eq!(got.header("content-encoding") == "gzip", compressed, "{what}");
        assert_eq!(got.header("etag").is_empty(), compressed, "{what}");
        assert_eq!(got.header("content-length").is_empty(), compressed, "{what}");
        assert_eq!(got.header("accept-ranges").is_empty(), compressed, "{what}");
        assert_eq!(got.header("vary").contains("Accept-Encoding"), compressed, "{what}");
        assert!(!got.header("x-oss-hash-crc64ecma").is_empty(), "{what}");
        let head = stage.ask(&user, with("HEAD")).await;
        assert_eq!(head.header("content-encoding") == "gzip", compressed, "HEAD {what}");
        assert_eq!(head.header("content-length").is_empty(), compressed, "HEAD {what}");
        if compressed {
            assert!(got.body.len() < text.len() / 10, "{what}: {}", got.body.len());
            let mut back = String::new();
            flate2::read::GzDecoder::new(got.body.as_slice()).read_to_string(&mut back).unwrap();
            assert!(back == text, "{what}");
        }
    }
    stage.close().await;
}
