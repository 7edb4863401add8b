//! What a token may do, enforced over HTTP: the published matrix, siblings, other buckets, anonymous callers.

use serde_json::Value;
use tests::{Ask, Stage, token_policy};

/// Seven session policies × seven operations, as published beside the reference document (the one wrong row corrected, as marked in the data).
#[tokio::test]
async fn the_published_matrix_is_enforced() {
    let matrix: Value = serde_json::from_str(include_str!("../../../shared/tests/data/policy-matrix.json")).unwrap();
    let bucket = "app-base-oss";
    let stage = Stage::open().await;
    let user = stage.user();
    for ask in
        [Ask::new("PUT", bucket, ""), Ask::new("PUT", bucket, "test.txt"), Ask::new("PUT", bucket, "user1/test.txt")]
    {
        assert_eq!(stage.ask(&user, ask).await.status, 200);
    }
    let rows = matrix["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 7);
    for row in rows {
        let token = stage.assume(Some(&row["policy"].to_string())).await;
        let asks = [
            Ask::new("GET", "", ""),
            Ask::new("PUT", bucket, "test.txt").body("new"),
            Ask::new("GET", bucket, "test.txt"),
            Ask::new("PUT", bucket, "user1/test.txt").body("new"),
            Ask::new("GET", bucket, "user1/test.txt"),
            Ask::new("GET", bucket, "").param("prefix", ""),
            Ask::new("GET", bucket, "").param("prefix", "user1/"),
        ];
        let mut observed = String::new();
        for ask in asks {
            match stage.ask(&token, ask).await.verdict().as_str() {
                "200" => observed.push('S'),
                "403 AccessDenied 0003-00000301" => observed.push('F'),
                other => panic!("{}: {other}", row["name"]),
            }
        }
        assert_eq!(observed, row["expected"].as_str().unwrap(), "{}", row["name"]);
    }
    stage.close().await;
}

#[tokio::test]
async fn a_token_stays_in_its_folder() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", "other-bucket", "")).await.status, 200);
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "users/bob/secret").body("s")).await.status, 200);
    let token = stage.assume(Some(&token_policy(&bucket, "users/alice/"))).await;
    let denied = "403 AccessDenied 0003-00000301";
    for (expected, ask) in [
        ("200", Ask::new("PUT", &bucket, "users/alice/photo").body("mine")),
        ("200", Ask::new("GET", &bucket, "users/alice/photo")),
        ("200", Ask::new("GET", &bucket, "").param("prefix", "users/alice/")),
        (denied, Ask::new("PUT", &bucket, "users/bob/photo").body("x")),
        (denied, Ask::new("PUT", &bucket, "users/alice").body("x")),
        (denied, Ask::new("PUT", &bucket, "users/alice2/photo").body("x")),
        (denied, Ask::new("PUT", &bucket, "Users/alice/photo").body("x")),
        // A key is an opaque name: `..` does not climb, and this name lies in the folder.
        ("200", Ask::new("PUT", &bucket, "users/alice/../bob/photo").body("x")),
        (denied, Ask::new("GET", &bucket, "users/bob/secret")),
        (denied, Ask::new("GET", &bucket, "users/bob/secret").param("x-oss-process", "image/info")),
        (denied, Ask::new("DELETE", &bucket, "users/alice/photo")),
        (denied, Ask::new("GET", &bucket, "")),
        (denied, Ask::new("GET", &bucket, "").param("prefix", "users/")),
        (denied, Ask::new("GET", &bucket, "").param("prefix", "users/bob/")),
        (denied, Ask::new("GET", &bucket, "").param("list-type", "2")),
        (denied, Ask::new("GET", &bucket, "").param("uploads", "")),
        (denied, Ask::new("GET", &bucket, "").param("bucketInfo", "")),
        (denied, Ask::new("POST", &bucket, "users/bob/big").param("uploads", "")),
        (denied, Ask::new("PUT", "other-bucket", "users/alice/photo").body("x")),
        (denied, Ask::new("PUT", "new-bucket", "")),
        (denied, Ask::new("GET", "", "")),
    ] {
        let what = format!("{:?}", ask.request);
        assert_eq!(stage.ask(&token, ask).await.verdict(), expected, "{what}");
    }
    let secret = stage.ask(&user, Ask::new("GET", &bucket, "users/bob/secret")).await;
    assert_eq!(secret.text(), "s");
    // The detail names the layer that refused.
    let refused = stage.ask(&token, Ask::new("GET", &bucket, "users/bob/secret")).await.error();
    assert_eq!(refused.find_detail("AccessDeniedDetail/PolicyType"), Some("SessionPolicy"));
    assert_eq!(refused.find_detail("AccessDeniedDetail/AuthAction"), Some("oss:GetObject"));
    stage.close().await;
}

#[tokio::test]
async fn a_stranger_gets_nothing() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "k").body("s")).await.status, 200);
    let acl = "403 AccessDenied 0003-00000001";
    let anonymous = "403 AccessDenied 0003-00001201";
    for (expected, ask) in [
        (acl, Ask::new("GET", &bucket, "k")),
        (acl, Ask::new("PUT", &bucket, "k").body("x")),
        (acl, Ask::new("DELETE", &bucket, "k")),
        (acl, Ask::new("GET", &bucket, "")),
        (anonymous, Ask::new("GET", "", "")),
        (anonymous, Ask::new("PUT", "new-bucket", "")),
        (anonymous, Ask::new("GET", &bucket, "").param("bucketInfo", "")),
    ] {
        let what = format!("{:?}", ask.request);
        assert_eq!(stage.send(&ask.request, ask.body).await.verdict(), expected, "{what}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_token_without_a_policy_is_the_whole_role() {
    let stage = Stage::open().await;
    let token = stage.assume(None).await;
    assert_eq!(stage.ask(&token, Ask::new("GET", "", "")).await.verdict(), "200");
    assert_eq!(stage.ask(&token, Ask::new("PUT", "made-by-role", "")).await.verdict(), "200");
    // The role may not assume itself again: its own policies do not say so.
    let again = stage.assume_as(&token, None).await.unwrap_err();
    assert_eq!((again.status, again.code.as_str()), (403, "NoPermission"));
    stage.close().await;
}
