//! The app server's own key: where it comes from, and how it stays fresh (`token-server.md` §3.8).
//!
//! On a machine of Alibaba Cloud no long-term key is needed: AssumeRole is then signed with the temporary key of the
//! machine's own role.

mod file;
mod remote;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::secret::{Secret, mask};
use time::{Duration, OffsetDateTime};

use crate::error::StartError;
use crate::http;

pub use self::remote::Oidc;

/// A temporary key is replaced when less than this is left of it.
const EARLY: Duration = Duration::minutes(5);
/// A file is read again after this long, so that a key that was replaced in it is used.
const REREAD: Duration = Duration::minutes(1);
/// After a failure the source is left alone for so long, while an older key lasts.
const PAUSE: Duration = Duration::seconds(15);

/// Where the key comes from.
#[derive(Clone)]
pub enum Source {
    /// The configuration.
    Fixed(Credentials),
    /// `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for a temporary key, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    Environment,
    /// A profile of the official tools' files: `~/.alibabacloud/credentials` (INI) or `~/.aliyun/config.json`.
    File {
        /// The file; its ending, `.json` or another, tells its form.
        path: PathBuf,
        /// The profile; without it the one that the file calls current, else `default`.
        profile: Option<String>,
    },
    /// The RAM role of this ECS instance.
    EcsMetadata {
        /// `http://100.100.100.200`, except where a test or a container has it elsewhere.
        endpoint: String,
        /// The role; without it the one that the instance has.
        role: Option<String>,
        /// Whether the older protocol, which asks for no token first, will do where the newer one is not spoken.
        allow_v1: bool,
    },
    /// A token of the cluster that this pod runs in, exchanged at STS.
    Oidc(Oidc),
    /// Another program, which answers a GET of this URL as `ALIBABA_CLOUD_CREDENTIALS_URI` has it.
    Uri(Secret),
}

