//! Who asks: every provider and every refusal, over real sockets, by the injected clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use server::identity::{device_keys, signed_url};
use shared::secret::Secret;
use time::Duration;

use crate::support::World;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn device(hash: &str, user: &str, device: &str) -> Value {
    json!({"Hash": hash, "User": user, "Device": device})
}

#[tokio::test]
async fn a_device_key_opens_its_user_s_folder_and_no_other() {
    let (alice, alices_hash) = device_keys::new_key().unwrap();
    let (bob, bobs_hash) = device_keys::new_key().unwrap();
    let file = json!([device(&bobs_hash, "../bob*", "tablet")]).to_string();
    let provider =
        json!({"Type": "DeviceKeys", "Keys": [device(&alices_hash, "alice", "phone")], "KeysFile": "k.json"});
    let world =
        World::open(&json!({"Identity": {"Providers": [provider]}, "ObjectPrefix": "uploads/"}), &[("k.json", &file)])
            .await;
    let bobs = world.outcome("", Some(&bob)).await;
    assert!(bobs.starts_with("uploads/..bob~") && bobs.len() == "uploads/..bob~/".len() + 32, "{bobs}");
    let session = world.asked("RoleSessionName");
    assert!(session.contains("@h") && shared::sts::is_session_name(&session), "{session}");
    let (in_query, twice) = (format!("key={alice}"), format!("key={alice}&key={alice}"));
    let (unknown, bearer) = (format!("dtk_{}", "x".repeat(43)), format!("Bearer {alice}"));
    for (query, headers, expected) in [
        ("", vec![("authorization", bearer.as_str())], "uploads/alice/"),
        ("", vec![("authorization", &bearer.replace("Bearer", "bearer"))], "uploads/alice/"),
        (&in_query, vec![], "uploads/alice/"),
        ("", vec![], "401 CredentialMissing"),
        ("key=", vec![], "401 CredentialUnknown"),
        ("key=guess", vec![], "401 CredentialUnknown"),
        (&format!("key={unknown}"), vec![], "401 CredentialUnknown"),
        (&format!("key={}", &alices_hash), vec![], "401 CredentialUnknown"),
        (&in_query, vec![("authorization", &bearer)], "400 CredentialAmbiguous"),
        (&twice, vec![], "400 CredentialAmbiguous"),
        ("", vec![("authorization", &bearer), ("authorization", &bearer)], "400 CredentialAmbiguous"),
        ("", vec![("authorization", "Basic YTpi")], "401 CredentialMalformed"),
        ("", vec![("authorization", &format!("Bearer {}", "x".repeat(17_000)))], "401 CredentialMalformed"),
    ] {
        assert_eq!(world.outcome_of(query, &headers).await, expected, "{query} {headers:?}");
    }
    assert_eq!((world.asked("RoleSessionName").as_str(), world.asked("DurationSeconds").as_str()), ("alice", "3600"));
    let policy = world.asked("Policy");
    assert!(policy.contains("photos/uploads/alice/*") && policy.contains("oss:Prefix"), "{policy}");
}

