//! Who there is: users, roles and keys from a file or from the control port, what they may, and what of it survives a restart.

use std::num::NonZeroU32;
use std::path::Path;

use emulator::Options;
use serde_json::{Value, json};
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sts::{AssumedRole, StsError, VERSION};
use tests::{Ask, Stage};
use time::Duration;

const BUCKET: &str = "direct-transfer";

fn arn(name: &str) -> String {
    format!("acs:ram::1000000000000001:{name}")
}

fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "1", "Statement": statements })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn key(id: &str, status: &str) -> Value {
    json!({ "AccessKeyId": id, "AccessKeySecret": format!("secret of {id}"), "Status": status })
}

/// Alice may assume every role, bob none, carol every role; but `uploads` trusts alice alone.
fn team() -> Value {
    let trusts = |principal: String| {
        policy(&[json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "RAM": principal } })])
    };
    let mut partner = trusts(arn("root"));
    partner["Statement"][0]["Condition"] = json!({ "StringEquals": { "sts:ExternalId": "abcd1234" } });
    let mut service = trusts("*".to_owned());
    service["Statement"][0]["Principal"] = json!({ "Service": ["*"] });
    let any_role = policy(&[allow("sts:AssumeRole", "acs:ram:*:1000000000000001:role/*")]);
    let full = policy(&[allow("oss:*", "*")]);
    json!({
        "AccountId": "1000000000000001",
        "RootAccessKeys": [key("LTAIroot", "Active")],
        "Users": [
            {
                "UserName": "alice",
                "UserId": "201",
                "AccessKeys": [key("LTAIalice", "Active"), key("LTAIalice-old", "Inactive")],
                "Policies": [any_role, full],
            },
            {
                "UserName": "bob",
                "AccessKeys": [key("LTAIbob", "Active")],
                "Policies": [policy(&[allow("oss:GetObject", &format!("acs:oss:*:*:{BUCKET}/*"))])],
            },
            { "UserName": "carol", "AccessKeys": [key("LTAIcarol", "Active")], "Policies": [any_role] },
        ],
        "Roles": [
            {
                "RoleName": "uploads",
                "RoleId": "301",
                "MaxSessionDuration": 7200,
                "AssumeRolePolicyDocument": trusts(arn("user/alice")),
                "Policies": [full, any_role],
            },
            { "RoleName": "open", "AssumeRolePolicyDocument": trusts(arn("root")), "Policies": [] },
            { "RoleName": "partner", "AssumeRolePolicyDocument": partner },
            { "RoleName": "second", "AssumeRolePolicyDocument": trusts(arn("role/uploads")) },
            { "RoleName": "service", "AssumeRolePolicyDocument": service },
        ],
    })
}

fn of(id: &str) -> Credentials {
    Credentials::long_term(id, Secret::new(format!("secret of {id}")))
}

async fn with_team(dir: &Path) -> Stage {
    let path = dir.join("team.json");
    std::fs::write(&path, team().to_string()).unwrap();
    Stage::with(Options { accounts: Some(path), ..Options::default() }).await
}

/// `200`, or `403 NoPermission`; and the body.
async fn call(stage: &Stage, caller: &Credentials, parameters: &[(&str, &str)]) -> (String, String) {
    let all = [&[("Version", VERSION)], parameters].concat();
    let all = all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (status, body) = stage.sts(caller, all).await;
    let code = StsError::from_json(status, &body).map(|error| format!("{status} {}", error.code));
    (code.unwrap_or(status.to_string()), body)
}

async fn assume(stage: &Stage, caller: &Credentials, role: &str, more: &[(&str, &str)]) -> (String, String) {
    let role = arn(&format!("role/{role}"));
    let mut parameters = vec![("Action", "AssumeRole"), ("RoleArn", &role), ("RoleSessionName", "story")];
    parameters.extend(more);
    call(stage, caller, &parameters).await
}

async fn token(stage: &Stage, caller: &Credentials, role: &str) -> Credentials {
    let (verdict, body) = assume(stage, caller, role, &[]).await;
    assert_eq!(verdict, "200", "{body}");
    AssumedRole::from_json(&body).unwrap().credentials
}

