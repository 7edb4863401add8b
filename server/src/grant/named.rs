//! Named grants: built-in policies and files of one's own, each proven to stay in the folder that it is filled with.

use shared::object_key::Prefix;
use shared::ram::template::{TemplateError, placeholders, substitute};
use shared::ram::{Bounds, PolicyDocument, PolicyKind, reach};

const BUCKET: &str = "$BUCKET_NAME";
const PREFIX: &str = "$OBJECT_PREFIX";
const KEY: &str = "$OBJECT_KEY";

const READ: &str =
    r#"{"Effect":"Allow","Action":["oss:GetObject"],"Resource":["acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"]}"#;
const LIST: &str = r#"{"Effect":"Allow","Action":["oss:ListObjects"],"Resource":["acs:oss:*:*:$BUCKET_NAME"],"Condition":{"StringLike":{"oss:Prefix":["$OBJECT_PREFIX*"]}}}"#;
const WRITE: &str = r#"{"Effect":"Allow","Action":["oss:PutObject","oss:ListParts","oss:AbortMultipartUpload"],"Resource":["acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"]}"#;
const WRITE_KEY: &str = r#"{"Effect":"Allow","Action":["oss:PutObject","oss:ListParts","oss:AbortMultipartUpload"],"Resource":["acs:oss:*:*:$BUCKET_NAME/$OBJECT_KEY"]}"#;

/// A named grant.
#[derive(Debug, Clone)]
pub struct NamedGrant {
    /// What callers ask for.
    pub name: String,
    /// Its policy, with placeholders.
    text: String,
}

/// What a policy is filled with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub bucket: &'a str,
    pub prefix: &'a Prefix,
    /// The one key that may be written, where the server chooses it.
    pub key: Option<&'a str>,
}

impl NamedGrant {
    /// A grant with a policy of one's own.
    pub(super) fn of_text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// `read`, `write` or `read-write`; `chosen` when the server chooses the keys.
    pub(super) fn built_in(name: &str, chosen: bool) -> Option<Self> {
        let write = if chosen { WRITE_KEY } else { WRITE };
        let statements = match name {
            "read" => vec![READ, LIST],
            "write" => vec![write],
            "read-write" => vec![write, READ, LIST],
            _ => return None,
        };
        Some(Self::of_text(name, &format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","))))
    }

    /// Whether a token of this grant is for one key.
    pub(super) fn needs_key(&self) -> bool {
        placeholders(&self.text).iter().any(|name| name == KEY)
    }

    /// The session policy for one place.
    pub(super) fn fill(&self, place: Place<'_>) -> Result<String, TemplateError> {
        let mut values = vec![(BUCKET, place.bucket), (PREFIX, place.prefix.as_str())];
        values.extend(place.key.map(|key| (KEY, key)));
        substitute(&self.text, &values)
    }

    /// Proves that the policy, filled for a folder, stays in it. The folder is a stand-in whose name the policy does not
    /// mention; names have no wildcards, so what holds for it holds for every folder.
    pub(super) fn prove(&self, place: Place<'_>) -> Result<(), String> {
        let filled = self.fill(place).map_err(|error| error.to_string())?;
        let policy = PolicyDocument::parse(&filled, PolicyKind::Session).map_err(|error| error.to_string())?;
        let bounds = Bounds { bucket: place.bucket, prefix: place.prefix.as_str(), only_key: place.key };
        reach(&policy, &bounds).map_err(|escape| {
            let folder = place.prefix.as_str();
            match place.key {
                Some(key) => format!("it reaches more than the folder {folder} or writes more than {key}: {escape}"),
                None => format!("it reaches more than the folder {folder}: {escape}"),
            }
        })
    }

    /// A name that the policy does not mention.
    pub(super) fn stand_in(&self) -> String {
        let mut name = "somebody".to_owned();
        while self.text.contains(&name) {
            name.push('0');
        }
        name
    }
}
