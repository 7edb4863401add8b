//! Symlinks: read as their target, changed as themselves.

use tests::{Ask, Stage};

#[tokio::test]
async fn a_link_is_read_as_its_target() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    let link = |key: &str, target: &str| ask("PUT", key).param("symlink", "").header("x-oss-symlink-target", target);
    assert_eq!(stage.ask(&user, link("link", "dir/%E4%B8%AD")).await.verdict(), "200");
    assert_eq!(stage.ask(&user, ask("GET", "link")).await.verdict(), "404 SymlinkTargetNotExist");
    stage.ask(&user, ask("PUT", "dir/中").header("content-type", "text/plain").body("target")).await;
    let got = stage.ask(&user, ask("GET", "link")).await;
    assert_eq!((got.text().as_str(), got.header("content-type")), ("target", "text/plain"));
    assert_eq!(got.header("x-oss-object-type"), "Symlink");
    stage.ask(&user, link("named", "dir/%E4%B8%AD").header("x-oss-meta-who", "the link")).await;
    assert_eq!(stage.ask(&user, ask("HEAD", "named")).await.header("x-oss-meta-who"), "the link");
    let told = stage.ask(&user, ask("GET", "link").param("symlink", "")).await;
    assert_eq!(told.header("x-oss-symlink-target"), "dir%2F%E4%B8%AD");
    stage.ask(&user, link("again", "link")).await;
    for (ask, expected) in [
        (ask("GET", "again"), "400 InvalidTargetType"),
        (ask("GET", "dir/中").param("symlink", ""), "400 NotSymlink"),
        (link("link", "other").header("x-oss-forbid-overwrite", "true"), "409 FileAlreadyExists 0026-00000002"),
        (link("empty", ""), "400 InvalidArgument"),
    ] {
        assert_eq!(stage.ask(&user, ask).await.verdict(), expected);
    }
    // The link goes, the target stays.
    stage.ask(&user, ask("DELETE", "link")).await;
    assert_eq!(stage.ask(&user, ask("GET", "dir/中")).await.text(), "target");
    stage.close().await;
}

#[tokio::test]
async fn a_link_is_no_way_around_a_policy() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    stage.ask(&user, Ask::new("PUT", &bucket, "secret").body("secret")).await;
    let token = stage.assume(Some(&tests::token_policy(&bucket, "own/"))).await;
    let link = Ask::new("PUT", &bucket, "own/link").param("symlink", "").header("x-oss-symlink-target", "secret");
    assert_eq!(stage.ask(&token, link).await.verdict(), "200");
    let got = stage.ask(&token, Ask::new("GET", &bucket, "own/link")).await;
    assert_eq!(got.verdict(), "403 AccessDenied 0003-00000301");
    stage.close().await;
}
