//! Upload forms: every signature version, every condition, every way a policy can be wrong.
#![cfg(test)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;
use shared::error::{OssCode, OssError};
use shared::secret::Secret;
use shared::sign::Scheme;
use shared::sign::post_policy::{
    FormFields, PolicyError, PostPolicy, PresentedForm, SizeLimits, Upload, sign_v1, sign_v2, sign_v4,
};
use shared::sign::v4::Scope;
use shared::timefmt::parse_iso8601;
use time::{Duration, OffsetDateTime};

type Pairs<'a> = &'a [(&'a str, &'a str)];

const CREDENTIAL: &str = "ak/20231203/cn-hangzhou/oss/aliyun_v4_request";

fn now() -> OffsetDateTime {
    parse_iso8601("2023-12-03T12:15:00Z").unwrap()
}

fn fields(pairs: Pairs<'_>) -> FormFields {
    pairs.iter().copied().collect()
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// A policy that lives, with these conditions.
fn policy(conditions: &str) -> String {
    base64(&format!(r#"{{"expiration":"2023-12-03T13:00:00.000Z","conditions":[{conditions}]}}"#))
}

fn refusal(error: impl Into<OssError>) -> (OssCode, String, String) {
    let error = error.into();
    (error.code, error.ec.unwrap_or_default(), error.message)
}

// ---- signatures

#[test]
fn the_post_vectors_pass_and_a_flipped_one_does_not() {
    let file: Value = serde_json::from_str(include_str!("data/signing-vectors.json")).unwrap();
    let text = |v: &Value, name: &str| v[name].as_str().unwrap_or_default().to_owned();
    let mut seen = 0;
    for v in file["vectors"].as_array().unwrap() {
        let (id, policy) = (text(v, "access_key_id"), text(v, "policy_base64"));
        let make = |signature: &str| match v["kind"].as_str().unwrap() {
            "post-v1" => Some(fields(&[("OSSAccessKeyId", &id), ("policy", &policy), ("signature", signature)])),
            "post-v4" => Some(fields(&[
                ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
                ("x-oss-credential", CREDENTIAL),
                ("x-oss-date", &text(v, "timestamp")),
                ("policy", &policy),
                ("X-OSS-Signature", signature),
            ])),
            _ => None,
        };
        let signature = text(v, "expected_signature");
        let Some(form) = make(&signature) else { continue };
        let secret = Secret::new(text(v, "access_key_secret"));
        let found = PresentedForm::read(&form).unwrap().unwrap();
        assert_eq!((found.access_key_id.as_str(), found.policy()), (id.as_str(), policy.as_str()));
        assert!(found.verify(&secret).is_ok(), "{}", v["id"]);
        let flipped = make(&signature.replacen(&signature[..1], "~", 1)).unwrap();
        let mismatch = PresentedForm::read(&flipped).unwrap().unwrap().verify(&secret).unwrap_err();
        assert_eq!(mismatch.string_to_sign, policy);
        seen += 1;
    }
    assert_eq!(seen, 2);
}

#[test]
fn v2_forms_and_tokens() {
    let secret = Secret::new("sk");
    let policy = policy(r#"{"x-oss-security-token":"CAIStoken"}"#);
    let signature = sign_v2(&secret, &policy);
    let form = |signature| {
        let pairs = [
            ("x-oss-signature-version", "OSS2"),
            ("x-oss-access-key-id", "STS.id"),
            ("x-oss-signature", signature),
            ("policy", &policy),
            ("x-oss-security-token", "CAIStoken"),
        ];
        PresentedForm::read(&fields(&pairs)).unwrap().unwrap()
    };
    let found = form(&signature);
    assert_eq!((found.scheme, found.access_key_id.as_str()), (Scheme::V2, "STS.id"));
    assert_eq!(found.security_token, Some(Secret::new("CAIStoken")));
    assert!(found.check_time(now(), "elsewhere").is_ok());
    assert!(found.verify(&secret).is_ok());
    let mismatch = form("no").verify(&secret).unwrap_err();
    let shown = String::from_utf8(STANDARD.decode(mismatch.string_to_sign).unwrap()).unwrap();
    assert!(shown.contains("***") && !shown.contains("CAIStoken"), "{shown}");
    assert!(!format!("{found:?}").contains(&policy));
}

#[test]
fn a_form_without_any_credential_is_anonymous_and_half_a_signature_is_refused() {
    let read = |pairs: Pairs<'_>| PresentedForm::read(&fields(pairs));
    assert!(read(&[("key", "a"), ("name", "b")]).unwrap().is_none());
    const V4: (&str, &str) = ("x-oss-signature-version", "OSS4-HMAC-SHA256");
    let date = ("x-oss-date", "20231203T121212Z");
    let cases: [(Pairs<'_>, &str, &str); 14] = [
        (&[("policy", "e30=")], "", "OSSAccessKeyId"),
        (&[("x-oss-security-token", "t")], "", "OSSAccessKeyId"),
        (&[("Signature", "s"), ("policy", "e30=")], "", "OSSAccessKeyId"),
        (&[("OSSAccessKeyId", "ak"), ("Signature", "s")], "0002-00000702", "policy"),
        (&[("OSSAccessKeyId", "ak"), ("policy", "e30=")], "0002-00000703", "Signature"),
        (&[("OSSAccessKeyId", "ak"), ("policy", "e30="), ("Signature", "")], "0002-00000704", "Signature"),
        (&[("x-oss-signature-version", "2")], "0002-00000701", "x-oss-signature-version"),
        (&[V4, date], "", "x-oss-credential"),
        (&[V4, ("x-oss-credential", CREDENTIAL)], "", "x-oss-date"),
        (
            &[V4, date, ("x-oss-credential", "ak/20231203/cn-hangzhou/oss/aws4_request")],
            "0002-00000710",
            "x-oss-credential",
        ),
        (
            &[V4, date, ("x-oss-credential", "ak/20231203/cn-hangzhou/ecs/aliyun_v4_request")],
            "0002-00000710",
            "x-oss-credential",
        ),
        (
            &[V4, date, ("x-oss-credential", "ak/2023-12-3/cn-hangzhou/oss/aliyun_v4_request")],
            "0002-00000709",
            "x-oss-credential",
        ),
        (
            &[V4, ("x-oss-credential", CREDENTIAL), ("x-oss-date", "2023-12-03T12:12:12Z")],
            "0002-00000709",
            "x-oss-date",
        ),
        (
            &[V4, ("x-oss-credential", CREDENTIAL), date, ("policy", "e30="), ("x-oss-signature", "")],
            "0002-00000704",
            "x-oss-signature",
        ),
    ];
    for (pairs, ec, argument) in cases {
        let error = OssError::from(read(pairs).unwrap_err());
        assert_eq!((&error.code, error.status), (&OssCode::InvalidArgument, 400), "{pairs:?}");
        assert_eq!(error.ec.as_deref().unwrap_or_default(), ec, "{pairs:?}");
        assert_eq!(error.find_detail("ArgumentName"), Some(argument), "{pairs:?}");
    }
}

#[test]
fn a_v4_form_counts_from_a_quarter_of_an_hour_ahead_to_seven_days() {
    let form = |credential: &str, date: &str| {
        let pairs = [
            ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
            ("x-oss-credential", credential),
            ("x-oss-date", date),
            ("x-oss-signature", "00"),
            ("policy", "e30="),
        ];
        PresentedForm::read(&fields(&pairs)).unwrap().unwrap()
    };
    let signed = parse_iso8601("2023-12-03T12:12:12Z").unwrap();
    let good = form(CREDENTIAL, "20231203T121212Z");
    for (offset, passes) in [(-901, false), (-900, true), (0, true), (604_800, true), (604_801, false)] {
        assert_eq!(good.check_time(signed + Duration::seconds(offset), "cn-hangzhou").is_ok(), passes, "{offset}");
    }
    let (code, ec, message) = refusal(good.check_time(signed, "cn-beijing").unwrap_err());
    assert_eq!((code, ec.as_str()), (OssCode::InvalidArgument, "0002-00000715"));
    assert_eq!(message, "The signing region in credential is invalid.");
    let other_day = form(CREDENTIAL, "20231204T000000Z").check_time(signed + Duration::days(1), "cn-hangzhou");
    assert_eq!(refusal(other_day.unwrap_err()).1, "0002-00000709");
}

// ---- the policy document

#[test]
fn every_malformed_policy_has_its_code() {
    const UNTIL: &str = r#""expiration":"2023-12-03T13:00:00.000Z""#;
    let whole = |conditions: &str| format!("{{{UNTIL},\"conditions\":{conditions}}}");
    for (text, ec) in [
        ("\"".to_owned(), "201"),
        ("[]".to_owned(), "201"),
        (format!("{{{UNTIL},{UNTIL}}}"), "201"),
        (format!("{{\"test\":1,{UNTIL},\"conditions\":[]}}"), "206"),
        (format!("{{{UNTIL}}}"), "207"),
        (r#"{"conditions":[["eq","$key","a"]]}"#.to_owned(), "208"),
        ("{}".to_owned(), "209"),
        (r#"{"expiration":123,"conditions":[["eq","$key","a"]]}"#.to_owned(), "210"),
        (r#"{"expiration":"","conditions":[["eq","$key","a"]]}"#.to_owned(), "211"),
        (r#"{"expiration":"2023-02-19 13:19:00","conditions":[["eq","$key","a"]]}"#.to_owned(), "212"),
        (whole("123"), "214"),
        (whole("[]"), "215"),
        (whole(r#"[["$key"]]"#), "216"),
        (whole("[[]]"), "216"),
        (whole(r#"[["ends-with","$key","a"]]"#), "217"),
        (whole(r#"[["starts-with","$key","a","b"]]"#), "218"),
        (whole(r#"[["content-length-range",20,10]]"#), "219"),
        (whole(r#"[["content-length-range","0",10]]"#), "220"),
        (whole(r#"[["content-length-range",-1,10]]"#), "220"),
        (whole(r#"[["content-length-range",0,"1048576"]]"#), "221"),
        (whole(r#"[["content-length-range",0,1.5]]"#), "221"),
        (whole(r#"[["content-length-range",[1],"test"]]"#), "223"),
        (whole("[123]"), "222"),
        (whole(r#"[["not-in","cache-control","no-cache"]]"#), "224"),
        (whole(r#"[["eq","$success_action_status",200]]"#), "224"),
        (whole(r#"[{"bucket":1}]"#), "224"),
        (whole(r#"[{"a":"1","b":"2"}]"#), "201"),
        (whole("[{}]"), "201"),
    ] {
        let (code, found, message) = refusal(PostPolicy::parse(&base64(&text)).unwrap_err());
        assert_eq!((code, found), (OssCode::InvalidPolicyDocument, format!("0006-00000{ec}")), "{text}");
        assert!(message.starts_with("Invalid Policy: "), "{message}");
    }
    for (raw, ec) in [("", "205"), ("%%%", "201"), ("/w==", "201")] {
        let found = refusal(PostPolicy::parse(raw).unwrap_err()).1;
        assert_eq!(found, format!("0006-00000{ec}"), "{raw}");
    }
}

#[test]
fn each_condition_admits_and_refuses() {
    const META: Pairs<'static> = &[("x-oss-meta-prop", "prop-1"), ("Cache-Control", "no-cache"), ("callback", "e30=")];
    // The upload is of users/1/a.jpg, type image/png, to the bucket photos. (conditions, refused by)
    for (conditions, failed) in [
        (r#"{"bucket":"photos"}"#, None),
        (r#"["eq","$bucket","other"]"#, Some(r#"["eq", "$bucket", "other"]"#)),
        (r#"{"bucket":"other"}"#, Some(r#"["eq", "$bucket", "other"]"#)),
        (r#"["eq","$key","users/1/a.jpg"]"#, None),
        (r#"["eq","\$key","users/1/${filename}"]"#, None),
        (r#"["EQ","$Key","users/1/A.jpg"]"#, Some(r#"["eq", "$Key", "users/1/A.jpg"]"#)),
        (r#"["starts-with","$key","users/1/"]"#, None),
        (r#"["starts-with","$key",""]"#, None),
        (r#"["starts-with","$key","users/2/"]"#, Some(r#"["starts-with", "$key", "users/2/"]"#)),
        (r#"["starts-with","$X-Oss-Meta-Prop","prop-"]"#, None),
        (r#"["starts-with","$x-oss-meta-prop","no\"pe"]"#, Some(r#"["starts-with", "$x-oss-meta-prop", "no\"pe"]"#)),
        (r#"["in","$content-type",["image/jpeg","image/png"]]"#, None),
        (
            r#"["in","$content-type",["image/jpeg","text/html"]]"#,
            Some(r#"["in", "$content-type", ["image/jpeg", "text/html"]]"#),
        ),
        (r#"["not-in","$cache-control",["max-age=1"]]"#, None),
        (r#"["not-in","$expires",["never"]]"#, None),
        (r#"["not-in","$cache-control",["no-cache"]]"#, Some(r#"["not-in", "$cache-control", ["no-cache"]]"#)),
        (r#"{"callback":"e30="}"#, None),
        (r#"{"callback":"e30"}"#, Some(r#"["eq", "$callback", "e30"]"#)),
        // Every condition counts, not the first or the last alone.
        (r#"{"bucket":"photos"},["eq","$key","b"],{"callback":"e30="}"#, Some(r#"["eq", "$key", "b"]"#)),
    ] {
        let fields = fields(META);
        let upload = Upload {
            bucket: "photos",
            key: "users/1/a.jpg",
            filename: "a.jpg",
            content_type: Some("image/png"),
            fields: &fields,
        };
        let result = PostPolicy::parse(&policy(conditions)).unwrap().check(&upload, now());
        match failed {
            None => assert_eq!(result, Ok(()), "{conditions}"),
            Some(quoted) => {
                let message = format!("Invalid according to Policy: Policy Condition failed: {quoted}");
                let expected = (OssCode::AccessDenied, "0006-00000227".to_owned(), message);
                assert_eq!(refusal(result.unwrap_err()), expected, "{conditions}");
            }
        }
    }
}

fn check(conditions: &str, pairs: Pairs<'_>, at: OffsetDateTime) -> Result<(), PolicyError> {
    let fields = fields(pairs);
    let upload = Upload { bucket: "b", key: "k", filename: "", content_type: None, fields: &fields };
    PostPolicy::parse(&policy(conditions)).unwrap().check(&upload, at)
}

#[test]
fn a_field_that_a_condition_names_must_be_there() {
    for conditions in
        [r#"["eq","success_action_status","200"]"#, r#"["starts-with","$x-oss-meta-a",""]"#, r#"{"A":"a"}"#]
    {
        let (code, ec, _) = refusal(check(conditions, &[], now()).unwrap_err());
        assert_eq!((code, ec.as_str()), (OssCode::AccessDenied, "0006-00000226"), "{conditions}");
    }
    let error = check(r#"["eq","success_action_status","200"]"#, &[], now()).unwrap_err().to_string();
    let quoted = r#"["eq", "$success_action_status", "200"]"#;
    assert_eq!(error, format!("Invalid according to Policy: Policy Condition failed: {quoted}"));
    let error = check(r#"{"x-oss-security-token":"CAIStoken"}"#, &[("x-oss-security-token", "x")], now()).unwrap_err();
    assert!(!error.to_string().contains("CAIStoken"), "{error}");
}

#[test]
fn a_policy_lives_until_its_expiration() {
    let end = parse_iso8601("2023-12-03T13:00:00Z").unwrap();
    assert_eq!(check(r#"{"bucket":"b"}"#, &[], end), Ok(()));
    let expired = refusal(check(r#"{"bucket":"b"}"#, &[], end + Duration::seconds(1)).unwrap_err());
    let message = "Invalid according to Policy: Policy expired.".to_owned();
    assert_eq!(expired, (OssCode::AccessDenied, "0006-00000213".to_owned(), message));
}

#[test]
fn a_v4_policy_must_fix_what_was_signed_with() {
    let pairs = [
        ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
        ("x-oss-credential", CREDENTIAL),
        ("x-oss-date", "20231203T121212Z"),
    ];
    let conditions: Vec<String> = pairs.iter().map(|(name, value)| format!(r#"{{"{name}":"{value}"}}"#)).collect();
    assert_eq!(check(&conditions.join(","), &pairs, now()), Ok(()));
    for (left_out, (name, _)) in pairs.iter().enumerate() {
        let mut others = conditions.clone();
        others[left_out] = format!(r#"["starts-with","${name}",""]"#);
        assert_eq!(check(&others.join(","), &pairs, now()), Err(PolicyError::Unbound(name)));
    }
}

#[test]
fn every_length_range_counts() {
    let limits = |conditions: &str| PostPolicy::parse(&policy(conditions)).unwrap().size_limits();
    assert_eq!(limits(r#"{"bucket":"b"}"#), SizeLimits { min: 0, max: 5 << 30 });
    assert_eq!(limits(r#"["content-length-range",0,9999999999]"#), SizeLimits { min: 0, max: 5 << 30 });
    let both = limits(r#"["content-length-range",1,100],["content-length-range",10,1000]"#);
    assert_eq!(both, SizeLimits { min: 10, max: 100 });
    for (size, code) in
        [(9, Some(OssCode::EntityTooSmall)), (10, None), (100, None), (101, Some(OssCode::EntityTooLarge))]
    {
        assert_eq!(both.check_whole(size).err().map(|error| error.code), code, "{size}");
    }
    assert!(both.check_so_far(9).is_ok() && both.check_so_far(101).is_err());
}

proptest! {
    #[test]
    fn no_policy_and_no_form_can_panic(text in ".*", names in proptest::collection::vec(".{0,12}", 0..6)) {
        let _ = PostPolicy::parse(&text);
        let _ = PostPolicy::parse(&base64(&text));
        let _ = PostPolicy::parse(&policy(&text));
        let form: FormFields = names.iter().map(|name| (name, text.clone())).collect();
        let _ = PresentedForm::read(&form);
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else(key in "[ -~]{1,40}", other in "[ -~]{1,40}", body in ".{0,200}") {
        let scope = Scope::new("20231203T121212Z", "cn-hangzhou");
        let (secret, policy) = (Secret::new(key.clone()), base64(&body));
        let v1 = sign_v1(&secret, &policy);
        let v4 = sign_v4(&secret, &scope, &policy);
        let forms = [
            fields(&[("OSSAccessKeyId", "ak"), ("policy", &policy), ("Signature", &v1)]),
            fields(&[
                ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
                ("x-oss-credential", CREDENTIAL),
                ("x-oss-date", "20231203T121212Z"),
                ("policy", &policy),
                ("x-oss-signature", &v4),
            ]),
        ];
        for form in forms {
            let found = PresentedForm::read(&form).unwrap().unwrap();
            prop_assert!(found.verify(&secret).is_ok());
            prop_assert_eq!(found.verify(&Secret::new(other.clone())).is_ok(), key == other);
        }
    }
}
