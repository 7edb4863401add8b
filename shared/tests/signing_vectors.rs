//! The published signing vectors, each through the signer and through the verifier.
#![cfg(test)]

use serde::Deserialize;
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::v4::{self, Scope};
use shared::sign::{Request, SignVersion, Signer, acs3, post_policy, presented, rpc, v1, v2};
use shared::timefmt;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    access_key_id: String,
    access_key_secret: String,
    #[serde(default)]
    method: String,
    bucket: Option<String>,
    key: Option<String>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    headers: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    additional_headers: Vec<String>,
    region: Option<String>,
    product: Option<String>,
    timestamp: Option<String>,
    expires: Option<i64>,
    security_token: Option<String>,
    policy_base64: Option<String>,
    expected_signature: String,
    string_to_sign: Option<String>,
    canonical_request: Option<String>,
    expected_authorization: Option<String>,
}

impl Vector {
    fn request(&self) -> Request {
        Request {
            method: self.method.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect(),
        }
    }

    fn secret(&self) -> Secret {
        Secret::new(self.access_key_secret.clone())
    }

    fn scope(&self) -> Scope {
        let mut scope = Scope::new(self.timestamp.as_deref().unwrap(), self.region.as_deref().unwrap());
        scope.product = self.product.clone().unwrap();
        scope
    }
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("data/signing-vectors.json")).unwrap();
    assert_eq!(file.vectors.len(), 27, "a vector was lost");
    file.vectors
}

/// What the signer makes of a vector: (text, signature).
fn sign(v: &Vector) -> (String, String) {
    let (request, secret) = (v.request(), v.secret());
    let date = || request.header("x-oss-date").or(request.header("date")).unwrap().to_owned();
    match v.kind.as_str() {
        "v1-header" | "v1-url" => {
            let text = v1::string_to_sign(&request, &v.expires.map_or_else(date, |e| e.to_string()));
            (text.clone(), v1::sign(&secret, &text))
        }
        "v2-header" => {
            let text = v2::string_to_sign(&request, &date(), &v.additional_headers);
            (text.clone(), v2::sign(&secret, &text))
        }
        "v4-header" | "v4-url" => {
            let canonical = v4::canonical_request(&request, &v4::effective_additional(&request, &v.additional_headers));
            assert_eq!(Some(&canonical), v.canonical_request.as_ref(), "{}: canonical request", v.id);
            let text = v4::string_to_sign(v.timestamp.as_deref().unwrap(), &v.scope(), &canonical);
            (text.clone(), v4::sign(&secret, &v.scope(), &text))
        }
        "post-v1" => (String::new(), post_policy::sign_v1(&secret, v.policy_base64.as_deref().unwrap())),
        "post-v4" => (String::new(), post_policy::sign_v4(&secret, &v.scope(), v.policy_base64.as_deref().unwrap())),
        other => panic!("no signer for {other}"),
    }
}

/// Whether the verifier accepts `signature` for a vector.
fn accepts(v: &Vector, signature: &str) -> bool {
    let mut request = v.request();
    let policy = v.policy_base64.as_deref().unwrap_or_default();
    match v.kind.as_str() {
        "post-v1" => return post_policy::verify_v1(&v.secret(), policy, signature),
        "post-v4" => return post_policy::verify_v4(&v.secret(), &v.scope(), policy, signature),
        "v1-header" => request.set_header("authorization", &format!("OSS {}:{signature}", v.access_key_id)),
        "v2-header" => {
            request.set_header("authorization", &format!("OSS2 AccessKeyId:{},Signature:{signature}", v.access_key_id));
        }
        "v1-url" => request.query.extend([
            ("OSSAccessKeyId".to_owned(), v.access_key_id.clone()),
            ("Expires".to_owned(), v.expires.unwrap().to_string()),
            ("Signature".to_owned(), signature.to_owned()),
        ]),
        "v4-header" => {
            // Another client's order and spacing, to show that neither matters.
            let named = if v.additional_headers.is_empty() {
                String::new()
            } else {
                format!(", AdditionalHeaders={}", v.additional_headers.join(";"))
            };
            let credential = format!("{}/{}", v.access_key_id, v.scope());
            let value = format!("OSS4-HMAC-SHA256 Credential={credential}, Signature={signature}{named}");
            request.set_header("authorization", &value);
        }
        "v4-url" => request.query.push(("x-oss-signature".to_owned(), signature.to_owned())),
        other => panic!("no verifier for {other}"),
    }
    let found = presented(&request).unwrap().unwrap();
    assert_eq!(found.access_key_id, v.access_key_id, "{}", v.id);
    let token = found.security_token.as_ref().map(Secret::expose);
    assert_eq!(token, v.security_token.as_deref(), "{}", v.id);
    found.verify(&request, &v.secret()).is_ok()
}

