//! The section `Identity`: the providers that tell callers apart, asked in their order.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use shared::secret::Secret;

use super::section::{self, Section, wrong};
use crate::error::Problem;
use crate::files;

/// A shared secret shorter than the digest that it keys can be guessed (RFC 7518 §3.2 asks for as much).
pub const MIN_SECRET_BYTES: usize = 32;

/// Who may ask.
#[derive(Debug, Clone, Default)]
pub struct IdentitySection {
    /// At least one.
    pub providers: Vec<Provider>,
    /// What becomes of a name that is no safe part of an object key.
    pub unsafe_names: UnsafeNames,
}

/// What becomes of names with characters that keys or policies give a meaning, or that are too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum UnsafeNames {
    /// What is safe of the name, and a hash of all of it.
    #[default]
    Hash,
    /// The caller is refused.
    Refuse,
}

/// One way to know a caller.
#[derive(Debug, Clone)]
pub enum Provider {
    DeviceKeys(DeviceKeys),
    Jwt(Box<Jwt>),
    SignedUrl(SignedUrl),
    Webhook(Webhook),
    Anonymous(Anonymous),
}

/// Keys that were given to devices, of which only hashes are kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct DeviceKeys {
    /// What the audit trail calls it; `devices` if absent.
    pub name: Option<String>,
    /// The query parameter for callers that cannot set a header; `key` if absent.
    pub query: Option<String>,
    /// The devices.
    pub keys: Vec<DeviceKey>,
    /// A file with more: a JSON list of the same.
    pub keys_file: Option<String>,
}

/// One device's key.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeviceKey {
    /// `sha256:` and the 64 hexadecimal digits of the key's SHA-256, as `server device-key` prints it.
    pub hash: String,
    /// Whose device it is.
    pub user: String,
    /// The device's name.
    pub device: Option<String>,
    /// The grants that it may have; absent: those of everybody.
    pub grants: Option<Vec<String>>,
}

/// JSON Web Tokens of an issuer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Jwt {
    /// What the audit trail calls it; `jwt` if absent.
    pub name: Option<String>,
    /// The query parameter for callers that cannot set a header; `token` if absent.
    pub query: Option<String>,
    /// `HS256`, `RS256`, `ES256` and the like; absent: `HS256` for a secret, every asymmetric one for public keys.
    pub algorithms: Option<Vec<String>>,
    /// The secret of HS algorithms.
    pub secret: Option<Secret>,
    /// A file with it; blank space at its ends is left out.
    pub secret_file: Option<String>,
    /// A PEM file with one public key.
    pub public_key_file: Option<String>,
    /// A file with a JSON Web Key Set.
    pub jwks_file: Option<String>,
    /// Where a JSON Web Key Set is fetched, again when it is old or a key is missing.
    pub jwks_url: Option<String>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// What `aud` must contain.
    pub audience: Option<String>,
    /// The claim that names the user; `sub` if absent.
    pub user_claim: Option<String>,
    /// The claim that names the device.
    pub device_claim: Option<String>,
    /// The claim that lists grants, or names one.
    pub grants_claim: Option<String>,
    /// How far the issuer's clock may be off, in seconds; 60 if absent.
    pub leeway_seconds: Option<u32>,
    /// How old a fetched key set may be, in seconds; 3600 if absent.
    pub refresh_seconds: Option<u32>,
}

/// URLs that the app's own backend signs for one user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct SignedUrl {
    /// What the audit trail calls it; `signed-url` if absent.
    pub name: Option<String>,
    /// The secrets that are good; two while one replaces the other.
    pub keys: Vec<SigningKey>,
    /// The longest time from now to a URL's end, in seconds; 30 days if absent.
    pub max_life_seconds: Option<u32>,
    /// How often one URL may be used; absent: until it ends, as the mobile SDKs do.
    pub max_uses: Option<u32>,
    /// The nonces of URLs that are good no more.
    pub revoked_nonces: Vec<String>,
}

/// A secret that signs URLs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SigningKey {
    /// What a URL calls it.
    pub id: String,
    /// At least 32 bytes.
    pub secret: Option<Secret>,
    /// A file with it; blank space at its ends is left out.
    pub secret_file: Option<String>,
}

/// The app's own login, asked about each credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Webhook {
    /// What the audit trail calls it; `webhook` if absent.
    pub name: Option<String>,
    /// The query parameter for callers that cannot set a header; `ticket` if absent.
    pub query: Option<String>,
    /// What is asked, by POST.
    pub url: String,
    /// Sent as `Authorization`, so that the login knows this server.
    pub authorization: Option<Secret>,
    /// How long an answer is waited for, in milliseconds; 3000 if absent.
    pub timeout_milliseconds: Option<u32>,
    /// How long a good answer is remembered, in seconds; 60 if absent, 0 for not at all.
    pub cache_seconds: Option<u32>,
}

/// Callers without any credential.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Anonymous {
    /// The one user that they all are; `anonymous` if absent. Nobody else can be that user.
    pub user: Option<String>,
    /// The grants that they may have; absent: those of everybody.
    pub grants: Option<Vec<String>>,
}

impl IdentitySection {
    /// Whether any provider gives callers names of their own.
    pub fn tells_apart(&self) -> bool {
        self.providers.iter().any(|provider| !matches!(provider, Provider::Anonymous(_)))
    }

    /// Whether callers without a credential get a token.
    pub fn lets_anonymous_in(&self) -> bool {
        self.providers.iter().any(|provider| matches!(provider, Provider::Anonymous(_)))
    }
}

impl SigningKey {
    /// The secret, written down or from its file. Blocks.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, folder: &Path) -> Result<Secret, Vec<Problem>> {
        let mut problems = Vec::new();
        let at = format!("the signing key {:?}", self.id);
        let (written, file) = (self.secret.as_ref(), self.secret_file.as_deref());
        files::secret(folder, written, file, &at, MIN_SECRET_BYTES, &mut problems).ok_or(problems)
    }
}

