//! `ram::reach`: which policies stay within a folder, how the others escape, and that no proof is contradicted by the evaluator.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::ram::{
    Bounds, Context, Escape, PolicyDocument, PolicyKind, Request, evaluate_layer, reach, template::substitute,
};

const FOLDER: Bounds<'_> = Bounds { bucket: "photos", prefix: "users/alice/", only_key: None };

fn policy(statements: &Value) -> PolicyDocument {
    PolicyDocument::from_value(&json!({"Version": "1", "Statement": statements}), PolicyKind::Session).unwrap()
}

/// How a policy of these statements escapes; empty when it does not.
fn told(statements: &Value, bounds: &Bounds<'_>) -> String {
    reach(&policy(statements), bounds).err().map(|escape| escape.to_string()).unwrap_or_default()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": format!("acs:oss:*:*:{resource}")})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": format!("acs:oss:*:*:{resource}")})
}

fn listing(operator: &str, prefix: &str) -> Value {
    let mut statement = allow("oss:ListObjects", "photos");
    statement["Condition"] = json!({operator: {"oss:Prefix": [prefix]}});
    statement
}

#[test]
fn each_way_out_is_told_by_its_shortest_name() {
    let mut not_like = deny("oss:ListObjects", "photos");
    not_like["Condition"] = json!({"StringNotLike": {"oss:Prefix": "users/alice/*"}});
    let everything_else =
        json!({"Effect": "Allow", "NotAction": "oss:Delete*", "Resource": "acs:oss:*:*:photos/users/alice/*"});
    for (statements, way) in [
        (json!([allow("oss:PutObject", "photos/users/alice/*")]), ""),
        (json!([allow("oss:*", "photos/users/alice/*"), everything_else]), ""),
        (json!([allow("oss:PutObject", "photos/users/alice/a?/*.jpg")]), ""),
        // The pitfalls that people fall into.
        (
            json!([allow("oss:PutObject", "photos/users/alice*")]),
            "PutObject on the key \"users/alice\" of the bucket photos",
        ),
        (json!([allow("oss:GetObject", "photos/*/alice/*")]), "GetObject on the key \"x/alice/\" of the bucket photos"),
        (json!([allow("oss:GetObject", "photos/users/?lice/*")]), "\"users/xlice/\" of the bucket photos"),
        (json!([allow("oss:GetObject", "photos*/users/alice/*")]), "\"users/alice/\" of the bucket photosx"),
        (json!([allow("oss:GetObject", "*/users/alice/*")]), "\"users/alice/\" of the bucket xxx"),
        (json!([allow("oss:PutObject", "photos/*")]), "\"x\" of the bucket photos"),
        (json!([{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]), "\"x\" of the bucket xxx"),
        (
            json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
            "on resources that are neither buckets nor objects",
        ),
        (json!([{"Effect": "Allow", "Action": "ecs:Stop*", "Resource": "*"}]), "ecs:stop"),
        // Denies take away, but only for certain.
        (json!([allow("oss:PutObject", "photos/users/*"), deny("oss:Put*", "photos/users/b*")]), "\"users/\" of"),
        (
            json!([allow("oss:*Object", "photos/users/*/x"), deny("oss:PutObject", "photos/users/*")]),
            "oss:DeleteObject on",
        ),
        (json!([allow("oss:PutObject", "photos/users/b*"), deny("oss:*", "photos/users/b*")]), ""),
        (
            json!([allow("oss:PutObject", "photos/b*"), {"Effect": "Deny", "Action": "oss:*", "Resource": "*",
            "Condition": {"Bool": {"acs:SecureTransport": "false"}}}]),
            "\"b\" of the bucket photos",
        ),
        (
            json!([allow("oss:PutObject", "photos/b*"), {"Effect": "Deny", "Action": "oss:*", "Resource": "acs:oss:*:7:*"}]),
            "\"b\" of the bucket photos",
        ),
        // Buckets.
        (json!([allow("oss:*", "photos")]), "allows oss:x on the bucket photos"),
        (json!([allow("oss:PutBucketPolicy", "photos")]), "oss:putbucketpolicy on the bucket photos"),
        (json!([allow("oss:GetBucketInfo", "photos"), allow("oss:PutObject", "photos")]), ""),
        (json!([allow("oss:GetBucketInfo", "photo*")]), "oss:GetBucketInfo on the bucket photo"),
        // Listings.
        (json!([allow("oss:ListObjects", "photos")]), "oss:ListObjects without a prefix"),
        (json!([listing("StringLike", "users/alice/*")]), ""),
        (json!([listing("StringEquals", "users/alice/")]), ""),
        (json!([listing("StringLike", "users/alice*")]), "oss:ListObjects with the prefix \"users/alice\""),
        (json!([listing("StringLike", "users/al*")]), "with the prefix \"users/al\""),
        (json!([listing("StringEquals", "")]), "with the prefix \"\""),
        (json!([listing("StringNotLike", "users/bob/*")]), "without a prefix"),
        (json!([allow("oss:ListObjects", "photos"), not_like]), ""),
        (json!([allow("oss:ListObjectVersions", "photos")]), "oss:ListObjectVersions without a prefix"),
    ] {
        let found = told(&statements, &FOLDER);
        assert_eq!(found.is_empty(), way.is_empty(), "{statements}: {found:?}, expected {way:?}");
        assert!(found.contains(way), "{statements}: {found:?} lacks {way:?}");
    }
}

#[test]
fn one_key_may_be_written_and_the_folder_read() {
    let bounds = Bounds { only_key: Some("users/alice/2026/k.jpg"), ..FOLDER };
    for (statements, way) in [
        (
            json!([
                allow("oss:PutObject", "photos/users/alice/2026/k.jpg"),
                allow("oss:GetObject", "photos/users/alice/*")
            ]),
            "",
        ),
        (json!([allow("oss:PutObject", "photos/users/alice/*")]), "PutObject on the key \"users/alice/\""),
        (json!([allow("oss:PutObject", "photos/users/alice/2026/k.jpg*")]), "\"users/alice/2026/k.jpgx\""),
        (json!([allow("oss:GetObject", "photos/users/*")]), "GetObject on the key \"users/\""),
    ] {
        let found = told(&statements, &bounds);
        assert_eq!(found.is_empty(), way.is_empty(), "{statements}: {found:?}");
        assert!(found.contains(way), "{statements}: {found:?} lacks {way:?}");
    }
}

#[test]
fn the_repository_s_policies_stay_in_their_folder() {
    for text in [
        include_str!("../../policy/bucket_read_policy.txt"),
        include_str!("../../policy/bucket_write_policy.txt"),
        include_str!("../../policy/bucket_read_write_policy.txt"),
    ] {
        let filled = substitute(text, &[("$BUCKET_NAME", "photos"), ("$OBJECT_PREFIX", "users/alice/")]).unwrap();
        let policy = PolicyDocument::parse(&filled, PolicyKind::Session).unwrap();
        assert_eq!(reach(&policy, &FOLDER), Ok(()), "{text}");
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let id = prop::sample::select(vec![
        "photos/users/alice/*",
        "photos/users/alice*",
        "photos/users/*",
        "photos/*",
        "photos/users/a?ice/*",
        "photos*",
        "photos/users/alice/x",
        "photos",
        "*",
        "photos/users/*/x",
        "photos/users/bob/*",
    ]);
    let action =
        prop::sample::select(vec!["oss:*", "oss:PutObject", "oss:Get*", "oss:ListObjects", "oss:PutBucketAcl"]);
    let prefix = prop::sample::select(vec!["users/alice/*", "users/a*", "*"]);
    let operator = prop::sample::select(vec!["", "", "StringLike", "StringNotLike"]);
    (id, action, any::<bool>(), operator, prefix).prop_map(|(id, action, allows, operator, prefix)| {
        let mut statement = if allows { allow(action, id) } else { deny(action, id) };
        if !operator.is_empty() {
            statement["Condition"] = json!({operator: {"oss:Prefix": prefix}});
        }
        statement
    })
}

proptest! {
    /// Against the evaluator: what is proven is never allowed outside, and an escape that is told is a real one (where no
    /// condition was assumed to be met).
    #[test]
    fn proofs_and_escapes_agree_with_the_evaluator(statements in prop::collection::vec(statement(), 1..4)) {
        let document = policy(&json!(statements));
        let allowed = |action: &str, id: &str, prefix: Option<&str>| {
            let mut context = Context::new();
            prefix.iter().for_each(|prefix| context.insert("oss:Prefix", *prefix));
            let request = Request { action: action.to_owned(), resource: format!("acs:oss:*:1:{id}"), context, ..Request::default() };
            evaluate_layer(&[&document], &request).effect == shared::ram::Outcome::Allow
        };
        match reach(&document, &FOLDER) {
            Ok(()) => {
                for action in ["oss:PutObject", "oss:GetObject", "oss:DeleteObject", "oss:PutObjectAcl"] {
                    for id in ["photos/users/alice", "photos/users/alicex", "photos/x", "photos/users/bob/x", "other/x", "photosx/users/alice/x"] {
                        prop_assert!(!allowed(action, id, None), "{} on {}", action, id);
                    }
                }
                prop_assert!(!allowed("oss:PutBucketAcl", "photos", None));
                for prefix in ["", "users/", "users/alice", "users/bob/"] {
                    prop_assert!(!allowed("oss:ListObjects", "photos", Some(prefix)), "listing {}", prefix);
                }
            }
            Err(escape) if statements.iter().all(|statement| statement.get("Condition").is_none()) => {
                let real = match &escape {
                    Escape::Object { action, bucket, key, .. } => allowed(action, &format!("{bucket}/{key}"), None),
                    Escape::Bucket { action, bucket, .. } => allowed(action, bucket, None),
                    Escape::Listing { action, prefix, .. } => allowed(action, "photos", prefix.as_deref()),
                    other => panic!("{other}"),
                };
                prop_assert!(real, "{} is not so", escape);
            }
            Err(_) => {}
        }
    }
}
