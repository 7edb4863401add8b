//! The signature of an upload callback: RSA PKCS#1 v1.5 over MD5, by a key whose URL the request names (`token-server.md` §5.3).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use percent_encoding::percent_decode_str;
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::pkcs8::{DecodePrivateKey, Document, EncodePrivateKey, EncodePublicKey, LineEnding, SubjectPublicKeyInfoRef};
use rsa::rand_core::TryCryptoRng;
use rsa::{BoxedUint, pkcs1};

use crate::secret::Secret;

/// The size of the keys made here, in bits: OSS's own. Verifiers that hold its key often reckon with a signature of 64 bytes.
/// Whoever is determined can factor it, so a callback proves little without TLS and an unguessable path.
const KEY_BITS: usize = 512;
/// The sizes that a public key may have, in bits.
const KEY_BITS_READ: std::ops::RangeInclusive<usize> = KEY_BITS..=4096;

/// Where OSS publishes its public key, as callbacks name it.
const OSS_KEY_URLS: [&str; 2] =
    ["http://gosspublic.alicdn.com/callback_pub_key_v1.pem", "https://gosspublic.alicdn.com/callback_pub_key_v1.pem"];

/// What is published there, and never changes (`token-server.md` §5.3).
const OSS_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGs
C0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==
-----END PUBLIC KEY-----
";

/// Why a key is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A text is no public key.
    #[error("it is no RSA public key of 512 to 4096 bits in PEM (SPKI)")]
    PublicKey,
    /// A text is no private key.
    #[error("it is no RSA private key in PEM (PKCS#8)")]
    PrivateKey,
    /// A key could not be made, written or used.
    #[error("RSA failed: {0}")]
    Rsa(String),
}

/// The bytes that are signed: the decoded path, the query as it was sent with its `?`, a line feed, the body.
///
/// `path_and_query` is the request line's target. Percent-encoding alone is undone: a `+` stays.
pub fn text(path_and_query: &str, body: &[u8]) -> Vec<u8> {
    let (path, query) = match path_and_query.find('?') {
        Some(at) => path_and_query.split_at(at),
        None => (path_and_query, ""),
    };
    let mut text: Vec<u8> = percent_decode_str(path).collect();
    text.extend_from_slice(query.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(body);
    text
}

/// Whether a callback's key is OSS's own: the address is one of the two that OSS names, to the letter.
pub fn is_oss_key_url(url: &str) -> bool {
    OSS_KEY_URLS.contains(&url)
}

/// Whether a key at `url` lies below `prefix`, such as `http://127.0.0.1:9000/` for an emulator. The prefix ends where a path
/// begins, so `http://127.0.0.1:90001/` does not lie below `http://127.0.0.1:9000`. A fetch must not follow redirects.
pub fn is_key_url_below(url: &str, prefix: &str) -> bool {
    let rest = url.strip_prefix(prefix.trim_end_matches('/'));
    !prefix.is_empty() && rest.is_some_and(|rest| rest.starts_with('/'))
}

/// A key that verifies callbacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(rsa::PublicKey);

impl PublicKey {
    /// The key that OSS signs its callbacks with, so that nobody needs to fetch it.
    ///
    /// # Errors
    /// [`KeyError`] never, as the tests show.
    pub fn oss() -> Result<Self, KeyError> {
        Self::from_pem(OSS_KEY)
    }

    /// Reads the PEM that OSS publishes (`-----BEGIN PUBLIC KEY-----`).
    ///
    /// # Errors
    /// [`KeyError::PublicKey`] for any other text.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(pem.trim()).map_err(|_| KeyError::PublicKey)?;
        let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::PublicKey)?;
        if label != "PUBLIC KEY" || info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(KeyError::PublicKey);
        }
        let bits = info.subject_public_key.as_bytes().ok_or(KeyError::PublicKey)?;
        let parts = RsaPublicKeyRef::try_from(bits).map_err(|_| KeyError::PublicKey)?;
        // The crate's own reader refuses keys as short as OSS's.
        let modulus = BoxedUint::from_be_slice_vartime(parts.modulus.as_bytes());
        let exponent = BoxedUint::from_be_slice_vartime(parts.public_exponent.as_bytes());
        let key = rsa::PublicKey::new_with_size_limits(modulus, exponent, KEY_BITS_READ);
        key.map(Self).map_err(|_| KeyError::PublicKey)
    }

    /// The key as OSS publishes its own: SPKI in PEM.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] when it cannot be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|error| KeyError::Rsa(error.to_string()))
    }

    /// Whether `signature_base64`, the value of `Authorization`, is this key's signature of `text`.
    pub fn verify(&self, signature_base64: &str, text: &[u8]) -> bool {
        let signature = STANDARD.decode(signature_base64.trim());
        signature.is_ok_and(|signature| self.0.pkcs1v15_verify::<Md5>(text, &signature).is_ok())
    }
}

