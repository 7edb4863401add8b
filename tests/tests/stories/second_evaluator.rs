//! Random policies and requests, decided three times: by `shared::ram`, by a second evaluator written here as naively as
//! possible, and by the emulator over HTTP.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use shared::ram::{Context, Layers, PolicyDocument, PolicyKind, Request, evaluate};
use shared::timefmt;
use tests::{Ask, Stage};

const BUCKET: &str = "app-base-oss";
const AGENT: &str = "story/1";

/// A sequence of numbers that looks random and is always the same (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn some(&mut self, of: &[&str]) -> Value {
        let count = 1 + self.below(2);
        match (0..count).map(|_| json!(self.one(of))).collect::<Vec<_>>() {
            // One value alone and a list of one mean the same.
            mut one if count == 1 && self.below(2) == 0 => one.remove(0),
            list => json!(list),
        }
    }
}

const ACTIONS: [&str; 10] = [
    "oss:*",
    "oss:Get*",
    "oss:get?bject",
    "oss:PutObject",
    "OSS:GETOBJECT",
    "oss:List*",
    "oss:ListObjects",
    "*",
    "oss:DeleteObject",
    "oss:GetBucketInfo",
];
const RESOURCES: [&str; 9] = [
    "*",
    "acs:oss:*:*:*",
    "acs:oss:*:*:app-base-oss",
    "acs:oss:*:*:app-base-oss/*",
    "acs:oss:*:*:app-base-oss/user1/*",
    "acs:oss:*:*:app-base-oss/user1*",
    "acs:oss:*:*:app-base-oss/user?/*.jpg",
    "acs:oss:*:*:app-base-*",
    "acs:oss:*:*:another/*",
];
/// Operator, key, values.
const CONDITIONS: [(&str, &str, &[&str]); 15] = [
    ("StringLike", "oss:Prefix", &["user1/*", "user*", "", "*"]),
    ("StringEquals", "oss:prefix", &["user1/", "", "user1/*"]),
    ("StringNotLike", "oss:Prefix", &["user1/*", "?*"]),
    ("StringNotEquals", "oss:Prefix", &["", "user10/"]),
    ("StringEqualsIgnoreCase", "oss:Prefix", &["USER1/"]),
    ("IpAddress", "acs:SourceIp", &["127.0.0.0/8", "10.0.0.0/8", "127.0.0.1"]),
    ("NotIpAddress", "acs:SourceIp", &["127.0.0.0/8", "10.0.0.0/8"]),
    ("Bool", "acs:SecureTransport", &["true", "false"]),
    ("DateLessThan", "acs:CurrentTime", &["2000-01-01T00:00:00Z", "2199-01-01T00:00:00Z"]),
    ("DateGreaterThanEquals", "acs:CurrentTime", &["2000-01-01T00:00:00Z", "2199-01-01T00:00:00Z"]),
    ("StringLike", "acs:UserAgent", &["story/*", "curl/*"]),
    ("StringNotEquals", "acs:SourceVpc", &["vpc-1"]),
    ("StringEquals", "acs:SourceVpc", &["vpc-1"]),
    ("NumericLessThan", "oss:Absent", &["5"]),
    ("NumericGreaterThan", "acs:UserAgent", &["5"]),
];

fn policy(dice: &mut Dice) -> Value {
    let statements: Vec<Value> = (0..1 + dice.below(4))
        .map(|_| {
            let effect = if dice.below(4) == 0 { "Deny" } else { "Allow" };
            let mut statement = json!({ "Effect": effect, "Resource": dice.some(&RESOURCES) });
            let element = if dice.below(6) == 0 { "NotAction" } else { "Action" };
            statement[element] = dice.some(&ACTIONS);
            for _ in 0..dice.below(3) {
                let (operator, key, values) = CONDITIONS[dice.below(CONDITIONS.len())];
                statement["Condition"][operator][key] = dice.some(values);
            }
            statement
        })
        .collect();
    json!({ "Version": "1", "Statement": statements })
}

