//! DeleteMultipleObjects: all of them or none, told or in silence.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use tests::{Ask, Stage, token_policy};

#[tokio::test]
async fn many_objects_go_at_once() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let put = async |key: &str| stage.ask(&user, Ask::new("PUT", &bucket, key).body("x")).await;
    let delete = |body: &str| Ask::new("POST", &bucket, "").param("delete", "").body(body);
    for key in ["a", "b&<中>", "own/c", "d"] {
        put(key).await;
    }
    let body = "<Delete><Object><Key>a</Key></Object><Object><Key>b&amp;&lt;中&gt;</Key></Object><Object><Key>none</Key></Object></Delete>";
    let md5 = STANDARD.encode(Md5::digest(body.as_bytes()));
    let deleted = stage.ask(&user, delete(body).param("encoding-type", "url").header("content-md5", &md5)).await;
    assert_eq!(deleted.leaves("DeleteResult/Deleted/Key"), ["a", "b%26%3C%E4%B8%AD%3E", "none"]);
    let quiet = delete("<Delete><Quiet>true</Quiet><Object><Key>d</Key></Object></Delete>");
    assert_eq!(stage.ask(&user, quiet).await.text(), "");
    // One that is not allowed: none goes.
    put("d").await;
    let token = stage.assume(Some(&token_policy(&bucket, "own/"))).await;
    let both = "<Delete><Object><Key>own/c</Key></Object><Object><Key>d</Key></Object></Delete>";
    assert_eq!(stage.ask(&token, delete(both)).await.verdict(), "403 AccessDenied 0003-00000301");
    for (ask, expected) in [
        (delete(body).header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="), "400 InvalidDigest"),
        (delete("<Delete>"), "400 MalformedXML"),
        (delete("<Delete><Object><Key>/x</Key></Object></Delete>"), "400 InvalidObjectName 0016-00000005"),
    ] {
        assert_eq!(stage.ask(&user, ask).await.verdict(), expected);
    }
    let policy = serde_json::json!({ "Version": "1", "Statement": [{
        "Effect": "Deny", "Action": "oss:DeleteObject", "Principal": ["*"], "Resource": format!("acs:oss:*:*:{bucket}/d"),
    }]});
    stage.ask(&user, Ask::new("PUT", &bucket, "").param("policy", "").body(policy.to_string())).await;
    assert_eq!(stage.ask(&user, delete(both)).await.verdict(), "403 AccessDenied 0003-00000204");
    let left = stage.ask(&user, Ask::new("GET", &bucket, "")).await;
    assert_eq!(left.leaves("ListBucketResult/Contents/Key"), ["d", "own/c"]);
    stage.close().await;
}
