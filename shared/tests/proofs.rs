//! Attempts to break the proofs of `ram::reach`, `implies` and `equivalent`: policies that differ or escape where it is hard to see.
#![cfg(test)]

use serde_json::{Value, json};
use shared::ram::{
    Bounds, Context, Difference, Escape, Outcome, PolicyDocument, PolicyKind, Request, equivalent, evaluate_layer,
    implies, lint, reach,
};

const FOLDER: Bounds<'_> = Bounds { bucket: "abc", prefix: "u/", only_key: None };

fn policy(statements: &Value, kind: PolicyKind) -> PolicyDocument {
    PolicyDocument::from_value(&json!({"Version": "1", "Statement": statements}), kind).unwrap()
}

fn session(statements: &Value) -> PolicyDocument {
    policy(statements, PolicyKind::Session)
}

fn allow(action: &str, id: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": format!("acs:oss:*:*:{id}")})
}

/// One Allow with this Condition.
fn under(condition: &Value) -> PolicyDocument {
    let mut statement = allow("oss:GetObject", "abc/*");
    statement["Condition"] = condition.clone();
    session(&json!([statement]))
}

fn nothing() -> PolicyDocument {
    session(&json!([{"Effect": "Deny", "Action": "oss:*", "Resource": "*"}]))
}

/// Policies that allow something, though only between, beyond or beside the values that they name.
#[test]
fn what_lies_between_the_values_of_conditions_is_tried_too() {
    for (condition, witness) in [
        (json!({"NumericGreaterThan": {"oss:n": "1"}, "NumericLessThan": {"oss:n": "1.2"}}), "1.1"),
        (json!({"NumericGreaterThan": {"oss:n": "1e300"}}), "2e300"),
        (json!({"NumericEquals": {"oss:n": "5"}, "StringNotEquals": {"oss:n": "5"}}), "5.0"),
        (
            json!({
                "DateGreaterThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"},
                "DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:01Z"}
            }),
            "2026-01-01T00:00:00.5Z",
        ),
        (
            json!({"StringLike": {"acs:SourceIp": "*"}, "NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8", "11.0.0.0/8"]}}),
            "192.0.2.1",
        ),
        (
            json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/30"}, "NotIpAddress": {"acs:SourceIp": ["10.0.0.0", "10.0.0.1", "10.0.0.3"]}}),
            "10.0.0.2",
        ),
        (
            json!({"StringEqualsIgnoreCase": {"oss:Prefix": "ab"}, "StringNotEquals": {"oss:Prefix": ["ab", "AB", "aB"]}}),
            "Ab",
        ),
        (json!({"Bool": {"acs:SecureTransport": "true"}, "StringNotEquals": {"acs:SecureTransport": "true"}}), "TRUE"),
    ] {
        let policy = under(&condition);
        let key = condition.as_object().unwrap().values().next().unwrap().as_object().unwrap().keys().next().unwrap();
        let request = Request {
            action: "oss:GetObject".to_owned(),
            resource: "acs:oss:*:1:abc/k".to_owned(),
            context: Context::new().with(key, witness),
            ..Request::default()
        };
        assert_eq!(evaluate_layer(&[&policy], &request).effect, Outcome::Allow, "{condition}: {witness} is a witness");
        match implies(&policy, &nothing()) {
            Ok(()) => panic!("{condition}: proven to allow nothing, and allows {witness}"),
            Err(Difference::Request(found)) => {
                assert_eq!(evaluate_layer(&[&policy], &found).effect, Outcome::Allow, "{condition}: {found:?}");
            }
            Err(Difference::TooComplex) => {}
        }
    }
}

