//! Tags of objects, and policies that look at them.

use serde_json::json;
use tests::{Ask, Stage};

#[tokio::test]
async fn tags_are_put_told_and_removed() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str| Ask::new(method, &bucket, "k");
    let put = ask("PUT").header("x-oss-tagging", "a=1&b=two%20words").body("x");
    assert_eq!(stage.ask(&user, put).await.verdict(), "200");
    assert_eq!(stage.ask(&user, ask("HEAD")).await.header("x-oss-tagging-count"), "2");
    let tags = stage.ask(&user, ask("GET").param("tagging", "")).await;
    assert_eq!(tags.leaves("Tagging/TagSet/Tag/Value"), ["1", "two words"]);
    let body = "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>";
    assert_eq!(stage.ask(&user, ask("PUT").param("tagging", "").body(body)).await.verdict(), "200");
    let tags = stage.ask(&user, ask("GET").param("tagging", "")).await;
    assert_eq!(tags.leaves("Tagging/TagSet/Tag/Key"), ["c"]);
    assert_eq!(stage.ask(&user, ask("DELETE").param("tagging", "")).await.verdict(), "204");
    let tags = stage.ask(&user, ask("GET").param("tagging", "")).await;
    assert!(tags.leaves("Tagging/TagSet/Tag/Key").is_empty());
    for (ask, code) in [
        (ask("PUT").param("tagging", "").body("<Tagging/>"), "MalformedXML"),
        (ask("PUT").header("x-oss-tagging", "a=1&a=2").body("x"), "InvalidTag"),
        (Ask::new("GET", &bucket, "none").param("tagging", ""), "NoSuchKey"),
    ] {
        assert_eq!(stage.ask(&user, ask).await.error().code.as_str(), code);
    }
    stage.close().await;
}

#[tokio::test]
async fn a_policy_may_look_at_tags() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    stage.ask(&user, Ask::new("PUT", &bucket, "shown").header("x-oss-tagging", "show=yes").body("x")).await;
    stage.ask(&user, Ask::new("PUT", &bucket, "hidden").header("x-oss-tagging", "show=no").body("x")).await;
    let policy = json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:*",
          "Condition": { "StringEquals": { "oss:ExistingObjectTag/show": "yes" } } },
        { "Effect": "Allow", "Action": "oss:PutObject", "Resource": "acs:oss:*:*:*" },
    ]});
    let token = stage.assume(Some(&policy.to_string())).await;
    let denied = "403 AccessDenied 0003-00000301";
    for (ask, expected) in [
        (Ask::new("GET", &bucket, "shown"), "200"),
        (Ask::new("GET", &bucket, "hidden"), denied),
        (Ask::new("PUT", &bucket, "new").body("x"), "200"),
        // To tag is a right of its own.
        (Ask::new("PUT", &bucket, "new").header("x-oss-tagging", "show=yes").body("x"), denied),
    ] {
        assert_eq!(stage.ask(&token, ask).await.verdict(), expected);
    }
    stage.close().await;
}
