//! Signatures, tokens and times that are wrong, each with the answer that OSS gives (`oss-rest.md` §4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::{SignVersion, Signer};
use tests::{Answer, Ask, Stage};
use time::Duration;

async fn get(stage: &Stage, key: &Credentials, version: SignVersion) -> Answer {
    stage.ask_signed(key, version, Ask::new("GET", &stage.ready.bucket, "k")).await
}

#[tokio::test]
async fn keys_and_tokens_that_do_not_fit() {
    let stage = Stage::open().await;
    let (user, token) = (stage.user(), stage.assume(None).await);
    let other = stage.assume(None).await;
    let with_token = |key: &Credentials, token: Option<Secret>| Credentials { security_token: token, ..key.clone() };
    let wrong_secret = |key: &Credentials| Credentials { access_key_secret: Secret::new("wrong"), ..key.clone() };
    let unknown = Credentials::long_term("LTAIunknown", Secret::new("x"));
    let mut tampered = token.security_token.as_ref().unwrap().expose().to_owned();
    tampered.replace_range(60..61, if tampered.as_bytes()[60] == b'A' { "B" } else { "A" });
    for (what, key, expected) in [
        ("a wrong secret", wrong_secret(&user), "403 SignatureDoesNotMatch 0002-00000040"),
        ("a wrong secret of a token", wrong_secret(&token), "403 SignatureDoesNotMatch 0002-00000040"),
        ("an unknown key", unknown, "403 InvalidAccessKeyId 0002-00000902"),
        ("a temporary key without its token", with_token(&token, None), "403 InvalidAccessKeyId 0002-00000003"),
        (
            "a long-term key with a token",
            with_token(&user, token.security_token.clone()),
            "403 InvalidAccessKeyId 0002-00000002",
        ),
        (
            "the token of another key",
            with_token(&token, other.security_token.clone()),
            "403 AccessKeyIdAndSecurityTokenNotMatch 0002-00000004",
        ),
        (
            "a token that is none",
            with_token(&token, Some(Secret::new("CAISgarbage"))),
            "403 InvalidSecurityToken 0002-00000006",
        ),
        ("a tampered token", with_token(&token, Some(Secret::new(tampered))), "403 InvalidSecurityToken 0002-00000006"),
    ] {
        for version in [SignVersion::V1, SignVersion::V4] {
            assert_eq!(get(&stage, &key, version).await.verdict(), expected, "{what}, {version:?}");
        }
    }
    stage.close().await;
}

#[tokio::test]
async fn a_mismatch_shows_what_was_signed_but_no_token() {
    let stage = Stage::open().await;
    let mut token = stage.assume(None).await;
    token.access_key_secret = Secret::new("wrong");
    for version in [SignVersion::V1, SignVersion::V4] {
        let answer = get(&stage, &token, version).await;
        let error = answer.error();
        assert_eq!(error.find_detail("OSSAccessKeyId"), Some(token.access_key_id.as_str()));
        let signed = error.find_detail("StringToSign").unwrap();
        match version {
            SignVersion::V1 => assert!(signed.ends_with(&format!("/{}/k", stage.ready.bucket)), "{signed}"),
            SignVersion::V4 => {
                assert!(signed.starts_with("OSS4-HMAC-SHA256\n"), "{signed}");
                assert!(error.find_detail("CanonicalRequest").unwrap().starts_with("GET\n"));
            }
        }
        let secret = token.security_token.as_ref().unwrap().expose();
        assert!(!answer.text().contains(secret) && !answer.text().contains(&shared::sign::encode(secret)));
    }
    stage.close().await;
}

#[tokio::test]
async fn clocks_and_lives() {
    let stage = Stage::open().await;
    let user = stage.user();
    for version in [SignVersion::V1, SignVersion::V4] {
        for (minutes, expected) in [
            (-14, "404 NoSuchKey 0026-00000001"),
            (14, "404 NoSuchKey 0026-00000001"),
            (-16, "403 RequestTimeTooSkewed 0002-00000504"),
            (16, "403 RequestTimeTooSkewed 0002-00000504"),
        ] {
            let mut request = Ask::new("GET", &stage.ready.bucket, "k").request;
            let now = stage.clock.now() + Duration::minutes(minutes);
            Signer { now, ..stage.signer(&user, version) }.sign_headers(&mut request);
            let answer = stage.send(&request, Vec::new()).await;
            assert_eq!(answer.verdict(), expected, "{minutes} min, {version:?}");
            if answer.status == 403 {
                assert_eq!(answer.error().find_detail("MaxAllowedSkewMilliseconds"), Some("900000"));
            }
        }
    }
    // A V4 signature of days ago is told apart, in the words that mobile SDKs correct their clocks by.
    let mut request = Ask::new("GET", &stage.ready.bucket, "k").request;
    Signer { now: stage.clock.now() - Duration::days(3), ..stage.signer(&user, SignVersion::V4) }
        .sign_headers(&mut request);
    let answer = stage.send(&request, Vec::new()).await;
    assert_eq!(answer.verdict(), "400 InvalidArgument 0002-00000212");
    assert_eq!(answer.error().message, "Invalid signing date in Authorization header.");

    let token = stage.assume(None).await;
    stage.clock.advance(Duration::seconds(899));
    assert_eq!(get(&stage, &token, SignVersion::V4).await.verdict(), "404 NoSuchKey 0026-00000001");
    stage.clock.advance(Duration::seconds(1));
    for version in [SignVersion::V1, SignVersion::V4] {
        assert_eq!(get(&stage, &token, version).await.verdict(), "403 SecurityTokenExpired 0002-00000007");
    }
    stage.close().await;
}

