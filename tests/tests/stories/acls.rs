//! ACLs and bucket policies: what they give to strangers, and what they take from everyone.

use tests::{Ask, Stage};

#[tokio::test]
async fn acls_decide_for_those_whom_no_policy_knows() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    stage.ask(&user, ask("PUT", "plain").body("x")).await;
    stage.ask(&user, ask("PUT", "shown").header("x-oss-object-acl", "public-read").body("x")).await;
    stage.ask(&user, ask("PUT", "hidden").header("x-oss-object-acl", "private").body("x")).await;
    let acl = stage.ask(&user, ask("GET", "shown").param("acl", "")).await;
    assert_eq!(acl.leaf("AccessControlPolicy/AccessControlList/Grant"), "public-read");
    let denied = "403 AccessDenied 0003-00000001";
    for (acl, plain, shown, hidden, write) in [
        ("private", denied, "200", denied, denied),
        ("public-read", "200", "200", denied, denied),
        ("public-read-write", "200", "200", denied, "200"),
    ] {
        let put = stage.ask(&user, ask("PUT", "").param("acl", "").header("x-oss-acl", acl)).await;
        assert_eq!(put.verdict(), "200");
        for (request, expected) in [
            (ask("GET", "plain"), plain),
            (ask("GET", "shown"), shown),
            (ask("GET", "hidden"), hidden),
            (ask("PUT", "new").body("y"), write),
            (ask("PUT", "plain").param("acl", "").header("x-oss-object-acl", "public-read"), "403"),
            (ask("GET", "").param("acl", ""), "403 AccessDenied 0003-00001201"),
            (ask("DELETE", ""), "403 AccessDenied 0003-00001201"),
        ] {
            let what = format!("{acl}: {} {:?}", request.request.method, request.request.key);
            let answer = stage.send(&request.request, request.body).await;
            assert!(answer.verdict().starts_with(expected), "{what}: {}", answer.verdict());
        }
    }
    let block =
        "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>";
    let put = stage.ask(&user, ask("PUT", "").param("publicAccessBlock", "").body(block)).await;
    assert_eq!(put.verdict(), "200");
    let open = ask("PUT", "").param("acl", "").header("x-oss-acl", "public-read");
    assert_eq!(stage.ask(&user, open).await.verdict(), "403 AccessDenied");
    let blocked = ask("GET", "shown");
    assert_eq!(stage.send(&blocked.request, Vec::new()).await.verdict(), denied);
    for bad in ["public", ""] {
        let put = stage.ask(&user, ask("PUT", "").param("acl", "").header("x-oss-acl", bad)).await;
        assert_eq!(put.verdict(), "400 InvalidArgument");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_bucket_policy_takes_part_in_every_decision() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    for key in ["open/k", "shut/k"] {
        stage.ask(&user, ask("PUT", key).body("x")).await;
    }
    let policy = serde_json::json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["*"], "Resource": [format!("acs:oss:*:*:{bucket}/open/*")] },
        { "Effect": "Deny", "Action": ["oss:GetObject"], "Principal": ["*"], "Resource": [format!("acs:oss:*:*:{bucket}/shut/*")] },
    ]});
    let put = stage.ask(&user, ask("PUT", "").param("policy", "").body(policy.to_string())).await;
    assert_eq!(put.verdict(), "200", "{}", put.text());
    let token = stage.assume(None).await;
    for (key, stranger, known) in
        [("open/k", "200", "200"), ("shut/k", "403 AccessDenied 0003-00000201", "403 AccessDenied 0003-00000201")]
    {
        assert_eq!(stage.send(&ask("GET", key).request, Vec::new()).await.verdict(), stranger, "{key}");
        assert_eq!(stage.ask(&token, ask("GET", key)).await.verdict(), known, "{key}");
    }
    // A session policy that does not allow is the end, whatever the bucket's allows.
    let narrow = stage.assume(Some(&tests::token_policy(&bucket, "own/"))).await;
    assert_eq!(stage.ask(&narrow, ask("GET", "open/k")).await.verdict(), "403 AccessDenied 0003-00000301");
    let got = stage.ask(&user, ask("GET", "").param("policy", "")).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&got.text()).unwrap(), policy);
    assert_eq!(stage.ask(&user, ask("DELETE", "").param("policy", "")).await.verdict(), "204");
    assert_eq!(stage.ask(&user, ask("GET", "").param("policy", "")).await.status, 404);
    assert_eq!(stage.ask(&token, ask("GET", "shut/k")).await.verdict(), "200");
    stage.close().await;
}

#[tokio::test]
async fn blocked_public_access_outweighs_all_that_is_public() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    let policy = serde_json::json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["*"], "Resource": [format!("acs:oss:*:*:{bucket}/*")] },
        { "Effect": "Deny", "Action": ["oss:DeleteObject"], "Principal": ["*"], "Resource": [format!("acs:oss:*:*:{bucket}/*")] },
    ]});
    stage.ask(&user, ask("PUT", "k").body("x")).await;
    let put = ask("PUT", "").param("policy", "").body(policy.to_string());
    assert_eq!(stage.ask(&user, put.clone()).await.verdict(), "200");
    let stranger = async || stage.send(&ask("GET", "k").request, Vec::new()).await.verdict();
    assert_eq!(stranger().await, "200");
    let block =
        "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>";
    stage.ask(&user, ask("PUT", "").param("publicAccessBlock", "").body(block)).await;
    assert_eq!(stranger().await, "403 AccessDenied 0003-00000001");
    assert_eq!(stage.ask(&user, ask("DELETE", "k")).await.verdict(), "403 AccessDenied 0003-00000201", "a Deny stays");
    let object = |ask: Ask| ask.header("x-oss-object-acl", "public-read");
    let bucket_acl = |ask: Ask| ask.header("x-oss-acl", "public-read");
    for (asked, ec) in [
        (put.clone(), ""),
        (bucket_acl(ask("PUT", "").param("acl", "")), ""),
        (bucket_acl(ask("PUT", "")), ""),
        (object(ask("PUT", "k").body("y")), " 0016-00000901"),
        (object(ask("PUT", "k").param("acl", "")), " 0016-00000901"),
        (object(ask("POST", "k").param("uploads", "")), " 0016-00000901"),
        (object(ask("PUT", "c").header("x-oss-copy-source", &format!("/{bucket}/k"))), " 0016-00000901"),
    ] {
        let what = format!("{:?}", asked.request);
        assert_eq!(stage.ask(&user, asked).await.verdict(), format!("403 AccessDenied{ec}"), "{what}");
    }
    assert_eq!(stage.ask(&user, ask("DELETE", "").param("publicAccessBlock", "")).await.verdict(), "204");
    assert_eq!(stranger().await, "200");
    stage.close().await;
}
