//! `config.json` to settings: every key known, every value of its kind, every problem reported at once.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value};
use shared::bucket::BucketName;
use shared::credentials::Credentials;
use shared::object_key::{NameError, Prefix};
use shared::ram::json;
use shared::region::{Endpoint, Region};
use shared::secret::Secret;
use shared::sts::{MAX_DURATION, MIN_DURATION};

use super::section::Section;
use super::{
    Config, DEFAULT_LISTEN, DEFAULT_STS_ENDPOINT, GrantsSection, IdentitySection, NOT_UTF_8, ObjectKeySection,
    PolicyTemplate, role_arn_problem, token_expire_time_problem,
};
use crate::error::Problem;

/// Every setting, in the order of the document and then ours. `AccessKeyId` is the other spelling of the first.
const KEYS: [&str; 11] = [
    "AccessKeyID",
    "AccessKeySecret",
    "RoleArn",
    "TokenExpireTime",
    "PolicyFile",
    "Listen",
    "StsEndpoint",
    "Bucket",
    "ObjectPrefix",
    "Region",
    "OssEndpoint",
];
/// The sections, each an object with settings of its own.
const SECTIONS: [&str; 3] = [IdentitySection::KEY, GrantsSection::KEY, ObjectKeySection::KEY];
const OTHER_SPELLING: &str = "AccessKeyId";

/// Reads the text of a `config.json`; `file` names it, and `PolicyFile` is relative to its folder.
pub(super) fn read(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
    let not_json = |reason: String| vec![Problem::NotJson { reason }];
    let value = json::parse(without_bom(text)).map_err(|error| not_json(error.to_string()))?;
    let Value::Object(fields) = value else {
        return Err(not_json(format!("found {}", kind(&value))));
    };
    let mut settings = Settings { fields, problems: Vec::new() };
    settings.check_keys();
    let credentials = settings.credentials();
    let role_arn = settings.role_arn();
    let token_expire_time = settings.token_expire_time();
    let (policy, bucket, object_prefix) = settings.place(file);
    let listen = settings.listen();
    let sts_endpoint = settings.name("StsEndpoint", Some(DEFAULT_STS_ENDPOINT), Endpoint::parse);
    let region = settings.name("Region", None, Region::parse);
    let oss_endpoint = settings.name("OssEndpoint", None, Endpoint::parse);
    let identity = settings.section::<IdentitySection>();
    let grants = settings.section::<GrantsSection>();
    let object_key = settings.section::<ObjectKeySection>();
    let (Some(sts_endpoint), true) = (sts_endpoint, settings.problems.is_empty()) else {
        return Err(settings.problems);
    };
    Ok(Config {
        source: file.display().to_string(),
        credentials,
        role_arn,
        token_expire_time,
        policy,
        listen,
        sts_endpoint,
        bucket,
        object_prefix,
        region,
        oss_endpoint,
        identity,
        grants,
        object_key,
        folder: file.parent().unwrap_or(Path::new("")).to_owned(),
    })
}

