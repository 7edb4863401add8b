//! One snapshot of everything that a request needs, made from the configuration, its policies and its keys. A request
//! works on one snapshot from beginning to end; a reload puts another in its place.

use std::sync::Arc;

use shared::bucket::BucketName;
use shared::clock::Clock;

use crate::base_credentials::{BaseCredentials, Source};
use crate::client_address::Neighbours;
use crate::config::{Config, MetricsSection, TrustedProxiesSection};
use crate::error::{ConfigError, StartError};
use crate::grant::{Asked, Grants};
use crate::identity::{Identities, Identity, Memory};
use crate::limit::Limits;
use crate::metrics::Metrics;
use crate::sts_client::{StsClient, StsClock, StsSettings};
use crate::uploads::bucket::Bucket;
use crate::uploads::report::Checks;
use crate::vend::Plan;

/// The snapshot.
#[derive(Debug)]
pub struct Settings {
    /// What it was made from.
    pub config: Config,
    /// Who may ask.
    pub identities: Identities,
    /// What they get.
    pub grants: Grants,
    /// What everybody gets, where callers are not told apart.
    pub(crate) everybody: Option<Plan>,
    /// The server's own key.
    pub base: Arc<BaseCredentials>,
    /// Where tokens come from.
    pub sts: StsClient,
    /// The bucket, as the server itself may look into it; `None` unless the configuration says where it is.
    pub bucket: Option<Bucket>,
    /// How often one may ask.
    pub limits: Limits,
    /// Whose word on addresses counts.
    pub neighbours: Neighbours,
}

impl Settings {
    /// As [`Settings::new`], for a look at the settings without a server.
    ///
    /// # Errors
    /// As [`Settings::new`].
    pub(crate) fn alone(config: Config, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::new(config, &Arc::default(), &Arc::new(StsClock::new(Arc::clone(clock))), &Arc::default())
    }

    /// Checks `config` and makes everything ready; blocks on the small files that it names. Nothing is sent.
    ///
    /// # Errors
    /// [`StartError`]: everything that is wrong with the settings at once, or no TLS.
    pub(crate) fn new(
        config: Config,
        memory: &Arc<Memory>,
        clock: &Arc<StsClock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let machine = clock.machine();
        let mut problems = config.check().err().map(|error| error.problems).unwrap_or_default();
        let identities = Identities::new(&config, memory, machine, &mut problems)?;
        let grants = Grants::new(&config, machine, &mut problems);
        if let Some(grants) = &grants {
            grants.check_known(&identities.known_by_name(), &mut problems);
        }
        let grants = grants.filter(|_| problems.is_empty());
        let Some(grants) = grants else {
            return Err(ConfigError { source: config.source, problems }.into());
        };
        let same = !config.tells_callers_apart();
        let planned = same.then(|| grants.plan(&Identity::everybody(), &Asked::default()));
        let everybody = planned.and_then(Result::ok).map(Plan::new);
        let base = Arc::new(BaseCredentials::new(source(&config), Arc::clone(clock) as Arc<dyn Clock>)?);
        let asking = config.sts.clone().unwrap_or_default();
        let asking = StsSettings {
            endpoint: config.sts(),
            signature: asking.signature.into(),
            calls_per_second: asking.calls_per_second,
        };
        let sts = StsClient::new(asking, Arc::clone(&base), Arc::clone(clock), Arc::clone(metrics))?;
        let limits = config.limits.clone().unwrap_or_default().limits();
        let proxies = config.trusted_proxies.as_ref().map(TrustedProxiesSection::networks);
        let observers = config.metrics.as_ref().map(MetricsSection::networks);
        let neighbours = Neighbours::new(proxies.unwrap_or_default(), observers.unwrap_or_default());
        // OSS judges signatures by the time, as STS does.
        let bucket = Bucket::of(&config, &(Arc::clone(clock) as Arc<dyn Clock>))?;
        Ok(Self { config, identities, grants, everybody, base, sts, bucket, limits, neighbours })
    }

    /// What reports of uploads are checked with.
    pub(crate) fn checks(&self) -> Checks<'_> {
        Checks {
            own: self.config.bucket.as_ref().map(BucketName::as_str),
            bucket: self.bucket.as_ref(),
            sts: &self.sts,
            secret: self.config.uploads.as_ref().and_then(|uploads| uploads.callback_secret.as_ref()),
        }
    }
}

fn source(config: &Config) -> Source {
    let fixed = || Source::Fixed(config.credentials.clone());
    // A section that lacks something has been refused by the check of the configuration.
    config.base_credentials.as_ref().and_then(|section| section.source(&config.sts()).ok()).unwrap_or_else(fixed)
}
