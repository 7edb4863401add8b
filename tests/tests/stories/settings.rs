//! Settings of buckets: what is put comes back, and what is enforced is felt.

use shared::clock::Clock;
use tests::{Ask, Stage};

#[tokio::test]
async fn settings_are_kept_returned_and_removed() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, name: &str| Ask::new(method, &bucket, "").param(name, "");
    for (name, body, path, value, unset) in [
        (
            "encryption",
            "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
            "ServerSideEncryptionRule/ApplyServerSideEncryptionByDefault/SSEAlgorithm",
            "AES256",
            "404 NoSuchServerSideEncryptionRule",
        ),
        (
            "tagging",
            "<Tagging><TagSet><Tag><Key>team</Key><Value>a b</Value></Tag></TagSet></Tagging>",
            "Tagging/TagSet/Tag/Value",
            "a b",
            "200",
        ),
        (
            "website",
            "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>",
            "WebsiteConfiguration/IndexDocument/Suffix",
            "index.html",
            "404 NoSuchWebsiteConfiguration",
        ),
        (
            "logging",
            &format!(
                "<BucketLoggingStatus><LoggingEnabled><TargetBucket>{bucket}</TargetBucket><TargetPrefix>log-</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"
            ),
            "BucketLoggingStatus/LoggingEnabled/TargetPrefix",
            "log-",
            "200",
        ),
    ] {
        assert!(stage.ask(&user, ask("GET", name)).await.verdict().starts_with(unset), "{name}");
        let put = stage.ask(&user, ask("PUT", name).body(body)).await;
        assert_eq!(put.verdict(), "200", "{name}: {}", put.text());
        assert_eq!(stage.ask(&user, ask("GET", name)).await.leaf(path), value, "{name}");
        assert_eq!(
            stage.ask(&user, ask("PUT", name).body("<Nonsense/>")).await.verdict(),
            "400 MalformedXML",
            "{name}"
        );
        assert_eq!(stage.ask(&user, ask("GET", name)).await.leaf(path), value, "{name}");
        assert_eq!(stage.ask(&user, ask("DELETE", name)).await.verdict(), "204", "{name}");
        assert!(stage.ask(&user, ask("GET", name)).await.verdict().starts_with(unset), "{name}");
    }
    let style = |method: &str| ask(method, "style").param("styleName", "small");
    assert_eq!(stage.ask(&user, style("GET")).await.verdict(), "404 NoSuchStyle");
    let body = "<Style><Content>image/resize,w_100</Content></Style>";
    assert_eq!(stage.ask(&user, style("PUT").body(body)).await.verdict(), "200");
    assert_eq!(stage.ask(&user, style("GET")).await.leaf("Style/Content"), "image/resize,w_100");
    assert_eq!(stage.ask(&user, ask("GET", "style")).await.leaves("StyleList/Style/Name"), ["small"]);
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(400, 200).write_to(&mut png, image::ImageFormat::Png).unwrap();
    stage.ask(&user, Ask::new("PUT", &bucket, "p.png").body(png.into_inner())).await;
    let shown = |process: &str| Ask::new("GET", &bucket, "p.png").param("x-oss-process", process);
    let small = stage.ask(&user, shown("style/small")).await;
    assert_eq!(image::load_from_memory(&small.body).unwrap().width(), 100);
    assert_eq!(stage.ask(&user, shown("style/none")).await.verdict(), "404 NoSuchStyle");
    stage.close().await;
}

#[tokio::test]
async fn a_default_encryption_is_told_of_new_objects() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let rule = "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>";
    stage.ask(&user, Ask::new("PUT", &bucket, "").param("encryption", "").body(rule)).await;
    for (key, asked, told) in [("default", "", "AES256"), ("own", "KMS", "KMS")] {
        let has_key = told == "KMS";
        let mut put = Ask::new("PUT", &bucket, key).body("x");
        if !asked.is_empty() {
            put = put.header("x-oss-server-side-encryption", asked);
        }
        for answer in [stage.ask(&user, put).await, stage.ask(&user, Ask::new("HEAD", &bucket, key)).await] {
            assert_eq!(answer.header("x-oss-server-side-encryption"), told, "{key}");
            assert_eq!(!answer.header("x-oss-server-side-encryption-key-id").is_empty(), has_key, "{key}");
        }
    }
    let wrong = Ask::new("PUT", &bucket, "k").header("x-oss-server-side-encryption", "ROT13").body("x");
    assert_eq!(stage.ask(&user, wrong).await.error().code.as_str(), "InvalidEncryptionAlgorithmError");
    stage.close().await;
}

