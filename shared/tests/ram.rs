//! RAM policies: the published matrix, the grammar's errors, the shipped templates, and what must hold for any policy.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::ram::template::substitute;
use shared::ram::{Context, Layer, Layers, Outcome, PolicyDocument, PolicyKind, Request, evaluate, evaluate_layer};

fn policy(value: &Value) -> PolicyDocument {
    PolicyDocument::from_value(value, PolicyKind::Session).unwrap()
}

fn request(action: &str, relative: &str) -> Request {
    Request { action: action.to_owned(), resource: format!("acs:oss:*:1234:{relative}"), ..Request::default() }
}

/// A row's operation, such as `PutObject user1/test.txt` or `ListObjects prefix='user1/'`.
fn operation(text: &str) -> Request {
    let (name, argument) = text.split_once(' ').unwrap_or((text, ""));
    let action = format!("oss:{name}");
    match name {
        "ListBuckets" => request(&action, "*"),
        "ListObjects" => {
            let prefix = argument.trim_start_matches("prefix='").trim_end_matches('\'');
            Request { context: Context::new().with("oss:Prefix", prefix), ..request(&action, "app-base-oss") }
        }
        _ => request(&action, &format!("app-base-oss/{argument}")),
    }
}

fn full() -> PolicyDocument {
    policy(&json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}))
}

#[test]
fn published_matrix() {
    let matrix: Value = serde_json::from_str(include_str!("data/policy-matrix.json")).unwrap();
    let role = full();
    for row in matrix["rows"].as_array().unwrap() {
        let session = policy(&row["policy"]);
        let layers = Layers { identity: &[&role], session: Some(&session), ..Layers::default() };
        let operations = matrix["ops"].as_array().unwrap().iter().map(|op| operation(op.as_str().unwrap()));
        let got: String = operations.map(|op| if evaluate(&layers, &op).is_allow() { 'S' } else { 'F' }).collect();
        assert_eq!(row["expected"], got, "{}", row["name"]);
    }
}

/// kind, the one statement, where the error must point, a word of what it expects.
fn broken() -> Vec<(PolicyKind, Value, &'static str, &'static str)> {
    use PolicyKind::{Bucket, Identity, Session, Trust};
    let with = |key: &str, value: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"});
        match value {
            Value::Null => drop(statement.as_object_mut().unwrap().remove(key)),
            value => statement[key] = value,
        }
        statement
    };
    let condition = |value: Value| with("Condition", value);
    vec![
        (Session, with("Effect", json!("allow")), "Statement[0].Effect", "\"Allow\" or \"Deny\""),
        (Session, with("Effect", Value::Null), "Statement[0].Effect", "\"Allow\" or \"Deny\""),
        (Session, with("Action", Value::Null), "Statement[0].Action", "NotAction"),
        (Session, with("NotAction", json!("oss:*")), "Statement[0]", "one of them"),
        (Session, with("Action", json!(["oss:*", "PutObject"])), "Statement[0].Action[1]", "service:Name"),
        (Session, with("Action", json!([])), "Statement[0].Action", "service:Name"),
        (Session, with("Resource", Value::Null), "Statement[0].Resource", "acs:oss"),
        (Session, with("Resource", json!("bucket/*")), "Statement[0].Resource", "acs:oss"),
        (Session, with("NotResource", json!("*")), "Statement[0].NotResource", "Resource"),
        (Identity, with("Principal", json!("*")), "Statement[0].Principal", "no Principal"),
        (Bucket, with("Effect", json!("Allow")), "Statement[0].Principal", "account or user ids"),
        (Trust, with("Principal", json!({"RAM": "x"})), "Statement[0].Resource", "no Resource"),
        (Trust, with("Principal", json!({"AWS": "x"})), "Statement[0].Principal.AWS", "RAM"),
        (Session, with("Sid", json!(1)), "Statement[0].Sid", "a string"),
        (Session, condition(json!([])), "Statement[0].Condition", "object"),
        (
            Session,
            condition(json!({"StringEqualsIfExists": {"k": "v"}})),
            "Statement[0].Condition.StringEqualsIfExists",
            "IfExists",
        ),
        (Session, condition(json!({"Null": {"k": "true"}})), "Statement[0].Condition.Null", "Null"),
        (
            Session,
            condition(json!({"ForAnyValue:StringLike": {"k": "v"}})),
            "Statement[0].Condition.ForAnyValue:StringLike",
            "ForAnyValue",
        ),
        (Session, condition(json!({"StringLike": {}})), "Statement[0].Condition.StringLike", "condition key"),
        (Session, condition(json!({"StringLike": {"k": []}})), "Statement[0].Condition.StringLike.k", "a string"),
        (
            Session,
            condition(json!({"IpAddress": {"acs:SourceIp": ["10.0.0.1", "10.0.0.0/40"]}})),
            "Statement[0].Condition.IpAddress.acs:SourceIp[1]",
            "CIDR",
        ),
    ]
}

