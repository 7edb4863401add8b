//! Device keys: each caller presents a key of its own, of which this server knows a hash.

use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest, Sha256};
use shared::ram::json;

use super::credential::Presented;
use super::{Identity, Verdict};
use crate::config::section::{self, wrong};
use crate::config::{DeviceKey, DeviceKeys};
use crate::error::Problem;
use crate::files;
use crate::refusal::Refusal;

/// What keys of ours begin with, so that a lost one is recognised, by people and by secret scanners.
pub const KEY_PREFIX: &str = "dtk_";
const HASH_PREFIX: &str = "sha256:";

/// The devices by the hash of their key. A key has 256 random bits, so a fast hash is enough, and to look one up tells
/// nothing about another.
#[derive(Debug)]
pub(super) struct Devices {
    query: String,
    by_hash: HashMap<[u8; 32], Identity>,
}

impl Devices {
    pub(super) fn new(name: &str, section: &DeviceKeys, folder: &Path, at: &str, problems: &mut Vec<Problem>) -> Self {
        let mut devices = Self { query: section.query.clone().unwrap_or("key".to_owned()), by_hash: HashMap::new() };
        devices.add(name, &section.keys, &format!("{at}.Keys"), problems);
        if let Some(path) = &section.keys_file {
            let at = format!("{at}.KeysFile");
            if let Some(keys) = read_file(folder, path, &at, problems) {
                devices.add(name, &keys, &at, problems);
            }
        }
        devices
    }

    fn add(&mut self, name: &str, keys: &[DeviceKey], at: &str, problems: &mut Vec<Problem>) {
        for (index, key) in keys.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let Some(hash) = digest_of(&key.hash) else {
                wrong(
                    problems,
                    format!("{at}.Hash"),
                    "expected sha256: and 64 hexadecimal digits, as device-key prints",
                );
                continue;
            };
            if key.user.is_empty() {
                wrong(problems, format!("{at}.User"), "it is empty: name whose device it is");
            }
            let identity =
                Identity { device: key.device.clone(), grants: key.grants.clone(), ..Identity::new(name, &key.user) };
            if self.by_hash.insert(hash, identity).is_some() {
                wrong(problems, format!("{at}.Hash"), "another device has the same key: give each its own");
            }
        }
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Every device, in the order of its names.
    pub(super) fn identities(&self) -> Vec<Identity> {
        let mut identities: Vec<Identity> = self.by_hash.values().cloned().collect();
        identities.sort_by(|a, b| (&a.user, &a.device).cmp(&(&b.user, &b.device)));
        identities
    }

    pub(super) fn identify(&self, presented: &Presented<'_>) -> Result<Verdict, Refusal> {
        let Some(key) = presented.credential(&self.query)? else { return Ok(Verdict::NotMine) };
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        match self.by_hash.get(&hash) {
            Some(identity) => Ok(Verdict::Known(identity.clone())),
            None if key.starts_with(KEY_PREFIX) => {
                Err(Refusal::unauthorized("CredentialUnknown", "This device key is not known here."))
            }
            None => Ok(Verdict::NotMine),
        }
    }
}

fn read_file(folder: &Path, path: &str, at: &str, problems: &mut Vec<Problem>) -> Option<Vec<DeviceKey>> {
    let text = files::read(folder, path, at, problems)?;
    match json::parse(&text) {
        Ok(value) => section::object(&value, at, problems),
        Err(error) => {
            wrong(problems, at, format!("{path} is not JSON: {error}"));
            None
        }
    }
}

fn digest_of(hash: &str) -> Option<[u8; 32]> {
    hex::decode(hash.strip_prefix(HASH_PREFIX)?).ok()?.try_into().ok()
}

/// A new key for a device, and the hash of it that the configuration keeps.
///
/// # Errors
/// When the machine has no randomness.
pub fn new_key() -> Result<(String, String), getrandom::Error> {
    use base64::Engine as _;
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let key = format!("{KEY_PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random));
    let hash = format!("{HASH_PREFIX}{}", hex::encode(Sha256::digest(key.as_bytes())));
    Ok((key, hash))
}