#[tokio::test]
async fn a_signed_url_is_good_for_what_was_signed_and_for_its_time() {
    let (one, two) = (Secret::new(SECRET), Secret::new("another-secret-of-32-bytes-or-more"));
    let provider = |max_uses: Value| {
        json!({"Type": "SignedUrl", "MaxLifeSeconds": 86400, "MaxUses": max_uses, "RevokedNonces": ["revoked-nonce-0000"],
            "Keys": [{"Id": "new", "Secret": one.expose()}, {"Id": "old", "SecretFile": "old.txt"}]})
    };
    let grants = json!({"Prefix": "${user}/${device}/"});
    let file = [("old.txt", "another-secret-of-32-bytes-or-more\n")];
    let world =
        World::open(&json!({"Identity": {"Providers": [provider(json!(null))]}, "Grants": grants}), &file).await;
    let now = world.now();
    let url = |secret: &Secret, key: &str, user: &str, seconds: i64, nonce: &str| {
        let expires = (now + seconds).to_string();
        let all = [("dt-user", user), ("dt-device", "a phone"), ("dt-expires", &expires), ("dt-nonce", nonce)];
        signed_url::signed_query(key, secret, &all)
    };
    let nonce = "0123456789abcdef";
    let good = url(&one, "new", "alice", 3600, nonce);
    let device = "aphone~";
    for (name, query, expected) in [
        ("good", good.clone(), device),
        ("again, as SDKs do", good.clone(), device),
        ("by the key that goes", url(&two, "old", "alice", 3600, nonce), device),
        ("another user", good.replace("alice", "bob"), "401 SignatureDoesNotMatch"),
        (
            "a later end",
            good.replace(&(now + 3600).to_string(), &(now + 3700).to_string()),
            "401 SignatureDoesNotMatch",
        ),
        ("something more", format!("{good}&grant=read"), "401 SignatureDoesNotMatch"),
        ("signed by a guess", url(&two, "new", "alice", 3600, nonce), "401 SignatureDoesNotMatch"),
        ("an unknown key", url(&one, "who", "alice", 3600, nonce), "401 CredentialUnknown"),
        ("ended", url(&one, "new", "alice", 0, nonce), "401 CredentialExpired"),
        ("too long", url(&one, "new", "alice", 86_401, nonce), "401 CredentialTooLong"),
        ("a short nonce", url(&one, "new", "alice", 60, "short"), "401 CredentialMalformed"),
        ("revoked", url(&one, "new", "alice", 60, "revoked-nonce-0000"), "401 CredentialRevoked"),
        ("nobody", url(&one, "new", "", 60, nonce), "401 CredentialMalformed"),
        ("no signature", good.split("&dt-signature").next().unwrap().to_owned(), "401 CredentialMissing"),
    ] {
        let outcome = world.outcome(&query, None).await;
        assert!(outcome.contains(expected), "{name}: {outcome}, expected {expected}");
    }
    assert_eq!(world.outcome(&good, Some("x")).await, "400 CredentialAmbiguous");
    world.clock.advance(Duration::seconds(3600));
    assert_eq!(world.outcome(&good, None).await, "401 CredentialExpired");

    // Counted URLs: twice (each outcome asks two routes), and a reload does not make them new.
    let world = World::open(&json!({"Identity": {"Providers": [provider(json!(2))]}, "Grants": grants}), &file).await;
    assert!(world.outcome(&good, None).await.contains(device));
    world.app.reload(world.app.settings().config.clone()).unwrap();
    assert_eq!(world.outcome(&good, None).await, "401 CredentialUsed");
}

#[tokio::test]
async fn the_app_s_own_login_vouches_refuses_or_is_away() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let login = axum::Router::new().route(
        "/who",
        axum::routing::post(move |headers: axum::http::HeaderMap, body: String| {
            counter.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_eq!(headers["authorization"], "Token server-to-login");
                let question: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(question["address"], "127.0.0.1");
                let (status, body) = match question["credential"].as_str().unwrap() {
                    "slow" => std::future::pending().await,
                    "alice" => {
                        (200, json!({"user": "alice", "claims": {"team": "red"}, "maxValiditySeconds": 30}).to_string())
                    }
                    "crowd" => (200, json!({"user": "crowd", "claims": {"team": "red"}}).to_string()),
                    "reader" => (200, json!({"user": "reader", "claims": {"team": 1}, "grants": ["read"]}).to_string()),
                    "nobody" => (200, json!({"user": "", "claims": {}}).to_string()),
                    "garbage" => (200, "<html>".to_owned()),
                    "broken" => (500, String::new()),
                    _ => (403, json!({"reason": "who?"}).to_string()),
                };
                (axum::http::StatusCode::from_u16(status).unwrap(), body)
            }
        }),
    );
    let url = format!("{}/who", crate::support::service(login).await);
    let provider =
        json!({"Type": "Webhook", "Url": url, "Authorization": "Token server-to-login", "TimeoutMilliseconds": 200});
    let world = World::open(
        &json!({"Identity": {"Providers": [provider]}, "Grants": {"Prefix": "${claims.team}/${user}/"}}),
        &[],
    )
    .await;
    for (credential, expected, questions) in [
        ("alice", "red/alice/", 1),
        ("reader", "1/reader/", 1),
        ("stranger", "401 CredentialRefused", 2),
        ("nobody", "503 IdentityUnavailable", 2),
        ("garbage", "503 IdentityUnavailable", 2),
        ("broken", "503 IdentityUnavailable", 2),
        ("slow", "503 IdentityUnavailable", 2),
    ] {
        let before = asked.load(Ordering::SeqCst);
        assert_eq!(world.outcome("", Some(credential)).await, expected);
        assert_eq!(asked.load(Ordering::SeqCst) - before, questions, "{credential}: only good answers are remembered");
    }
    let before = asked.load(Ordering::SeqCst);
    let burst = (0..50).map(|_| world.outcome_once("", "crowd"));
    for outcome in futures_util::future::join_all(burst).await {
        assert_eq!(outcome, "red/crowd/");
    }
    assert_eq!(asked.load(Ordering::SeqCst) - before, 1, "who asks meanwhile waits for the same answer");
    assert_eq!(world.outcome("grant=write&ticket=reader", None).await, "403 GrantNotAllowed");
    assert_eq!(world.outcome("ticket=alice", None).await, "red/alice/");
    let asked_for_alice = world.sts.calls().remove(0);
    let short = ("DurationSeconds".to_owned(), "900".to_owned());
    assert!(asked_for_alice.contains(&short), "a short answer makes a short token, as short as STS has");
    let before = asked.load(Ordering::SeqCst);
    world.clock.advance(Duration::seconds(30));
    assert_eq!(world.outcome("", Some("alice")).await, "red/alice/");
    assert_eq!(asked.load(Ordering::SeqCst) - before, 1, "an answer is remembered for as long as it is good");
}

