//! Random policies and requests, decided three times: by `shared::ram`, by a second evaluator written here as naively as
//! possible, and by the emulator over HTTP: control, role, session and bucket policies.

use std::net::Ipv4Addr;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use shared::credentials::Credentials;
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

/// The policies of one pair.
#[derive(Debug)]
struct World {
    control: Option<Value>,
    role: Value,
    session: Option<Value>,
    bucket: Option<Value>,
}

impl World {
    fn roll(dice: &mut Dice, principal: &str) -> Self {
        let mut bucket = policy(dice);
        for statement in bucket["Statement"].as_array_mut().unwrap() {
            statement["Principal"] = json!(principal);
            // OSS takes no policy on addresses alone. What the request lacks equals nothing.
            if !statement["Condition"].to_string().contains("SourceVpc") {
                statement["Condition"]["StringNotEquals"]["acs:SourceVpc"] = json!("vpc-1");
            }
        }
        let (control, role, session) = (policy(dice), policy(dice), policy(dice));
        let mut some = |value: Value, of: usize, times: usize| (dice.below(of) < times).then_some(value);
        Self { control: some(control, 4, 1), role, session: some(session, 3, 2), bucket: some(bucket, 3, 1) }
    }

    /// What `shared::ram` decides and what the naive evaluator does.
    fn decide(&self, request: &Request) -> (bool, bool) {
        let read = |value: &Value, kind| PolicyDocument::from_value(value, kind).unwrap();
        let control = self.control.as_ref().map(|value| read(value, PolicyKind::Identity));
        let role = read(&self.role, PolicyKind::Identity);
        let session = self.session.as_ref().map(|value| read(value, PolicyKind::Session));
        let bucket = self.bucket.as_ref().map(|value| read(value, PolicyKind::Bucket));
        let control: Vec<&PolicyDocument> = control.iter().collect();
        let layers =
            Layers { control: &control, identity: &[&role], session: session.as_ref(), bucket: bucket.as_ref() };
        (evaluate(&layers, request).is_allow(), allows(self, request))
    }
}

fn allows(world: &World, request: &Request) -> bool {
    let World { control, role, session, bucket } = world;
    let bound = [control, session].into_iter().flatten();
    if bound.into_iter().any(|policy| naive(policy, request) != Some(true)) {
        return false;
    }
    let said = [naive(role, request), bucket.as_ref().and_then(|bucket| naive(bucket, request))];
    !said.contains(&Some(false)) && said.contains(&Some(true))
}

#[test]
fn ten_thousand_pairs_mean_the_same_to_both_evaluators() {
    let mut dice = Dice(0x5eed_0f6a_11ce);
    let mut allowed = 0;
    for round in 0..10_000 {
        let world = World::roll(&mut dice, "*");
        let (action, id, prefix, _) = question(&mut dice);
        let request = request(action, &id, prefix, "2026-11-25T00:00:00.000Z");
        let (first, second) = world.decide(&request);
        assert_eq!(first, second, "round {round}: {request:?}\n{world:#?}");
        allowed += usize::from(first);
    }
    assert!((1_000..9_000).contains(&allowed), "{allowed} of 10,000 allowed: the policies are too much alike");
}

/// Rounds of policies and requests under each, 10,000 pairs.
const ROUNDS: usize = 200;
const REQUESTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_enforces_what_the_evaluators_say_of_ten_thousand_pairs() {
    let stage = Stage::open().await;
    let user = stage.user();
    assert_eq!(stage.ask(&user, Ask::new("PUT", BUCKET, "")).await.status, 200);
    let mut dice = Dice(0xacce_55ed);
    let mut allowed = 0;
    for round in 0..ROUNDS {
        let world = World::roll(&mut dice, &stage.ready.role_arn);
        let token = furnish(&stage, &user, &world).await;
        let questions: Vec<_> = (0..REQUESTS).map(|_| question(&mut dice)).collect();
        let judged = questions.into_iter().map(|(action, id, prefix, ask)| {
            let (stage, world, token) = (&stage, &world, &token);
            async move {
                let now = timefmt::iso8601(shared::clock::Clock::now(stage.clock.as_ref()));
                let mut request = request(action, &id, prefix, &now);
                request.principals = vec![stage.ready.role_arn.clone()];
                let (first, second) = world.decide(&request);
                let answer = stage.ask(token, ask.header("user-agent", AGENT)).await;
                let enforced = answer.status != 403;
                assert!(
                    first == second && second == enforced,
                    "round {round}: {first} {second} {enforced}: {action} {id} {prefix:?}: {}\n{world:#?}",
                    answer.verdict()
                );
                first
            }
        });
        let judged: Vec<bool> = futures_util::stream::iter(judged).buffer_unordered(8).collect().await;
        allowed += judged.into_iter().filter(|allowed| *allowed).count();
    }
    assert!((1_000..9_000).contains(&allowed), "{allowed} of 10,000 allowed: the policies are too much alike");
    stage.close().await;
}

/// Gives the account, its role and the bucket the policies of `world`; a token with its session policy.
async fn furnish(stage: &Stage, user: &Credentials, world: &World) -> Credentials {
    let full = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let put = async |control: Option<&Value>| {
        let document = json!({
            "AccountId": "1000000000000001",
            "ControlPolicies": control.into_iter().collect::<Vec<_>>(),
            "Users": [{
                "UserName": "app-server", "UserId": "200000000000000001", "Policies": [full],
                "AccessKeys": [{ "AccessKeyId": user.access_key_id, "AccessKeySecret": user.access_key_secret.expose() }],
            }],
            "Roles": [{
                "RoleName": stage.ready.role_arn.rsplit('/').next(), "RoleId": "300000000000000001", "Policies": [world.role],
                "AssumeRolePolicyDocument": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": { "RAM": ["acs:ram::1000000000000001:root"] } }] },
            }],
        });
        let url = format!("{}/accounts", stage.ready.control_endpoint);
        let answer = stage.http.put(url).body(document.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    };
    // The user furnishes the bucket and assumes the role before the control policy binds it, too.
    put(None).await;
    let ask = match &world.bucket {
        Some(policy) => Ask::new("PUT", BUCKET, "").param("policy", "").body(policy.to_string()),
        None => Ask::new("DELETE", BUCKET, "").param("policy", ""),
    };
    let answer = stage.ask(user, ask).await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.verdict());
    let session = world.session.as_ref().map(Value::to_string);
    let token = stage.assume(session.as_deref()).await;
    put(world.control.as_ref()).await;
    token
}