#[test]
fn grammar_errors_say_where() {
    for (kind, statement, path, expected) in broken() {
        let error = PolicyDocument::from_value(&json!({"Version": "1", "Statement": [statement]}), kind).unwrap_err();
        assert_eq!(error.path, path, "{statement}");
        assert!(error.expected.contains(expected), "{statement}: {error}");
    }
    for (text, path) in [
        ("{\"Version\":\"1\",", "the document"),
        ("[]", "the document"),
        (r#"{"Version":1,"Statement":[]}"#, "Version"),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, "Version"),
        (r#"{"Version":"1","Statement":[]}"#, "Statement"),
        (r#"{"Version":"1","Id":"x","Statement":[]}"#, "Id"),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            "the document",
        ),
    ] {
        assert_eq!(PolicyDocument::parse(text, PolicyKind::Session).unwrap_err().path, path, "{text}");
    }
}

#[test]
fn round_trip() {
    let statement = |extra: Value| {
        let mut statement = json!({"Sid": "s", "Effect": "Deny", "NotAction": ["oss:Get*", "oss:List*"], "Condition": {
            "Bool": {"acs:SecureTransport": [false]}, "StringLike": {"oss:Prefix": "a/*", "acs:UserAgent": ["x", "y"]}}});
        statement.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"Version": "1", "Statement": [statement]})
    };
    for (kind, extra) in [
        (PolicyKind::Session, json!({"Resource": "*"})),
        (PolicyKind::Bucket, json!({"Resource": ["acs:oss:*:*:b", "acs:oss:*:*:b/*"], "Principal": ["1234", "*"]})),
        (PolicyKind::Trust, json!({"Principal": {"RAM": "acs:ram::1:root", "Service": ["ecs.aliyuncs.com"]}})),
    ] {
        let once = PolicyDocument::from_value(&statement(extra), kind).unwrap();
        let again = PolicyDocument::parse(&once.to_value().to_string(), kind).unwrap();
        assert_eq!(once, again);
    }
}

