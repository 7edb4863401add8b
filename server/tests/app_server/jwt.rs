//! Callers with JSON Web Tokens: every algorithm and every refusal, and key sets that rotate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use time::Duration;

use crate::support::World;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn jwt(algorithm: jsonwebtoken::Algorithm, pem: Option<&str>, kid: Option<&str>, claims: &Value) -> String {
    use jsonwebtoken::{AlgorithmFamily, EncodingKey, Header, encode};
    let key = match (pem, algorithm.family()) {
        (None, _) => EncodingKey::from_secret(SECRET.as_bytes()),
        (Some(pem), AlgorithmFamily::Hmac) => EncodingKey::from_secret(pem.as_bytes()),
        (Some(pem), AlgorithmFamily::Ed) => EncodingKey::from_ed_pem(pem.as_bytes()).unwrap(),
        (Some(pem), AlgorithmFamily::Rsa) => EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        (Some(pem), _) => EncodingKey::from_ec_pem(pem.as_bytes()).unwrap(),
    };
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    encode(&header, claims, &key).unwrap()
}

const RSA: &str = include_str!("data/rsa.pem");
const RSA_PUBLIC: &str = include_str!("data/rsa_public.pem");
const ED: &str = include_str!("data/ed.pem");
const ED_PUBLIC: &str = include_str!("data/ed_public.pem");
const EC384: &str = include_str!("data/ec384.pem");
const EC384_PUBLIC: &str = include_str!("data/ec384_public.pem");
const EC: &str = include_str!("data/ec.pem");
const EC_OTHER: &str = include_str!("data/ec_other.pem");

/// The public half of keys as a JSON Web Key Set.
fn key_set(keys: &[(&str, &str)]) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
    let public = |(kid, pem): &(&str, &str)| {
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some((*kid).to_owned());
        serde_json::to_value(jwk).unwrap()
    };
    let mut set: Vec<Value> = keys.iter().map(public).collect();
    // What real sets contain besides, and must not be taken for a key or spoil the others.
    set.push(json!({"kty": "oct", "kid": "shared", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}));
    set.push(json!({"kty": "OKP", "crv": "X448", "kid": "new", "x": "AA", "alg": "FUTURE"}));
    json!({"keys": set}).to_string()
}