#[tokio::test]
async fn a_role_is_assumed_by_those_who_may_and_whom_it_trusts() {
    let dir = tempfile::tempdir().unwrap();
    let stage = with_team(dir.path()).await;
    let long = "x".repeat(1225);
    for (caller, role, more, expected) in [
        ("LTAIalice", "uploads", &[][..], "200"),
        ("LTAIalice", "open", &[], "200"),
        ("LTAIcarol", "open", &[], "200"),
        // Trusted, but not allowed; allowed, but not trusted; trusted are services, which carol is not.
        ("LTAIbob", "open", &[], "403 NoPermission"),
        ("LTAIcarol", "uploads", &[], "403 NoPermission"),
        ("LTAIcarol", "second", &[], "403 NoPermission"),
        ("LTAIcarol", "service", &[], "403 NoPermission"),
        ("LTAIroot", "open", &[], "403 NoPermission"),
        ("LTAIalice-old", "open", &[], "403 InvalidAccessKeyId.Inactive"),
        ("LTAIalice", "none", &[], "404 EntityNotExist.Role"),
        ("LTAIalice", "partner", &[], "403 NoPermission"),
        ("LTAIalice", "partner", &[("ExternalId", "abcd1235")], "403 NoPermission"),
        ("LTAIalice", "partner", &[("ExternalId", "abcd1234")], "200"),
        ("LTAIalice", "partner", &[("ExternalId", "a")], "400 InvalidParameter.ExternalId"),
        ("LTAIalice", "partner", &[("ExternalId", "a b")], "400 InvalidParameter.ExternalId"),
        ("LTAIalice", "partner", &[("ExternalId", &long)], "400 InvalidParameter.ExternalId"),
        ("LTAIalice", "uploads", &[("DurationSeconds", "7200")], "200"),
        ("LTAIalice", "uploads", &[("DurationSeconds", "7201")], "400 InvalidParameter.DurationSeconds"),
        ("LTAIalice", "open", &[("DurationSeconds", "3601")], "400 InvalidParameter.DurationSeconds"),
        ("LTAIalice", "open", &[("SourceIdentity", "alice")], "501 NotImplemented"),
    ] {
        let (verdict, body) = assume(&stage, &of(caller), role, more).await;
        assert_eq!(verdict, expected, "{caller} {role} {more:?}: {body}");
    }
    let (_, body) = assume(&stage, &of("LTAIroot"), "open", &[]).await;
    assert!(body.contains("Roles may not be assumed by root accounts."), "{body}");
    let (_, body) = assume(&stage, &of("LTAIalice"), "uploads", &[("DurationSeconds", "1")]).await;
    assert!(body.contains("15min/2hr"), "{body}");

    // A role may go on to another, as far as its own policies and the session's go.
    let uploads = token(&stage, &of("LTAIalice"), "uploads").await;
    assert_eq!(assume(&stage, &uploads, "second", &[]).await.0, "200");
    let open = token(&stage, &of("LTAIalice"), "open").await;
    assert_eq!(assume(&stage, &open, "open", &[]).await.0, "403 NoPermission");
    let narrow = policy(&[allow("oss:*", "*")]).to_string();
    let (_, body) = assume(&stage, &of("LTAIalice"), "uploads", &[("Policy", &narrow)]).await;
    let narrowed = AssumedRole::from_json(&body).unwrap().credentials;
    assert_eq!(assume(&stage, &narrowed, "second", &[]).await.0, "403 NoPermission");
    let last = stage.decisions().await.pop().unwrap();
    let layers: Vec<_> = last.layers.iter().map(|l| (l.layer.as_str(), l.effect.as_str())).collect();
    assert_eq!(layers, [("session", "ImplicitDeny"), ("identity", "Allow"), ("trust", "Allow")]);
    stage.close().await;
}

