//! The policy lab's engine: each lint raised and not raised, proofs against the evaluator, additions that do what they say.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::ram::{
    Difference, Layer, Layers, Observed, Obstacle, PolicyDocument, PolicyKind, Request, equivalent, evaluate,
    evaluate_layer, explain, implies, lint, lint_at, minimal, obstacles, prove,
};

use PolicyKind::{Bucket, Identity, Session};

const VALUES: &[(&str, &str)] = &[("$BUCKET_NAME", "photos"), ("$OBJECT_PREFIX", "users/alice/")];
const FOLDER: &str = "acs:oss:*:*:photos/users/alice/*";
const PUT: &str = r#""oss:PutObject", "oss:ListParts", "oss:AbortMultipartUpload""#;

fn text(statements: &str) -> String {
    format!(r#"{{"Version": "1", "Statement": [{statements}]}}"#)
}

fn allow(actions: &str, resources: &str, more: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": [{actions}], "Resource": [{resources}]{more}}}"#)
}

/// kind, code, a policy that raises it, one that does not, and what the fix makes of the first, if there is one.
#[allow(clippy::type_complexity)]
fn cases() -> Vec<(PolicyKind, &'static str, String, String, Option<String>)> {
    let quoted = |resource: &str| format!("{resource:?}");
    let put = |resource: &str| text(&allow(PUT, &quoted(resource), ""));
    let get = |resource: &str| text(&allow(r#""oss:GetObject""#, &quoted(resource), ""));
    let list = |more: &str| text(&allow(r#""oss:ListObjects""#, r#""acs:oss:*:*:photos""#, more));
    let both = format!(r#""acs:oss:*:*:photos", {FOLDER:?}"#);
    let listing = |more: &str| text(&allow(r#""oss:ListObjects", "oss:GetObject""#, &both, more));
    let like = |value: &str| format!(r#", "Condition": {{"StringLike": {{"oss:Prefix": [{value:?}]}}}}"#);
    let bucket = |effect: &str, principal: &str, more: &str| {
        text(&format!(
            r#"{{"Effect": "{effect}", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:photos/*", "Principal": [{principal:?}]{more}}}"#
        ))
    };
    let source = r#", "Condition": {"IpAddress": {"acs:SourceIp": "192.0.2.0/24"}}"#;
    let vpc =
        r#", "Condition": {"IpAddress": {"acs:SourceIp": "192.0.2.0/24"}, "StringEquals": {"acs:SourceVpc": "vpc-1"}}"#;
    let good = put(FOLDER);
    vec![
        (Session, "unreadable", "{".to_owned(), good.clone(), None),
        (Session, "unreadable", text(r#"{"Effect": "allow"}"#), good.clone(), None),
        (Session, "unfilled", put("acs:oss:*:*:$BUCKET/*"), put("acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"), None),
        (Session, "too-large", put(&format!("{FOLDER}{}", "x".repeat(2048))), good.clone(), None),
        (
            Session,
            "unknown-action",
            text(&allow(r#""oss:HeadObject""#, &quoted(FOLDER), "")),
            get(FOLDER),
            Some(get(FOLDER)),
        ),
        (Session, "unknown-action", text(&allow(r#""oss:Frobnicate""#, &quoted(FOLDER), "")), get(FOLDER), None),
        (Session, "variable", get("acs:oss:*:*:photos/${acs:CurrentUser}/*"), get(FOLDER), None),
        (Session, "region", get("acs:oss:cn-hangzhou:*:photos/a/*"), get(FOLDER), Some(get("acs:oss:*:*:photos/a/*"))),
        (Session, "all-actions", text(&allow(r#""oss:*""#, &quoted(FOLDER), "")), good.clone(), None),
        (Session, "all-resources", get("acs:oss:*:*:photos*"), get(FOLDER), None),
        (Session, "no-slash", get("acs:oss:*:*:photos/users/alice*"), get(FOLDER), Some(get(FOLDER))),
        (
            Session,
            "allow-not-action",
            text(&format!(r#"{{"Effect": "Allow", "NotAction": "oss:Delete*", "Resource": {FOLDER:?}}}"#)),
            text(&format!(r#"{{"Effect": "Deny", "NotAction": "oss:Delete*", "Resource": {FOLDER:?}}}"#)),
            None,
        ),
        (Session, "escalation", text(&allow(r#""oss:Put*""#, &quoted(FOLDER), "")), good.clone(), None),
        (Session, "delete", text(&allow(r#""oss:DeleteObject""#, &quoted(FOLDER), "")), good.clone(), None),
        (
            Session,
            "open-listing",
            listing(""),
            listing(&like("users/alice/*")),
            Some(listing(&like("users/alice/*")).replace(
                r#", "Condition": {"StringLike": {"oss:Prefix": ["users/alice/*"]}}"#,
                r#", "Condition": {"StringLike":{"oss:Prefix":["users/alice/*"]}}"#,
            )),
        ),
        (
            Session,
            "level",
            text(&allow(r#""oss:ListMultipartUploads""#, &quoted(FOLDER), "")),
            text(&allow(r#""oss:ListMultipartUploads""#, r#""acs:oss:*:*:photos""#, "")),
            Some(text(&allow(r#""oss:ListMultipartUploads""#, &format!(r#"{FOLDER:?}, "acs:oss:*:*:photos""#), ""))),
        ),
        (Session, "prefix-no-slash", list(&like("users/alice*")), list(&like("users/alice/*")), None),
        (
            Session,
            "wildcard-in-equals",
            list(r#", "Condition": {"StringEquals": {"oss:Prefix": "users/alice/*"}}"#),
            list(r#", "Condition": {"StringEquals": {"oss:Prefix": "users/alice/"}}"#),
            None,
        ),
        (
            Session,
            "unknown-key",
            list(r#", "Condition": {"StringEquals": {"aws:Prefix": "users/alice/"}}"#),
            list(&like("users/alice/*")),
            None,
        ),
        (Bucket, "source-vpc", bucket("Allow", "1", source), bucket("Allow", "1", vpc), None),
        (Bucket, "everybody", bucket("Allow", "*", ""), bucket("Allow", "1", ""), None),
        (Bucket, "lock-out", bucket("Deny", "*", vpc), bucket("Deny", "*", ""), None),
        (
            Session,
            "no-abort",
            text(&allow(r#""oss:PutObject", "oss:ListParts""#, &quoted(FOLDER), "")),
            good.clone(),
            Some(good.clone()),
        ),
        (
            Session,
            "no-list-parts",
            text(&allow(r#""oss:PutObject", "oss:AbortMultipartUpload""#, &quoted(FOLDER), "")),
            good.clone(),
            Some(text(&allow(r#""oss:PutObject", "oss:AbortMultipartUpload", "oss:ListParts""#, &quoted(FOLDER), ""))),
        ),
        (
            Identity,
            "duplicate",
            text(&format!("{a}, {a}", a = allow(PUT, &quoted(FOLDER), ""))),
            good.clone(),
            Some(good.clone()),
        ),
        (
            Identity,
            "no-effect",
            text(&format!(
                "{}, {}",
                allow(PUT, &quoted(FOLDER), ""),
                allow(PUT, &quoted(&format!("{FOLDER}.jpg")), "")
            )),
            text(&format!("{}, {}", allow(PUT, &quoted(FOLDER), ""), allow(PUT, r#""acs:oss:*:*:others/c/*""#, ""))),
            Some(good),
        ),
    ]
}

#[test]
fn each_lint_is_raised_where_it_should_be_and_nowhere_else() {
    for (kind, code, bad, good, fixed) in cases() {
        let found = lint(&bad, kind, VALUES);
        let raised = found.iter().find(|lint| lint.code == code).unwrap_or_else(|| panic!("{code}: {bad}: {found:?}"));
        let quiet = lint(&good, kind, VALUES);
        assert!(!quiet.iter().any(|lint| lint.code == code), "{code} on {good}");
        if let Some(span) = &raised.span {
            assert!(bad.get(span.clone()).is_some_and(|part| !part.is_empty()), "{code}: {span:?}");
        }
        let mended = raised.fix.as_ref().and_then(|(_, edit)| edit.apply(&bad));
        assert_eq!(mended, fixed, "{code}");
        if let Some(mended) = mended {
            assert!(!lint(&mended, kind, VALUES).iter().any(|lint| lint.code == code), "{code}: {mended}");
        }
    }
}

#[test]
fn what_has_passed_is_told_at_its_time() {
    let until = |operator: &str, key: &str, times: &str| {
        text(&allow(PUT, &format!("{FOLDER:?}"), &format!(r#", "Condition": {{"{operator}": {{"{key}": {times}}}}}"#)))
    };
    let now = shared::timefmt::parse_iso8601("2026-06-01T00:00:00Z");
    let (past, coming) = (r#""2026-05-31T23:59:59Z""#, r#""2026-06-01T00:00:01Z""#);
    for (policy, raised) in [
        (until("DateLessThan", "acs:CurrentTime", past), true),
        (until("DateLessThanEquals", "ACS:currenttime", past), true),
        (until("DateEquals", "acs:CurrentTime", past), true),
        (until("DateLessThan", "acs:CurrentTime", coming), false),
        (until("DateLessThan", "acs:CurrentTime", &format!("[{past}, {coming}]")), false),
        (until("DateGreaterThan", "acs:CurrentTime", past), false),
        (until("DateLessThan", "oss:ExistingObjectTag/until", past), false),
    ] {
        let found = lint_at(&policy, Session, VALUES, now);
        assert_eq!(found.iter().any(|lint| lint.code == "date-passed"), raised, "{policy}: {found:?}");
        assert!(!lint(&policy, Session, VALUES).iter().any(|lint| lint.code == "date-passed"), "no time, no finding");
    }
}

#[test]
fn additions_for_keys_with_wildcards_open_nothing_else() {
    let ask = |id: &str| Request {
        action: "oss:PutObject".to_owned(),
        resource: format!("acs:oss:*:1:{id}"),
        ..Request::default()
    };
    let run = Observed { request: ask("photos/a*b?c"), allowed: true };
    let addition = shared::ram::remedy::addition(&policy(&json!([one("Deny", "oss:Get*", "x")])), &run.request);
    let shared::ram::Addition::Statement(statement) = addition else { panic!("{addition:?}") };
    for policy in
        [policy(&json!([statement])), PolicyDocument::from_value(&minimal(&[run], "").unwrap(), Session).unwrap()]
    {
        let allows = |id: &str| evaluate_layer(&[&policy], &ask(id)).effect == shared::ram::Outcome::Allow;
        assert!(allows("photos/a*b?c") && !allows("photos/a/anything/b?c") && !allows("photos/abc"), "{policy:?}");
    }
    let service = Request { action: "oss:ListBuckets".to_owned(), ..ask("*") };
    let addition = shared::ram::remedy::addition(&policy(&json!([one("Deny", "oss:Get*", "x")])), &service);
    assert!(format!("{addition:?}").contains("acs:oss:*:*:*"), "the service stays the service");
}

#[test]
fn the_shipped_policies_are_clean() {
    for template in [
        include_str!("../../policy/bucket_read_policy.txt"),
        include_str!("../../policy/bucket_read_write_policy.txt"),
        include_str!("../../policy/bucket_write_policy.txt"),
    ] {
        assert_eq!(lint(template, Session, VALUES), []);
    }
}

fn policy(statements: &Value) -> PolicyDocument {
    PolicyDocument::from_value(&json!({"Version": "1", "Statement": statements}), Session).unwrap()
}

fn one(effect: &str, action: &str, id: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": format!("acs:oss:*:*:{id}")})
}

#[test]
fn comparisons_tell_by_what_two_policies_differ() {
    let folder = policy(&json!([one("Allow", "oss:GetObject", "photos/a/*")]));
    let wider = policy(&json!([one("Allow", "oss:Get*", "photos/*")]));
    let denied = policy(&json!([one("Allow", "oss:Get*", "photos/*"), one("Deny", "oss:GetObject", "photos/a/b*")]));
    assert_eq!(implies(&folder, &wider), Ok(()));
    assert!(matches!(implies(&wider, &folder), Err(Difference::Request(_))));
    let Err(Difference::Request(request)) = implies(&folder, &denied) else { panic!("a/b is denied") };
    assert_eq!((request.action.as_str(), request.resource.rsplit(':').next()), ("oss:getobject", Some("photos/a/b")));
    let listing = |condition: Value| {
        let mut statement = one("Allow", "oss:ListObjects", "photos");
        statement["Condition"] = condition;
        policy(&json!([statement]))
    };
    for (left, right, same) in [
        (json!({"StringLike": {"oss:Prefix": "a/*"}}), json!({"StringLike": {"OSS:prefix": ["a/*", "a/b*"]}}), true),
        (json!({"StringLike": {"oss:Prefix": "a/*"}}), json!({"StringLike": {"oss:Prefix": "a*"}}), false),
        (json!({"StringEquals": {"oss:Prefix": "a"}}), json!({"StringLike": {"oss:Prefix": "a"}}), true),
        (json!({"NumericLessThan": {"oss:n": "5"}}), json!({"NumericLessThanEquals": {"oss:n": "5"}}), false),
        (
            json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}),
            json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/9"}}),
            false,
        ),
        (json!({"Bool": {"acs:SecureTransport": "true"}}), json!({"Bool": {"acs:SecureTransport": [true]}}), true),
        (
            json!({"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}}),
            json!({"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:01Z"}}),
            false,
        ),
    ] {
        assert_eq!(equivalent(&listing(left.clone()), &listing(right.clone())).is_ok(), same, "{left} {right}");
    }
}

fn id() -> impl Strategy<Value = String> {
    of(["photos", "photos/a/*", "photos/a*", "photos/*", "*", "photos/?/x", "other/*"])
}

fn of<const N: usize>(names: [&str; N]) -> proptest::sample::Select<String> {
    proptest::sample::select(names.map(str::to_owned).to_vec())
}

fn statements() -> impl Strategy<Value = Value> {
    let action = of(["oss:GetObject", "oss:Get*", "oss:PutObject", "oss:*", "oss:ListObjects"]);
    let statement = (any::<bool>(), action, id(), proptest::option::of(of(["a/*", "a*", "a/", "*"])));
    proptest::collection::vec(statement, 1..4).prop_map(|list| {
        list.into_iter()
            .map(|(deny, action, id, prefix)| {
                let mut statement = one(if deny { "Deny" } else { "Allow" }, &action, &id);
                if let Some(prefix) = prefix {
                    statement["Condition"] = json!({"StringLike": {"oss:Prefix": prefix}});
                }
                statement
            })
            .collect()
    })
}

fn request() -> impl Strategy<Value = Request> {
    let action = of(["oss:GetObject", "oss:PutObject", "oss:ListObjects", "oss:DeleteObject"]);
    let id = of(["photos", "photos/a/x", "photos/ab", "photos/b/x", "other/a/x", "*"]);
    (action, id, proptest::option::of(of(["", "a/", "a/b", "ab"]))).prop_map(|(action, id, prefix)| {
        let mut request = Request { action, resource: format!("acs:oss:*:1:{id}"), ..Request::default() };
        if let Some(prefix) = prefix {
            request.context.insert("oss:Prefix", prefix);
        }
        request
    })
}

proptest! {
    #[test]
    fn no_comparison_is_contradicted_by_a_request(left in statements(), right in statements(), request in request()) {
        let (left, right) = (policy(&left), policy(&right));
        let allows = |policy: &PolicyDocument, request: &Request| evaluate_layer(&[policy], request).effect == shared::ram::Outcome::Allow;
        match implies(&left, &right) {
            Ok(()) => prop_assert!(!allows(&left, &request) || allows(&right, &request)),
            Err(Difference::Request(found)) => prop_assert!(allows(&left, &found) && !allows(&right, &found)),
            Err(Difference::TooComplex) => prop_assert!(false, "these are simple"),
        }
        prop_assert_eq!(equivalent(&left, &right).is_ok(), implies(&left, &right).is_ok() && implies(&right, &left).is_ok());
    }

    #[test]
    fn additions_allow_what_they_are_for(session in statements(), role in statements(), request in request()) {
        let texts = [session, role].map(|list| json!({"Version": "1", "Statement": list}).to_string());
        let read = |text: &str| PolicyDocument::parse(text, Session).unwrap();
        let [session, role] = texts.each_ref().map(|text| read(text));
        let layers = Layers { identity: &[&role], session: Some(&session), ..Layers::default() };
        let allowed = evaluate(&layers, &request).is_allow();
        let obstacles = obstacles(&layers, &request);
        prop_assert_eq!(allowed, obstacles.is_empty());
        if obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Denied { .. })) {
            return Ok(());
        }
        let [mut session, mut role] = texts;
        for obstacle in obstacles {
            if let Obstacle::Missing { layer, addition } = obstacle {
                let text = if layer == Layer::Session { &mut session } else { &mut role };
                *text = addition.edit().apply(text).unwrap();
            }
        }
        let (session, role) = (read(&session), read(&role));
        let layers = Layers { identity: &[&role], session: Some(&session), ..Layers::default() };
        prop_assert!(evaluate(&layers, &request).is_allow(), "{session:?} {role:?}");
    }

    #[test]
    fn reports_agree_with_the_evaluator(session in statements(), request in request()) {
        let policy = policy(&session);
        let applies = explain(&policy, &request).iter().any(|report| report.applies);
        prop_assert_eq!(applies, evaluate_layer(&[&policy], &request).because.is_some());
    }

    #[test]
    fn lints_take_any_text(text in ".{0,200}") {
        let _ = lint(&text, Session, VALUES);
    }
}

#[test]
fn the_smallest_policy_does_what_a_run_did_and_no_action_of_it_could_go() {
    let asked = |action: &str, id: &str, prefix: Option<&str>, allowed: bool| {
        let mut context = shared::ram::Context::new().with("acs:SecureTransport", "true");
        if let Some(prefix) = prefix {
            context.insert("oss:Prefix", prefix);
        }
        let resource = format!("acs:oss:*:1000000000000001:{id}");
        Observed { request: Request { action: action.to_owned(), resource, principals: Vec::new(), context }, allowed }
    };
    let run = [
        asked("oss:PutObject", "photos/users/alice/a.jpg", None, true),
        asked("oss:PutObject", "photos/users/alice/b.jpg", None, true),
        asked("oss:GetObject", "photos/users/alice/a.jpg", None, true),
        asked("oss:GetObject", "photos/logo.png", None, true),
        asked("oss:ListObjects", "photos", Some("users/alice/2026/"), true),
        asked("oss:ListBuckets", "*", None, true),
        asked("oss:PutObject", "photos/users/bob/a.jpg", None, false),
        asked("oss:ListObjects", "photos", Some(""), false),
        asked("oss:DeleteObject", "photos/users/alice/a.jpg", None, false),
    ];
    let policy = minimal(&run, "photos/users/alice/").unwrap();
    assert_eq!(
        policy["Statement"],
        json!([
            { "Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["acs:oss:*:*:photos/logo.png"] },
            { "Effect": "Allow", "Action": ["oss:GetObject", "oss:PutObject"], "Resource": [FOLDER] },
            { "Effect": "Allow", "Action": ["oss:ListBuckets"], "Resource": ["acs:oss:*:*:*"] },
            { "Effect": "Allow", "Action": ["oss:ListObjects"], "Resource": ["acs:oss:*:*:photos"],
              "Condition": { "StringLike": { "oss:Prefix": ["users/alice/*"] } } },
        ])
    );
    let proof = prove(&policy, &run).unwrap();
    assert!(proof.holds(), "{proof:?}");
    let lost: Vec<(&str, &[usize])> =
        proof.removals.iter().map(|removal| (removal.action.as_str(), removal.lost.as_slice())).collect();
    assert_eq!(
        lost,
        [
            ("oss:GetObject", &[3][..]),
            ("oss:GetObject", &[2]),
            ("oss:PutObject", &[0, 1]),
            ("oss:ListBuckets", &[5]),
            ("oss:ListObjects", &[4]),
        ]
    );
    // A policy that is too wide, one that is too narrow, and one with an action that nothing needs.
    let mut wide = policy.clone();
    wide["Statement"][1]["Resource"] = json!(["acs:oss:*:*:photos/*"]);
    assert_eq!(prove(&wide, &run).unwrap().gained, [6]);
    let mut narrow = policy.clone();
    narrow["Statement"].as_array_mut().unwrap().remove(3);
    assert_eq!(prove(&narrow, &run).unwrap().lost, [4]);
    let mut idle = policy;
    idle["Statement"][1]["Action"] = json!(["oss:GetObject", "oss:PutObject", "oss:AbortMultipartUpload"]);
    assert!(!prove(&idle, &run).unwrap().holds());
    assert_eq!(minimal(&run[6..], "photos/users/alice/"), None, "nothing was allowed");
}