/// What is asked, and how over HTTP.
fn question(dice: &mut Dice) -> (&'static str, String, Option<&'static str>, Ask) {
    let key = dice.one(&["user1/a.jpg", "user1/sub/图.png", "user10/a.jpg", "user1", "root.jpg", "user2/b.jpg"]);
    let prefix = dice.one(&["", "user1/", "user1/x", "user10/", "user2/"]);
    let object = format!("{BUCKET}/{key}");
    let none = "0004B9894A22E5B1888A1E29F8236E2D";
    match dice.below(9) {
        0 => ("oss:PutObject", object, None, Ask::new("PUT", BUCKET, key).body("x")),
        1 | 2 => ("oss:GetObject", object, None, Ask::new("GET", BUCKET, key)),
        3 => ("oss:DeleteObject", object, None, Ask::new("DELETE", BUCKET, key)),
        4 => ("oss:GetObjectAcl", object, None, Ask::new("GET", BUCKET, key).param("acl", "")),
        5 => ("oss:ListParts", object, None, Ask::new("GET", BUCKET, key).param("uploadId", none)),
        6 => ("oss:GetBucketInfo", BUCKET.to_owned(), None, Ask::new("GET", BUCKET, "").param("bucketInfo", "")),
        _ => ("oss:ListObjects", BUCKET.to_owned(), Some(prefix), Ask::new("GET", BUCKET, "").param("prefix", prefix)),
    }
}

fn request(action: &str, id: &str, prefix: Option<&str>, time: &str) -> Request {
    let mut context = Context::new()
        .with("acs:SourceIp", "127.0.0.1")
        .with("acs:SecureTransport", "false")
        .with("acs:UserAgent", AGENT)
        .with("acs:CurrentTime", time);
    if let Some(prefix) = prefix {
        context.insert("oss:Prefix", prefix);
        context.insert("oss:Delimiter", "");
    }
    Request {
        action: action.to_owned(),
        resource: format!("acs:oss:*:1000000000000001:{id}"),
        principals: Vec::new(),
        context,
    }
}

// The second evaluator. It shares nothing with the first but the documents.

fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skipped| glob(rest, &text[skipped..])),
        Some((symbol, rest)) => {
            text.split_first().is_some_and(|(c, tail)| (*symbol == '?' || symbol == c) && glob(rest, tail))
        }
    }
}

fn like(pattern: &str, text: &str) -> bool {
    glob(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |items| items.iter().map(text).collect())
}

fn covers(pattern: &str, resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(5, ':').collect();
    if pattern == "*" {
        return true;
    }
    pattern.splitn(5, ':').zip(parts).all(|(pattern, part)| like(pattern, part))
}

/// Met, not met, or not readable.
fn condition(operator: &str, key: &str, wanted: &[String], request: &Request) -> Option<bool> {
    let has = request.context.get(key).first().map(String::as_str);
    let any = |met: &dyn Fn(&str, &str) -> bool| wanted.iter().any(|wanted| has.is_some_and(|has| met(wanted, has)));
    let block = |block: &str, address: &str| {
        let (base, length) = block.split_once('/').unwrap_or((block, "32"));
        let bits = |text: &str| u64::from(u32::from(text.parse::<Ipv4Addr>().unwrap()));
        let shift = 32 - length.parse::<u32>().unwrap();
        bits(base) >> shift == bits(address) >> shift
    };
    Some(match operator {
        "StringLike" => any(&like),
        "StringNotLike" => !any(&like),
        "StringEquals" => any(&|wanted, has| wanted == has),
        "StringNotEquals" => !any(&|wanted, has| wanted == has),
        "StringEqualsIgnoreCase" => any(&|wanted, has| wanted.to_lowercase() == has.to_lowercase()),
        "Bool" => any(&|wanted, has| wanted == has),
        "IpAddress" => any(&block),
        "NotIpAddress" => !any(&block),
        // Times of this form are in the order of their letters.
        "DateLessThan" => any(&|wanted, has| has < wanted),
        "DateGreaterThanEquals" => any(&|wanted, has| has >= wanted),
        "NumericLessThan" | "NumericGreaterThan" if has.is_none() => false,
        // The user agent is no number.
        "NumericLessThan" | "NumericGreaterThan" => return None,
        other => panic!("{other}"),
    })
}