#[test]
fn what_is_the_same_in_other_words_is_proven() {
    for (left, right) in [
        (
            json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}),
            json!({"IpAddress": {"acs:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}}),
        ),
        (json!({"NumericLessThan": {"oss:n": ["5", "7"]}}), json!({"NumericLessThan": {"oss:n": "7.0"}})),
        (
            json!({"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}}),
            json!({"DateLessThan": {"acs:CurrentTime": "2026-01-01T08:00:00+08:00"}}),
        ),
        (
            json!({"StringEqualsIgnoreCase": {"acs:UserAgent": "App"}}),
            json!({"StringEqualsIgnoreCase": {"acs:UserAgent": ["APP", "app"]}}),
        ),
    ] {
        assert_eq!(equivalent(&under(&left), &under(&right)), Ok(()), "{left} {right}");
    }
}

#[test]
fn owners_are_told_apart_by_all_patterns_at_once() {
    let of = |effect: &str, owner: &str| json!({"Effect": effect, "Action": "oss:GetObject", "Resource": format!("acs:oss:*:{owner}:abc/*")});
    let (plain, but) = (session(&json!([of("Allow", "1?")])), session(&json!([of("Allow", "1?"), of("Deny", "?2")])));
    let Err(Difference::Request(request)) = implies(&plain, &but) else { panic!("12 is denied by one") };
    assert_eq!(request.resource.split(':').nth(3), Some("12"), "{request:?}");
}

/// Whom a bucket policy speaks about counts as much as what.
#[test]
fn callers_are_told_apart() {
    let to = |principals: &Value, effect: &str| json!({"Effect": effect, "Action": "oss:GetObject", "Resource": "acs:oss:*:*:abc/*", "Principal": principals});
    let bucket = |statements: &Value| policy(statements, PolicyKind::Bucket);
    let (one, two) = (bucket(&json!([to(&json!("1"), "Allow")])), bucket(&json!([to(&json!("2"), "Allow")])));
    assert!(matches!(equivalent(&one, &two), Err(Difference::Request(_))), "1 is not 2");
    let everybody = bucket(&json!([to(&json!("*"), "Allow")]));
    assert_eq!(implies(&one, &everybody), Ok(()));
    let Err(Difference::Request(request)) = implies(&everybody, &one) else { panic!("everybody is more than 1") };
    assert_eq!(evaluate_layer(&[&one], &request).effect, Outcome::ImplicitDeny, "{request:?}");
    assert_eq!(equivalent(&one, &bucket(&json!([to(&json!(["1", "1"]), "Allow")]))), Ok(()));
    // Somebody who is both, and is not the third.
    let both = |denied: &Value| bucket(&json!([to(&json!("2"), "Allow"), to(denied, "Deny")]));
    assert!(equivalent(&both(&json!("3")), &both(&json!(["1", "3"]))).is_err(), "2 may go by 1, too");

    let text = json!({"Version": "1", "Statement": [to(&json!(["1"]), "Allow"), to(&json!(["2"]), "Allow")]});
    let found = lint(&text.to_string(), PolicyKind::Bucket, &[]);
    assert!(!found.iter().any(|lint| lint.code == "no-effect"), "removing it would shut 2 out: {found:?}");
}

/// A policy that names every character there is a spare one for, and leaves the rest of the world in.
#[test]
fn no_character_is_forgotten() {
    let spare = "xyzabcdefghijklmnopqrstuvw0123456789_~!()ÄÖÜäöüß中文图片照";
    let denied: Vec<String> = spare.chars().map(|c| format!("acs:oss:*:*:abc/{c}*")).collect();
    let leaky = session(&json!([
        allow("oss:GetObject", "abc/*"),
        {"Effect": "Deny", "Action": "oss:*", "Resource": denied},
    ]));
    let Err(Escape::Object { key, .. }) = reach(&leaky, &FOLDER) else { panic!("all other characters are let out") };
    assert!(!spare.contains(key.chars().next().unwrap()), "{key}");
    assert!(matches!(implies(&leaky, &nothing()), Err(Difference::Request(_))));
}

/// The service itself is the resource `*`, which a `?` covers like any one character.
#[test]
fn the_service_is_a_resource_like_others() {
    for (id, action) in [("?", "oss:ListBuckets"), ("?", "oss:*"), ("?", "oss:PutPublicAccessBlock")] {
        let policy = session(&json!([allow(action, id)]));
        let asked = if action == "oss:*" { "oss:ListBuckets" } else { action };
        let request = Request { action: asked.to_owned(), resource: "acs:oss:*:1:*".to_owned(), ..Request::default() };
        assert_eq!(evaluate_layer(&[&policy], &request).effect, Outcome::Allow, "{action} on {id}");
        assert!(reach(&policy, &FOLDER).is_err(), "{action} on {id} is proven to stay in the folder");
    }
    let denied = session(&json!([
        allow("oss:ListBuckets", "?"),
        {"Effect": "Deny", "Action": "oss:List*", "Resource": "acs:oss:*:*:*"},
    ]));
    assert_eq!(reach(&denied, &FOLDER), Ok(()));
}

/// Buckets of vectors and tables have resources of their own (`acs:ossvector:…`), whose actions begin with `oss:` as well.
#[test]
fn other_kinds_of_buckets_are_outside() {
    for resource in ["acs:ossvector:*:*:*", "acs:oss*:*:*:abc/u/*", "acs:*:*:*:abc/u/*"] {
        let policy = session(&json!([{"Effect": "Allow", "Action": "oss:*", "Resource": resource}]));
        assert!(matches!(reach(&policy, &FOLDER), Err(Escape::OtherService { .. })), "{resource}");
    }
    let known = session(&json!([{"Effect": "Allow", "Action": "oss:PutObject", "Resource": "acs:oss:*:*:abc/u/*"}]));
    assert_eq!(reach(&known, &FOLDER), Ok(()));
}

/// Texts that are made to be costly: refused or given up, and never a panic nor a long wait.
#[test]
fn hostile_patterns_end() {
    let stars = session(&json!([allow("oss:GetObject", &format!("{}x", "*".repeat(200_000)))]));
    assert!(reach(&stars, &FOLDER).is_err());
    let long = session(&json!([allow("oss:GetObject", &format!("*{}", "?*".repeat(50_000)))]));
    assert!(reach(&long, &FOLDER).is_err());
    let literal = session(&json!([allow("oss:GetObject", &format!("abc/u/{}*", "k".repeat(100_000)))]));
    assert!(reach(&literal, &FOLDER).is_err(), "given up");
    let _ = implies(&stars, &long);
}

/// Texts that would take gigabytes or minutes if each of their values was followed.
#[test]
fn hostile_texts_end() {
    let policy = |statements: &str| format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#);
    let allow = |rest: &str| format!(r#"{{"Effect": "Allow", "Action": "oss:*", "Resource": {rest}}}"#);
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let keys = |count: usize| many(count, &|n| format!(r#""oss:ExistingObjectTag/{n}": ["a{n}*", "*b{n}", "?{n}"]"#));
    for text in [
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)),
        "{\"a\":".repeat(100_000),
        // One long name around many values.
        format!(r#"{{"{}": [{}0]}}"#, "n".repeat(200_000), "0,".repeat(200_000)),
        format!(r#"{{"{}": [{}0]}}"#, "n".repeat(30_000), "0,".repeat(15_000)),
        policy(&format!(r#"{{"Effect": "Allow", "Effect": {}}}"#, "9".repeat(10_000))),
        policy(&allow(&format!("\"acs:oss:*:*:{}\"", "*?".repeat(10_000)))),
        policy(&allow(&format!("[{}]", many(700, &|n| format!(r#""acs:oss:*:*:*{n}*b/*{n}""#))))),
        policy(&many(250, &|n| allow(&format!(r#"["acs:oss:*:{n}?:*{n}*", "acs:oss:?{n}:*:b/*{n}?"]"#)))),
        policy(&many(2_000, &|_| r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#.to_owned())),
        policy(&many(3, &|_| {
            let condition = format!(r#""*", "Condition": {{"StringLike": {{{}}}}}"#, keys(40));
            allow(&condition)
        })),
        policy(&format!(
            r#"{{"Effect": "Allow", "Action": "oss:{}", "Resource": "*"}}"#,
            "\u{1F4F7}\u{202E}?*".repeat(900)
        )),
    ] {
        for kind in [PolicyKind::Session, PolicyKind::Bucket, PolicyKind::Trust] {
            let found = lint(&text, kind, &[("$X", "y")]);
            assert!(!found.is_empty(), "{} bytes as {kind:?}", text.len());
            if let Ok(read) = PolicyDocument::parse(&text, kind) {
                let _ = (reach(&read, &FOLDER), equivalent(&read, &read), implies(&read, &nothing()));
            }
        }
        let _ = shared::ram::Spans::read(&text).of("Statement[0].Action");
    }
}