/// The fields of a `config.json`, and what has been found wrong with them so far. A reader that finds a problem notes
/// it and returns any value: the notes decide.
struct Settings {
    fields: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Settings {
    fn check_keys(&mut self) {
        let known = || [&KEYS[..], &SECTIONS].concat().join(", ");
        let is_known = |key: &str| KEYS.contains(&key) || SECTIONS.contains(&key) || key == OTHER_SPELLING;
        let unknown = self.fields.keys().filter(|key| !is_known(key));
        self.problems.extend(unknown.map(|key| Problem::UnknownKey { key: key.clone(), known: known() }));
        if self.fields.contains_key(KEYS[0]) && self.fields.contains_key(OTHER_SPELLING) {
            self.problems.push(Problem::TwoSpellings);
        }
    }

    fn credentials(&mut self) -> Credentials {
        let id_key = if self.fields.contains_key(OTHER_SPELLING) { OTHER_SPELLING } else { KEYS[0] };
        let id = self.required(id_key, "the AccessKey ID of a RAM user that may call sts:AssumeRole");
        let secret = self.required("AccessKeySecret", "the AccessKey secret that belongs to the AccessKey ID");
        for (key, value) in [(id_key, &id), ("AccessKeySecret", &secret)] {
            if !value.bytes().all(|b| b.is_ascii_graphic()) {
                self.invalid(key, "a text with blanks or non-ASCII characters", "the key exactly as it was issued");
            }
        }
        Credentials::long_term(id, Secret::new(secret))
    }

    fn role_arn(&mut self) -> String {
        let arn = self.required("RoleArn", "the ARN of the role that tokens stand for (RAM console, Roles)");
        if !arn.is_empty() {
            self.problems.extend(role_arn_problem(&arn));
        }
        arn
    }

    /// A number, or a text of digits as in every published sample.
    fn token_expire_time(&mut self) -> u32 {
        let (seconds, found) = match self.fields.get("TokenExpireTime") {
            None | Some(Value::Null) => return MIN_DURATION,
            Some(Value::String(text)) if text.is_empty() => return MIN_DURATION,
            Some(Value::String(text)) => (text.parse().ok(), format!("{text:?}")),
            Some(Value::Number(number)) => (number.as_u64().and_then(|n| u32::try_from(n).ok()), number.to_string()),
            Some(other) => (None, kind(other).to_owned()),
        };
        match seconds.filter(|seconds| (MIN_DURATION..=MAX_DURATION).contains(seconds)) {
            Some(seconds) => seconds,
            None => {
                self.problems.push(token_expire_time_problem(found));
                MIN_DURATION
            }
        }
    }

    /// The policy with the two values that it may need, tried out on them.
    fn place(&mut self, file: &Path) -> (Option<PolicyTemplate>, Option<BucketName>, Option<Prefix>) {
        let before = self.problems.len();
        let policy = self.policy(file);
        let bucket = self.name("Bucket", None, BucketName::parse);
        let prefix = self.object_prefix();
        // With any of the sections the policy is filled for each identity; its proof is made with them.
        let plain = !SECTIONS.iter().any(|key| self.fields.contains_key(*key));
        if let (Some(policy), true) = (&policy, plain && self.problems.len() == before) {
            self.problems.extend(policy.fill(bucket.as_ref(), prefix.as_ref()).err().unwrap_or_default());
        }
        (policy, bucket, prefix)
    }

    fn policy(&mut self, file: &Path) -> Option<PolicyTemplate> {
        let path = self.text("PolicyFile").filter(|path| !path.is_empty())?;
        let path = file.parent().unwrap_or(Path::new("")).join(path);
        let source = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(PolicyTemplate { text: without_bom(&text).to_owned(), source }),
            Err(error) => {
                self.problems.push(match error.kind() {
                    ErrorKind::InvalidData => Problem::Policy { policy: source, reason: NOT_UTF_8.to_owned() },
                    _ => Problem::PolicyUnreadable { path: source, reason: error.to_string() },
                });
                None
            }
        }
    }

    /// Unlike other settings an empty text is a value here: the whole bucket.
    fn object_prefix(&mut self) -> Option<Prefix> {
        let text = self.text("ObjectPrefix")?;
        self.named("ObjectPrefix", Prefix::parse(&text))
    }

    fn listen(&mut self) -> SocketAddr {
        let Some(text) = self.text("Listen").filter(|text| !text.is_empty()) else { return DEFAULT_LISTEN };
        text.parse().unwrap_or_else(|_| {
            self.invalid("Listen", &format!("{text:?}"), "an IP address and a port, such as 127.0.0.1:7080");
            DEFAULT_LISTEN
        })
    }

    /// A section, checked at once so that its problems are told with all the others.
    fn section<T: Section>(&mut self) -> Option<T> {
        let value = self.fields.get(T::KEY).filter(|value| !value.is_null())?;
        let section = T::read(value, &mut self.problems)?;
        section.check(T::KEY, &mut self.problems);
        Some(section)
    }

    /// A setting that is a name of some kind; absent or empty gives the name `default`, if there is one.
    fn name<T>(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        parse: fn(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        let text = self.text(key).filter(|text| !text.is_empty()).or(default.map(str::to_owned))?;
        self.named(key, parse(&text))
    }

    fn named<T>(&mut self, key: &'static str, parsed: Result<T, NameError>) -> Option<T> {
        parsed.map_err(|error| self.problems.push(Problem::Name { key, error })).ok()
    }

    fn required(&mut self, key: &'static str, expected: &'static str) -> String {
        let before = self.problems.len();
        let text = self.text(key).unwrap_or_default();
        if text.is_empty() && self.problems.len() == before {
            self.problems.push(Problem::Missing { key, expected });
        }
        text
    }

    /// The text of a setting; `None` when it is absent, null, or (which is noted) no text.
    fn text(&mut self, key: &'static str) -> Option<String> {
        match self.fields.get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => {
                let found = kind(other);
                self.invalid(key, found, "a text in quotes");
                None
            }
        }
    }

    fn invalid(&mut self, key: &'static str, found: &str, expected: &str) {
        self.problems.push(Problem::Invalid { key, found: found.to_owned(), expected: expected.to_owned() });
    }
}

/// What kind of JSON a value is: all that a message may say of a value that might be a secret.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Some editors put a byte order mark before the text; JSON knows none.
fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