#[tokio::test]
async fn every_kind_of_caller_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let stage = with_team(dir.path()).await;
    let (alice, bob, root) = (of("LTAIalice"), of("LTAIbob"), of("LTAIroot"));
    let open = token(&stage, &alice, "open").await;
    for (caller, kind, name, wanted) in [
        (&root, "root", "root", &[("IdentityType", "Account"), ("UserId", "1000000000000001")][..]),
        (&alice, "user", "user/alice", &[("IdentityType", "RAMUser"), ("UserId", "201"), ("PrincipalId", "201")]),
        (&open, "role", "role/open/story", &[("IdentityType", "AssumedRoleUser")]),
    ] {
        let (_, body) = call(&stage, caller, &[("Action", "GetCallerIdentity")]).await;
        let identity: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&identity["Arn"], &identity["AccountId"]), (&json!(arn(name)), &json!("1000000000000001")));
        for (field, value) in wanted {
            assert_eq!(identity[field], *value, "{body}");
        }
        let principal = stage.decisions().await.pop().unwrap().principal;
        assert_eq!((principal.kind.as_str(), principal.arn), (kind, arn(name)));
    }
    // The account owns its buckets, and no policy of RAM speaks of it.
    let put = Ask::new("PUT", BUCKET, "k").body("x");
    for ask in [put.clone(), Ask::new("GET", BUCKET, "k"), Ask::new("GET", "", ""), Ask::new("PUT", "of-root", "")] {
        assert_eq!(stage.ask(&root, ask).await.verdict(), "200");
    }
    let decision = stage.decisions().await.pop().unwrap();
    assert_eq!(decision.layers.last().map(|l| (l.layer.as_str(), l.effect.as_str())), Some(("owner", "Allow")));
    assert_eq!(stage.ask(&bob, Ask::new("GET", BUCKET, "k")).await.verdict(), "200");
    for (caller, ask, detail) in [
        (&bob, put.clone(), Some("SubUser")),
        (&bob, Ask::new("GET", BUCKET, ""), Some("SubUser")),
        (&open, put.clone(), Some("AssumedRoleUser")),
    ] {
        let refused = stage.ask(caller, ask).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.error().find_detail("AccessDeniedDetail/AuthPrincipalType"), detail);
        assert_eq!(refused.error().find_detail("User"), None, "nobody has said no");
    }
    let inactive = stage.ask(&of("LTAIalice-old"), Ask::new("GET", BUCKET, "k")).await;
    assert_eq!(inactive.verdict(), "403 InvalidAccessKeyId 0002-00000902");
    assert!(inactive.text().contains("The OSS Access Key Id you provided is disabled."), "{}", inactive.text());
    stage.close().await;
}

async fn accounts(stage: &Stage) -> String {
    let answer = stage.http.get(format!("{}/accounts", stage.ready.control_endpoint)).send().await.unwrap();
    answer.text().await.unwrap()
}

async fn put(stage: &Stage, document: &Value) -> (u16, String) {
    let request = stage.http.put(format!("{}/accounts", stage.ready.control_endpoint));
    let answer = request.body(document.to_string()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn what_is_put_is_in_force_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(dir.path().to_owned()), ..Options::default() };
    let stage = Stage::with(options()).await;
    let drawn = stage.user();
    let get = || Ask::new("GET", BUCKET, "");
    assert_eq!(stage.ask(&drawn, get()).await.verdict(), "200");
    let (status, body) = put(&stage, &team()).await;
    assert_eq!(status, 200, "{body}");
    for told in [&body, &accounts(&stage).await] {
        assert!(told.contains("LTAIalice") && told.contains("***") && !told.contains("secret of"), "{told}");
    }
    assert_eq!(stage.ask(&drawn, get()).await.verdict(), "403 InvalidAccessKeyId 0002-00000902");
    assert_eq!(stage.ask(&of("LTAIalice"), get()).await.verdict(), "200");
    let kept = token(&stage, &of("LTAIalice"), "uploads").await;

    // What is wrong is named, and changes nothing.
    let mut wrong = team();
    wrong["Users"][1]["AccessKeys"][0]["Status"] = json!("Off");
    let (status, body) = put(&stage, &wrong).await;
    let error: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &error["path"]), (400, &json!("Users[1].AccessKeys[0].Status")), "{body}");
    let masked: Value = serde_json::from_str(&accounts(&stage).await).unwrap();
    let (status, body) = put(&stage, &masked).await;
    assert!(status == 400 && body.contains("the mask"), "{body}");
    let (status, body) = put(&stage, &json!("x".repeat(1 << 20))).await;
    assert_eq!(status, 413, "{body}");
    assert_eq!(stage.ask(&of("LTAIalice"), get()).await.verdict(), "200");
    stage.close().await;

    let stage = Stage::with(options()).await;
    assert_eq!(stage.ready.access_key_id, "LTAIalice");
    assert_eq!(stage.ready.role_arn, arn("role/uploads"));
    assert_eq!(stage.ask(&stage.user(), get()).await.verdict(), "200");
    assert_eq!(stage.ask(&kept, get()).await.verdict(), "200");
    // A policy taken away is gone with the next request; a role taken away ends its tokens.
    let mut less = team();
    less["Roles"][0]["Policies"] = json!([]);
    assert_eq!(put(&stage, &less).await.0, 200);
    assert_eq!(stage.ask(&kept, get()).await.status, 403);
    less["Roles"].as_array_mut().unwrap().remove(0);
    assert_eq!(put(&stage, &less).await.0, 200);
    assert_eq!(stage.ask(&kept, get()).await.verdict(), "403 InvalidAccessKeyId 0002-00000002");
    assert_eq!(call(&stage, &kept, &[("Action", "GetCallerIdentity")]).await.0, "404 InvalidAccessKeyId.NotFound");
    stage.close().await;
    #[cfg(unix)]
    for name in ["accounts.json", "token.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    // A file wins over what was kept, and leaves it alone.
    let before = std::fs::read(dir.path().join("accounts.json")).unwrap();
    let path = dir.path().join("team.json");
    std::fs::write(&path, team().to_string()).unwrap();
    let stage = Stage::with(Options { accounts: Some(path), ..options() }).await;
    assert_eq!(stage.ask(&kept, get()).await.verdict(), "200");
    stage.close().await;
    assert_eq!(std::fs::read(dir.path().join("accounts.json")).unwrap(), before);
}

