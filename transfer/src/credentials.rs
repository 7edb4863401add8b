//! The token: fetched once however many ask, kept while fresh, judged by OSS's clock.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::secret::{Secret, mask};
use shared::token::{Grant, GrantPlace};
use time::{Duration, OffsetDateTime};

use crate::app_server::AppServer;
use crate::error::{NoRecords, TransferError};
use crate::observer::{Event, Observer};
use crate::records::RecordPage;

/// A token is replaced when less than this is left, as in the mobile SDKs (`oss-rest.md` §3.3).
const EARLY: Duration = Duration::minutes(5);

/// How long an app server that failed is left in peace while the old token is good.
const REST: Duration = Duration::seconds(10);

/// Where credentials come from.
#[derive(Debug, Clone)]
pub enum CredentialsSource {
    /// A bare GET of this URL, as the mobile SDKs do (`token-server.md` §2.1). A credentials URI answers in the same form (§2.5).
    AppServer {
        /// The token URL; what identifies the user may ride in its query, signed or not.
        url: String,
        /// Sent as `Authorization: Bearer`, where the app server asks for that.
        bearer: Option<Secret>,
    },
    /// These, for ever.
    Fixed(Credentials),
}

impl CredentialsSource {
    /// What the environment names, in the SDKs' order (`token-server.md` §2.4, §2.5, §3.8): `OSS_ACCESS_KEY_ID`,
    /// `OSS_ACCESS_KEY_SECRET` and `OSS_SESSION_TOKEN`; `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and
    /// `ALIBABA_CLOUD_SECURITY_TOKEN`; `ALIBABA_CLOUD_CREDENTIALS_URI`. `variable` looks one up.
    ///
    /// # Errors
    /// [`TransferError::Config`] when there is none of them, or an id without its secret.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, TransferError> {
        let filled = |name: &str| variable(name).filter(|value| !value.is_empty());
        for [id, secret, token] in [
            ["OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"],
            ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"],
        ] {
            let Some(access_key_id) = filled(id) else { continue };
            let Some(access_key_secret) = filled(secret) else {
                let problem = format!("{id} is set, but not {secret}");
                return Err(TransferError::Config { setting: "the environment", problem });
            };
            let mut credentials = Credentials::long_term(access_key_id, Secret::new(access_key_secret));
            credentials.security_token = filled(token).map(Secret::new);
            return Ok(Self::Fixed(credentials));
        }
        match filled("ALIBABA_CLOUD_CREDENTIALS_URI") {
            Some(url) => Ok(Self::AppServer { url, bearer: None }),
            None => Err(TransferError::Config {
                setting: "the environment",
                problem:
                    "it names no credentials; set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, or name an app server"
                        .to_owned(),
            }),
        }
    }
}

/// Keeps credentials fresh. Share one in an [`Arc`].
pub struct Provider(Kind);

enum Kind {
    Fixed(Box<Grant>, Skew),
    AppServer(Arc<Keeper>),
}

impl Provider {
    /// A provider that has fetched nothing yet.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the URL is no http or https URL, or when no HTTP client can be made.
    pub fn new(source: CredentialsSource, clock: Arc<dyn Clock>, observer: Observer) -> Result<Self, TransferError> {
        Ok(Self(match source {
            CredentialsSource::Fixed(credentials) => {
                Kind::Fixed(Box::new(Grant { credentials, place: GrantPlace::default() }), Skew::default())
            }
            CredentialsSource::AppServer { url, bearer } => {
                let (server, state, skew) = (AppServer::new(&url, bearer)?, Mutex::default(), Skew::default());
                Kind::AppServer(Arc::new(Keeper { server, clock, observer, skew, state }))
            }
        }))
    }

    /// The credentials to sign with: those at hand while more than 5 minutes of their life remain (or more than half of
    /// it, if they live for 10 minutes or less), else new ones.
    ///
    /// # Errors
    /// As for [`grant`](Self::grant).
    pub async fn credentials(&self) -> Result<Credentials, TransferError> {
        self.grant().await.map(|grant| grant.credentials)
    }

    /// The token with the place that the app server names for it.
    ///
    /// # Errors
    /// Whatever the one fetch failed with, for all who waited for it: [`TransferError::Token`],
    /// [`TransferError::TokenBody`], or a failure of the network.
    pub async fn grant(&self) -> Result<Grant, TransferError> {
        match &self.0 {
            Kind::Fixed(grant, _) => Ok((**grant).clone()),
            // Early is early enough to fail: a token that is still good is used on, and the app server asked again later.
            Kind::AppServer(keeper) => match keeper.get(|state| keeper.fresh(state)).await {
                Err(error) => keeper.alive().ok_or(error),
                granted => granted,
            },
        }
    }

