//! Security tokens: sealed by the emulator, so that it can open its own and keeps no list of them, only the key of the seal.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use shared::credentials::Credentials;
use shared::ram::{PolicyDocument, PolicyKind};
use shared::secret::{Secret, constant_time_eq};
use shared::sign::hmac_sha256;
use time::OffsetDateTime;

use crate::private_files::{FileError, PrivateFiles};

/// A role that somebody has assumed, as the token tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// `STS.…`.
    pub access_key_id: String,
    /// The role's ARN.
    pub role_arn: String,
    /// The RoleSessionName.
    pub session_name: String,
    /// The session policy, if one was given.
    pub policy: Option<PolicyDocument>,
    /// When the token ends.
    pub expiration: OffsetDateTime,
    /// The secret of the temporary key.
    pub access_key_secret: Secret,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    key: String,
    role: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    ends: i64,
}

/// Tokens of STS begin with these bytes, `CAIS` in base64.
const HEAD: [u8; 3] = [0x08, 0x02, 0x12];
const MAC_BYTES: usize = 32;

/// The name in the data folder under which the key of the seal is kept.
const KEPT: &str = "token.key";
const KEY_BYTES: usize = 32;

/// Why there is no key to seal tokens with.
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// The kept key cannot be read or written.
    #[error("--data: {0}")]
    File(#[from] FileError),
    /// What is kept is no key of ours.
    #[error("--data: {}: expected 64 hexadecimal digits. Remove the file to draw another key; tokens issued before end with it.", .0.display())]
    Malformed(PathBuf),
    /// The system gave no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// Makes and opens tokens with a key of its own.
#[derive(Debug)]
pub struct Sealer {
    key: Secret,
}

impl Sealer {
    /// A sealer whose key nobody knows; its tokens end with it.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Self { key: Secret::new(hex::encode(key)) })
    }

    /// The sealer whose key is kept in `files`, drawn and kept there the first time: its tokens outlive a restart. Blocks.
    ///
    /// # Errors
    /// [`SealerError`], which names the file.
    pub fn kept(files: &PrivateFiles) -> Result<Self, SealerError> {
        let Some(text) = files.read(KEPT)?.map(Secret::new) else {
            let sealer = Self::random()?;
            files.write(KEPT, sealer.key.expose())?;
            return Ok(sealer);
        };
        let key = text.expose().trim();
        if key.len() != 2 * KEY_BYTES || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SealerError::Malformed(files.path(KEPT)));
        }
        Ok(Self { key: Secret::new(key) })
    }

    fn mac(&self, purpose: &str, bytes: &[u8]) -> Vec<u8> {
        hmac_sha256(self.key.expose().as_bytes(), &[purpose.as_bytes(), bytes].concat())
    }

    /// A temporary key for an assumed role. `policy` is JSON that parses as a session policy.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn issue(
        &self,
        role_arn: &str,
        session_name: &str,
        policy: Option<&str>,
        expiration: OffsetDateTime,
    ) -> Result<Credentials, getrandom::Error> {
        let mut random = [0; 10];
        getrandom::fill(&mut random)?;
        let sealed = Sealed {
            // Marked as of a demo world: clients of ours never show such a key to the real cloud.
            key: format!("STS.DEMO{}", hex::encode(random)),
            role: role_arn.to_owned(),
            name: session_name.to_owned(),
            policy: policy.map(str::to_owned),
            ends: expiration.unix_timestamp(),
        };
        let body = serde_json::to_vec(&sealed).unwrap_or_default();
        let token = [&HEAD[..], &self.mac("token", &body), &body].concat();
        Ok(Credentials {
            access_key_secret: self.secret(&body),
            access_key_id: sealed.key,
            security_token: Some(Secret::new(STANDARD.encode(token))),
            expiration: Some(expiration),
        })
    }

    fn secret(&self, body: &[u8]) -> Secret {
        Secret::new(STANDARD.encode(self.mac("secret", body)).trim_end_matches('='))
    }

    /// Opens a token, expired or not; `None` when this sealer did not make it.
    pub fn open(&self, token: &Secret) -> Option<Session> {
        let bytes = STANDARD.decode(token.expose()).ok()?;
        let rest = bytes.strip_prefix(&HEAD)?;
        let (mac, body) = rest.split_at_checked(MAC_BYTES)?;
        if !constant_time_eq(mac, &self.mac("token", body)) {
            return None;
        }
        let sealed: Sealed = serde_json::from_slice(body).ok()?;
        let policy = match sealed.policy {
            Some(text) => Some(PolicyDocument::parse(&text, PolicyKind::Session).ok()?),
            None => None,
        };
        Some(Session {
            access_key_id: sealed.key,
            role_arn: sealed.role,
            session_name: sealed.name,
            policy,
            expiration: OffsetDateTime::from_unix_timestamp(sealed.ends).ok()?,
            access_key_secret: self.secret(body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_opens_what_it_sealed_before() {
        let dir = tempfile::tempdir().unwrap();
        let files = PrivateFiles::new(dir.path().to_owned());
        let ends = OffsetDateTime::UNIX_EPOCH;
        let token = Sealer::kept(&files).unwrap().issue("acs:ram::1:role/r", "alice", None, ends).unwrap();
        let token = token.security_token.unwrap();
        assert!(Sealer::kept(&files).unwrap().open(&token).is_some());
        for bad in ["", "0123", &"g".repeat(64)] {
            files.write(KEPT, bad).unwrap();
            let error = Sealer::kept(&files).unwrap_err().to_string();
            assert!(error.contains("token.key") && !error.contains("ggg"), "{error}");
        }
    }

    #[test]
    fn only_the_own_seal_opens() {
        let (sealer, other) = (Sealer::random().unwrap(), Sealer::random().unwrap());
        let ends = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let issued = sealer.issue("acs:ram::1:role/r", "alice", None, ends).unwrap();
        let token = issued.security_token.clone().unwrap();
        assert!(token.expose().starts_with("CAIS"));
        let session = sealer.open(&token).unwrap();
        assert_eq!(session.access_key_secret, issued.access_key_secret);
        assert_eq!((session.session_name.as_str(), session.expiration), ("alice", ends));
        assert_eq!(other.open(&token), None);
        // Any change of any character closes it.
        let text = token.expose();
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let tampered = Secret::new(String::from_utf8(bytes).unwrap());
            assert!(sealer.open(&tampered).is_none_or(|s| s == session), "position {at}");
        }
        for garbage in ["", "CAIS", "CAIS====", "not base64"] {
            assert_eq!(sealer.open(&Secret::new(garbage)), None);
        }
    }
}
