//! What is granted: the question that is put to STS, and where its token may be used; one grant for all callers.

use shared::sts::{AssumeRole, AssumedRole};
use shared::token::{Grant, GrantPlace};

use crate::config::Config;
use crate::error::ConfigError;

/// What audit trails call the sessions of this server.
const ROLE_SESSION_NAME: &str = "direct-transfer";

/// The server's one grant, worked out once from its settings.
#[derive(Debug, Clone)]
pub struct GrantPlan {
    ask: AssumeRole,
    place: GrantPlace,
}

impl GrantPlan {
    /// Works out the grant; `config` must have passed its check.
    ///
    /// # Errors
    /// [`ConfigError`] when the session policy cannot be filled in.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let policy =
            config.session_policy().map_err(|problems| ConfigError { source: config.source.clone(), problems })?;
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
        Ok(Self { ask, place })
    }

    /// The question for STS.
    pub fn ask(&self) -> &AssumeRole {
        &self.ask
    }

    /// Where the token may be used.
    pub fn place(&self) -> &GrantPlace {
        &self.place
    }

    /// What the caller is given once STS has agreed.
    pub fn grant(&self, role: AssumedRole) -> Grant {
        Grant { credentials: role.credentials, place: self.place.clone() }
    }
}