#[tokio::test]
async fn presigned_urls() {
    let stage = Stage::open().await;
    let bucket = stage.ready.bucket.clone();
    let key = stage.assume(None).await;
    assert_eq!(stage.ask(&key, Ask::new("PUT", &bucket, "k").body("hello")).await.status, 200);
    let url = |version, method: &str, expires| {
        let mut request = Ask::new(method, &bucket, "k").request;
        stage.signer(&key, version).presign(&mut request, expires);
        request
    };
    for (version, expired) in
        [(SignVersion::V1, "403 AccessDenied 0002-00000069"), (SignVersion::V4, "403 AccessDenied 0002-00000236")]
    {
        let request = url(version, "GET", 60);
        assert_eq!(stage.send(&request, Vec::new()).await.text(), "hello");
        // Each signed piece of the URL, changed.
        for at in 0..request.query.len() {
            let mut changed = request.clone();
            let (name, mut value) = changed.query[at].clone();
            let last = value.pop().unwrap();
            value.push(if last == '1' { '2' } else { '1' });
            changed.query[at].1 = value;
            let answer = stage.send(&changed, Vec::new()).await;
            assert!((400..=403).contains(&answer.status), "{version:?} {name}: {}", answer.verdict());
        }
        for (what, changed) in [
            ("another key", shared::sign::Request { key: Some("other".to_owned()), ..request.clone() }),
            ("another method", shared::sign::Request { method: "DELETE".to_owned(), ..request.clone() }),
            ("an added process", request.clone().with_param("x-oss-process", "image/info")),
        ] {
            let answer = stage.send(&changed, Vec::new()).await;
            assert_eq!(answer.verdict(), "403 SignatureDoesNotMatch 0002-00000040", "{version:?}: {what}");
        }
        let request = url(version, "PUT", 60);
        assert_eq!(stage.send(&request, b"hello".to_vec()).await.status, 200);
        let late = url(version, "GET", 60);
        stage.clock.advance(Duration::seconds(61));
        assert_eq!(stage.send(&late, Vec::new()).await.verdict(), expired);
        stage.clock.advance(Duration::seconds(-61));
    }
    for (expires, expected) in [
        (Some(""), "403 AccessDenied 0002-00000068"),
        (Some("tomorrow"), "403 AccessDenied 0002-00000070"),
        (Some("1"), "403 AccessDenied 0002-00000069"),
        (None, "403 AccessDenied"),
    ] {
        let mut request = url(SignVersion::V1, "GET", 60);
        request.query.retain(|(name, _)| name != "Expires");
        request.query.extend(expires.map(|text| ("Expires".to_owned(), text.to_owned())));
        assert_eq!(stage.send(&request, Vec::new()).await.verdict(), expected, "{expires:?}");
    }
    let too_long = url(SignVersion::V4, "GET", 604_801);
    assert_eq!(stage.send(&too_long, Vec::new()).await.verdict(), "400 InvalidArgument 0002-00000232");
    let mut other_day = url(SignVersion::V4, "GET", 60);
    let credential = other_day.query.iter_mut().find(|(name, _)| name == "x-oss-credential").unwrap();
    credential.1 = format!("{}/20200101/cn-hangzhou/oss/aliyun_v4_request", key.access_key_id);
    assert_eq!(stage.send(&other_day, Vec::new()).await.verdict(), "400 InvalidArgument 0002-00000223");
    stage.close().await;
}

