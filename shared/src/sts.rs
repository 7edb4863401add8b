//! STS AssumeRole and GetCallerIdentity: requests, replies and errors (`token-server.md` §3).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::push_element;
use crate::secret::Secret;
use crate::timefmt;

/// The version of the STS API.
pub const VERSION: &str = "2015-04-01";
/// The shortest life of a token, in seconds.
pub const MIN_DURATION: u32 = 900;
/// The longest life that any role can allow, in seconds.
pub const MAX_DURATION: u32 = 43_200;
/// The longest session policy, in characters.
pub const MAX_POLICY_CHARS: usize = 2048;

/// What an app server asks of STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// `acs:ram::<account>:role/<name>`.
    pub role_arn: String,
    /// 2 to 64 of `A-Za-z0-9.@-_`; appears in audit trails.
    pub role_session_name: String,
    /// The token's life in seconds.
    pub duration_seconds: u32,
    /// The session policy: the token may do what role AND session allow. `None` gives the whole role.
    pub policy: Option<String>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
}

impl AssumeRole {
    /// The business parameters, `Action` and `Version` among them.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let mut parameters = vec![
            pair("Action", "AssumeRole"),
            pair("Version", VERSION),
            pair("RoleArn", &self.role_arn),
            pair("RoleSessionName", &self.role_session_name),
            pair("DurationSeconds", &self.duration_seconds.to_string()),
        ];
        parameters.extend(self.policy.as_deref().map(|policy| pair("Policy", policy)));
        parameters.extend(self.external_id.as_deref().map(|id| pair("ExternalId", id)));
        parameters
    }
}

/// The business parameters of GetCallerIdentity, which asks nothing but who signed it.
pub fn caller_identity_parameters() -> Vec<(String, String)> {
    vec![("Action".to_owned(), "GetCallerIdentity".to_owned()), ("Version".to_owned(), VERSION.to_owned())]
}

/// The reply to GetCallerIdentity: whose key it was.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallerIdentity {
    /// `Account`, `RAMUser` or `AssumedRoleUser`.
    pub identity_type: String,
    /// The account's number.
    pub account_id: String,
    /// `acs:ram::<account>:user/<name>` and the like.
    pub arn: String,
}

impl CallerIdentity {
    /// Reads STS's JSON; `None` when it is no such reply.
    pub fn from_json(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

/// Whether `name` may be a RoleSessionName.
pub fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'-' | b'_'))
}

