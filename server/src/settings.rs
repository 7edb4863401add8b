//! One snapshot of everything that a request needs, made from the configuration, its policies and its keys. A request
//! works on one snapshot from beginning to end; a reload puts another in its place.

use std::sync::Arc;

use shared::clock::Clock;

use crate::config::Config;
use crate::error::{ConfigError, StartError};
use crate::grant::Grants;
use crate::identity::{Identities, Memory};
use crate::sts_client::StsClient;

/// The snapshot.
#[derive(Debug)]
pub struct Settings {
    /// What it was made from.
    pub config: Config,
    /// Who may ask.
    pub identities: Identities,
    /// What they get.
    pub grants: Grants,
    /// Where tokens come from.
    pub sts: StsClient,
}

impl Settings {
    /// Checks `config` and makes everything ready; blocks on the small files that it names. Nothing is sent.
    ///
    /// # Errors
    /// [`StartError`]: everything that is wrong with the settings at once, or no TLS.
    pub(crate) fn new(config: Config, memory: &Arc<Memory>, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let mut problems = config.check().err().map(|error| error.problems).unwrap_or_default();
        let identities = Identities::new(&config, memory, clock, &mut problems)?;
        let grants = Grants::new(&config, clock, &mut problems).filter(|_| problems.is_empty());
        let Some(grants) = grants else {
            return Err(ConfigError { source: config.source, problems }.into());
        };
        let sts = StsClient::new(config.sts_endpoint.clone(), config.credentials.clone(), Arc::clone(clock))?;
        Ok(Self { config, identities, grants, sts })
    }
}