#[tokio::test]
async fn malformed_authorizations() {
    let stage = Stage::open().await;
    let date = shared::timefmt::http_date(stage.clock.now());
    let scope = format!("{}/cn-hangzhou/oss/aliyun_v4_request", &shared::timefmt::iso_basic(stage.clock.now())[..8]);
    let v4 = |rest: &str| format!("OSS4-HMAC-SHA256 Credential=LTAI/{scope}{rest}");
    for (authorization, dated, expected) in [
        ("", true, "400 InvalidArgument 0002-00000061"),
        ("Basic dXNlcjpwYXNz", true, "400 InvalidArgument 0002-00000061"),
        ("OSS", true, "400 InvalidArgument 0002-00000061"),
        ("OSS nocolon", true, "400 InvalidArgument 0002-00000061"),
        ("OSS LTAI:c2ln", false, "403 AccessDenied 0002-00000503"),
        ("OSS2 nothing", true, "400 InvalidArgument 0002-00000061"),
        ("OSS4-HMAC-SHA256 ", true, "400 InvalidArgument 0002-00000202"),
        ("OSS4-HMAC-SHA256 Credential=a/b/c,Signature=d", true, "400 InvalidArgument"),
        (&v4(""), true, "400 InvalidArgument 0002-00000203"),
        (&v4(",Signature=zz,Nonsense=1"), true, "400 InvalidArgument 0002-00000204"),
        (&v4(",Signature=zz,AdditionalHeaders="), true, "400 InvalidArgument 0002-00000209"),
        (&v4(",AdditionalHeaders=host;;range,Signature=zz"), true, "400 InvalidArgument 0002-00000210"),
        (&v4(",AdditionalHeaders=host;range, Signature=zz"), true, "403 InvalidAccessKeyId 0002-00000902"),
    ] {
        let mut ask = Ask::new("GET", &stage.ready.bucket, "k").header("authorization", authorization);
        if dated {
            ask = ask.header("date", &date);
        }
        let verdict = stage.send(&ask.request, Vec::new()).await.verdict();
        assert!(verdict.starts_with(expected), "{authorization:?}: {verdict}");
    }
    let user = stage.user();
    let mut request = Ask::new("GET", &stage.ready.bucket, "k").request;
    Signer { region: "cn-beijing", ..stage.signer(&user, SignVersion::V4) }.sign_headers(&mut request);
    assert_eq!(stage.send(&request, Vec::new()).await.verdict(), "400 InvalidArgument 0002-00000226");
    stage.close().await;
}

#[tokio::test]
async fn the_error_of_a_head_is_in_its_headers() {
    let stage = Stage::open().await;
    let answer = stage.ask(&stage.user(), Ask::new("HEAD", &stage.ready.bucket, "absent")).await;
    assert_eq!((answer.status, answer.body.len()), (404, 0));
    assert_eq!(answer.header("x-oss-ec"), "0026-00000001");
    let xml = String::from_utf8(STANDARD.decode(answer.header("x-oss-err")).unwrap()).unwrap();
    let error = shared::error::OssError::from_xml(404, &xml);
    assert_eq!(error.code.as_str(), "NoSuchKey");
    assert_eq!(error.request_id, answer.header("x-oss-request-id"));
    assert_eq!(answer.header("server"), "AliyunOSS");
    let date = shared::timefmt::parse_http_date(answer.header("date")).unwrap();
    assert!((date - stage.clock.now()).whole_seconds().abs() <= 2);
    stage.close().await;
}

#[tokio::test]
async fn what_is_not_implemented_says_so() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    for ask in [
        Ask::new("GET", &bucket, "").param("worm", ""),
        Ask::new("PUT", &bucket, "").param("inventory", "").param("inventoryId", "1"),
        Ask::new("POST", &bucket, "").param("metaQuery", "").param("comp", "query"),
        Ask::new("GET", &bucket, "").param("accessPoint", ""),
        Ask::new("DELETE", &bucket, "").param("quota", ""),
        Ask::new("PUT", &bucket, "channel").param("live", ""),
        Ask::new("POST", &bucket, "k").param("seal", ""),
        Ask::new("PUT", &bucket, "k").param("versionId", "1"),
        Ask::new("POST", &bucket, "k").param("x-oss-process", "").body("x-oss-process=csv/select"),
        Ask::new("POST", &bucket, "k").param("x-oss-process", "csv/select").body("<SelectRequest/>"),
        Ask::new("POST", &bucket, "k").param("x-oss-process", "json/meta").body("<JsonMetaRequest/>"),
    ] {
        let what = format!("{:?}", ask.request);
        let answer = stage.ask(&user, ask).await;
        assert_eq!(answer.verdict(), "501 NotImplemented", "{what}");
        assert!(answer.error().message.contains("SUPPORT.md"), "{what}");
    }
    // A stranger does not learn what is implemented before proving who they are; but nothing is performed either.
    let objects = stage.ask(&user, Ask::new("GET", &bucket, "")).await;
    assert!(!objects.text().contains("<Contents>"), "{}", objects.text());
    stage.close().await;
}