    /// Fetches a new token, even if the old one is fresh. Joins a fetch that is under way.
    ///
    /// # Errors
    /// As for [`grant`](Self::grant).
    pub async fn refresh(&self) -> Result<Grant, TransferError> {
        match &self.0 {
            Kind::Fixed(grant, _) => Ok((**grant).clone()),
            Kind::AppServer(keeper) => keeper.get(|_| None).await,
        }
    }

    /// What the app server knows of uploads whose keys begin with `prefix`, newest first, one hundred a page; `cursor` is the
    /// `next` of the page before. Who asks is told as with tokens. Asked once: a failure is not repeated.
    ///
    /// # Errors
    /// [`TransferError::NoRecords`] when the app server has none; [`TransferError::AppServer`] when it does not show them to
    /// this caller, or cannot now; a failure of the network.
    pub async fn upload_records(&self, prefix: &str, cursor: Option<&str>) -> Result<RecordPage, TransferError> {
        match &self.0 {
            Kind::Fixed(..) => Err(TransferError::NoRecords(NoRecords::NoServer)),
            Kind::AppServer(keeper) => keeper.server.records(&keeper.observer, prefix, cursor).await,
        }
    }

    /// The last token, fresh or not; asks nobody.
    pub fn current(&self) -> Option<Grant> {
        match &self.0 {
            Kind::Fixed(grant, _) => Some((**grant).clone()),
            Kind::AppServer(keeper) => keeper.state().held.as_ref().map(|held| held.grant.clone()),
        }
    }

    /// Asks for other credentials than `refused`; whether anybody could be asked. Of many who were refused with the same token, the
    /// first fetches a new one for all. An app server that keeps tokens may hand out the same again: it takes it for good, and whoever
    /// refused it once may not do so twice.
    pub(crate) async fn replace(&self, refused: &Credentials) -> Result<bool, TransferError> {
        let Kind::AppServer(keeper) = &self.0 else { return Ok(false) };
        let is_newer = |held: &&Held| held.grant.credentials != *refused;
        let newer = |state: &State| state.held.as_ref().filter(is_newer).map(|held| held.grant.clone());
        keeper.get(newer).await?;
        Ok(true)
    }

    /// How far OSS's clock is ahead of this machine's, as far as is known.
    pub(crate) fn skew(&self) -> Duration {
        self.skew_cell().get()
    }

    /// From now on OSS's clock is taken to be `ahead` of this machine's.
    pub(crate) fn correct_clock(&self, ahead: Duration) {
        self.skew_cell().0.store(ahead.whole_seconds(), Ordering::Relaxed);
    }

