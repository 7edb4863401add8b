//! STS: what it grants, and every refusal that `token-server.md` §3.6 documents.

use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::acs3;
use shared::sts::{StsError, VERSION};
use shared::timefmt;
use tests::Stage;
use time::Duration;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn code(status: u16, body: &str) -> String {
    StsError::from_json(status, body).map_or(format!("{status}"), |error| format!("{status} {}", error.code))
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let stage = Stage::open().await;
    let user = stage.user();
    let role = stage.ready.role_arn.clone();
    let good =
        [("Action", "AssumeRole"), ("Version", VERSION), ("RoleArn", role.as_str()), ("RoleSessionName", "alice")];
    let with = |changes: &[(&str, &str)]| {
        let mut all = pairs(&good);
        for (name, value) in changes {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        all
    };
    let long_policy = format!("{{\"x\":\"{}\"}}", "x".repeat(2048));
    for (changes, expected) in [
        (vec![], "200"),
        (vec![("DurationSeconds", "900")], "200"),
        (vec![("DurationSeconds", "3600")], "200"),
        (vec![("DurationSeconds", "899")], "400 InvalidParameter.DurationSeconds"),
        (vec![("DurationSeconds", "3601")], "400 InvalidParameter.DurationSeconds"),
        (vec![("DurationSeconds", "soon")], "400 InvalidParameter.DurationSeconds"),
        (vec![("RoleSessionName", "a")], "400 InvalidParameter.RoleSessionName"),
        (vec![("RoleSessionName", "a b")], "400 InvalidParameter.RoleSessionName"),
        (vec![("RoleSessionName", "")], "400 MissingRoleSessionName"),
        (vec![("RoleArn", "")], "400 MissingRoleArn"),
        (vec![("RoleArn", "arn:aws:iam::1:role/x")], "400 InvalidParameter.RoleArn"),
        (vec![("RoleArn", "acs:ram::1000000000000001:role/other")], "404 EntityNotExist.Role"),
        (vec![("Policy", "{")], "400 InvalidParameter.PolicyGrammar"),
        (vec![("Policy", r#"{"Version":"1","Statement":[]}"#)], "400 InvalidParameter.PolicyGrammar"),
        (vec![("Policy", &long_policy)], "400 InvalidParameter.PolicySize"),
        (vec![("Action", "Nonsense")], "404 InvalidAction.NotFound"),
        (vec![("Version", "2014-01-01")], "400 InvalidVersion"),
        (vec![("Timestamp", "yesterday")], "400 InvalidTimeStamp.Format"),
        (vec![("Timestamp", "2020-01-01T00:00:00Z")], "400 InvalidTimeStamp.Expired"),
        (vec![("SignatureMethod", "HMAC-SHA256")], "400 InvalidSignatureMethod"),
    ] {
        let (status, body) = stage.sts(&user, with(&changes)).await;
        assert_eq!(code(status, &body), expected, "{changes:?}: {body}");
    }
    let wrong = Credentials { access_key_secret: Secret::new("wrong"), ..user.clone() };
    let (status, body) = stage.sts(&wrong, with(&[])).await;
    assert_eq!(code(status, &body), "400 SignatureDoesNotMatch");
    assert!(body.contains("server string to sign is:POST&%2F&"), "{body}");
    let unknown = Credentials::long_term("LTAInobody", Secret::new("x"));
    let (status, body) = stage.sts(&unknown, with(&[])).await;
    assert_eq!(code(status, &body), "404 InvalidAccessKeyId.NotFound");
    let once = with(&[("SignatureNonce", "once")]);
    assert_eq!(stage.sts(&user, once.clone()).await.0, 200);
    let (status, body) = stage.sts(&user, once).await;
    assert_eq!(code(status, &body), "400 SignatureNonceUsed");
    let mut token = stage.assume(None).await;
    let (status, body) = stage.sts(&token, pairs(&[("Action", "GetCallerIdentity"), ("Version", VERSION)])).await;
    assert!(status == 200 && body.contains("AssumedRoleUser") && body.contains("role/direct-transfer/story"), "{body}");
    stage.clock.advance(Duration::seconds(901));
    let (status, body) = stage.sts(&token, pairs(&[("Action", "GetCallerIdentity"), ("Version", VERSION)])).await;
    assert_eq!(code(status, &body), "400 InvalidSecurityToken.Expired");
    token.security_token = None;
    let (status, body) = stage.sts(&token, pairs(&[("Action", "GetCallerIdentity"), ("Version", VERSION)])).await;
    assert_eq!(code(status, &body), "400 MissingSecurityToken");
    let (status, body) = stage.sts(&user, pairs(&[("Action", "GetCallerIdentity"), ("Version", VERSION)])).await;
    assert!(status == 200 && body.contains("RAMUser") && body.contains("1000000000000001"), "{body}");
    // XML is what RPC answers when nobody asks otherwise.
    let (status, body) = stage.sts(&user, with(&[("Format", "XML")])).await;
    assert!(status == 200 && body.contains("<AssumeRoleResponse>"), "{body}");
    stage.close().await;
}

/// The newer signature, as alibabacloud-sts20150401 makes it; then the same with one thing changed after signing.
#[tokio::test]
async fn acs3_is_verified_to_the_last_header() {
    let stage = Stage::open().await;
    let user = stage.user();
    for (change, expected) in [
        ("", "200"),
        ("nonce", "400 SignatureDoesNotMatch"),
        ("action", "400 SignatureDoesNotMatch"),
        ("query", "400 SignatureDoesNotMatch"),
        ("body", "400 InvalidContentSha256"),
        ("unsigned date", "400 IncompleteSignature"),
    ] {
        let host = stage.ready.sts_endpoint.trim_start_matches("http://").to_owned();
        let hash = acs3::body_hash(b"");
        let date = timefmt::iso8601(stage.clock.now());
        let mut request = shared::sign::Request::new("POST", None, None)
            .with_param("RoleArn", &stage.ready.role_arn)
            .with_param("RoleSessionName", "alice");
        for (name, value) in [
            ("host", host.as_str()),
            ("x-acs-action", "AssumeRole"),
            ("x-acs-content-sha256", &hash),
            ("x-acs-date", &date),
            ("x-acs-signature-nonce", &format!("acs3 {change}")),
            ("x-acs-version", VERSION),
        ] {
            request.set_header(name, value);
        }
        let mut signed: Vec<String> = request.headers.iter().map(|(name, _)| name.clone()).collect();
        if change == "unsigned date" {
            signed.retain(|name| name != "x-acs-date");
        }
        let signature = acs3::sign(&user.access_key_secret, &acs3::string_to_sign(&request, &signed, &hash));
        let id = &user.access_key_id;
        let names = signed.join(";");
        let authorization = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}");
        match change {
            "nonce" => request.set_header("x-acs-signature-nonce", "other"),
            "action" => request.set_header("x-acs-action", "GetCallerIdentity"),
            "query" => request.query[1].1 = "mallory".to_owned(),
            _ => {}
        }
        let mut send = stage.http.post(format!("{}/?{}", stage.ready.sts_endpoint, request.query_string()));
        for (name, value) in request.headers.iter().filter(|(name, _)| name != "host") {
            send = send.header(name, value);
        }
        let send = send.header("authorization", authorization).body(if change == "body" { "x" } else { "" });
        let answer = send.send().await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(code(status, &body), expected, "{change}: {body}");
    }
    stage.close().await;
}