#[test]
fn layers_in_their_order() {
    let allow = |action: &str| {
        policy(&json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}))
    };
    let deny = policy(&json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "oss:*", "Resource": "*"},
        {"Sid": "no-put", "Effect": "Deny", "Action": "oss:put*", "Resource": "*"}]}));
    let bucket = |effect: &str, principal: Value| {
        let value = json!({"Version": "1", "Statement": [
            {"Effect": effect, "Principal": principal, "Action": "oss:PutObject", "Resource": "acs:oss:*:*:b/*"}]});
        PolicyDocument::from_value(&value, PolicyKind::Bucket).unwrap()
    };
    let put = Request { principals: vec!["27".to_owned()], ..request("oss:PutObject", "b/k") };
    let (put_role, get_role, role) = (allow("oss:PutObject"), allow("oss:GetObject"), full());
    let (grants, denies, not_mine) =
        (bucket("Allow", json!("27")), bucket("Deny", json!(["*"])), bucket("Allow", json!("28")));
    use Layer::{Bucket, Control, Identity, Session};
    use Outcome::{Allow, ExplicitDeny, ImplicitDeny};
    let cases = [
        (vec![&role], Some(&put_role), None, Allow, Identity, false),
        (vec![&role], Some(&get_role), Some(&grants), ImplicitDeny, Session, false),
        (vec![&role], Some(&deny), None, ExplicitDeny, Session, false),
        (vec![&put_role], Some(&get_role), None, ImplicitDeny, Session, false),
        (vec![&get_role], Some(&put_role), None, ImplicitDeny, Identity, true),
        (vec![], None, Some(&grants), Allow, Bucket, false),
        (vec![], None, Some(&not_mine), ImplicitDeny, Identity, true),
        (vec![&get_role, &deny], None, Some(&grants), ExplicitDeny, Identity, false),
        (vec![&put_role], None, Some(&denies), ExplicitDeny, Bucket, false),
        (vec![], None, None, ImplicitDeny, Identity, true),
    ];
    for (index, (identity, session, bucket, effect, layer, to_acls)) in cases.into_iter().enumerate() {
        let verdict = evaluate(&Layers { identity: &identity, session, bucket, ..Layers::default() }, &put);
        assert_eq!((verdict.effect, verdict.because.layer), (effect, layer), "case {index}: {verdict:?}");
        assert_eq!(verdict.leaves_it_to_acls(), to_acls, "case {index}");
    }
    // Control policies come first: what they do not let through, nothing lets through, and they grant nothing.
    for (control, identity, bucket, effect, layer, to_acls) in [
        (vec![&role], vec![&role], None, Allow, Identity, false),
        (vec![&role], vec![], Some(&grants), Allow, Bucket, false),
        (vec![&role], vec![], None, ImplicitDeny, Identity, true),
        (vec![&role, &deny], vec![&role], Some(&grants), ExplicitDeny, Control, false),
        (vec![&get_role], vec![&role], Some(&grants), ImplicitDeny, Control, false),
    ] {
        let layers = Layers { control: &control, identity: &identity, session: Some(&put_role), bucket };
        let verdict = evaluate(&layers, &put);
        assert_eq!((verdict.effect, verdict.because.layer), (effect, layer), "{verdict:?}");
        assert_eq!(verdict.leaves_it_to_acls(), to_acls, "{verdict:?}");
        assert_eq!(verdict.control.is_some(), !control.is_empty());
        let missing = shared::ram::obstacles(&layers, &put);
        assert_eq!(missing.is_empty(), effect == Allow, "{missing:?}");
        if layer == Control {
            let asker = shared::ram::Asker::User { account: "1", id: "27" };
            let refusal = shared::ram::refusal(&verdict, &put, false, &asker).to_xml();
            assert!(refusal.contains("<PolicyType>ControlPolicy</PolicyType>"), "{refusal}");
        }
    }
    let because = evaluate_layer(&[&get_role, &deny], &put).because.unwrap();
    assert_eq!((because.document, because.statement, because.sid.as_deref()), (1, 1, Some("no-put")));
}

