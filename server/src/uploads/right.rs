//! The server's own right to look into the bucket: a token of the role, narrowed to reading and listing.

use serde_json::json;
use shared::clock::Clock;
use shared::credentials::Credentials;
use shared::sts::{AssumeRole, MIN_DURATION};
use std::sync::Arc;
use time::Duration;
use tokio::sync::Mutex;

use crate::error::StsFailure;
use crate::sts_client::StsClient;

/// What audit trails call the server's own sessions.
const SESSION_NAME: &str = "direct-transfer-server";
/// A token with less life than this is replaced.
const MARGIN: Duration = Duration::seconds(120);

/// A token for the server itself, asked for when it is needed and kept while it lasts.
#[derive(Debug)]
pub struct OwnRight {
    ask: AssumeRole,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Credentials>>,
}

impl OwnRight {
    /// The right to read and list `bucket`, as far as the role has it.
    pub fn new(role_arn: &str, bucket: &str, clock: Arc<dyn Clock>) -> Self {
        let policy = json!({ "Version": "1", "Statement": [
            { "Effect": "Allow", "Action": ["oss:GetObject"], "Resource": [format!("acs:oss:*:*:{bucket}/*")] },
            { "Effect": "Allow", "Action": ["oss:ListObjects"], "Resource": [format!("acs:oss:*:*:{bucket}")] },
        ]});
        let ask = AssumeRole {
            role_arn: role_arn.to_owned(),
            role_session_name: SESSION_NAME.to_owned(),
            duration_seconds: MIN_DURATION,
            policy: Some(policy.to_string()),
            external_id: None,
        };
        Self { ask, clock, held: Mutex::default() }
    }

    /// The token; those who ask at the same time wait for one.
    ///
    /// # Errors
    /// [`StsFailure`] when STS gives none.
    pub async fn credentials(&self, sts: &StsClient) -> Result<Credentials, StsFailure> {
        let mut held = self.held.lock().await;
        let fresh = |key: &&Credentials| key.expiration.is_some_and(|end| end - self.clock.now() > MARGIN);
        if let Some(key) = held.as_ref().filter(fresh) {
            return Ok(key.clone());
        }
        let key = sts.assume_role(&self.ask).await?.credentials;
        *held = Some(key.clone());
        Ok(key)
    }
}
