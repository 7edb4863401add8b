//! Keeps the token provider and the OSS client between jobs, and makes new ones when the settings change.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::object_key::NameError;
use shared::region::{Endpoint, Region};
use transfer::{Client, ClientConfig, CredentialsSource, Observer, Provider, TransferError};

use crate::command::Place;

/// The provider and the client in use.
pub(super) struct Sessions {
    clock: Arc<dyn Clock>,
    observer: Observer,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    provider: Option<(String, Arc<Provider>)>,
    client: Option<(Place, Client)>,
    limit: Option<NonZeroU64>,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>, observer: Observer) -> Self {
        Self { clock, observer, kept: Mutex::new(Kept::default()) }
    }

    /// The token provider of an app server.
    ///
    /// # Errors
    /// [`TransferError::Config`] when the URL is none.
    pub(super) fn provider(&self, app_server: &str) -> Result<Arc<Provider>, TransferError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((url, provider)) = &kept.provider
            && url == app_server
        {
            return Ok(Arc::clone(provider));
        }
        let source = CredentialsSource::AppServer { url: app_server.to_owned(), bearer: None };
        let provider = Arc::new(Provider::new(source, Arc::clone(&self.clock), self.observer.clone())?);
        kept.client = None;
        kept.provider = Some((app_server.to_owned(), Arc::clone(&provider)));
        Ok(provider)
    }

    /// The client of a bucket.
    ///
    /// # Errors
    /// [`TransferError::Config`] when a setting is wrong.
    pub(super) fn client(&self, place: &Place) -> Result<Client, TransferError> {
        let provider = self.provider(&place.app_server)?;
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
    pub(super) fn prefix(&self, app_server: &str) -> Option<String> {
        self.provider(app_server).ok()?.current()?.place.object_prefix
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
        let provider = self.provider(&place.app_server)?;
        let place = Place { bucket: bucket.to_owned(), ..place.clone() };
        Client::new(config(&place)?, provider, Arc::clone(&self.clock), self.observer.clone())
    }
}

fn config(place: &Place) -> Result<ClientConfig, TransferError> {
    let wrong = |setting| move |error: NameError| TransferError::Config { setting, problem: error.to_string() };
    let bucket = BucketName::parse(&place.bucket).map_err(wrong("Bucket"))?;
    let region = Region::parse(&place.region).map_err(wrong("Region"))?;
    let endpoint = if place.endpoint.is_empty() { region.public_endpoint() } else { place.endpoint.clone() };
    let endpoint = Endpoint::parse(&endpoint).map_err(wrong("Endpoint"))?;
    Ok(ClientConfig::new(endpoint, region, bucket))
}