    fn skew_cell(&self) -> &Skew {
        match &self.0 {
            Kind::Fixed(_, skew) => skew,
            Kind::AppServer(keeper) => &keeper.skew,
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("current", &self.current()).finish_non_exhaustive()
    }
}

/// Seconds that OSS's clock is ahead.
#[derive(Debug, Default)]
struct Skew(AtomicI64);

impl Skew {
    fn get(&self) -> Duration {
        Duration::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// A fetch under way, which any number of tasks wait for.
type Flight = Shared<BoxFuture<'static, Result<Grant, TransferError>>>;

/// Holds the token of an app server.
struct Keeper {
    server: AppServer,
    clock: Arc<dyn Clock>,
    observer: Observer,
    skew: Skew,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// When the last fetch failed, if it did.
    failed: Option<OffsetDateTime>,
    flight: Option<Flight>,
}

/// A token, and when it came by this machine's clock.
struct Held {
    grant: Grant,
    received: OffsetDateTime,
}

impl Keeper {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, state: &State) -> Option<Grant> {
        let now = self.clock.now();
        let held = state.held.as_ref()?;
        let resting = state.failed.is_some_and(|failed| now - failed < REST) && self.is_alive(held, now);
        (resting || is_fresh(held, now, self.skew.get())).then(|| held.grant.clone())
    }

    /// The token at hand, if OSS still takes it.
    fn alive(&self) -> Option<Grant> {
        let (now, state) = (self.clock.now(), self.state());
        let held = state.held.as_ref()?;
        self.is_alive(held, now).then(|| held.grant.clone())
    }

    fn is_alive(&self, held: &Held, now: OffsetDateTime) -> bool {
        held.grant.credentials.expiration.is_none_or(|end| end > now.saturating_add(self.skew.get()))
    }

    /// The token that `will_do`, or that of the fetch under way, or of a new one. The look and the beginning are one step: a token
    /// that comes in between would be asked for twice. A fetch runs to its end even if all who wait for it give up.
    async fn get(self: &Arc<Self>, will_do: impl Fn(&State) -> Option<Grant>) -> Result<Grant, TransferError> {
        let flight = {
            let mut state = self.state();
            if let Some(grant) = will_do(&state) {
                return Ok(grant);
            }
            // A landed flight is still here only if its task was stopped before it could put the token away.
            match state.flight.as_ref().filter(|flight| flight.peek().is_none()) {
                Some(flight) => flight.clone(),
                None => {
                    let keeper = Arc::clone(self);
                    let task = tokio::spawn(async move { keeper.land(keeper.server.ask(&keeper.observer).await) });
                    let flight = task.map(|landed| landed.unwrap_or(Err(TransferError::Cancelled))).boxed().shared();
                    state.flight.insert(flight).clone()
                }
            }
        };
        flight.await
    }

    /// Puts the outcome of a fetch away and tells of it.
    fn land(&self, outcome: Result<Grant, TransferError>) -> Result<Grant, TransferError> {
        let mut state = self.state();
        state.flight = None;
        state.failed = outcome.is_err().then(|| self.clock.now());
        if let Ok(grant) = &outcome {
            state.held = Some(Held { grant: grant.clone(), received: self.clock.now() });
        }
        drop(state);
        self.observer.emit(match &outcome {
            Ok(grant) => Event::TokenRefreshed {
                expiration: grant.credentials.expiration,
                access_key_id: mask(&grant.credentials.access_key_id),
            },
            Err(error) => Event::TokenRefused { code: error.code().to_owned(), message: error.to_string() },
        });
        outcome
    }
}

/// Whether enough of a token's life is left at `now`; both times by a clock that OSS's is `skew` ahead of.
fn is_fresh(held: &Held, now: OffsetDateTime, skew: Duration) -> bool {
    let Some(expiration) = held.grant.credentials.expiration else { return true };
    now.saturating_add(skew) < prefetch_point(held.received.saturating_add(skew), expiration)
}

/// From when on a token that came at `received` and ends at `expiration` is replaced: 5 minutes before its end, or after half of its
/// life if that is short.
pub fn prefetch_point(received: OffsetDateTime, expiration: OffsetDateTime) -> OffsetDateTime {
    let life = expiration - received;
    expiration.saturating_sub(EARLY.min(life / 2).max(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::secret::Secret;
    use time::macros::datetime;

    #[test]
    fn a_token_is_fresh_until_five_minutes_or_half_its_life_remain() {
        let received = datetime!(2024-01-01 00:00:00 UTC);
        for (life, age, skew, fresh) in [
            (900, 0, 0, true),
            (900, 599, 0, true),
            (900, 600, 0, false),
            (60, 29, 0, true),
            (60, 30, 0, false),
            (900, 2000, 0, false),
            // A machine that is 20 minutes ahead believes that the token is dead, until it learns the true time.
            (-300, 0, 0, false),
            (-300, 0, -1200, true),
            (-300, 599, -1200, true),
            (-300, 600, -1200, false),
        ] {
            let mut credentials = Credentials::long_term("STS.x", Secret::new("s"));
            credentials.expiration = Some(received + Duration::seconds(life));
            let held = Held { grant: Grant { credentials, place: GrantPlace::default() }, received };
            let now = received + Duration::seconds(age);
            assert_eq!(is_fresh(&held, now, Duration::seconds(skew)), fresh, "{life} {age} {skew}");
        }
    }

    #[tokio::test]
    async fn only_the_token_at_hand_can_be_refused() {
        let (clock, nobody) = (Arc::new(shared::clock::SystemClock), "http://127.0.0.1:1/token".to_owned());
        let source = CredentialsSource::AppServer { url: nobody, bearer: None };
        let provider = Provider::new(source, clock.clone(), Observer::silent()).unwrap();
        let [old, new] = ["STS.1", "STS.2"].map(|id| Credentials::long_term(id, Secret::new("s")));
        let Kind::AppServer(keeper) = &provider.0 else { panic!("it has an app server") };
        let grant = Grant { credentials: new.clone(), place: GrantPlace::default() };
        keeper.state().held = Some(Held { grant, received: clock.now() });
        assert!(provider.replace(&old).await.unwrap(), "another request has replaced it: nobody is asked");
        assert_eq!(provider.replace(&new).await.unwrap_err().code(), "Connect", "somebody is asked");
    }
}
