//! The client's side: puts a signature on a request, in headers or in the URL.

use time::OffsetDateTime;

use super::canonical::Request;
use super::v1;
use super::v4::{self, Scope};
use crate::credentials::Credentials;
use crate::timefmt;

/// Which signature a client makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignVersion {
    /// HMAC-SHA1; refused for buckets made since September 2025 (`oss-rest.md` §1.8).
    V1,
    /// OSS4-HMAC-SHA256.
    #[default]
    V4,
}

/// What a signature was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The canonical request; V1 has none.
    pub canonical_request: Option<String>,
    /// The string to sign. Either may hold the security token.
    pub string_to_sign: String,
}

/// Signs requests with one key at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The key, with its security token if it is temporary.
    pub credentials: &'a Credentials,
    /// The region that a V4 signature is bound to, without `oss-`.
    pub region: &'a str,
    /// Which signature to make.
    pub version: SignVersion,
    /// The time of signing.
    pub now: OffsetDateTime,
}

impl Signer<'_> {
    /// Adds date, token and `Authorization` headers; what was signed. Sign last: every `x-oss-*` header takes part.
    pub fn sign_headers(&self, request: &mut Request) -> Signed {
        if let Some(token) = &self.credentials.security_token {
            request.set_header("x-oss-security-token", token.expose());
        }
        request.set_header("date", &timefmt::http_date(self.now));
        let (authorization, signed) = match self.version {
            SignVersion::V1 => {
                let text = v1::string_to_sign(request, &timefmt::http_date(self.now));
                let signature = v1::sign(&self.credentials.access_key_secret, &text);
                let authorization = format!("OSS {}:{signature}", self.credentials.access_key_id);
                (authorization, Signed { canonical_request: None, string_to_sign: text })
            }
            SignVersion::V4 => {
                let timestamp = timefmt::iso_basic(self.now);
                request.set_header("x-oss-date", &timestamp);
                request.set_header("x-oss-content-sha256", v4::UNSIGNED_PAYLOAD);
                let scope = Scope::new(&timestamp, self.region);
                let canonical = v4::canonical_request(request, &[]);
                let text = v4::string_to_sign(&timestamp, &scope, &canonical);
                let signature = v4::sign(&self.credentials.access_key_secret, &scope, &text);
                let id = &self.credentials.access_key_id;
                let authorization = format!("{} Credential={id}/{scope},Signature={signature}", v4::ALGORITHM);
                (authorization, Signed { canonical_request: Some(canonical), string_to_sign: text })
            }
        };
        request.set_header("authorization", &authorization);
        signed
    }

    /// Adds every query parameter of a presigned URL that lives `expires` seconds, its signature last.
    pub fn presign(&self, request: &mut Request, expires: u32) {
        let token = self.credentials.security_token.as_ref().map(|token| token.expose().to_owned());
        let id = self.credentials.access_key_id.clone();
        let mut add = |name: &str, value: String| request.query.push((name.to_owned(), value));
        match self.version {
            SignVersion::V1 => {
                let deadline = (self.now.unix_timestamp() + i64::from(expires)).to_string();
                if let Some(token) = token {
                    add("security-token", token);
                }
                let signature = v1::sign(&self.credentials.access_key_secret, &v1::string_to_sign(request, &deadline));
                request.query.extend([
                    ("OSSAccessKeyId".to_owned(), id),
                    ("Expires".to_owned(), deadline),
                    ("Signature".to_owned(), signature),
                ]);
            }
            SignVersion::V4 => {
                let timestamp = timefmt::iso_basic(self.now);
                let scope = Scope::new(&timestamp, self.region);
                add("x-oss-signature-version", v4::ALGORITHM.to_owned());
                add("x-oss-credential", format!("{id}/{scope}"));
                add("x-oss-date", timestamp.clone());
                add("x-oss-expires", expires.to_string());
                if let Some(token) = token {
                    add("x-oss-security-token", token);
                }
                let text = v4::string_to_sign(&timestamp, &scope, &v4::canonical_request(request, &[]));
                let signature = v4::sign(&self.credentials.access_key_secret, &scope, &text);
                request.query.push(("x-oss-signature".to_owned(), signature));
            }
        }
    }
}