#[test]
fn unreadable_facts_fail_closed() {
    let with = |effect: &str| {
        policy(&json!({"Version": "1", "Statement": [
        {"Effect": effect, "Action": "oss:*", "Resource": "*", "Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}}]}))
    };
    let odd = Request { context: Context::new().with("acs:SourceIp", "unknown"), ..request("oss:PutObject", "b/k") };
    assert_eq!(evaluate_layer(&[&with("Allow")], &odd).effect, Outcome::ImplicitDeny);
    assert_eq!(evaluate_layer(&[&full(), &with("Deny")], &odd).effect, Outcome::ExplicitDeny);
}

#[test]
fn shipped_policies_stay_in_their_prefix() {
    let values = [("$BUCKET_NAME", "photos"), ("$OBJECT_PREFIX", "user1/")];
    let list = |prefix: &str| Request {
        context: Context::new().with("oss:Prefix", prefix),
        ..request("oss:ListObjects", "photos")
    };
    let requests = [
        request("oss:PutObject", "photos/user1/a"),
        request("oss:AbortMultipartUpload", "photos/user1/a"),
        request("oss:ListParts", "photos/user1/a"),
        request("oss:GetObject", "photos/user1/a"),
        list("user1/"),
        request("oss:PutObject", "photos/user10/a"),
        request("oss:PutObject", "photos2/user1/a"),
        request("oss:GetObject", "photos/user2/a"),
        request("oss:DeleteObject", "photos/user1/a"),
        list(""),
        request("oss:ListObjects", "photos"),
    ];
    for (file, template, expected) in [
        ("read", include_str!("../../policy/bucket_read_policy.txt"), "FFFSFFFFFFF"),
        ("write", include_str!("../../policy/bucket_write_policy.txt"), "SSSFFFFFFFF"),
        ("read_write", include_str!("../../policy/bucket_read_write_policy.txt"), "SSSSSFFFFFF"),
    ] {
        let filled = substitute(template, &values).unwrap();
        let session = PolicyDocument::parse(&filled, PolicyKind::Session).unwrap();
        let got: String = requests
            .iter()
            .map(|request| if evaluate_layer(&[&session], request).effect == Outcome::Allow { 'S' } else { 'F' })
            .collect();
        assert_eq!(got, expected, "{file}");
    }
}

fn any_statement(effects: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let actions = prop::sample::select(vec!["oss:*", "oss:Put*", "oss:GetObject", "*", "oss:?etObject"]);
    let resources =
        prop::sample::select(vec!["*", "acs:oss:*:*:b/*", "acs:oss:*:*:b", "acs:oss:*:*:b/u1/*", "acs:oss:*:9:*"]);
    let conditions = prop::sample::select(vec![
        json!({}),
        json!({"StringLike": {"oss:Prefix": ["u1/*", ""]}}),
        json!({"StringNotEquals": {"oss:Prefix": "u2/"}}),
        json!({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}),
    ]);
    (prop::sample::select(effects), prop::bool::ANY, actions, resources, conditions).prop_map(
        |(effect, negated, action, resource, condition)| {
            let key = if negated { "NotAction" } else { "Action" };
            json!({"Effect": effect, key: action, "Resource": resource, "Condition": condition})
        },
    )
}

fn any_policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(any_statement(&["Allow", "Allow", "Deny"]), 1..4)
        .prop_map(|statements| json!({"Version": "1", "Statement": statements}))
}

fn any_request() -> impl Strategy<Value = Request> {
    let action = prop_oneof![Just("oss:PutObject".to_owned()), Just("oss:GetObject".to_owned()), ".*"];
    let resource = prop_oneof![Just("acs:oss:*:1:b/u1/k".to_owned()), Just("acs:oss:*:1:b".to_owned()), ".*"];
    let fact = prop_oneof![Just("u1/x".to_owned()), Just("10.1.1.1".to_owned()), ".*"];
    (action, resource, prop::option::of(fact)).prop_map(|(action, resource, fact)| {
        let mut context = Context::new();
        if let Some(value) = fact {
            context.insert("oss:Prefix", value.clone());
            context.insert("acs:SourceIp", value);
        }
        Request { action, resource, principals: Vec::new(), context }
    })
}

proptest! {
    #[test]
    fn more_denies_never_allow_more(base in any_policy(), deny in any_statement(&["Deny"]), request in any_request()) {
        let mut stricter = base.clone();
        stricter["Statement"].as_array_mut().unwrap().push(deny);
        if evaluate_layer(&[&policy(&stricter)], &request).effect == Outcome::Allow {
            prop_assert_eq!(evaluate_layer(&[&policy(&base)], &request).effect, Outcome::Allow);
        }
    }

    #[test]
    fn session_and_role_intersect(role in any_policy(), session in any_policy(), request in any_request()) {
        let (role, session) = (policy(&role), policy(&session));
        let verdict = evaluate(&Layers { identity: &[&role], session: Some(&session), ..Layers::default() }, &request);
        let both = [&role, &session].iter().all(|layer| evaluate_layer(&[layer], &request).effect == Outcome::Allow);
        prop_assert_eq!(verdict.is_allow(), both);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,200}", kind in prop::sample::select(vec![
        PolicyKind::Identity, PolicyKind::Session, PolicyKind::Trust, PolicyKind::Bucket])) {
        let _ = PolicyDocument::parse(&text, kind);
        let _ = substitute(&text, &[]);
    }
}
