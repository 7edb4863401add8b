//! Object keys that people and attackers choose.

use shared::error::elements;
use tests::{Ask, Stage};

#[tokio::test]
async fn odd_keys_are_names_and_nothing_else() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let longest = format!("{}k", "长".repeat(340)); // 1021 bytes
    let keys = [
        "a/../../etc/passwd",
        "./x",
        "a//b",
        "a/",
        "dir/a b+中?.txt",
        "照片/🙂.jpg",
        "%2F%00",
        "x&y=z;w",
        "a\tb\nc",
        "<&\"'>",
        "k?acl",
        "\u{feff}bom",
        "e\u{301}",
        &longest,
    ];
    for key in keys {
        let put = stage.ask(&user, Ask::new("PUT", &bucket, key).body(key)).await;
        assert_eq!(put.verdict(), "200", "{key:?}");
    }
    for key in keys {
        assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, key)).await.text(), key, "{key:?}");
    }
    let list =
        stage.ask(&user, Ask::new("GET", &bucket, "").param("max-keys", "1000").param("encoding-type", "url")).await;
    let mut listed: Vec<String> = elements(&list.text())
        .into_iter()
        .filter(|(path, _)| path == "ListBucketResult/Contents/Key")
        .map(|(_, text)| text)
        .collect();
    let mut expected: Vec<String> = keys.iter().map(|key| shared::sign::encode(key)).collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
    stage.close().await;
}

#[tokio::test]
async fn keys_and_buckets_that_cannot_be() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let too_long = "k".repeat(1024);
    for (key, verdict) in [
        ("a\0b", "400 InvalidObjectName 0016-00000005"),
        ("/absolute", "400 InvalidObjectName 0016-00000005"),
        ("\\windows", "400 InvalidObjectName 0016-00000005"),
        (too_long.as_str(), "400 InvalidObjectName 0016-00000002"),
    ] {
        for method in ["PUT", "GET", "DELETE"] {
            assert_eq!(stage.ask(&user, Ask::new(method, &bucket, key)).await.verdict(), verdict, "{method} {key:?}");
        }
    }
    for bucket in ["ab", "Upper-case", "under_score", "-x-", &"b".repeat(64)] {
        let answer = stage.ask(&user, Ask::new("PUT", bucket, "")).await;
        assert_eq!(answer.verdict(), "400 InvalidBucketName 0015-00000001", "{bucket}");
    }
    let raw = stage.http.get(format!("{}/{bucket}/%FF%FE", stage.ready.oss_endpoint)).send().await.unwrap();
    assert_eq!(raw.status().as_u16(), 400);
    stage.close().await;
}
