//! Ways around a policy or an ACL that must lead nowhere: by a version, a link, a copy, tags that travel along.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tests::{Ask, Stage};

const DENIED: &str = "403 AccessDenied 0003-00000001";

/// Enables versioning of the demo's bucket.
async fn keep_versions(stage: &Stage) {
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let put = Ask::new("PUT", &stage.ready.bucket, "").param("versioning", "").body(body);
    assert_eq!(stage.ask(&stage.user(), put).await.verdict(), "200");
}

#[tokio::test]
async fn the_acl_that_counts_is_that_of_the_version_that_is_read() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    keep_versions(&stage).await;
    let put = ask("PUT", "k").header("x-oss-object-acl", "private").body("hidden");
    let hidden = stage.ask(&user, put).await.header("x-oss-version-id").to_owned();
    stage.ask(&user, ask("PUT", "k").header("x-oss-object-acl", "public-read-write").body("shown")).await;
    stage.ask(&user, ask("PUT", "secret").header("x-oss-object-acl", "private").body("hidden")).await;
    let link = ask("PUT", "link").param("symlink", "").header("x-oss-symlink-target", "secret");
    let link = stage.ask(&user, link).await.header("x-oss-version-id").to_owned();
    let open = ask("PUT", "").param("acl", "").header("x-oss-acl", "public-read-write");
    assert_eq!(stage.ask(&user, open).await.verdict(), "200");
    let copy = |from: &str| ask("PUT", "copy").header("x-oss-copy-source", &format!("/{bucket}/{from}"));
    let batch = format!("<Delete><Object><Key>k</Key><VersionId>{hidden}</VersionId></Object></Delete>");
    for (request, expected) in [
        (ask("GET", "k"), "200"),
        (ask("GET", "k").param("versionId", &hidden), DENIED),
        (copy("k"), "200"),
        (copy(&format!("k?versionId={hidden}")), DENIED),
        (ask("GET", "link"), DENIED),
        (ask("GET", "link").param("versionId", &link), DENIED),
        (ask("DELETE", "k").param("versionId", &hidden), DENIED),
        (ask("POST", "").param("delete", "").body(batch), DENIED),
    ] {
        let what = format!("{:?}", request.request);
        assert_eq!(stage.send(&request.request, request.body).await.verdict(), expected, "{what}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_deny_by_tag_holds_for_versions_and_targets() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    keep_versions(&stage).await;
    stage.ask(&user, ask("PUT", "secret").header("x-oss-tagging", "level=secret").body("hidden")).await;
    let link = ask("PUT", "link").param("symlink", "").header("x-oss-symlink-target", "secret");
    let link = stage.ask(&user, link).await.header("x-oss-version-id").to_owned();
    let policy = json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "oss:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "oss:Get*", "Resource": "*",
          "Condition": { "StringEquals": { "oss:ExistingObjectTag/level": "secret" } } },
    ]});
    let token = stage.assume(Some(&policy.to_string())).await;
    for ask in [ask("GET", "secret"), ask("GET", "link"), ask("GET", "link").param("versionId", &link)] {
        assert_eq!(stage.ask(&token, ask).await.verdict(), "403 AccessDenied 0003-00000301");
    }
    stage.close().await;
}

#[tokio::test]
async fn tags_travel_only_with_the_right_to_read_and_to_write_them() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "tagged").header("x-oss-tagging", "a=b").body("x")).await;
    stage.ask(&user, ask("PUT", "plain").body("x")).await;
    let copy = |from: &str| ask("PUT", "copy").header("x-oss-copy-source", &format!("/{bucket}/{from}"));
    let replace = |from: &str| copy(from).header("x-oss-tagging-directive", "REPLACE");
    let denied = "403 AccessDenied 0003-00000301";
    for (tag_actions, expected) in [
        (&[][..], [denied, "200", "200", denied]),
        (&["oss:PutObjectTagging"], [denied, "200", "200", "200"]),
        (&["oss:GetObjectTagging"], [denied, "200", "200", denied]),
        (&["oss:GetObjectTagging", "oss:PutObjectTagging"], ["200"; 4]),
    ] {
        let actions = [&["oss:GetObject", "oss:PutObject"], tag_actions].concat();
        let policy =
            json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
        let token = stage.assume(Some(&policy.to_string())).await;
        let asks = [copy("tagged"), copy("plain"), replace("tagged"), replace("plain").header("x-oss-tagging", "c=d")];
        for (at, (ask, expected)) in asks.into_iter().zip(expected).enumerate() {
            assert_eq!(stage.ask(&token, ask).await.verdict(), expected, "{tag_actions:?} {at}");
        }
    }
    stage.close().await;
}

#[tokio::test]
async fn a_condition_on_new_tags_reads_the_header_and_the_body() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "k").body("x")).await;
    let policy = json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "oss:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "oss:PutObject*", "Resource": "*",
          "Condition": { "StringEquals": { "oss:RequestObjectTag/level": "top secret" } } },
    ]});
    let token = stage.assume(Some(&policy.to_string())).await;
    let body =
        |value: &str| format!("<Tagging><TagSet><Tag><Key>level</Key><Value>{value}</Value></Tag></TagSet></Tagging>");
    let denied = "403 AccessDenied 0003-00000301";
    for (ask, expected) in [
        (ask("PUT", "k").header("x-oss-tagging", "level=low").body("x"), "200"),
        (ask("PUT", "k").header("x-oss-tagging", "level=top+secret").body("x"), denied),
        (ask("PUT", "k").header("x-oss-tagging", "level=top%20secret").body("x"), denied),
        (ask("PUT", "k").param("tagging", "").body(body("low")), "200"),
        (ask("PUT", "k").param("tagging", "").body(body("top secret")), denied),
        (ask("PUT", "k").param("tagging", "").body("<Tagging>"), "400 MalformedXML"),
    ] {
        let what = format!("{:?}", ask.request);
        assert_eq!(stage.ask(&token, ask).await.verdict(), expected, "{what}");
    }
    let tags = stage.ask(&user, ask("GET", "k").param("tagging", "")).await;
    assert_eq!(tags.leaf("Tagging/TagSet/Tag/Value"), "low");
    assert_eq!(stage.decisions().await.iter().filter(|it| it.action == "oss:PutObjectTagging").count(), 3);
    stage.close().await;
}

#[tokio::test]
async fn a_callback_tells_of_an_object_only_at_the_word_of_who_may_read_it() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    stage.ask(&user, Ask::new("PUT", &bucket, "k").body("x")).await;
    let callback = json!({ "callbackUrl": "http://127.0.0.1:1/", "callbackBody": "etag=${etag}&size=${size}" });
    let body = format!("x-oss-process=trigger/callback,callback_{}", STANDARD.encode(callback.to_string()));
    for (actions, expected) in [
        (&["oss:PostProcessTask"][..], "403 AccessDenied 0003-00000301"),
        (&["oss:PostProcessTask", "oss:GetObject"], "203 CallbackFailed"),
    ] {
        let policy =
            json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
        let token = stage.assume(Some(&policy.to_string())).await;
        let trigger = Ask::new("POST", &bucket, "k").param("x-oss-process", "").body(body.clone());
        let verdict = stage.ask(&token, trigger).await.verdict();
        assert!(verdict.starts_with(expected), "{actions:?}: {verdict}");
    }
    stage.close().await;
}
