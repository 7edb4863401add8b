//! Keeps the token provider and the OSS client between jobs, and makes new ones when the settings change.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::object_key::NameError;
use shared::region::{Endpoint, Region};
use shared::secret::Secret;
use time::OffsetDateTime;
use transfer::{Client, ClientConfig, CredentialsSource, Observer, Provider, TransferError};

use crate::command::Place;
use crate::profiles::Identity;

/// The provider and the client in use.
pub(super) struct Sessions {
    clock: Arc<dyn Clock>,
    observer: Observer,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    provider: Option<(Caller, Arc<Provider>)>,
    client: Option<(Place, Client)>,
    limit: Option<NonZeroU64>,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>, observer: Observer) -> Self {
        Self { clock, observer, kept: Mutex::new(Kept::default()) }
    }

    /// The token provider of a place's app server.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the URL is none.
    pub(super) fn provider(&self, place: &Place) -> Result<Arc<Provider>, TransferError> {
        let caller = Caller::of(place);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, provider)) = &kept.provider
            && *known == caller
        {
            return Ok(Arc::clone(provider));
        }
        let source = caller.source();
        let provider = Arc::new(Provider::new(source, Arc::clone(&self.clock), self.observer.clone())?);
        kept.client = None;
        kept.provider = Some((caller, Arc::clone(&provider)));
        Ok(provider)
    }

    /// The token provider of another app of the same person, which holds no token yet and tells nobody of what it does.
    ///
    /// # Errors
    /// As [`provider`](Self::provider).
    pub(super) fn another_app(&self, place: &Place) -> Result<Provider, TransferError> {
        Provider::new(Caller::of(place).source(), Arc::clone(&self.clock), Observer::silent())
    }

    /// The client of a bucket.
    ///
    /// # Errors
    /// [`TransferError::Config`] when a setting is wrong.
    pub(super) fn client(&self, place: &Place) -> Result<Client, TransferError> {
        let provider = self.provider(place)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = &kept.client
            && known == place
        {
            return Ok(client.clone());
        }
        let config = ClientConfig { max_bytes_per_second: kept.limit, ..config(place)? };
        let client = Client::new(config, provider, Arc::clone(&self.clock), self.observer.clone())?;
        kept.client = Some((place.clone(), client.clone()));
        Ok(client)
    }

    /// The prefix that the app server's token covers, if it has told one.
    pub(super) fn prefix(&self, place: &Place) -> Option<String> {
        self.provider(place).ok()?.current()?.place.object_prefix
    }

    /// When the place's token ends, if there is one and it does.
    pub(super) fn token_end(&self, place: &Place) -> Option<OffsetDateTime> {
        self.provider(place).ok()?.current()?.credentials.expiration
    }

    /// Changes how many bytes a second the client may send, uploads that run included.
    ///
    /// # Errors
    /// [`TransferError::Config`] when that is too few.
    pub(super) fn limit(&self, limit: Option<NonZeroU64>) -> Result<(), TransferError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.limit = limit;
        kept.client.as_ref().map_or(Ok(()), |(_, client)| client.limit(limit))
    }

    /// A client of another bucket than the place's, with the same token; it is not kept.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub(super) fn client_of(&self, place: &Place, bucket: &str) -> Result<Client, TransferError> {
        let provider = self.provider(place)?;
        let place = Place { bucket: bucket.to_owned(), ..place.clone() };
        Client::new(config(&place)?, provider, Arc::clone(&self.clock), self.observer.clone())
    }
}

/// Whom the app server is asked by: another key is another caller, with tokens of its own.
#[derive(PartialEq, Eq)]
struct Caller {
    app_server: String,
    identity: Identity,
    key: Option<Secret>,
}

impl Caller {
    fn of(place: &Place) -> Self {
        Self { app_server: place.app_server.clone(), identity: place.identity.clone(), key: place.key.clone() }
    }

    fn source(&self) -> CredentialsSource {
        let (mut url, mut bearer) = (self.app_server.clone(), None);
        match (&self.identity, &self.key) {
            (Identity::Nobody, _) | (_, None) => {}
            (Identity::Bearer, Some(key)) => bearer = Some(key.clone()),
            (Identity::Query(name), Some(key)) => {
                // What follows a '#' is never sent.
                url.truncate(url.find('#').unwrap_or(url.len()));
                let separator = if url.contains('?') { '&' } else { '?' };
                let value = utf8_percent_encode(key.expose(), NON_ALPHANUMERIC);
                url.push_str(&format!("{separator}{name}={value}"));
            }
        }
        CredentialsSource::AppServer { url, bearer }
    }
}

fn config(place: &Place) -> Result<ClientConfig, TransferError> {
    let wrong = |setting| move |error: NameError| TransferError::Config { setting, problem: error.to_string() };
    let bucket = BucketName::parse(&place.bucket).map_err(wrong("Bucket"))?;
    let region = Region::parse(&place.region).map_err(wrong("Region"))?;
    let endpoint = if place.endpoint.is_empty() { region.public_endpoint() } else { place.endpoint.clone() };
    let endpoint = Endpoint::parse(&endpoint).map_err(wrong("Endpoint"))?;
    let endpoint = if place.cname { endpoint.as_cname() } else { endpoint };
    Ok(ClientConfig::new(endpoint, region, bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_where_the_app_server_looks_for_it() {
        let key = || Some(Secret::new("a b&c"));
        for (address, identity, key, url, bearer) in [
            ("http://a/sts", Identity::Nobody, key(), "http://a/sts", None),
            ("http://a/sts", Identity::Bearer, key(), "http://a/sts", key()),
            ("http://a/sts", Identity::Bearer, None, "http://a/sts", None),
            ("http://a/sts", Identity::Query("key".to_owned()), key(), "http://a/sts?key=a%20b%26c", None),
            ("http://a/?grant=x#y", Identity::Query("k".to_owned()), key(), "http://a/?grant=x&k=a%20b%26c", None),
        ] {
            let place = Place { app_server: address.to_owned(), identity, key, ..Place::default() };
            let CredentialsSource::AppServer { url: made, bearer: shown } = Caller::of(&place).source() else {
                panic!("it is an app server")
            };
            assert_eq!((made.as_str(), shown), (url, bearer));
        }
    }
}
