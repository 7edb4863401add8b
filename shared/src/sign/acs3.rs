//! Alibaba Cloud signature V3 (ACS3-HMAC-SHA256), which newer STS clients speak (`token-server.md` §3.5).

use super::canonical::{Request, encode, header_block};
use super::hash::{hmac_sha256, sha256_hex};
use crate::secret::{Secret, constant_time_eq};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What an `Authorization: ACS3-HMAC-SHA256 …` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The id of the signing key.
    pub access_key_id: String,
    /// Lower-case names of the signed headers, in the order given.
    pub signed_headers: Vec<String>,
    /// Lower-case hex.
    pub signature: String,
}

impl Authorization {
    /// Reads the header's value; `None` when it is of another kind or malformed.
    pub fn parse(value: &str) -> Option<Self> {
        let rest = value.strip_prefix(ALGORITHM)?.trim_start();
        let field = |name: &str| {
            rest.split(',').filter_map(|part| part.trim().split_once('=')).find(|(k, _)| *k == name).map(|(_, v)| v)
        };
        Some(Self {
            access_key_id: field("Credential")?.to_owned(),
            signed_headers: field("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect(),
            signature: field("Signature")?.to_owned(),
        })
    }

    /// Whether this is the signature of `request` with `secret`.
    pub fn verify(&self, request: &Request, body_sha256_hex: &str, secret: &Secret) -> bool {
        let expected = sign(secret, &string_to_sign(request, &self.signed_headers, body_sha256_hex));
        constant_time_eq(expected.as_bytes(), self.signature.as_bytes())
    }
}

/// The canonical request; the path of an RPC service is always `/`.
pub fn canonical_request(request: &Request, signed_headers: &[String], body_sha256_hex: &str) -> String {
    let mut query: Vec<String> = request.query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    query.sort();
    format!(
        "{}\n/\n{}\n{}\n{}\n{body_sha256_hex}",
        request.method,
        query.join("&"),
        header_block(request, |name| signed_headers.iter().any(|s| s == name)),
        signed_headers.join(";"),
    )
}

/// The text that is signed.
pub fn string_to_sign(request: &Request, signed_headers: &[String], body_sha256_hex: &str) -> String {
    let canonical = canonical_request(request, signed_headers, body_sha256_hex);
    format!("{ALGORITHM}\n{}", sha256_hex(canonical.as_bytes()))
}

/// Lower-case hex of HMAC-SHA256 with the raw secret.
pub fn sign(secret: &Secret, string_to_sign: &str) -> String {
    hex::encode(hmac_sha256(secret.expose().as_bytes(), string_to_sign.as_bytes()))
}

/// Lower-case hex of SHA-256 of a body, for `x-acs-content-sha256`.
pub fn body_hash(body: &[u8]) -> String {
    sha256_hex(body)
}
