//! A key pair with an optional session: what a request is signed with.

use time::OffsetDateTime;

use crate::secret::{Secret, mask};

/// A long-term key pair, or a temporary one with its security token and expiry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `LTAI…` for a long-term key, `STS.…` for a temporary one.
    pub access_key_id: String,
    /// The signing secret.
    pub access_key_secret: Secret,
    /// Present for temporary keys only.
    pub security_token: Option<Secret>,
    /// When the security token ends; `None` for long-term keys.
    pub expiration: Option<OffsetDateTime>,
}

impl Credentials {
    /// A long-term key pair.
    pub fn long_term(access_key_id: impl Into<String>, access_key_secret: Secret) -> Self {
        Self { access_key_id: access_key_id.into(), access_key_secret, security_token: None, expiration: None }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &mask(&self.access_key_id))
            .field("temporary", &self.security_token.is_some())
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// Ids with these beginnings belong to a demo world: everyone knows their secrets.
const DEMO_KEY_PREFIXES: [&str; 2] = ["DEMO", "STS.DEMO"];

/// Whether `access_key_id` belongs to a demo world.
pub fn is_demo_key(access_key_id: &str) -> bool {
    DEMO_KEY_PREFIXES.iter().any(|prefix| access_key_id.starts_with(prefix))
}

/// Whether a key may be shown to `host`: a demo key must never reach the real cloud, where it could only be a mistake.
pub fn may_send_to(access_key_id: &str, host: &str) -> bool {
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.').to_ascii_lowercase();
    let real_cloud = host == "aliyuncs.com" || host.ends_with(".aliyuncs.com");
    !(real_cloud && is_demo_key(access_key_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_keys_stay_off_the_real_cloud() {
        for (key, host, allowed) in [
            ("DEMOabc", "oss-cn-hangzhou.aliyuncs.com", false),
            ("STS.DEMOabc", "sts.aliyuncs.com:443", false),
            ("DEMOabc", "B.OSS-cn-hangzhou.ALIYUNCS.com.", false),
            ("DEMOabc", "127.0.0.1:8080", true),
            ("DEMOabc", "notaliyuncs.com", true),
            ("LTAIabc", "sts.aliyuncs.com", true),
        ] {
            assert_eq!(may_send_to(key, host), allowed, "{key} to {host}");
        }
    }
}
