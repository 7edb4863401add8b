//! Archived objects: asked back, read for a while, and gone again.

use tests::{Ask, Stage};

#[tokio::test]
async fn an_archived_object_is_asked_back_before_it_is_read() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str| Ask::new(method, &bucket, "k");
    let restore = || ask("POST").param("restore", "").body("<RestoreRequest><Days>2</Days></RestoreRequest>");
    stage.ask(&user, ask("PUT").header("x-oss-storage-class", "Archive").body("cold")).await;
    assert_eq!(stage.ask(&user, ask("GET")).await.verdict(), "403 InvalidObjectState");
    assert_eq!(stage.ask(&user, ask("HEAD")).await.header("x-oss-storage-class"), "Archive");
    assert_eq!(stage.ask(&user, restore()).await.verdict(), "202");
    assert_eq!(stage.ask(&user, restore()).await.verdict(), "409 RestoreAlreadyInProgress");
    assert_eq!(stage.ask(&user, ask("HEAD")).await.header("x-oss-restore"), "ongoing-request=\"true\"");
    stage.clock.advance(time::Duration::seconds(10));
    let got = stage.ask(&user, ask("GET")).await;
    assert_eq!(got.text(), "cold");
    assert!(got.header("x-oss-restore").starts_with("ongoing-request=\"false\", expiry-date="));
    assert_eq!(stage.ask(&user, restore()).await.verdict(), "200");
    stage.clock.advance(time::Duration::days(3));
    assert_eq!(stage.ask(&user, ask("GET")).await.verdict(), "403 InvalidObjectState");
    let plain = Ask::new("PUT", &bucket, "plain").body("warm");
    stage.ask(&user, plain).await;
    let refused = stage.ask(&user, Ask::new("POST", &bucket, "plain").param("restore", "")).await;
    assert_eq!(refused.verdict(), "400 OperationNotSupported 0016-00000702");
    stage.close().await;
}

#[tokio::test]
async fn the_deep_archives_have_tiers() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let body = |tier: &str| {
        let parameters = format!("<JobParameters><Tier>{tier}</Tier></JobParameters>");
        format!("<RestoreRequest><Days>2</Days>{parameters}</RestoreRequest>")
    };
    for (class, tier, expected, told) in [
        ("ColdArchive", "Expedited", "202", "Expedited"),
        ("DeepColdArchive", "Bulk", "202", "Bulk"),
        ("ColdArchive", "Fast", "400 InvalidArgument", ""),
        ("Archive", "Standard", "400 MalformedXML", ""),
    ] {
        stage.ask(&user, Ask::new("PUT", &bucket, "k").header("x-oss-storage-class", class).body("cold")).await;
        let restored = stage.ask(&user, Ask::new("POST", &bucket, "k").param("restore", "").body(body(tier))).await;
        assert_eq!(restored.verdict(), expected, "{class} {tier}");
        assert_eq!(restored.header("x-oss-object-restore-priority"), told, "{class} {tier}");
        let listed = stage.ask(&user, Ask::new("GET", &bucket, "").param("prefix", "k")).await.text();
        assert_eq!(
            listed.contains("<RestoreInfo>ongoing-request=&quot;true&quot;</RestoreInfo>"),
            !told.is_empty(),
            "{listed}"
        );
    }
    stage.close().await;
}