/// Whether a policy allows, denies, or says nothing.
fn naive(policy: &Value, request: &Request) -> Option<bool> {
    let mut answer = None;
    for statement in policy["Statement"].as_array().unwrap() {
        let named = |element: &str| {
            let lower = request.action.to_lowercase();
            list(&statement[element]).iter().any(|pattern| like(&pattern.to_lowercase(), &lower))
        };
        let deny = statement["Effect"] == "Deny";
        let action = if statement["Action"].is_null() { !named("NotAction") } else { named("Action") };
        let resource = list(&statement["Resource"]).iter().any(|pattern| covers(pattern, &request.resource));
        let operators = statement["Condition"].as_object().into_iter().flatten();
        let conditions = operators.flat_map(|(operator, keys)| {
            keys.as_object().unwrap().iter().map(move |(key, values)| (operator, key, list(values)))
        });
        let mut met =
            conditions.map(|(operator, key, wanted)| condition(operator, key, &wanted, request).unwrap_or(deny));
        if action && resource && met.all(|met| met) {
            if deny {
                return Some(false);
            }
            answer = Some(true);
        }
    }
    answer
}

fn allows(role: &Value, session: Option<&Value>, bucket: Option<&Value>, request: &Request) -> bool {
    if session.is_some_and(|session| naive(session, request) != Some(true)) {
        return false;
    }
    let said = [naive(role, request), bucket.and_then(|bucket| naive(bucket, request))];
    !said.contains(&Some(false)) && said.contains(&Some(true))
}

#[test]
fn ten_thousand_pairs_mean_the_same_to_both_evaluators() {
    let mut dice = Dice(0x5eed_0f6a_11ce);
    let mut allowed = 0;
    for round in 0..10_000 {
        let (role, session) = (policy(&mut dice), policy(&mut dice));
        let mut bucket = policy(&mut dice);
        for statement in bucket["Statement"].as_array_mut().unwrap() {
            statement["Principal"] = json!("*");
        }
        let (action, id, prefix, _) = question(&mut dice);
        let request = request(action, &id, prefix, "2026-11-25T00:00:00.000Z");
        let read = |value: &Value, kind| PolicyDocument::from_value(value, kind).unwrap();
        let with_session = dice.below(3) > 0;
        let with_bucket = dice.below(3) == 0;
        let documents =
            [read(&role, PolicyKind::Identity), read(&session, PolicyKind::Session), read(&bucket, PolicyKind::Bucket)];
        let layers = Layers {
            identity: &[&documents[0]],
            session: with_session.then_some(&documents[1]),
            bucket: with_bucket.then_some(&documents[2]),
        };
        let first = evaluate(&layers, &request).is_allow();
        let second = allows(&role, with_session.then_some(&session), with_bucket.then_some(&bucket), &request);
        assert_eq!(
            first, second,
            "round {round}: {request:?}\n{role}\n{session} {with_session}\n{bucket} {with_bucket}"
        );
        allowed += usize::from(first);
    }
    assert!((1_000..9_000).contains(&allowed), "{allowed} of 10,000 allowed: the policies are too much alike");
}

#[tokio::test]
async fn the_emulator_enforces_what_the_evaluators_say() {
    let stage = Stage::open().await;
    let user = stage.user();
    assert_eq!(stage.ask(&user, Ask::new("PUT", BUCKET, "")).await.status, 200);
    let mut dice = Dice(0xacce_55ed);
    let full = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "oss:*", "Resource": "*" }] });
    for _ in 0..40 {
        let session = policy(&mut dice);
        let token = stage.assume(Some(&session.to_string())).await;
        for _ in 0..15 {
            let (action, id, prefix, ask) = question(&mut dice);
            let now = timefmt::iso8601(shared::clock::Clock::now(stage.clock.as_ref()));
            let expected = allows(&full, Some(&session), None, &request(action, &id, prefix, &now));
            let answer = stage.ask(&token, ask.header("user-agent", AGENT)).await;
            let denied = answer.status == 403;
            assert_eq!(!denied, expected, "{action} {id} {prefix:?}: {} under\n{session}", answer.verdict());
        }
    }
    stage.close().await;
}
