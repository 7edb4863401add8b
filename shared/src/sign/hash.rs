//! The keyed hashes that every signature version is made of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// base64(HMAC-SHA1(key, message)).
pub fn hmac_sha1_base64(key: &[u8], message: &[u8]) -> String {
    // HMAC takes a key of any length, so the error arm cannot be reached; an empty signature matches nothing.
    Hmac::<Sha1>::new_from_slice(key).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(message);
            STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}

/// HMAC-SHA256(key, message), 32 bytes.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// Lower-case hex of SHA-256.
pub fn sha256_hex(message: &[u8]) -> String {
    hex::encode(Sha256::digest(message))
}
