//! The public keys that sign callbacks: OSS's own is built in; those of the one configured emulator are fetched.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::sign::callback::{KeyError, PublicKey, is_key_url_below, is_oss_key_url};
use tokio::sync::Semaphore;

use crate::error::StartError;
use crate::http;

const FETCH_BUDGET: Duration = Duration::from_secs(1);
/// A key of 4096 bits has 800 bytes.
const MAX_PEM_BYTES: usize = 4096;
const MAX_KEYS: usize = 16;
/// Anybody may name an address below the trusted one, so few are asked at once.
const MAX_FETCHES: usize = 2;

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The address is not OSS's.
    #[error("x-oss-pub-key-url is not the address of OSS's key")]
    Untrusted,
    /// What is there could not be had, or is no key.
    #[error("the key that x-oss-pub-key-url names cannot be used: {0}")]
    Unusable(String),
}

/// Keys by address.
#[derive(Debug)]
pub struct Keys {
    oss: Result<PublicKey, KeyError>,
    /// The one other address below which keys may be, and what asks there.
    extra: Option<(String, reqwest::Client)>,
    fetched: Mutex<HashMap<String, PublicKey>>,
    fetches: Semaphore,
}

impl Keys {
    /// OSS's key, and those below `extra`, such as `http://127.0.0.1:9002/` for an emulator.
    ///
    /// # Errors
    /// [`StartError::HttpClient`] when TLS cannot be set up.
    pub fn new(extra: Option<String>) -> Result<Self, StartError> {
        let extra = extra.map(|prefix| Ok::<_, StartError>((prefix.clone(), http::client(&prefix)?))).transpose()?;
        Ok(Self { oss: PublicKey::oss(), extra, fetched: Mutex::default(), fetches: Semaphore::new(MAX_FETCHES) })
    }

    /// The key at `url`: built in, known already, or fetched within 1 s.
    ///
    /// # Errors
    /// [`KeyRefusal`].
    pub async fn at(&self, url: &str) -> Result<PublicKey, KeyRefusal> {
        let unusable = |reason: &str| KeyRefusal::Unusable(reason.to_owned());
        if is_oss_key_url(url) {
            return self.oss.clone().map_err(|error| unusable(&error.to_string()));
        }
        let extra = self.extra.as_ref().filter(|(prefix, _)| is_key_url_below(url, prefix));
        let (_, client) = extra.ok_or(KeyRefusal::Untrusted)?;
        if let Some(key) = self.fetched().get(url) {
            return Ok(key.clone());
        }
        let fetched = tokio::time::timeout(FETCH_BUDGET, self.fetch(client, url)).await;
        let key = fetched.map_err(|_| unusable("no answer in time"))??;
        let mut fetched = self.fetched();
        if fetched.len() < MAX_KEYS {
            fetched.insert(url.to_owned(), key.clone());
        }
        Ok(key)
    }

    async fn fetch(&self, client: &reqwest::Client, url: &str) -> Result<PublicKey, KeyRefusal> {
        let unusable = |reason: &str| KeyRefusal::Unusable(reason.to_owned());
        let _place = self.fetches.acquire().await.map_err(|_| unusable("the server stops"))?;
        let response = client.get(url).send().await.map_err(|_| unusable("it cannot be fetched"))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(unusable(&format!("HTTP {}", response.status().as_u16())));
        }
        let pem = http::text(response, MAX_PEM_BYTES).await.map_err(|reason| unusable(&reason))?;
        PublicKey::from_pem(&pem).map_err(|error| unusable(&error.to_string()))
    }

    fn fetched(&self) -> MutexGuard<'_, HashMap<String, PublicKey>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