/// The reply to AssumeRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumedRole {
    /// The temporary key.
    pub credentials: Credentials,
    /// `<role id>:<session name>`.
    pub assumed_role_id: String,
    /// `acs:ram::<account>:role/<role>/<session name>`.
    pub arn: String,
    /// Names the request in the service's log.
    pub request_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireReply {
    request_id: String,
    assumed_role_user: WireUser,
    credentials: WireCredentials,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireUser {
    assumed_role_id: String,
    arn: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireCredentials {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

impl AssumedRole {
    /// Reads STS's JSON; `None` when it is no such reply.
    pub fn from_json(body: &str) -> Option<Self> {
        let wire: WireReply = serde_json::from_str(body).ok()?;
        Some(Self {
            credentials: Credentials {
                expiration: Some(timefmt::parse_iso8601(&wire.credentials.expiration)?),
                access_key_id: wire.credentials.access_key_id,
                access_key_secret: Secret::new(wire.credentials.access_key_secret),
                security_token: Some(Secret::new(wire.credentials.security_token)),
            },
            assumed_role_id: wire.assumed_role_user.assumed_role_id,
            arn: wire.assumed_role_user.arn,
            request_id: wire.request_id,
        })
    }

    fn wire(&self) -> WireReply {
        let expiration = self.credentials.expiration.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let token = self.credentials.security_token.as_ref().map(|token| token.expose().to_owned());
        WireReply {
            request_id: self.request_id.clone(),
            assumed_role_user: WireUser { assumed_role_id: self.assumed_role_id.clone(), arn: self.arn.clone() },
            credentials: WireCredentials {
                access_key_id: self.credentials.access_key_id.clone(),
                access_key_secret: self.credentials.access_key_secret.expose().to_owned(),
                security_token: token.unwrap_or_default(),
                expiration: timefmt::iso8601(expiration),
            },
        }
    }

    /// The JSON body that STS sends.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.wire()).unwrap_or_default()
    }

    /// The XML body that STS sends when the format asked for is XML, its default.
    pub fn to_xml(&self) -> String {
        let wire = self.wire();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AssumeRoleResponse>\n");
        push_element(&mut xml, "RequestId", &wire.request_id);
        xml.push_str("  <AssumedRoleUser>\n");
        push_element(&mut xml, "AssumedRoleId", &wire.assumed_role_user.assumed_role_id);
        push_element(&mut xml, "Arn", &wire.assumed_role_user.arn);
        xml.push_str("  </AssumedRoleUser>\n  <Credentials>\n");
        push_element(&mut xml, "AccessKeyId", &wire.credentials.access_key_id);
        push_element(&mut xml, "AccessKeySecret", &wire.credentials.access_key_secret);
        push_element(&mut xml, "SecurityToken", &wire.credentials.security_token);
        push_element(&mut xml, "Expiration", &wire.credentials.expiration);
        xml.push_str("  </Credentials>\n</AssumeRoleResponse>\n");
        xml
    }
}

/// A refusal by STS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct StsError {
    /// The HTTP status.
    pub status: u16,
    /// `InvalidParameter.PolicyGrammar` and the like.
    pub code: String,
    /// What is wrong, in STS's words.
    pub message: String,
    /// Names the request in the service's log.
    pub request_id: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireError {
    request_id: String,
    host_id: String,
    code: String,
    message: String,
    recommend: String,
}

impl StsError {
    /// An error whose request id the service will fill in.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), request_id: String::new() }
    }

    /// Reads STS's JSON error; `None` when it is none.
    pub fn from_json(status: u16, body: &str) -> Option<Self> {
        let wire: WireError = serde_json::from_str(body).ok()?;
        (!wire.code.is_empty()).then_some(Self {
            status,
            code: wire.code,
            message: wire.message,
            request_id: wire.request_id,
        })
    }

    fn wire(&self, host: &str) -> WireError {
        WireError {
            request_id: self.request_id.clone(),
            host_id: host.to_owned(),
            code: self.code.clone(),
            message: self.message.clone(),
            recommend: format!("https://api.aliyun.com/troubleshoot?q={}&product=Sts", self.code),
        }
    }

    /// The JSON body that STS sends.
    pub fn to_json(&self, host: &str) -> String {
        serde_json::to_string(&self.wire(host)).unwrap_or_default()
    }

    /// The XML body that STS sends.
    pub fn to_xml(&self, host: &str) -> String {
        let wire = self.wire(host);
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n");
        for (name, value) in [
            ("RequestId", &wire.request_id),
            ("HostId", &wire.host_id),
            ("Code", &wire.code),
            ("Message", &wire.message),
            ("Recommend", &wire.recommend),
        ] {
            push_element(&mut xml, name, value);
        }
        xml.push_str("</Error>\n");
        xml
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_reply_survives_the_wire() {
        let reply = AssumedRole {
            credentials: Credentials {
                access_key_id: "STS.abc".to_owned(),
                access_key_secret: Secret::new("s"),
                security_token: Some(Secret::new("CAIS+/=")),
                expiration: Some(datetime!(2015-04-09 11:52:19 UTC)),
            },
            assumed_role_id: "1:alice".to_owned(),
            arn: "acs:ram::1:role/r/alice".to_owned(),
            request_id: "6894B13B".to_owned(),
        };
        assert_eq!(AssumedRole::from_json(&reply.to_json()), Some(reply.clone()));
        assert!(reply.to_xml().contains("<Expiration>2015-04-09T11:52:19Z</Expiration>"));
        assert!(!format!("{reply:?}").contains("CAIS"));
        assert_eq!(AssumedRole::from_json("{}"), None);
    }

    #[test]
    fn session_names_follow_the_published_rules() {
        for (name, good) in [("alice", true), ("a", false), ("a b", false), ("中文", false), ("a.b@c-d_e", true)] {
            assert_eq!(is_session_name(name), good, "{name}");
        }
    }
}