#[test]
fn every_vector_passes_the_signer() {
    for v in vectors() {
        let (text, signature) = sign(&v);
        if let Some(expected) = &v.string_to_sign {
            assert_eq!(&text, expected, "{}: string to sign", v.id);
        }
        assert_eq!(signature, v.expected_signature, "{}: signature", v.id);
    }
}

#[test]
fn every_vector_passes_the_verifier_and_a_flipped_one_does_not() {
    for v in vectors() {
        assert!(accepts(&v, &v.expected_signature), "{}", v.id);
        let mut wrong = v.expected_signature.clone().into_bytes();
        wrong[0] = if wrong[0] == b'0' { b'1' } else { b'0' };
        assert!(!accepts(&v, &String::from_utf8(wrong).unwrap()), "{}: flipped", v.id);
    }
}

#[test]
fn every_published_authorization_header_is_read() {
    let mut seen = 0;
    for v in vectors() {
        let Some(value) = &v.expected_authorization else { continue };
        let request = v.request().with_header("Authorization", value);
        let found = presented(&request).unwrap().unwrap();
        assert!(found.verify(&request, &v.secret()).is_ok(), "{}", v.id);
        seen += 1;
    }
    assert!(seen >= 8, "only {seen}");
}

#[test]
fn what_the_client_signs_the_server_accepts_and_any_change_breaks_it() {
    let now = timefmt::parse_iso8601("2026-01-02T03:04:05Z").unwrap();
    let mut credentials = Credentials::long_term("STS.x", Secret::new("sk"));
    credentials.security_token = Some(Secret::new("CAIS+/="));
    let plain = Request::new("PUT", Some("photos"), Some("users/中 文+🙂/a.jpg"))
        .with_param("partNumber", "1")
        .with_param("uploadId", "ABC")
        .with_header("content-type", "image/jpeg");
    for version in [SignVersion::V1, SignVersion::V4] {
        let signer = Signer { credentials: &credentials, region: "cn-hangzhou", version, now };
        for url in [false, true] {
            let mut request = plain.clone();
            if url {
                signer.presign(&mut request, 600);
            } else {
                signer.sign_headers(&mut request);
            }
            let found = presented(&request).unwrap().unwrap();
            assert_eq!(found.security_token, credentials.security_token);
            assert_eq!(found.check_time(now, "cn-hangzhou"), Ok(()));
            assert!(found.verify(&request, &credentials.access_key_secret).is_ok(), "{version:?} url {url}");
            assert!(found.check_time(now + time::Duration::seconds(901), "cn-hangzhou").is_err());
            let changes: [fn(&mut Request); 5] = [
                |r| r.method = "DELETE".to_owned(),
                |r| r.key = Some("users/other/a.jpg".to_owned()),
                |r| r.query[0].1 = "2".to_owned(),
                |r| r.headers.push(("x-oss-object-acl".to_owned(), "public-read".to_owned())),
                |r| r.bucket = Some("other".to_owned()),
            ];
            for (index, change) in changes.iter().enumerate() {
                let mut tampered = request.clone();
                change(&mut tampered);
                let result = found.verify(&tampered, &credentials.access_key_secret);
                assert!(result.is_err(), "{version:?} url {url}: change {index} went unnoticed");
            }
        }
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn rpc_vectors() {
    let published = pairs(&[
        ("AccessKeyId", "testid"),
        ("Action", "DescribeRegions"),
        ("Format", "XML"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
        ("SignatureVersion", "1.0"),
        ("Timestamp", "2016-02-23T12:46:24Z"),
        ("Version", "2014-05-26"),
    ]);
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:PutObject"],"Resource":["acs:oss:*:*:b/users/alice/*"]}]}"#;
    let assume_role = pairs(&[
        ("RoleArn", "acs:ram::123456789012:role/app"),
        ("RoleSessionName", "alice"),
        ("DurationSeconds", "900"),
        ("Policy", policy),
        ("Version", "2015-04-01"),
        ("Action", "AssumeRole"),
        ("Format", "JSON"),
        ("RegionId", "cn-hangzhou"),
        ("Timestamp", "2026-11-23T23:41:44Z"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureType", ""),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "ef456f513429e9abb71b0203f79108ec"),
        ("AccessKeyId", "testid"),
    ]);
    let ali_oss = pairs(&[
        ("AccessKeyId", "ak"),
        ("RoleArn", "acs:ram::1:role/r"),
        ("RoleSessionName", "app"),
        ("DurationSeconds", "3600"),
        ("Format", "JSON"),
        ("Version", "2015-04-01"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "0.8194866230192361"),
        ("Timestamp", "2026-11-23T23:40:25.382Z"),
        ("Action", "AssumeRole"),
    ]);
    for (method, secret, parameters, signature) in [
        ("GET", "testsecret", &published, "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        ("POST", "testsecret", &published, "MxbnVAM4w6sft9xjVpe/GCKueuk="),
        ("POST", "testsecret", &assume_role, "i5vOmqpNe9eiYheh737e09qowMc="),
        ("POST", "sk", &ali_oss, "x2afBrh6Rw1hiSju2V6UYB2u4yk="),
    ] {
        let secret = Secret::new(secret);
        assert_eq!(rpc::sign(&secret, method, parameters), signature);
        let mut signed = parameters.clone();
        signed.push(("Signature".to_owned(), signature.to_owned()));
        assert!(rpc::verify(&secret, method, &signed));
        signed[0].1.push('x');
        assert!(!rpc::verify(&secret, method, &signed));
    }
}

#[test]
fn acs3_vectors() {
    let empty = acs3::body_hash(b"");
    let ecs = Request::new("POST", None, None)
        .with_param("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")
        .with_param("RegionId", "cn-shanghai")
        .with_header("host", "ecs.cn-shanghai.aliyuncs.com")
        .with_header("x-acs-action", "RunInstances")
        .with_header("x-acs-content-sha256", &empty)
        .with_header("x-acs-date", "2023-10-26T10:22:32Z")
        .with_header("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d")
        .with_header("x-acs-version", "2014-05-26");
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:PutObject"],"Resource":["acs:oss:*:*:b/users/alice/*"]}]}"#;
    let sts = Request::new("POST", None, None)
        .with_param("DurationSeconds", "900")
        .with_param("Policy", policy)
        .with_param("RoleArn", "acs:ram::123456789012:role/app")
        .with_param("RoleSessionName", "alice")
        .with_header("accept", "application/json")
        .with_header("host", "127.0.0.1:40595")
        .with_header("user-agent", "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2")
        .with_header("x-acs-action", "AssumeRole")
        .with_header("x-acs-content-sha256", &empty)
        .with_header("x-acs-credentials-provider", "static_ak")
        .with_header("x-acs-date", "2026-11-23T23:41:44Z")
        .with_header("x-acs-signature-nonce", "f00c4832c96c84b31eed8ceb8fd9bf1c")
        .with_header("x-acs-version", "2015-04-01");
    for (request, secret, signature) in [
        (ecs, "YourAccessKeySecret", "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"),
        (sts, "testsecret", "f5e24f599dbceb97bc947fa6cd89b48e13b142c52bf2105a7e512ea027eb7448"),
    ] {
        let headers: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        let value = format!("ACS3-HMAC-SHA256 Credential=id,SignedHeaders={},Signature={signature}", headers.join(";"));
        let authorization = acs3::Authorization::parse(&value).unwrap();
        assert!(authorization.verify(&request, &empty, &Secret::new(secret)));
        let tampered = request.clone().with_param("RoleArn", "acs:ram::1:role/admin");
        assert!(!authorization.verify(&tampered, &empty, &Secret::new(secret)));
    }
}
