//! The section `Sts`: how STS is asked, and how much of its answers is kept in memory.

use std::num::NonZeroU32;

use serde::Deserialize;
use serde_json::Value;
use shared::object_key::NameError;
use shared::region::{Endpoint, Region};

use super::section::{self, Section};
use crate::error::Problem;
use crate::sts_client::Signature;

/// STS answers 100 calls a second of an account in a region (its quota page); others may need some too.
const DEFAULT_CALLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(79);
/// Room for some fourteen thousand tokens, with which the whole process stays below 40 MB.
const DEFAULT_CACHE_MEGABYTES: u32 = 16;
const MAX_CACHE_MEGABYTES: u32 = 4096;

/// How STS is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct StsSection {
    /// `RPC`, which every STS speaks, or `ACS3`.
    pub signature: SignatureName,
    /// Ask this region's STS, `sts.<region>.aliyuncs.com`, and not the one that `StsEndpoint` names.
    pub region: Option<String>,
    /// Ask it from inside a VPC: `sts-vpc.<region>.aliyuncs.com`.
    pub vpc: bool,
    /// At most so many AssumeRole calls a second, all callers together.
    pub calls_per_second: NonZeroU32,
    /// How much memory tokens may take, in megabytes; 0 keeps none.
    pub cache_megabytes: u32,
}

/// The two signatures by their names.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
pub enum SignatureName {
    /// [`Signature::Rpc`].
    #[serde(rename = "RPC")]
    Rpc,
    /// [`Signature::Acs3`].
    #[serde(rename = "ACS3")]
    Acs3,
}

impl From<SignatureName> for Signature {
    fn from(name: SignatureName) -> Self {
        match name {
            SignatureName::Rpc => Self::Rpc,
            SignatureName::Acs3 => Self::Acs3,
        }
    }
}

impl Default for StsSection {
    fn default() -> Self {
        Self {
            signature: SignatureName::Rpc,
            region: None,
            vpc: false,
            calls_per_second: DEFAULT_CALLS,
            cache_megabytes: DEFAULT_CACHE_MEGABYTES,
        }
    }
}

impl Section for StsSection {
    const KEY: &'static str = "Sts";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        match self.endpoint() {
            None if self.vpc => section::wrong(problems, format!("{at}.Vpc"), "it needs Sts.Region beside it"),
            Some(Err(error)) => section::wrong(problems, format!("{at}.Region"), error.to_string()),
            _ => {}
        }
        if self.cache_megabytes > MAX_CACHE_MEGABYTES {
            section::wrong(
                problems,
                format!("{at}.CacheMegabytes"),
                format!("it may be {MAX_CACHE_MEGABYTES} at most"),
            );
        }
    }
}

impl StsSection {
    /// The STS of the region, if one is named (`token-server.md` §3.1).
    pub(super) fn endpoint(&self) -> Option<Result<Endpoint, NameError>> {
        let region = match Region::parse(self.region.as_deref()?) {
            Ok(region) => region,
            Err(error) => return Some(Err(error)),
        };
        // The one region whose STS has another's name.
        let name = if region.as_str() == "cn-hangzhou-finance" { "cn-hangzhou" } else { region.as_str() };
        let host = if self.vpc { "sts-vpc" } else { "sts" };
        Some(Endpoint::parse(&format!("https://{host}.{name}.aliyuncs.com")))
    }

    /// The bound of the cache in bytes.
    pub(crate) fn cache_bytes(&self) -> u64 {
        u64::from(self.cache_megabytes) << 20
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn regions_name_their_endpoint_and_mistakes_their_place() {
        for (value, outcome) in [
            (json!({}), "none"),
            (json!({"Region": "cn-shanghai"}), "https://sts.cn-shanghai.aliyuncs.com"),
            (json!({"Region": "cn-hangzhou-finance", "Vpc": true}), "https://sts-vpc.cn-hangzhou.aliyuncs.com"),
            (json!({"Vpc": true}), "Sts.Vpc: it needs Sts.Region beside it"),
            (json!({"Region": "Mars!"}), "Sts.Region: "),
            (json!({"CallsPerSecond": 0}), "Sts.CallsPerSecond: "),
            (json!({"CacheMegabytes": 5000}), "Sts.CacheMegabytes: "),
            (json!({"Signature": "V9"}), "Sts.Signature: "),
        ] {
            let mut problems = Vec::new();
            let read = StsSection::read(&value, &mut problems);
            read.iter().for_each(|section| section.check("Sts", &mut problems));
            let told = match (problems.first(), read.and_then(|section| section.endpoint())) {
                (Some(problem), _) => problem.to_string(),
                (None, Some(endpoint)) => endpoint.unwrap().to_string(),
                (None, None) => "none".to_owned(),
            };
            assert!(told.starts_with(outcome), "{value}: {told}");
        }
    }
}
