//! Tokens are kept, shared and given up at the right moments.

use std::sync::atomic::AtomicUsize;

use shared::clock::ManualClock;
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::token::GrantPlace;
use time::Duration;
use time::macros::datetime;
use tokio::sync::Semaphore;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

/// A cache and its clock.
struct World {
    clock: Arc<ManualClock>,
    cache: Arc<TokenCache>,
}

impl World {
    fn new(max_bytes: u64) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let cache = Arc::new(TokenCache::new(max_bytes, Arc::clone(&clock) as Arc<dyn Clock>));
        Self { clock, cache }
    }

    fn key(&self, who: &str) -> Key {
        Key { digest: digest([who]), generation: self.cache.generation() }
    }

    fn answer(&self, life: i64) -> Result<NewToken, StsFailure> {
        let mut credentials = Credentials::long_term("STS.NSExampleTokenKey", Secret::new("s"));
        credentials.security_token = Some(Secret::new("CAIS".repeat(50)));
        credentials.expiration = Some(self.clock.now() + Duration::seconds(life));
        let place = GrantPlace::default();
        Ok(NewToken { grant: Grant { credentials, place }, sts_request_id: "R".to_owned() })
    }

    /// Asks for `who`, whose tokens live for `life` seconds.
    async fn ask(&self, who: &str, life: i64) -> Origin {
        let answer = self.answer(life);
        self.cache.token(self.key(who), || async { answer }).await.unwrap().1
    }
}

#[tokio::test]
async fn no_token_is_handed_out_that_an_sdk_would_replace_at_once() {
    for (life, last_second) in [(900, 539), (959, 598), (1019, 658), (1020, 59), (3600, 2639), (43_200, 42_239)] {
        let world = World::new(1 << 20);
        assert_eq!(world.ask("alice", life).await, Origin::Sts);
        world.clock.advance(Duration::seconds(last_second));
        assert_eq!(world.ask("alice", life).await, Origin::Cache, "{life} after {last_second} s");
        world.clock.advance(Duration::seconds(1));
        assert_eq!(world.ask("alice", life).await, Origin::Sts, "{life} a second later");
    }
    let world = World::new(1 << 20);
    world.ask("alice", 300).await;
    assert_eq!(world.ask("alice", 300).await, Origin::Sts, "too short to be kept at all");
}

#[tokio::test]
async fn a_thousand_who_ask_at_once_cause_one_question_and_share_its_answer() {
    let world = World::new(1 << 20);
    for fails in [false, true] {
        let gate = Arc::new(Semaphore::new(0));
        let key = world.key(if fails { "bob" } else { "alice" });
        let asked = Arc::new(AtomicUsize::new(0));
        let mut asking = Vec::new();
        for _ in 0..1000 {
            let (cache, gate, asked) = (Arc::clone(&world.cache), Arc::clone(&gate), Arc::clone(&asked));
            let answer = if fails { Err(StsFailure::Stopped) } else { world.answer(900) };
            let ask = move || async move {
                let _ = gate.acquire().await;
                asked.fetch_add(1, Ordering::SeqCst);
                answer
            };
            asking.push(tokio::spawn(async move { cache.token(key, ask).await.is_ok() }));
        }
        tokio::task::yield_now().await;
        gate.add_permits(1);
        for one in asking {
            assert_eq!(one.await.unwrap(), !fails);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(world.ask("bob", 900).await, Origin::Sts, "a refusal is not kept");
}

#[tokio::test]
async fn an_older_token_stands_in_while_sts_is_away() {
    let world = World::new(1 << 20);
    world.ask("alice", 3600).await;
    let key = world.key("alice");
    let away = || async { Err(StsFailure::Unreachable { endpoint: String::new(), reason: String::new() }) };
    let never = || async { unreachable!("asked again too soon") };
    world.clock.advance(Duration::seconds(3000));
    assert_eq!(world.cache.token(key, away).await.unwrap().1, Origin::Sts);
    world.clock.advance(Duration::seconds(29));
    assert_eq!(world.cache.token(key, never).await.unwrap().1, Origin::Cache);
    world.clock.advance(Duration::seconds(1));
    let refused = || async { Err(StsFailure::Refused(shared::sts::StsError::new(403, "NoPermission", "no"))) };
    assert!(world.cache.token(key, refused).await.is_err(), "what STS refuses, nothing stands in for");
    world.clock.advance(Duration::seconds(210));
    assert!(world.cache.token(key, away).await.is_err(), "359 s are left");
}

#[tokio::test]
async fn new_settings_forget_what_was_given_under_the_old_ones_even_if_it_comes_late() {
    let world = World::new(1 << 20);
    world.ask("alice", 900).await;
    let old = world.key("alice");
    world.cache.invalidate();
    assert_eq!(world.cache.size().0, 0);
    assert_eq!(world.ask("alice", 900).await, Origin::Sts);
    let late = world.answer(900);
    world.cache.token(old, || async { late }).await.unwrap();
    assert_eq!(world.cache.size().0, 1);
}

#[tokio::test]
async fn memory_stays_within_its_bound() {
    let world = World::new(64 << 10);
    for user in 0..1000 {
        world.ask(&user.to_string(), 900).await;
    }
    let (tokens, bytes) = world.cache.size();
    assert!((40..=200).contains(&tokens) && bytes <= 64 << 10, "{tokens} tokens, {bytes} bytes");
    assert!(!format!("{:?}", world.cache).contains("CAIS"));
}

#[test]
fn a_body_gives_the_token_back() {
    let world = World::new(1 << 20);
    let new = world.answer(900).unwrap();
    let grant = new.grant.clone();
    let token = Token::new(new, NOW.unix_timestamp());
    assert_eq!(token.grant(), Some(grant));
    assert_eq!((&*token.facts.key_id, token.facts.expires), ("STS.NS…Key", NOW.unix_timestamp() + 900));
}
