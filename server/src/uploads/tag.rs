//! The mark that this server puts into the address of a callback: whose upload it will be, and within which prefix. OSS signs
//! the address, and only who holds the secret can make the mark; the 512-bit key of OSS alone would prove little.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::secret::{Secret, constant_time_eq};
use shared::sign::hmac_sha256;

/// The name of the mark in the query of a callback's address.
pub const TAG_PARAMETER: &str = "tag";
/// Marks of another purpose would be other texts.
const PURPOSE: &[u8] = b"direct-transfer callback\n";

/// Whose uploads, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The identity.
    #[serde(rename = "i")]
    pub identity: String,
    /// The prefix that its keys begin with.
    #[serde(rename = "p")]
    pub prefix: String,
}

impl Tag {
    /// `<base64url of JSON>.<base64url of HMAC-SHA256>`.
    pub fn seal(&self, secret: &Secret) -> String {
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_string(self).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(mac(secret, &text));
        format!("{text}.{mac}")
    }

    /// The tag that [`Tag::seal`] made with this secret; `None` for any other text.
    pub fn open(sealed: &str, secret: &Secret) -> Option<Self> {
        let (text, given) = sealed.split_once('.')?;
        let given = URL_SAFE_NO_PAD.decode(given).ok()?;
        if !constant_time_eq(&given, &mac(secret, text)) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

fn mac(secret: &Secret, text: &str) -> Vec<u8> {
    hmac_sha256(secret.expose().as_bytes(), &[PURPOSE, text.as_bytes()].concat()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_opens_with_its_own_secret_alone() {
        let tag = Tag { identity: "jwt/alice".to_owned(), prefix: "users/alice/".to_owned() };
        let secret = Secret::new("a secret of thirty-two characters");
        let sealed = tag.seal(&secret);
        assert_eq!(Tag::open(&sealed, &secret), Some(tag.clone()));
        assert_eq!(Tag::open(&sealed, &Secret::new("another")), None);
        let bob = Tag { identity: "jwt/bob".to_owned(), ..tag }.seal(&secret);
        let (text, mac) = (bob.split_once('.').unwrap().0, sealed.split_once('.').unwrap().1);
        for forged in [format!("{text}.{mac}"), format!("{text}."), text.to_owned(), String::new()] {
            assert_eq!(Tag::open(&forged, &secret), None, "{forged}");
        }
    }
}
