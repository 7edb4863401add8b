//! What is granted: identity and question → the question that is put to STS, and where its token may be used.

use serde::Deserialize;
use shared::object_key::Prefix;
use shared::sts::AssumeRole;
use shared::token::GrantPlace;

use crate::config::Config;
use crate::error::Problem;
use crate::identity::Identity;
use crate::refusal::Refusal;

/// What audit trails call the sessions of a server that does not tell its callers apart.
const ROLE_SESSION_NAME: &str = "direct-transfer";

/// What a caller asks for beyond "a token"; it may narrow what it would get, never widen it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A named grant.
    pub grant: Option<String>,
}

/// What one caller gets once STS agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Who, as a stable, safe and unique text: the key of caches, metadata and the audit trail.
    pub identity: String,
    /// The named grant.
    pub grant: String,
    /// The question for STS. A cache of tokens must tell apart everything in it: policy, duration, session name, role.
    pub ask: AssumeRole,
    /// Where the token may be used, as the app is told.
    pub place: GrantPlace,
    /// The folder that the token stays in; `None` where nothing limits it but the role.
    pub prefix: Option<Prefix>,
    /// Whether the same question will come again. `false` for a token of one server-chosen key, which no cache should keep.
    pub reusable: bool,
}

/// The grants of the configuration.
#[derive(Debug)]
pub struct Grants {
    plan: Planned,
}

impl Grants {
    /// Works the grants out; what is wrong goes to `problems`.
    pub(crate) fn new(config: &Config, problems: &mut Vec<Problem>) -> Self {
        let policy = config.session_policy().unwrap_or_else(|found| {
            problems.extend(found);
            None
        });
        let ask = AssumeRole {
            role_arn: config.role_arn.clone(),
            role_session_name: ROLE_SESSION_NAME.to_owned(),
            duration_seconds: config.token_expire_time,
            policy,
            external_id: None,
        };
        let place = GrantPlace {
            bucket: config.bucket.as_ref().map(ToString::to_string),
            region: config.region.as_ref().map(ToString::to_string),
            endpoint: config.told_endpoint(),
            object_prefix: config.object_prefix.as_ref().map(ToString::to_string),
        };
        let plan = Planned {
            identity: Identity::everybody().user,
            grant: "default".to_owned(),
            ask,
            place,
            prefix: config.object_prefix.clone(),
            reusable: true,
        };
        Self { plan }
    }

    /// Where tokens may be used, as far as it is the same for everybody.
    pub fn place(&self) -> &GrantPlace {
        &self.plan.place
    }

    /// What `identity` gets when it asks so.
    ///
    /// # Errors
    /// [`Refusal`] 403 for a grant that is not its own, 400 for a question that makes no sense.
    pub fn plan(&self, _identity: &Identity, _asked: &Asked) -> Result<Planned, Refusal> {
        Ok(self.plan.clone())
    }
}
