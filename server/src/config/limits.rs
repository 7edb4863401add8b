//! The section `Limits`: how often one may ask, and how many connections there may be.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::Deserialize;
use serde_json::Value;

use super::section::{self, Section};
use crate::error::Problem;

/// Far more than an app with a bad network and no cache of its own asks for.
const DEFAULT_PER_IDENTITY: u32 = 300;
/// Below the usual limit of 1024 open files, with room for the connections to STS.
const DEFAULT_CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(511);
const MAX_DRAIN_SECONDS: u32 = 300;

/// How often one may ask. 0 is any number.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Requests a minute of one identity, where callers are told apart.
    pub per_identity: u32,
    /// Requests a minute of one address, or of one /64 of IPv6. Thousands of phones may share an address.
    pub per_address: u32,
    /// Open connections; more wait in the system's queue.
    pub connections: NonZeroUsize,
    /// How long requests are still taken after the signal to stop, in seconds, while `/readyz` says that there will be no more.
    pub drain_seconds: u32,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self { per_identity: DEFAULT_PER_IDENTITY, per_address: 0, connections: DEFAULT_CONNECTIONS, drain_seconds: 0 }
    }
}

impl Section for LimitsSection {
    const KEY: &'static str = "Limits";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if self.drain_seconds > MAX_DRAIN_SECONDS {
            section::wrong(problems, format!("{at}.DrainSeconds"), format!("it may be {MAX_DRAIN_SECONDS} at most"));
        }
    }
}

impl LimitsSection {
    /// [`crate::limit::Limits`] of these numbers.
    pub(crate) fn limits(&self) -> crate::limit::Limits {
        crate::limit::Limits::new(NonZeroU32::new(self.per_identity), NonZeroU32::new(self.per_address))
    }
}