#[tokio::test]
async fn a_jwt_is_taken_when_signature_issuer_audience_and_time_are_right() {
    use jsonwebtoken::Algorithm::{ES256, ES384, EdDSA, HS256, HS512, PS256, RS256, RS512};
    let shared = json!({"Type": "Jwt", "Name": "hs", "Secret": SECRET, "Issuer": "hs", "UserClaim": "login",
        "DeviceClaim": "dev", "GrantsClaim": "scope"});
    let public = json!({"Type": "Jwt", "Name": "rs", "PublicKeyFile": "rsa.pem", "Issuer": "rs", "Audience": "photos"});
    let of_file =
        |name: &str| json!({"Type": "Jwt", "Name": name, "PublicKeyFile": format!("{name}.pem"), "Issuer": name});
    let set = json!({"Type": "Jwt", "Name": "es", "JwksFile": "set.json", "Issuer": "es", "Audience": "photos"});
    let world = World::open(
        &json!({"Identity": {"Providers": [shared, public, of_file("ed"), of_file("es384"), set]}, "Grants": {"Prefix": "${claims.tenant}/${user}/"}}),
        &[("rsa.pem", RSA_PUBLIC), ("ed.pem", ED_PUBLIC), ("es384.pem", EC384_PUBLIC), ("set.json", &key_set(&[("a", EC), ("b", EC_OTHER)]))],
    )
    .await;
    let now = world.now();
    let claims = |changes: Value| {
        let mut claims = json!({"iss": "es", "aud": ["x", "photos"], "sub": "alice", "exp": now + 60, "tenant": 7});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    };
    let es = |changes: Value| jwt(ES256, Some(EC), Some("a"), &claims(changes));
    let good = es(json!({}));
    let (head, tail) = good.rsplit_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let tampered = format!("{head}.{}", tail.chars().rev().collect::<String>());
    let hs = json!({"iss": "hs", "login": "bob", "scope": "read write"});
    let confused = jwt(HS256, Some(RSA_PUBLIC), None, &claims(json!({"iss": "rs"})));
    for (name, token, expected) in [
        ("EC of a set", good.clone(), "7/alice/"),
        ("the set's other key", jwt(ES256, Some(EC_OTHER), Some("b"), &claims(json!({}))), "7/alice/"),
        ("no key id", jwt(ES256, Some(EC_OTHER), None, &claims(json!({}))), "7/alice/"),
        ("RSA", jwt(RS256, Some(RSA), None, &claims(json!({"iss": "rs", "aud": "photos"}))), "7/alice/"),
        ("RSA, padded otherwise", jwt(PS256, Some(RSA), None, &claims(json!({"iss": "rs"}))), "7/alice/"),
        ("RSA, a longer digest", jwt(RS512, Some(RSA), None, &claims(json!({"iss": "rs"}))), "7/alice/"),
        ("Ed25519", jwt(EdDSA, Some(ED), None, &claims(json!({"iss": "ed"}))), "7/alice/"),
        ("P-384", jwt(ES384, Some(EC384), None, &claims(json!({"iss": "es384"}))), "7/alice/"),
        ("P-256 where P-384 is", jwt(ES256, Some(EC), None, &claims(json!({"iss": "es384"}))), "401 CredentialInvalid"),
        ("a user that is a list", es(json!({"sub": ["bob"]})), "401 CredentialInvalid"),
        (
            "a key id that is a path",
            jwt(ES256, Some(EC), Some("../../etc/passwd"), &claims(json!({}))),
            "401 CredentialInvalid",
        ),
        ("shared secret", jwt(HS256, None, None, &claims(hs.clone())), "7/bob/"),
        ("within the leeway", es(json!({"exp": now - 59})), "7/alice/"),
        ("ended", es(json!({"exp": now - 60})), "401 CredentialExpired"),
        ("without end", es(json!({"exp": null})), "401 CredentialInvalid"),
        ("an end that is no number", es(json!({"exp": "soon"})), "401 CredentialInvalid"),
        ("not begun", es(json!({"nbf": now + 61})), "401 CredentialInvalid"),
        ("another audience", es(json!({"aud": "other"})), "401 CredentialInvalid"),
        ("no audience", es(json!({"aud": null})), "401 CredentialInvalid"),
        ("another issuer", es(json!({"iss": "who"})), "401 CredentialUnknown"),
        ("no issuer", es(json!({"iss": null})), "401 CredentialUnknown"),
        ("nobody", es(json!({"sub": ""})), "401 CredentialInvalid"),
        ("no tenant", es(json!({"tenant": null})), "403 IdentityIncomplete"),
        (
            "a key that signs for another",
            jwt(ES256, Some(EC_OTHER), Some("a"), &claims(json!({}))),
            "401 CredentialInvalid",
        ),
        ("a key that is not there", jwt(ES256, Some(EC), Some("c"), &claims(json!({}))), "401 CredentialInvalid"),
        ("no signature", none, "401 CredentialUnknown"),
        ("a changed signature", tampered, "401 CredentialInvalid"),
        ("the public key as a secret", confused, "401 CredentialInvalid"),
        ("the set's shared secret", jwt(HS256, None, Some("shared"), &claims(json!({}))), "401 CredentialInvalid"),
        ("an algorithm that is not listed", jwt(HS512, None, None, &claims(hs)), "401 CredentialInvalid"),
        ("no token at all", "abc".to_owned(), "401 CredentialUnknown"),
    ] {
        assert_eq!(world.outcome("", Some(&token)).await, expected, "{name} in the header");
        assert_eq!(world.outcome(&format!("token={token}"), None).await, expected, "{name} in the URL");
    }
    let session = async |tenant: i64| {
        let token = es(json!({"tenant": tenant}));
        assert_eq!(world.outcome("", Some(&token)).await, format!("{tenant}/alice/"));
        world.asked("RoleSessionName")
    };
    assert_ne!(session(7).await, session(8).await, "alice of another tenant is another identity");
    let reader = jwt(HS256, None, None, &claims(json!({"iss": "hs", "login": "bob", "scope": "read"})));
    assert_eq!(world.outcome("grant=read-write", Some(&reader)).await, "403 GrantNotAllowed");
    let nothing = jwt(HS256, None, None, &claims(json!({"iss": "hs", "login": "bob"})));
    assert_eq!(world.outcome("", Some(&nothing)).await, "403 GrantNotAllowed", "no claim, no grant");
    // The clock that counts is the injected one.
    world.clock.advance(Duration::seconds(120));
    assert_eq!(world.outcome("", Some(&good)).await, "401 CredentialExpired");
}

