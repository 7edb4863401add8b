//! Text that must never be printed: redacted in `Debug`, compared in constant time, zeroed when dropped.

use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// An access key secret, a security token, or any other text that only its owner may read.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for signing or for the wire. Never for a log, an error or a screen.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Compares two byte strings in a time that depends on their lengths alone.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A key id as a person may see it: enough to recognise, too little to use (`STS.NS…3fQ`).
pub fn mask(key_id: &str) -> String {
    let chars: Vec<char> = key_id.chars().collect();
    if chars.len() < 10 {
        return "…".to_owned();
    }
    let head: String = chars.iter().take(6).collect();
    let tail: String = chars.iter().skip(chars.len() - 3).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("topsecret");
        assert!(!format!("{secret:?} {:?}", Some(&secret)).contains("topsecret"));
        assert_eq!(secret, Secret::new("topsecret"));
        assert_ne!(secret, Secret::new("topsecreT"));
    }

    #[test]
    fn a_mask_keeps_too_little_to_use() {
        assert_eq!(mask("STS.NSxyzabc3fQ"), "STS.NS…3fQ");
        assert_eq!(mask("short"), "…");
    }
}