impl Source {
    /// Where the key comes from, in a few words; no secret.
    pub fn name(&self) -> String {
        match self {
            Self::Fixed(_) => "the configuration".to_owned(),
            Self::Environment => "the environment".to_owned(),
            Self::File { path, .. } => path.display().to_string(),
            Self::EcsMetadata { .. } => "the metadata of this ECS instance".to_owned(),
            Self::Oidc(oidc) => format!("the OIDC token in {}", oidc.token_file.display()),
            Self::Uri(_) => "the credentials URI".to_owned(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no key from {from}: {reason}")]
pub struct BaseFailure {
    /// [`Source::name`].
    pub from: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Keeps the key fresh.
pub struct BaseCredentials {
    source: Source,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
    /// One reads the source at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Held {
    credentials: Credentials,
    read: OffsetDateTime,
    /// When the source is asked again.
    again: OffsetDateTime,
}

impl BaseCredentials {
    /// Nothing is read yet.
    ///
    /// # Errors
    /// [`StartError::HttpClient`] when the source is asked over https and TLS cannot be set up.
    pub fn new(source: Source, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let url = match &source {
            Source::EcsMetadata { endpoint, .. } => endpoint.clone(),
            Source::Oidc(oidc) => oidc.sts_endpoint.url(None, None),
            Source::Uri(url) => url.expose().to_owned(),
            Source::Fixed(_) | Source::Environment | Source::File { .. } => "http://127.0.0.1".to_owned(),
        };
        let http = http::client(&url)?;
        Ok(Self { source, http, clock, held: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// The key to sign with now.
    ///
    /// # Errors
    /// [`BaseFailure`] when there is none, and no older one that lasts.
    pub async fn get(&self) -> Result<Credentials, BaseFailure> {
        if let Source::Fixed(credentials) = &self.source {
            return Ok(credentials.clone());
        }
        if let Some(credentials) = self.fresh() {
            return Ok(credentials);
        }
        let _turn = self.turn.lock().await;
        match self.fresh() {
            Some(credentials) => Ok(credentials),
            None => self.refresh().await,
        }
    }

    /// Reads the source again because STS refused the key with the id `refused`; whether there is another key now.
    pub async fn replace(&self, refused: &str) -> bool {
        if matches!(self.source, Source::Fixed(_) | Source::Environment) {
            return false;
        }
        let _turn = self.turn.lock().await;
        let now = self.clock.now();
        let read = self.held().as_ref().map(|held| (held.credentials.access_key_id.clone(), held.read));
        match read {
            Some((id, _)) if id != refused => true,
            Some((_, read)) if now - read < PAUSE => false,
            _ => self.refresh().await.is_ok_and(|credentials| credentials.access_key_id != refused),
        }
    }

    /// [`Source::name`].
    pub fn source_name(&self) -> String {
        self.source.name()
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self) -> Option<Credentials> {
        let now = self.clock.now();
        self.held().as_ref().filter(|held| now < held.again).map(|held| held.credentials.clone())
    }

    async fn refresh(&self) -> Result<Credentials, BaseFailure> {
        let outcome = self.read().await;
        let now = self.clock.now();
        let mut held = self.held();
        match outcome {
            Ok(credentials) => {
                let again = match credentials.expiration {
                    Some(end) => end - EARLY.min((end - now) / 2),
                    None => now + REREAD,
                };
                *held = Some(Held { credentials: credentials.clone(), read: now, again });
                drop(held);
                tracing::debug!(
                    key = mask(&credentials.access_key_id),
                    from = self.source.name(),
                    "base credentials read"
                );
                Ok(credentials)
            }
            Err(reason) => {
                let lasts = |held: &&mut Held| held.credentials.expiration.is_none_or(|end| now < end);
                match held.as_mut().filter(lasts) {
                    Some(held) => {
                        held.again = now + PAUSE;
                        tracing::warn!(
                            from = self.source.name(),
                            reason,
                            "the key is not renewed; the older one still lasts"
                        );
                        Ok(held.credentials.clone())
                    }
                    None => Err(BaseFailure { from: self.source.name(), reason }),
                }
            }
        }
    }

    async fn read(&self) -> Result<Credentials, String> {
        match &self.source {
            Source::Fixed(credentials) => Ok(credentials.clone()),
            Source::Environment => environment(|name| std::env::var(name).ok()),
            Source::File { path, profile } => {
                let text =
                    tokio::fs::read_to_string(path).await.map_err(|error| format!("it cannot be read: {error}"))?;
                let json = path.extension().is_some_and(|ending| ending == "json");
                let read = if json { file::aliyun_config } else { file::credentials_file };
                read(&text, profile.as_deref())
            }
            Source::EcsMetadata { endpoint, role, allow_v1 } => {
                remote::ecs(&self.http, endpoint, role.as_deref(), *allow_v1).await
            }
            Source::Oidc(oidc) => remote::oidc(&self.http, oidc, self.clock.now()).await,
            Source::Uri(url) => remote::uri(&self.http, url).await,
        }
    }
}

impl fmt::Debug for BaseCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaseCredentials").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The variables of the official tools.
fn environment(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, String> {
    let need = |name: &str| {
        variable(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("the variable {name} is not set"))
    };
    let id = need("ALIBABA_CLOUD_ACCESS_KEY_ID")?;
    let secret = need("ALIBABA_CLOUD_ACCESS_KEY_SECRET")?;
    Ok(key(id, secret, need("ALIBABA_CLOUD_SECURITY_TOKEN").ok()))
}

fn key(id: String, secret: String, token: Option<String>) -> Credentials {
    let mut credentials = Credentials::long_term(id, Secret::new(secret));
    credentials.security_token = token.map(Secret::new);
    credentials
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_what_it_lacks() {
        let variables =
            |names: &'static [&str]| move |name: &str| names.contains(&name).then(|| format!("value of {name}"));
        let missing = environment(variables(&["ALIBABA_CLOUD_ACCESS_KEY_ID"])).unwrap_err();
        assert_eq!(missing, "the variable ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set");
        let both = ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"];
        assert_eq!(environment(|name| both[..2].contains(&name).then(|| "x".to_owned())).unwrap().security_token, None);
        let temporary = environment(|name| both.contains(&name).then(|| "x".to_owned())).unwrap();
        assert_eq!(temporary.security_token, Some(Secret::new("x")));
    }
}
