//! Buckets: made with their settings, described, counted and removed.

use tests::{Ask, Stage};

#[tokio::test]
async fn a_bucket_lives_and_goes() {
    let stage = Stage::open().await;
    let user = stage.user();
    let ask = |method: &str, key: &str| Ask::new(method, "a-bucket", key);
    let body = "<CreateBucketConfiguration><StorageClass>IA</StorageClass><DataRedundancyType>ZRS</DataRedundancyType></CreateBucketConfiguration>";
    let put = stage.ask(&user, ask("PUT", "").header("x-oss-acl", "public-read").body(body)).await;
    assert_eq!(put.verdict(), "200", "{}", put.text());
    let info = stage.ask(&user, ask("GET", "").param("bucketInfo", "")).await;
    for (path, value) in [
        ("Name", "a-bucket"),
        ("StorageClass", "IA"),
        ("DataRedundancyType", "ZRS"),
        ("AccessControlList/Grant", "public-read"),
        ("Location", "oss-cn-hangzhou"),
    ] {
        assert_eq!(info.leaf(&format!("BucketInfo/Bucket/{path}")), value, "{path}");
    }
    stage.ask(&user, ask("PUT", "k").body("12345")).await;
    stage.ask(&user, ask("PUT", "cold").header("x-oss-storage-class", "Archive").body("123")).await;
    stage.ask(&user, ask("POST", "up").param("uploads", "")).await;
    let stat = stage.ask(&user, ask("GET", "").param("stat", "")).await;
    for (name, value) in [
        ("Storage", "8"),
        ("ObjectCount", "2"),
        ("MultipartUploadCount", "1"),
        ("InfrequentAccessStorage", "5"),
        ("ArchiveObjectCount", "1"),
    ] {
        assert_eq!(stat.leaf(&format!("BucketStat/{name}")), value, "{name}");
    }
    assert_eq!(stage.ask(&user, ask("DELETE", "")).await.verdict(), "409 BucketNotEmpty 0015-00000301");
    for key in ["k", "cold"] {
        stage.ask(&user, ask("DELETE", key)).await;
    }
    assert_eq!(stage.ask(&user, ask("DELETE", "")).await.verdict(), "409 BucketNotEmpty 0015-00000301");
    let uploads = stage.ask(&user, ask("GET", "").param("uploads", "")).await;
    let id = uploads.leaf("ListMultipartUploadsResult/Upload/UploadId");
    stage.ask(&user, ask("DELETE", "up").param("uploadId", &id)).await;
    assert_eq!(stage.ask(&user, ask("DELETE", "")).await.verdict(), "204");
    assert_eq!(stage.ask(&user, ask("GET", "k")).await.verdict(), "404 NoSuchBucket 0015-00000101");
    stage.ask(&user, ask("PUT", "")).await;
    let live = stage.ask(&user, ask("GET", "").param("live", "")).await;
    assert_eq!(live.leaf("ListLiveChannelResult/IsTruncated"), "false");
    stage.ask(&user, ask("DELETE", "")).await;
    for (ask, expected) in [
        (ask("PUT", "").body("<Other/>"), "400 MalformedXML"),
        (ask("PUT", "").header("x-oss-acl", "open"), "400 InvalidArgument"),
        (Ask::new("PUT", "Bad_Name", ""), "400 InvalidBucketName 0015-00000001"),
        (ask("DELETE", ""), "404 NoSuchBucket 0015-00000101"),
    ] {
        assert_eq!(stage.ask(&user, ask).await.verdict(), expected);
    }
    stage.close().await;
}

#[tokio::test]
async fn buckets_are_made_by_their_acl_and_found_by_their_tags() {
    let stage = Stage::open().await;
    let user = stage.user();
    let acl = Ask::new("PUT", "by-acl", "").param("acl", "").header("x-oss-acl", "private");
    assert_eq!(stage.ask(&user, acl).await.verdict(), "200");
    let tags = "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>";
    stage.ask(&user, Ask::new("PUT", "by-acl", "").param("tagging", "").body(tags)).await;
    for (name, value, expected) in [
        ("tag-key", "team", vec!["by-acl"]),
        ("tag-key", "other", vec![]),
        ("tagging", "\"team\":\"red\"", vec!["by-acl"]),
        ("tagging", "\"team\":\"blue\"", vec![]),
    ] {
        let listed = stage.ask(&user, Ask::new("GET", "", "").param(name, value)).await;
        assert_eq!(listed.leaves("ListAllMyBucketsResult/Buckets/Bucket/Name"), expected, "{name}={value}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_signature_of_version_one_is_refused_where_the_world_is_new() {
    let stage = Stage::with(emulator::Options { refuse_v1: true, ..emulator::Options::default() }).await;
    let user = stage.user();
    use shared::sign::SignVersion;
    let ask = || Ask::new("GET", "", "");
    assert_eq!(stage.ask_signed(&user, SignVersion::V1, ask()).await.verdict(), "403 AccessDenied 0002-00000080");
    assert_eq!(stage.ask_signed(&user, SignVersion::V4, ask()).await.verdict(), "200");
    stage.close().await;
}