#[tokio::test]
async fn a_page_of_another_origin_asks_first() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let preflight = |origin: &str, method: &str| {
        Ask::new("OPTIONS", &bucket, "k")
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "x-oss-date")
    };
    let ask = async |ask: Ask| stage.send(&ask.request, Vec::new()).await;
    assert_eq!(ask(preflight("https://a.example", "PUT")).await.verdict(), "403 AccessForbidden");
    let rules = "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    let put = stage.ask(&user, Ask::new("PUT", &bucket, "").param("cors", "").body(rules)).await;
    assert_eq!(put.verdict(), "200", "{}", put.text());
    let allowed = ask(preflight("https://a.example", "PUT")).await;
    assert_eq!(allowed.verdict(), "200");
    for (name, value) in [
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-allow-headers", "x-oss-date"),
        ("access-control-expose-headers", "ETag"),
        ("access-control-max-age", "60"),
    ] {
        assert_eq!(allowed.header(name), value);
    }
    for (asked, expected) in [
        (preflight("https://a.other", "PUT"), "403 AccessForbidden"),
        (preflight("https://a.example", "DELETE"), "403 AccessForbidden"),
        (Ask::new("OPTIONS", &bucket, "k"), "400 BadRequest"),
    ] {
        assert_eq!(ask(asked).await.verdict(), expected);
    }
    // Refusals can be read by the page, too.
    let refused = ask(Ask::new("GET", &bucket, "k").header("origin", "https://a.example")).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, "https://a.example"));
    stage.close().await;
}

#[tokio::test]
async fn referers_are_asked_of_pages_and_of_nobody_else() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    stage.ask(&user, Ask::new("PUT", &bucket, "k").header("x-oss-object-acl", "public-read").body("x")).await;
    let rules = "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList><Referer>https://*.example</Referer></RefererList></RefererConfiguration>";
    let put = stage.ask(&user, Ask::new("PUT", &bucket, "").param("referer", "").body(rules)).await;
    assert_eq!(put.verdict(), "200", "{}", put.text());
    for (referer, expected) in
        [("https://a.example/page", "200"), ("https://other.test/", "403 AccessDenied"), ("", "403 AccessDenied")]
    {
        let mut get = Ask::new("GET", &bucket, "k");
        if !referer.is_empty() {
            get = get.header("referer", referer);
        }
        let answer = stage.send(&get.request, Vec::new()).await;
        assert!(answer.verdict().starts_with(expected), "{referer}: {}", answer.verdict());
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "k")).await.verdict(), "200");
    stage.close().await;
}

#[tokio::test]
async fn what_a_lifecycle_ends_is_gone_when_its_day_has_come() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    for key in ["logs/old", "cold/old", "kept"] {
        stage.ask(&user, ask("PUT", key).body("x")).await;
    }
    stage.ask(&user, ask("POST", "logs/up").param("uploads", "")).await;
    let rules = "<LifecycleConfiguration>\
        <Rule><ID>end</ID><Prefix>logs/</Prefix><Status>Enabled</Status><Expiration><Days>3</Days></Expiration><AbortMultipartUpload><Days>2</Days></AbortMultipartUpload></Rule>\
        <Rule><ID>cool</ID><Prefix>cold/</Prefix><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>IA</StorageClass></Transition></Rule>\
        </LifecycleConfiguration>";
    let put = stage.ask(&user, ask("PUT", "").param("lifecycle", "").body(rules)).await;
    assert_eq!(put.verdict(), "200", "{}", put.text());
    let keys = async || stage.ask(&user, ask("GET", "")).await.leaves("ListBucketResult/Contents/Key");
    let told = stage.ask(&user, ask("HEAD", "logs/old")).await.header("x-oss-expiration").to_owned();
    let modified = stage.clock.now().replace_time(time::Time::MIDNIGHT);
    let end = shared::timefmt::http_date(modified + time::Duration::days(4));
    assert_eq!(told, format!("expiry-date=\"{end}\", rule-id=\"end\""));
    assert_eq!(stage.ask(&user, ask("GET", "cold/old")).await.header("x-oss-expiration"), "");
    stage.clock.advance(time::Duration::days(2));
    assert_eq!(keys().await, ["cold/old", "kept", "logs/old"]);
    let head = stage.ask(&user, ask("HEAD", "cold/old")).await;
    assert_eq!(head.header("x-oss-storage-class"), "IA");
    stage.clock.advance(time::Duration::days(2));
    assert_eq!(keys().await, ["cold/old", "kept"]);
    let uploads = stage.ask(&user, ask("GET", "").param("uploads", "")).await;
    assert!(uploads.leaves("ListMultipartUploadsResult/Upload/Key").is_empty());
    stage.close().await;
}

#[tokio::test]
async fn a_store_that_is_brought_back_is_swept_anew() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let ask = |method: &str, key: &str| Ask::new(method, &bucket, key);
    let control = async |path: &str| {
        let request = stage.http.post(format!("{}{path}", stage.ready.control_endpoint));
        let answer =
            request.header("content-type", "application/json").body(r#"{"name":"then"}"#).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };
    stage.ask(&user, ask("PUT", "logs/old").body("x")).await;
    let rules = "<LifecycleConfiguration><Rule><ID>end</ID><Prefix>logs/</Prefix><Status>Enabled</Status>\
        <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
    assert_eq!(stage.ask(&user, ask("PUT", "").param("lifecycle", "").body(rules)).await.verdict(), "200");
    control("/snapshot").await;
    stage.clock.advance(time::Duration::days(3));
    for when in ["when its day has come", "once more, on the same day"] {
        assert_eq!(stage.ask(&user, ask("GET", "logs/old")).await.verdict(), "404 NoSuchKey 0026-00000001", "{when}");
        control("/restore").await;
    }
    stage.close().await;
}