/// A key that signs callbacks.
#[derive(Clone)]
pub struct PrivateKey(rsa::PrivateKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl PrivateKey {
    /// A new key of OSS's size.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] when `rng` fails.
    pub fn generate(rng: &mut impl TryCryptoRng) -> Result<Self, KeyError> {
        rsa::PrivateKey::new_unchecked(rng, KEY_BITS).map(Self).map_err(|error| KeyError::Rsa(error.to_string()))
    }

    /// Reads what [`PrivateKey::to_pem`] wrote.
    ///
    /// # Errors
    /// [`KeyError::PrivateKey`] for any other text, and for numbers that are no key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        rsa::PrivateKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError::PrivateKey)
    }

    /// The key in PEM (PKCS#8, not encrypted).
    ///
    /// # Errors
    /// [`KeyError::Rsa`] when it cannot be encoded.
    pub fn to_pem(&self) -> Result<Secret, KeyError> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).map_err(|error| KeyError::Rsa(error.to_string()))?;
        Ok(Secret::new(pem.as_str()))
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.to_public_key())
    }

    /// The value of `Authorization`: base64 of the signature of `text`. `rng` hides the key from a watcher of the time it takes.
    ///
    /// # Errors
    /// [`KeyError::Rsa`] when `rng` fails.
    pub fn sign(&self, text: &[u8], rng: &mut impl TryCryptoRng) -> Result<String, KeyError> {
        let signature = self.0.pkcs1v15_sign_with_rng::<Md5, _>(rng, text);
        signature.map(|bytes| STANDARD.encode(bytes)).map_err(|error| KeyError::Rsa(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two callbacks that OSS really signed: target, body, `Authorization`.
    const VECTORS: [(&str, &str, &str); 2] = [
        (
            "/index.php?id=1&index=2",
            "bucket=yonghu-test",
            "kKQeGTRccDKyHB3H9vF+xYMSrmhMZjzzl2/kdD1ktNVgbWEfYTQG0G2SU/RaHBovRCE8OkQDjC3uG33esH2txA==",
        ),
        (
            "/api/v3/callback/oss/TnXx5E5VyfJUyM1UdkdDu1rtnJ34EbmH",
            r#"{"name":"2f7b2ccf30e9270ea920f1ab8a4037a546a2f0d5.jpg","source_name":"1/1_hFRtDLgM_2f7b2ccf30e9270ea920f1ab8a4037a546a2f0d5.jpg","size":114020,"pic_info":"810,539"}"#,
            "e5LwzwTkP9AFAItT4YzvdJOHd0Y0wqTMWhsV/h5SG90JYGAmMd+8LQyj96R+9qUfJWjMt6suuUh7LaOryR87Dw==",
        ),
    ];

    #[test]
    fn what_oss_signed_verifies_and_nothing_else() {
        let key = PublicKey::oss().unwrap();
        assert_eq!(key.to_pem().unwrap(), OSS_KEY);
        for (target, body, signature) in VECTORS {
            let signed = text(target, body.as_bytes());
            assert!(key.verify(signature, &signed), "{target}");
            assert!(!key.verify(&signature.replacen("5L", "3L", 1).replacen("kK", "kL", 1), &signed), "{target}");
            assert!(!key.verify(signature, &text(target, &body.as_bytes()[1..])), "{target}");
            assert!(!key.verify(signature, &text(&format!("{target}x"), body.as_bytes())), "{target}");
            for garbage in ["", "AA==", "not base64!", &signature[4..]] {
                assert!(!key.verify(garbage, &signed), "{garbage}");
            }
        }
    }

    #[test]
    fn the_path_is_decoded_and_the_query_is_not() {
        for (target, expected) in [
            ("/", "/\nb"),
            ("/a%20b/%E4%B8%AD+?q=%20+&r", "/a b/中+?q=%20+&r\nb"),
            ("/a?", "/a?\nb"),
            ("/a%3Fb?c?d", "/a?b?c?d\nb"),
        ] {
            assert_eq!(String::from_utf8(text(target, b"b")).unwrap(), expected);
        }
    }

    #[test]
    fn only_oss_and_one_prefix_are_trusted() {
        for (url, trusted) in [
            ("http://gosspublic.alicdn.com/callback_pub_key_v1.pem", true),
            ("https://gosspublic.alicdn.com/callback_pub_key_v1.pem", true),
            ("https://gosspublic.alicdn.com/callback_pub_key_v1.pem?", false),
            ("https://gosspublic.alicdn.com/callback_pub_key_v2.pem", false),
            ("http://gosspublic.alicdn.com.evil/callback_pub_key_v1.pem", false),
            ("http://gosspublic.alicdn.com@evil/callback_pub_key_v1.pem", false),
            ("", false),
        ] {
            assert_eq!(is_oss_key_url(url), trusted, "{url}");
        }
        for (url, prefix, trusted) in [
            ("http://127.0.0.1:9000/callback_pub_key.pem", "http://127.0.0.1:9000", true),
            ("http://127.0.0.1:9001/keys/a.pem", "http://127.0.0.1:9001/keys/", true),
            ("http://127.0.0.1:90001/", "http://127.0.0.1:9000", false),
            ("http://127.0.0.1:9000@evil/", "http://127.0.0.1:9000", false),
            ("http://127.0.0.1:9001/other.pem", "http://127.0.0.1:9001/keys/", false),
            ("/", "", false),
        ] {
            assert_eq!(is_key_url_below(url, prefix), trusted, "{url}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        let garbled = OSS_KEY.replace("MFww", "MFwx");
        let mislabelled = OSS_KEY.replace("PUBLIC", "PRIVATE");
        for pem in ["", "no key", &garbled, &mislabelled] {
            assert_eq!(PublicKey::from_pem(pem), Err(KeyError::PublicKey), "{pem}");
            assert_eq!(PrivateKey::from_pem(pem).map(|_| ()), Err(KeyError::PrivateKey), "{pem}");
        }
    }
}