#[tokio::test]
async fn a_drawn_key_and_its_tokens_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(dir.path().to_owned()), ..Options::default() };
    let stage = Stage::with(options()).await;
    let (user, token) = (stage.user(), stage.assume(None).await);
    let role = stage.ready.role_arn.clone();
    stage.close().await;

    let stage = Stage::with(options()).await;
    assert_eq!((stage.user(), &stage.ready.role_arn), (user, &role));
    assert_eq!(stage.ask(&token, Ask::new("GET", BUCKET, "")).await.verdict(), "200");
    stage.clock.advance(Duration::seconds(901));
    let expired = stage.ask(&token, Ask::new("GET", BUCKET, "")).await.verdict();
    assert_eq!(expired, "403 SecurityTokenExpired 0002-00000007");
    stage.close().await;
    // Without a folder each emulator seals with a key of its own.
    let stage = Stage::open().await;
    let verdict = stage.ask(&token, Ask::new("GET", BUCKET, "")).await.verdict();
    assert_eq!(verdict, "403 InvalidSecurityToken 0002-00000006");
    stage.close().await;
}

#[tokio::test]
async fn more_calls_than_the_rate_are_throttled() {
    let stage = Stage::with(Options { sts_rate: NonZeroU32::new(1), ..Options::default() }).await;
    let user = stage.user();
    let mut verdicts = Vec::new();
    // The clock runs: of so many calls, two fall into one second.
    for _ in 0..20 {
        verdicts.push(call(&stage, &user, &[("Action", "GetCallerIdentity")]).await);
    }
    assert_eq!(verdicts[0].0, "200");
    let throttled = verdicts.iter().find(|(verdict, _)| verdict != "200").expect("one call too many");
    assert_eq!(throttled.0, "400 Throttling.User");
    assert!(throttled.1.contains("Request was denied due to user flow control."), "{}", throttled.1);
    // Each action has its own share, a stranger has none, and the next second has another.
    assert_eq!(stage.assume_as(&user, None).await.map(|_| ()), Ok(()));
    stage.clock.advance(Duration::seconds(1));
    let stranger = Credentials { access_key_secret: Secret::new("wrong"), ..user.clone() };
    let (verdict, _) = call(&stage, &stranger, &[("Action", "GetCallerIdentity")]).await;
    assert_eq!(verdict, "400 SignatureDoesNotMatch");
    assert_eq!(call(&stage, &user, &[("Action", "GetCallerIdentity")]).await.0, "200");
    stage.close().await;
}
