//! Buckets that keep versions: what a reader sees, what a deletion leaves, what the list of versions says.

use tests::{Ask, Stage};

const ENABLED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const SUSPENDED: &str = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";

#[tokio::test]
async fn what_was_overwritten_or_deleted_is_still_there() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "k").body("before versions")).await;
    let put = stage.ask(&user, ask("PUT", "").param("versioning", "").body(ENABLED)).await;
    assert_eq!(put.verdict(), "200");
    let status = stage.ask(&user, ask("GET", "").param("versioning", "")).await;
    assert_eq!(status.leaf("VersioningConfiguration/Status"), "Enabled");

    let second = stage.ask(&user, ask("PUT", "k").body("second")).await.header("x-oss-version-id").to_owned();
    assert!(!second.is_empty());
    let deleted = stage.ask(&user, ask("DELETE", "k")).await;
    assert_eq!((deleted.status, deleted.header("x-oss-delete-marker")), (204, "true"));
    let marker = deleted.header("x-oss-version-id").to_owned();

    let gone = stage.ask(&user, ask("GET", "k")).await;
    assert_eq!(gone.verdict(), "404 NoSuchKey 0026-00000001");
    assert_eq!((gone.header("x-oss-delete-marker"), gone.header("x-oss-version-id")), ("true", marker.as_str()));
    for (version, expected) in [
        ("null", "200 before versions"),
        (second.as_str(), "200 second"),
        (marker.as_str(), "405 "),
        ("CAEQNOTTHERE", "404 "),
        ("no version's id", "400 "),
    ] {
        let answer = stage.ask(&user, ask("GET", "k").param("versionId", version)).await;
        let text = if answer.status == 200 { answer.text() } else { String::new() };
        assert_eq!(format!("{} {text}", answer.status), expected, "{version}");
    }

    // The marker away: the second version is current again.
    stage.ask(&user, ask("DELETE", "k").param("versionId", &marker)).await;
    assert_eq!(stage.ask(&user, ask("GET", "k")).await.text(), "second");
    // That away too: the one from before.
    stage.ask(&user, ask("DELETE", "k").param("versionId", &second)).await;
    let first = stage.ask(&user, ask("GET", "k")).await;
    assert_eq!((first.text().as_str(), first.header("x-oss-version-id")), ("before versions", "null"));
    stage.close().await;
}

#[tokio::test]
async fn a_suspended_bucket_has_one_version_without_a_name() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "").param("versioning", "").body(ENABLED)).await;
    let kept = stage.ask(&user, ask("PUT", "k").body("kept")).await.header("x-oss-version-id").to_owned();
    stage.ask(&user, ask("PUT", "").param("versioning", "").body(SUSPENDED)).await;
    for body in ["one", "two"] {
        let put = stage.ask(&user, ask("PUT", "k").body(body)).await;
        assert_eq!(put.header("x-oss-version-id"), "null");
    }
    let listed = stage.ask(&user, ask("GET", "").param("versions", "")).await;
    assert_eq!(listed.leaves("ListVersionsResult/Version/VersionId"), ["null", kept.as_str()]);
    assert_eq!(listed.leaves("ListVersionsResult/Version/IsLatest"), ["true", "false"]);
    assert_eq!(stage.ask(&user, ask("GET", "k")).await.text(), "two");
    assert_eq!(stage.ask(&user, ask("DELETE", "k")).await.header("x-oss-version-id"), "null");
    let listed = stage.ask(&user, ask("GET", "").param("versions", "")).await;
    assert_eq!(listed.leaves("ListVersionsResult/Version/VersionId"), [kept.as_str()]);
    assert_eq!(listed.leaves("ListVersionsResult/DeleteMarker/VersionId"), ["null"]);
    assert_eq!(listed.leaves("ListVersionsResult/DeleteMarker/IsLatest"), ["true"]);
    let refused = stage.ask(&user, ask("DELETE", "")).await;
    assert_eq!(refused.verdict(), "409 BucketNotEmpty 0015-00000301");
    stage.close().await;
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "").param("versioning", "").body(ENABLED)).await;
    for key in ["a", "a", "a", "b/1", "b/2", "c"] {
        stage.ask(&user, ask("PUT", key).body(key)).await;
    }
    stage.ask(&user, ask("DELETE", "a")).await;
    let (mut seen, mut key, mut id) = (Vec::new(), String::new(), String::new());
    for _ in 0..10 {
        let page = ask("GET", "").param("versions", "").param("max-keys", "2").param("delimiter", "/");
        let page = page.param("key-marker", &key).param("version-id-marker", &id);
        let page = stage.ask(&user, page).await;
        assert_eq!(page.status, 200, "{}", page.text());
        seen.extend(page.leaves("ListVersionsResult/DeleteMarker/Key").iter().map(|key| format!("marker {key}")));
        seen.extend(page.leaves("ListVersionsResult/CommonPrefixes/Prefix"));
        seen.extend(page.leaves("ListVersionsResult/Version/Key"));
        if page.leaf("ListVersionsResult/IsTruncated") == "false" {
            break;
        }
        key = page.leaf("ListVersionsResult/NextKeyMarker");
        id = page.leaf("ListVersionsResult/NextVersionIdMarker");
    }
    assert_eq!(seen, ["marker a", "a", "a", "a", "b/", "c"]);
    stage.close().await;
}
