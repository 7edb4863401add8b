//! Who asks, and whom: the token provider and the client that the options name.

use std::num::NonZeroU64;
use std::sync::Arc;

use shared::bucket::BucketName;
use shared::clock::SystemClock;
use shared::region::{Endpoint, Region};
use shared::sign::SignVersion;
use shared::token::GrantPlace;
use transfer::{Client, ClientConfig, CredentialsSource, Observer, Provider, TransferError};

use crate::options::{PlaceOptions, Signature, Tuning};

/// A client, and the folder that its token is for.
pub struct Session {
    /// Talks to the bucket.
    pub client: Client,
    /// What object keys must begin with, where the app server says.
    pub prefix: Option<String>,
}

/// Makes the client. Asks the app server for what the options leave open.
///
/// # Errors
/// [`TransferError::Config`] for what is missing or wrong; whatever the token failed with.
pub async fn open(place: PlaceOptions, tuning: &Tuning) -> Result<Session, TransferError> {
    let clock = Arc::new(SystemClock);
    let source = match place.app_server {
        Some(url) => CredentialsSource::AppServer { url, bearer: place.bearer },
        None => CredentialsSource::from_environment(|name| std::env::var(name).ok())?,
    };
    let provider = Arc::new(Provider::new(source, clock.clone(), Observer::silent())?);
    let told = provider.grant().await?.place;
    let bucket = place.bucket.map_or_else(|| named(&told, |told| &told.bucket, "--bucket", BucketName::parse), Ok)?;
    let region = place.region.map_or_else(|| named(&told, |told| &told.region, "--region", Region::parse), Ok)?;
    let endpoint = match (place.endpoint, &told.endpoint) {
        (Some(endpoint), _) => endpoint,
        (None, Some(_)) => named(&told, |told| &told.endpoint, "--endpoint", Endpoint::parse)?,
        (None, None) => parsed(&region.public_endpoint(), "--endpoint", Endpoint::parse)?,
    };
    let endpoint = if place.cname { endpoint.as_cname() } else { endpoint };
    let mut config = ClientConfig::new(endpoint, region, bucket);
    config.sign_version = match place.signature {
        Signature::V1 => SignVersion::V1,
        Signature::V4 => SignVersion::V4,
    };
    config.max_concurrent_requests = tuning.concurrency;
    config.max_error_retries = tuning.retries;
    config.part_size = tuning.part_size.as_u64();
    config.max_bytes_per_second = tuning.limit.and_then(|limit| NonZeroU64::new(limit.as_u64()));
    (config.connect_timeout, config.socket_timeout) = (tuning.timeout, tuning.timeout);
    Ok(Session { client: Client::new(config, provider, clock, Observer::silent())?, prefix: told.object_prefix })
}

/// What the app server said, where the options say nothing.
fn named<T, E: std::fmt::Display>(
    told: &GrantPlace,
    which: impl Fn(&GrantPlace) -> &Option<String>,
    setting: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, TransferError> {
    match which(told) {
        Some(text) => parsed(text, setting, parse),
        None => {
            let problem = "it is not given, and no app server says it".to_owned();
            Err(TransferError::Config { setting, problem })
        }
    }
}

fn parsed<T, E: std::fmt::Display>(
    text: &str,
    setting: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, TransferError> {
    parse(text).map_err(|error| TransferError::Config { setting, problem: error.to_string() })
}
