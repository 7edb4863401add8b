//! Signature V2: HMAC-SHA256, legacy; the older Python SDK still offers it (`oss-rest.md` §1.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::canonical::{Request, encode, header_block};
use super::hash::hmac_sha256;
use crate::secret::Secret;

/// The text that is signed. `date` as in V1; `additional` are lower-case header names that are signed beside `x-oss-*`.
pub fn string_to_sign(request: &Request, date: &str, additional: &[String]) -> String {
    let headers = header_block(request, |name| name.starts_with("x-oss-") || additional.iter().any(|a| a == name));
    let mut query: Vec<(String, String)> = request
        .query
        .iter()
        .filter(|(name, _)| name != "x-oss-signature")
        .map(|(k, v)| (encode(k), encode(v)))
        .collect();
    query.sort();
    let pairs: Vec<String> =
        query.into_iter().map(|(k, v)| if v.is_empty() { k } else { format!("{k}={v}") }).collect();
    let mut resource = encode(&request.resource_path());
    if !pairs.is_empty() {
        resource.push('?');
        resource.push_str(&pairs.join("&"));
    }
    format!(
        "{}\n{}\n{}\n{date}\n{headers}{}\n{resource}",
        request.method,
        request.header("content-md5").unwrap_or_default(),
        request.header("content-type").unwrap_or_default(),
        additional.join(";"),
    )
}

/// base64(HMAC-SHA256(secret, text)).
pub fn sign(secret: &Secret, string_to_sign: &str) -> String {
    STANDARD.encode(hmac_sha256(secret.expose().as_bytes(), string_to_sign.as_bytes()))
}
