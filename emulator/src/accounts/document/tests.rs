//! What is told reads back; mistakes are named by their place, without a secret.

use super::*;

fn full() -> Value {
    let statement = json!({ "Effect": "Allow", "Action": "oss:*", "Resource": "*" });
    let policy = json!({ "Version": "1", "Statement": [statement] });
    let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "RAM": "acs:ram::1:root" } });
    json!({
        "AccountId": "1",
        "RootAccessKeys": [{ "AccessKeyId": "LTAIroot", "AccessKeySecret": "secret-root" }],
        "Users": [
            {
                "UserName": "alice",
                "UserId": "21",
                "AccessKeys": [
                    { "AccessKeyId": "LTAIalice", "AccessKeySecret": "secret-1", "Status": "Active" },
                    { "AccessKeyId": "LTAIalice2", "AccessKeySecret": "secret-2", "Status": "Inactive" },
                ],
                "Policies": [policy],
            },
            { "UserName": "bob" },
        ],
        "Roles": [{
            "RoleName": "app",
            "MaxSessionDuration": 7200,
            "AssumeRolePolicyDocument": { "Version": "1", "Statement": [trust] },
            "Policies": [policy],
        }],
    })
}

#[test]
fn what_is_told_reads_back_the_same() {
    let accounts = Accounts::parse(full().to_string().as_bytes()).unwrap();
    let again = Accounts::parse(accounts.in_full().as_bytes()).unwrap();
    assert_eq!(format!("{again:?}"), format!("{accounts:?}"));
    assert_eq!(again.in_full(), accounts.in_full());
    let (alice, key) = accounts.key("LTAIalice2").unwrap();
    assert_eq!((alice.unwrap().arn.as_str(), key.active), ("acs:ram::1:user/alice", false));
    assert!(accounts.key("LTAIroot").unwrap().0.is_none());
    assert_eq!(accounts.first_key().unwrap().id, "LTAIalice");
    assert_eq!(accounts.role("acs:ram::1:role/app").unwrap().max_session_duration, 7200);
    let bob = accounts.users.iter().find(|user| user.name == "bob").unwrap();
    assert_eq!(bob.id, "241549304344108681", "the same at every start, for bucket policies name it");
    let masked = accounts.masked().to_string();
    assert!(masked.contains("LTAIalice2") && masked.contains("***") && !masked.contains("secret-"), "{masked}");
}

/// pointer to what is changed, to what, path of the error, a word of what was found, a word of what is expected.
const BROKEN: &[(&str, &str, &str, &str, &str)] = &[
    ("", "[]", "the document", "a list", "a JSON object"),
    ("", "{", "the document", "not JSON", "a JSON object"),
    ("", r#"{"AccountId":"1","AccountId":"1"}"#, "the document", "given twice", "a JSON object"),
    ("/AccountId", "1", "AccountId", "1", "a string of 1 to 32 digits"),
    ("/AccountId", "\"1a\"", "AccountId", "\"1a\"", "digits"),
    ("/Groups", "[]", "Groups", "not known", "Roles"),
    ("/Users", "{}", "Users", "an object", "a list"),
    ("/Users/1", "\"bob\"", "Users[1]", "a string", "a JSON object"),
    ("/Users/1/UserName", "\"alice\"", "Users[1].UserName", "another has", "its own"),
    ("/Users/1/UserName", "\"b b\"", "Users[1].UserName", "\"b b\"", "1 to 64"),
    ("/Users/1/UserId", "\"21\"", "Users[1].UserId", "another has", "its own"),
    ("/Users/1/Password", "\"hunter2\"", "Users[1].Password", "not known", "AccessKeys"),
    ("/Users/0/AccessKeys/0/AccessKeyId", "\"STS.x\"", "Users[0].AccessKeys[0].AccessKeyId", "a string", "3 to 128"),
    (
        "/Users/0/AccessKeys/0/AccessKeyId",
        "\"LTAIroot\"",
        "Users[0].AccessKeys[0].AccessKeyId",
        "another has",
        "its own",
    ),
    ("/Users/0/AccessKeys/0/AccessKeySecret", "7", "Users[0].AccessKeys[0].AccessKeySecret", "a number", "secret"),
    ("/Users/0/AccessKeys/0/AccessKeySecret", "\"\"", "Users[0].AccessKeys[0].AccessKeySecret", "empty", "secret"),
    ("/Users/0/AccessKeys/0/AccessKeySecret", "\"***\"", "Users[0].AccessKeys[0].AccessKeySecret", "mask", "secret"),
    ("/Users/0/AccessKeys/0/Status", "\"active\"", "Users[0].AccessKeys[0].Status", "\"active\"", "\"Inactive\""),
    ("/Users/0/Policies/0/Version", "1", "Users[0].Policies[0].Version", "1", "\"1\""),
    ("/Users/0/Policies/0", "7", "Users[0].Policies[0]", "7", "a JSON object"),
    ("/Roles/0/MaxSessionDuration", "3599", "Roles[0].MaxSessionDuration", "3599", "3600 to 43200"),
    ("/Roles/0/MaxSessionDuration", "43201", "Roles[0].MaxSessionDuration", "43201", "3600 to 43200"),
    ("/Roles/0/MaxSessionDuration", "\"3600\"", "Roles[0].MaxSessionDuration", "\"3600\"", "a number"),
    (
        "/Roles/0/AssumeRolePolicyDocument/Statement/0/Principal",
        "\"*\"",
        "Roles[0].AssumeRolePolicyDocument.Statement[0].Principal",
        "\"*\"",
        "RAM",
    ),
    ("/Roles/0/AssumeRolePolicyDocument", "null", "Roles[0].AssumeRolePolicyDocument", "null", "a JSON object"),
    ("/Roles/0/RoleName", "null", "Roles[0].RoleName", "null", "1 to 64"),
];

#[test]
fn what_is_wrong_is_named_and_no_secret_is() {
    for (pointer, value, path, found, expected) in BROKEN {
        let text = match pointer.rsplit_once('/') {
            None => (*value).to_owned(),
            Some((parent, name)) => {
                let mut document = full();
                let changed = serde_json::from_str(value).unwrap();
                match document.pointer_mut(parent).unwrap() {
                    Value::Array(items) => items[name.parse::<usize>().unwrap()] = changed,
                    parent => parent[name] = changed,
                }
                document.to_string()
            }
        };
        let error = Accounts::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.path, *path, "{pointer} {value}: {error}");
        assert!(error.found.contains(found) && error.expected.contains(expected), "{pointer} {value}: {error}");
        assert!(!error.to_string().contains("secret-") && !error.to_string().contains("hunter2"), "{error}");
    }
    assert!(Accounts::parse(&[b' '; MAX_DOCUMENT + 1]).unwrap_err().found.contains("1048576 bytes"));
    assert!(Accounts::parse(b"{\"AccountId\":\"\xff\"}").unwrap_err().found.contains("UTF-8"));
}
