//! Alibaba Cloud RPC signature V1 (HMAC-SHA1), which STS speaks (`token-server.md` §3.4).

use super::canonical::encode;
use super::hash::hmac_sha1_base64;
use crate::secret::{Secret, constant_time_eq};

/// The text that is signed: every parameter of query and form but `Signature`, sorted and encoded twice.
pub fn string_to_sign(method: &str, parameters: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = parameters.iter().filter(|(name, _)| name != "Signature").collect();
    sorted.sort();
    let joined: Vec<String> = sorted.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    format!("{method}&%2F&{}", encode(&joined.join("&")))
}

/// base64(HMAC-SHA1(secret + `&`, text)).
pub fn sign(secret: &Secret, method: &str, parameters: &[(String, String)]) -> String {
    let key = format!("{}&", secret.expose());
    hmac_sha1_base64(key.as_bytes(), string_to_sign(method, parameters).as_bytes())
}

/// Whether the parameters carry their own right `Signature`.
pub fn verify(secret: &Secret, method: &str, parameters: &[(String, String)]) -> bool {
    let given = parameters.iter().find(|(name, _)| name == "Signature").map(|(_, value)| value.as_str());
    given.is_some_and(|given| constant_time_eq(sign(secret, method, parameters).as_bytes(), given.as_bytes()))
}