/// An issuer's key set on loopback: what it says, and how often it was asked.
struct Issuer {
    url: String,
    says: Arc<std::sync::Mutex<(u16, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn open(set: String) -> Self {
        let (says, asked) = (Arc::new(std::sync::Mutex::new((200, set))), Arc::new(AtomicUsize::new(0)));
        let shared = (Arc::clone(&says), Arc::clone(&asked));
        let router = axum::Router::new().fallback(move || {
            let (says, asked) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
            async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let (status, body) = says.lock().unwrap().clone();
                (axum::http::StatusCode::from_u16(status).unwrap(), body)
            }
        });
        Self { url: format!("{}/keys", crate::support::service(router).await), says, asked }
    }

    fn says(&self, status: u16, set: &str) {
        *self.says.lock().unwrap() = (status, set.to_owned());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_fetched_key_set_is_kept_rotated_and_outlives_its_issuer() {
    let issuer = Issuer::open(key_set(&[("a", EC)])).await;
    let provider = json!({"Type": "Jwt", "JwksUrl": issuer.url, "Issuer": "es", "Audience": "photos"});
    let world = World::open(&json!({"Identity": {"Providers": [provider]}, "ObjectPrefix": "u/"}), &[]).await;
    let claims = json!({"iss": "es", "aud": "photos", "sub": "alice", "exp": world.now() + 100_000});
    let token = |pem, kid| jwt(jsonwebtoken::Algorithm::ES256, Some(pem), Some(kid), &claims);
    let (old, new, unknown) = (token(EC, "a"), token(EC_OTHER, "b"), token(EC, "made-up"));

    // A burst at the start asks once; made-up key ids do not ask again and again.
    let burst: Vec<_> = (0..20).map(|_| world.outcome("", Some(&old))).collect();
    for outcome in futures_util::future::join_all(burst).await {
        assert_eq!(outcome, "u/alice/");
    }
    assert_eq!(issuer.asked(), 1);
    assert_eq!(world.outcome("", Some(&unknown)).await, "503 IdentityUnavailable");
    assert_eq!(issuer.asked(), 1, "a caller cannot make this server ask");
    world.clock.advance(Duration::seconds(10));
    assert_eq!(world.outcome_once("", &unknown).await, "401 CredentialInvalid");
    assert_eq!(issuer.asked(), 2);

    // From here on others go on asking with the old key, and none of them is ever refused.
    let (url, bearer, stop) =
        (format!("{}/v1/token", world.url), format!("Bearer {old}"), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let load = tokio::spawn(async move {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut served = 0;
        while !stopped.load(Ordering::SeqCst) {
            let answer = client.get(&url).header("authorization", &bearer).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
            served += 1;
        }
        served
    });

    // Rotation: a token of the new key brings the new set.
    world.clock.advance(Duration::seconds(10));
    issuer.says(200, &key_set(&[("a", EC), ("b", EC_OTHER)]));
    assert_eq!(world.outcome("", Some(&new)).await, "u/alice/");
    assert_eq!((issuer.asked(), world.outcome("", Some(&old)).await.as_str()), (3, "u/alice/"));

    // The issuer is away, or answers garbage: what was good stays good, beyond its time and through a reload.
    for (status, body) in [(500, ""), (200, "<html>"), (200, r#"{"keys":[]}"#)] {
        issuer.says(status, body);
        world.clock.advance(Duration::seconds(4000));
        assert_eq!(world.outcome("", Some(&new)).await, "u/alice/", "{status} {body}");
        world.app.reload(world.app.settings().config.clone()).unwrap();
        assert_eq!(world.outcome("", Some(&new)).await, "u/alice/", "{status} {body}, reloaded");
    }
    stop.store(true, Ordering::SeqCst);
    assert!(load.await.unwrap() > 0);
}