const TYPES: &str = "\"DeviceKeys\", \"Jwt\", \"SignedUrl\", \"Webhook\" or \"Anonymous\"";

/// The section as it is written; providers are read one by one, so that the mistakes of all are told.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    providers: Vec<Value>,
    #[serde(default)]
    unsafe_names: UnsafeNames,
}

impl Section for IdentitySection {
    const KEY: &'static str = "Identity";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        let written: Written = section::object(value, Self::KEY, problems)?;
        let at = |index: usize| format!("{}.Providers[{index}]", Self::KEY);
        let read: Vec<Option<Provider>> =
            written.providers.iter().enumerate().map(|(index, value)| provider(value, &at(index), problems)).collect();
        let providers = read.into_iter().collect::<Option<_>>()?;
        Some(Self { providers, unsafe_names: written.unsafe_names })
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if self.providers.is_empty() {
            wrong(problems, format!("{at}.Providers"), format!("it is empty: name at least one provider, {TYPES}"));
        }
        for (index, provider) in self.providers.iter().enumerate() {
            provider.check(&format!("{at}.Providers[{index}]"), problems);
            if self.providers.iter().take(index).any(|other| other.name() == provider.name()) {
                let name = provider.name();
                wrong(problems, format!("{at}.Providers[{index}].Name"), format!("another provider is {name:?} too"));
            }
        }
    }
}

fn provider(value: &Value, at: &str, problems: &mut Vec<Problem>) -> Option<Provider> {
    let Value::Object(fields) = value else {
        wrong(problems, at, "expected an object");
        return None;
    };
    let mut fields = fields.clone();
    let kind = fields.remove("Type");
    let rest = Value::Object(fields);
    match kind.as_ref().and_then(Value::as_str) {
        Some("DeviceKeys") => section::object(&rest, at, problems).map(Provider::DeviceKeys),
        Some("Jwt") => section::object(&rest, at, problems).map(|jwt| Provider::Jwt(Box::new(jwt))),
        Some("SignedUrl") => section::object(&rest, at, problems).map(Provider::SignedUrl),
        Some("Webhook") => section::object(&rest, at, problems).map(Provider::Webhook),
        Some("Anonymous") => section::object(&rest, at, problems).map(Provider::Anonymous),
        _ => {
            wrong(problems, format!("{at}.Type"), format!("expected {TYPES}"));
            None
        }
    }
}

impl Provider {
    /// What the audit trail calls it.
    pub fn name(&self) -> &str {
        let (name, default) = match self {
            Self::DeviceKeys(it) => (&it.name, "devices"),
            Self::Jwt(it) => (&it.name, "jwt"),
            Self::SignedUrl(it) => (&it.name, "signed-url"),
            Self::Webhook(it) => (&it.name, "webhook"),
            Self::Anonymous(_) => (&None, "anonymous"),
        };
        name.as_deref().unwrap_or(default)
    }

    /// The files that it names.
    pub(super) fn files(&self) -> Vec<&str> {
        let named = match self {
            Self::DeviceKeys(it) => vec![&it.keys_file],
            Self::Jwt(it) => vec![&it.secret_file, &it.public_key_file, &it.jwks_file],
            Self::SignedUrl(it) => it.keys.iter().map(|key| &key.secret_file).collect(),
            Self::Webhook(_) | Self::Anonymous(_) => Vec::new(),
        };
        named.into_iter().filter_map(Option::as_deref).collect()
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        match self {
            Self::DeviceKeys(keys) => {
                if keys.keys.is_empty() && keys.keys_file.is_none() {
                    wrong(problems, at, "it has neither Keys nor KeysFile: make a key with `server device-key`");
                }
            }
            Self::Jwt(jwt) => jwt.check(at, problems),
            Self::SignedUrl(signed) => {
                if signed.keys.is_empty() {
                    wrong(problems, format!("{at}.Keys"), "it is empty: give at least one Id and Secret");
                }
                if signed.max_uses == Some(0) {
                    wrong(problems, format!("{at}.MaxUses"), "no URL could be used: leave it out for no limit");
                }
            }
            Self::Webhook(webhook) => check_url(&webhook.url, &format!("{at}.Url"), problems),
            Self::Anonymous(_) => {}
        }
    }
}

impl Jwt {
    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        let sources = [&self.secret_file, &self.public_key_file, &self.jwks_file, &self.jwks_url];
        let count = sources.iter().filter(|source| source.is_some()).count() + usize::from(self.secret.is_some());
        if count != 1 {
            wrong(problems, at, "expected exactly one of Secret, SecretFile, PublicKeyFile, JwksFile and JwksUrl");
        }
        if let Some(url) = &self.jwks_url {
            check_url(url, &format!("{at}.JwksUrl"), problems);
        }
        if self.jwks_url.is_some() || self.jwks_file.is_some() {
            for (name, value) in [("Issuer", &self.issuer), ("Audience", &self.audience)] {
                if value.is_none() {
                    let what = "an issuer's keys sign tokens for other services too, so it must be given";
                    wrong(problems, format!("{at}.{name}"), what);
                }
            }
        }
    }
}

/// Credentials and keys cross the network, so it is https, or this machine.
fn check_url(url: &str, at: &str, problems: &mut Vec<Problem>) {
    let good = reqwest::Url::parse(url).is_ok_and(|url| {
        let local = url.host_str().is_some_and(super::is_loopback);
        url.scheme() == "https" || (url.scheme() == "http" && local)
    });
    if !good {
        wrong(problems, at, "expected an https URL (http for this machine alone)");
    }
}