#[tokio::test]
async fn who_has_no_credential_is_anonymous_only_where_the_configuration_says_so() {
    let (key, hash) = device_keys::new_key().unwrap();
    let (other, others_hash) = device_keys::new_key().unwrap();
    let devices =
        json!({"Type": "DeviceKeys", "Keys": [device(&hash, "alice", "a"), device(&others_hash, "guest", "b")]});
    let anonymous = json!({"Type": "Anonymous", "User": "guest", "Grants": ["write"]});
    let sections = json!({"Identity": {"Providers": [devices, anonymous]}, "ObjectPrefix": "u/"});
    let world = World::open(&sections, &[]).await;
    assert_eq!(world.outcome("", None).await, "u/guest/");
    assert_eq!(world.outcome("grant=read", None).await, "403 GrantNotAllowed");
    assert_eq!(world.outcome("", Some(&key)).await, "u/alice/");
    for (query, bearer) in [("", Some("wrong")), ("key=wrong", None), ("key=", None)] {
        assert_eq!(world.outcome(query, bearer).await, "401 CredentialUnknown", "a bad credential is not anonymous");
    }
    assert_eq!(world.outcome("", Some(&other)).await, "403 IdentityReserved");
    let warnings = world.app.settings().config.warnings().join("\n");
    assert!(warnings.contains("without a credential are let in"), "{warnings}");
}

#[test]
fn every_mistake_in_the_section_is_told_by_its_path_and_none_of_its_secrets() {
    let hash = device_keys::new_key().unwrap().1;
    let sections = json!({"ObjectPrefix": "u/", "Identity": {"Providers": [
        {"Type": "DeviceKeys", "Keys": [device(&hash, "", "a"), device("sha256:12", "b", "b"), device(&hash, "c", "c")]},
        {"Type": "Jwt", "Secret": "too-short-secret"},
        {"Type": "Jwt", "Name": "x", "JwksUrl": "http://issuer.example.com/keys"},
        {"Type": "Jwt", "Name": "x", "SecretFile": "absent.txt", "Algorithms": ["RS256", "none"]},
        {"Type": "Jwt", "Name": "y", "JwksFile": "set.json", "Issuer": "i", "Audience": "a"},
        {"Type": "SignedUrl", "Keys": []},
        {"Type": "Webhook", "Url": "ftp://login", "Query": "grant", "TimeoutMilliseconds": 0},
        {"Type": "Magic"},
        {"Type": "Webhook", "Url": 5, "Secret": "in-the-wrong-place"},
        {"Type": "Anonymous", "Users": "x"},
    ]}});
    // What cannot be read at all hides what only a whole section shows.
    let unread = World::refused(&sections, &[]);
    let mut readable = sections.clone();
    readable["Identity"]["Providers"].as_array_mut().unwrap().truncate(7);
    let unchecked = World::refused(&readable, &[("set.json", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#)]);
    readable["Identity"]["Providers"] = json!([
        readable["Identity"]["Providers"][0],
        readable["Identity"]["Providers"][1],
        readable["Identity"]["Providers"][4]
    ]);
    let unready = World::refused(&readable, &[("set.json", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#)]);
    for (told, parts) in [
        (&unread, vec!["Providers[7].Type", "Providers[8]", "Providers[9].Users: unknown field"]),
        (
            &unchecked,
            vec![
                "Identity.Providers[2].JwksUrl: expected an https URL",
                "Providers[2].Issuer",
                "Providers[2].Audience",
                "Providers[3].Name: another provider is \"x\"",
                "Providers[5].Keys",
                "Providers[6].Url",
                "Providers[6].Query: it must not",
                "Providers[6].TimeoutMilliseconds",
            ],
        ),
        (
            &unready,
            vec![
                "Providers[0].Keys[0].User",
                "Providers[0].Keys[1].Hash",
                "Providers[0].Keys[2].Hash: another device",
                "Providers[1]: the secret has fewer than 32 bytes",
                "Providers[2].JwksFile: it has no public key",
            ],
        ),
    ] {
        for part in parts {
            assert!(told.contains(part), "{told}\nlacks {part}");
        }
        assert!(!told.contains("too-short-secret") && !told.contains("in-the-wrong-place"), "{told}");
    }
}
