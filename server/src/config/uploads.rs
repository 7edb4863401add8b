//! The section `Uploads`: where the metadata of uploads is kept, and how it comes to be known.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use shared::secret::Secret;
use shared::sign::encode_path;

use super::section::{self, Section};
use crate::error::Problem;

const DEFAULT_DATABASE: &str = "sqlite:uploads.db";
const DEFAULT_QUEUE: &str = "uploads-queue";
/// A mark that can be guessed is none.
const MIN_SECRET: usize = 32;
const MAX_CALLBACK_VARS: usize = 32;

/// The metadata of uploads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct UploadsSection {
    /// `sqlite:` and a path, relative to the folder of the configuration; or `postgres://user:password@host/database`.
    pub database: Secret,
    /// Where uploads wait while the database is away; relative to the folder of the configuration.
    pub queue_folder: PathBuf,
    /// Where OSS reaches this server's `/callback`, from the internet.
    pub callback_url: Option<String>,
    /// Marks the callbacks that this server vends; then no other is accepted. The same on every server.
    pub callback_secret: Option<Secret>,
    /// Below which address, beside OSS's own, the keys of callbacks may be: an emulator's control port.
    pub callback_key_prefix: Option<String>,
    /// What apps may tell of an upload beside what OSS knows: the names of variables `x:…`, without the `x:`.
    pub callback_vars: Vec<String>,
    /// How often the bucket is listed for uploads that nobody told of; never, unless it is given.
    pub reconcile_seconds: Option<u32>,
    /// The identities that see everybody's uploads.
    pub operators: Vec<String>,
}

impl Default for UploadsSection {
    fn default() -> Self {
        Self {
            database: Secret::new(DEFAULT_DATABASE),
            queue_folder: PathBuf::from(DEFAULT_QUEUE),
            callback_url: None,
            callback_secret: None,
            callback_key_prefix: None,
            callback_vars: Vec::new(),
            reconcile_seconds: None,
            operators: Vec::new(),
        }
    }
}

impl Section for UploadsSection {
    const KEY: &'static str = "Uploads";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        let database = self.database.expose();
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme)) {
            let what = "it must begin with sqlite: and go on with a path, or with postgres://";
            section::wrong(problems, format!("{at}.Database"), what);
        }
        let host = database.starts_with("postgres").then(|| reqwest::Url::parse(database));
        if host.is_some_and(|url| !url.is_ok_and(|url| url.host().is_some())) {
            let what = "it cannot be read: expected postgres://user:password@host:5432/database";
            section::wrong(problems, format!("{at}.Database"), what);
        }
        for (name, url) in [("CallbackUrl", &self.callback_url), ("CallbackKeyPrefix", &self.callback_key_prefix)] {
            let is_url = |url: &String| {
                let scheme = url.starts_with("http://") || url.starts_with("https://");
                scheme && !url.contains([';', '#', ' ']) && reqwest::Url::parse(url).is_ok()
            };
            if url.as_ref().is_some_and(|url| !is_url(url)) {
                section::wrong(
                    problems,
                    format!("{at}.{name}"),
                    "it must be an address that begins with http:// or https://",
                );
            }
        }
        if self.callback_secret.as_ref().is_some_and(|secret| secret.expose().len() < MIN_SECRET) {
            let what = format!("it must have {MIN_SECRET} characters or more: take them from a random source");
            section::wrong(problems, format!("{at}.CallbackSecret"), what);
        }
        if self.callback_vars.len() > MAX_CALLBACK_VARS {
            section::wrong(problems, format!("{at}.CallbackVars"), format!("there may be {MAX_CALLBACK_VARS} at most"));
        }
        for (index, name) in self.callback_vars.iter().enumerate() {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
            if name.is_empty() || !name.bytes().all(plain) {
                let what = "it must be made of a-z, 0-9, _ and -, as OSS wants";
                section::wrong(problems, format!("{at}.CallbackVars[{index}]"), what);
            }
        }
        if self.reconcile_seconds.is_some_and(|seconds| seconds < 60) {
            section::wrong(problems, format!("{at}.ReconcileSeconds"), "it must be 60 or more");
        }
    }
}

impl UploadsSection {
    /// With paths as seen from the folder of the configuration.
    pub(super) fn within(mut self, folder: &Path) -> Self {
        self.queue_folder = folder.join(&self.queue_folder);
        if let Some(path) = self.database.expose().strip_prefix("sqlite:") {
            let path = folder.join(path.strip_prefix("//").unwrap_or(path));
            self.database = Self::sqlite(&path);
        }
        self
    }

    /// The `Database` of an SQLite file, which is made when it is not there.
    pub fn sqlite(path: &Path) -> Secret {
        Secret::new(format!("sqlite://{}?mode=rwc", encode_path(&path.display().to_string())))
    }
}
