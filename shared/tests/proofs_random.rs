//! Random policies: no proof of `ram::reach` and `implies` is contradicted by trying, and every escape and difference is one.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::ram::{
    Bounds, Context, Difference, Escape, Outcome, PolicyDocument, PolicyKind, Request, evaluate_layer, implies, reach,
};

const FOLDER: Bounds<'_> = Bounds { bucket: "abc", prefix: "u/", only_key: None };

fn session(statements: &Value) -> PolicyDocument {
    PolicyDocument::from_value(&json!({"Version": "1", "Statement": statements}), PolicyKind::Session).unwrap()
}

/// Policies of random conditions, compared by proof and by trying many values.
mod against_many_values {
    use super::*;
    fn condition() -> impl Strategy<Value = Value> {
        let of = |operators: &'static [&'static str], values: &'static [&'static str]| {
            (prop::sample::select(operators), prop::collection::vec(prop::sample::select(values), 1..3))
        };
        let number = of(
            &["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericGreaterThan"],
            &["1", "1.0", "1.5", "2", "-3"],
        );
        let address = of(
            &["IpAddress", "NotIpAddress"],
            &["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2", "10.0.0.3/32", "0.0.0.0/0", "::/0"],
        );
        let text =
            of(&["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"], &["a", "a*", "?", "*b", "ab", ""]);
        let date = of(
            &["DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateNotEquals"],
            &["2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2026-01-01T00:00:01Z"],
        );
        prop_oneof![number, address, text, date].prop_map(|(operator, values)| json!({operator: {"oss:k": values}}))
    }

    const TRIED: &[&str] = &[
        "",
        "x",
        "a",
        "ab",
        "b",
        "abb",
        "ba",
        "-4",
        "-3",
        "0",
        "1",
        "1.2",
        "1.5",
        "1.7",
        "2",
        "3",
        "9.9.9.9",
        "10.0.0.0",
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "10.0.0.4",
        "::1",
        "ffff::",
        "2025-12-31T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:01Z",
        "2026-01-02T00:00:00Z",
    ];

    fn any_policy() -> impl Strategy<Value = PolicyDocument> {
        prop::collection::vec((any::<bool>(), condition()), 1..4).prop_map(|list| {
            let statements: Vec<Value> = list
                .into_iter()
                .map(|(deny, condition)| {
                    let effect = if deny { "Deny" } else { "Allow" };
                    json!({"Effect": effect, "Action": "oss:GetObject", "Resource": "*", "Condition": condition})
                })
                .collect();
            session(&json!(statements))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_proof_is_contradicted(left in any_policy(), right in any_policy()) {
            let request = |value: Option<&str>| Request {
                action: "oss:GetObject".to_owned(),
                resource: "acs:oss:*:1:abc/k".to_owned(),
                context: value.map_or_else(Context::new, |value| Context::new().with("oss:k", value)),
                ..Request::default()
            };
            let allows = |policy: &PolicyDocument, request: &Request| {
                evaluate_layer(&[policy], request).effect == Outcome::Allow
            };
            let differs = |request: &Request| allows(&left, request) && !allows(&right, request);
            let tried = std::iter::once(None).chain(TRIED.iter().copied().map(Some)).map(request).find(differs);
            match implies(&left, &right) {
                Ok(()) => prop_assert!(tried.is_none(), "{tried:?}"),
                Err(Difference::Request(found)) => prop_assert!(differs(&found), "{found:?}"),
                Err(Difference::TooComplex) => {}
            }
        }
    }
}

/// Policies of random patterns, proven to stay or not, and asked about every short name.
mod against_every_short_name {
    use super::*;
    /// Actions that mean something for an object, a bucket, a bucket's names, the service.
    const OF_OBJECTS: &[&str] = &["oss:PutObject", "oss:GetObject"];
    const OF_BUCKETS: &[&str] = &["oss:GetBucketAcl"];
    const LISTINGS: &[&str] = &["oss:ListObjects", "oss:ListMultipartUploads"];
    const OF_THE_SERVICE: &[&str] = &["oss:ListBuckets"];

    fn id() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec!["abc", "abc/", "u", "u/", "*", "?", "/", "x", "abc/u/", "abc/u/*", "b"]);
        prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
    }

    fn statement() -> impl Strategy<Value = Value> {
        let action = prop::sample::select(vec![
            "oss:*",
            "oss:Put*",
            "oss:*Object",
            "oss:GetObject",
            "oss:Get*",
            "oss:List*",
            "oss:ListObjects",
            "oss:???Object",
        ]);
        let condition = prop::option::of((
            prop::sample::select(vec!["StringLike", "StringEquals", "StringNotLike"]),
            prop::sample::select(vec!["u/*", "u/", "u*", "*", "?/*", ""]),
        ));
        (any::<bool>(), any::<bool>(), action, id(), condition).prop_map(|(allow, not, action, id, condition)| {
            let mut statement = json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                (if not { "NotAction" } else { "Action" }): action,
                "Resource": format!("acs:oss:*:*:{id}"),
            });
            if let Some((operator, prefix)) = condition {
                statement["Condition"] = json!({operator: {"oss:Prefix": prefix}});
            }
            statement
        })
    }

    /// All texts of at most three of these characters.
    fn keys() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..3 {
            let until = all.len();
            for at in from..until {
                for c in ['u', '/', 'x', 'é'] {
                    all.push(format!("{}{c}", all[at]));
                }
            }
            from = until;
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_500))]
        #[test]
        fn no_proof_is_contradicted_and_every_escape_is_one(statements in prop::collection::vec(statement(), 1..4)) {
            let policy = session(&json!(statements));
            let allowed = |action: &str, id: &str, prefix: Option<&str>| {
                let context = prefix.map_or_else(Context::new, |prefix| Context::new().with("oss:Prefix", prefix));
                let (action, resource) = (action.to_owned(), format!("acs:oss:*:1:{id}"));
                let request = Request { action, resource, context, ..Request::default() };
                evaluate_layer(&[&policy], &request).effect == Outcome::Allow
            };
            let conditional = statements.iter().any(|statement| statement.get("Condition").is_some());
            match reach(&policy, &FOLDER) {
                Ok(()) => {
                    // A condition on the prefix is taken as met where there is none to look at: with and without one.
                    for bucket in ["abc", "abd", "abcx", "xxx", "babc"] {
                        for key in keys().iter().filter(|key| !key.is_empty() && !key.starts_with('/')) {
                            let inside = bucket == "abc" && key.starts_with("u/");
                            for action in OF_OBJECTS.iter().filter(|_| !inside) {
                                prop_assert!(!allowed(action, &format!("{bucket}/{key}"), None), "{action} {bucket}/{key}");
                            }
                        }
                        for action in OF_BUCKETS {
                            prop_assert!(!allowed(action, bucket, None), "{action} {bucket}");
                        }
                        for action in LISTINGS {
                            prop_assert!(!allowed(action, bucket, None), "{action} {bucket} without a prefix");
                            for prefix in keys().iter().filter(|prefix| bucket != "abc" || !prefix.starts_with("u/")) {
                                prop_assert!(!allowed(action, bucket, Some(prefix)), "{action} {bucket} {prefix:?}");
                            }
                        }
                    }
                    for action in OF_THE_SERVICE {
                        prop_assert!(!allowed(action, "*", None), "{action} on the service");
                    }
                }
                Err(Escape::Object { action, bucket, key, .. }) if !conditional => {
                    prop_assert!(bucket != "abc" || !key.starts_with("u/"));
                    prop_assert!(allowed(&action, &format!("{bucket}/{key}"), None), "{action} {bucket}/{key}");
                }
                Err(Escape::Bucket { action, bucket, .. }) if !conditional => {
                    prop_assert!(allowed(&action, &bucket, None), "{action} {bucket}");
                }
                Err(Escape::Service { action, .. }) if !conditional => {
                    prop_assert!(allowed(&action, "*", None), "{action}");
                }
                Err(Escape::Listing { action, prefix, .. }) => {
                    prop_assert!(prefix.as_ref().is_none_or(|prefix| !prefix.starts_with("u/")));
                    prop_assert!(allowed(&action, "abc", prefix.as_deref()), "{action} {prefix:?}");
                }
                Err(_) => {}
            }
        }
    }
}
