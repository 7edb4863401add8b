//! Accounts as JSON, in the names of RAM's own API: read strictly, told with the secrets masked or in full.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use shared::crc64::Crc64;
use shared::ram::{PolicyDocument, PolicyError, PolicyKind, json as strict_json};
use shared::secret::Secret;
use shared::sts::MAX_DURATION;

use super::{AccessKey, Accounts, Role, User, is_access_key_id, is_name, is_number};

/// The longest document, in bytes.
pub const MAX_DOCUMENT: usize = 1 << 20;
/// What stands for a secret where it is not told.
const MASK: &str = "***";
/// The least and the default `MaxSessionDuration`, in seconds (RAM, CreateRole).
const DEFAULT_SESSION: u32 = 3600;

const KEY_ID_FORM: &str = "3 to 128 letters, digits, '.', '-' or '_', not beginning with STS.";
const NAME_FORM: &str = "1 to 64 letters, digits, '.', '-' or '_'";
const NUMBER_FORM: &str = "a string of 1 to 32 digits, such as \"1000000000000001\"";

/// What is wrong with a document, and where. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}, expected {expected}")]
pub struct DocumentError {
    /// A path in the JSON such as `Users[0].AccessKeys[1].Status`; `the document` for its root.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

impl DocumentError {
    fn new(path: &str, found: impl Into<String>, expected: &str) -> Self {
        Self { path: path.to_owned(), found: found.into(), expected: expected.to_owned() }
    }
}

impl Accounts {
    /// Reads and checks a whole document.
    ///
    /// # Errors
    /// [`DocumentError`] for the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let whole = |found: String, expected: &str| DocumentError::new("the document", found, expected);
        if bytes.len() > MAX_DOCUMENT {
            return Err(whole(format!("more than {MAX_DOCUMENT} bytes"), "fewer"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| whole(format!("no UTF-8 ({error})"), "UTF-8"))?;
        let value = strict_json::parse(text)
            .map_err(|error| whole(format!("text that is not JSON ({error})"), "a JSON object"))?;
        Self::from_value(&value)
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, DocumentError> {
        let root = Fields::of(value, "", &["AccountId", "ControlPolicies", "RootAccessKeys", "Users", "Roles"])?;
        let account_id = root.text("AccountId", NUMBER_FORM, is_number)?;
        let accounts = Self {
            control_policies: root.list("ControlPolicies", |value, path| policy(value, path, PolicyKind::Identity))?,
            root_access_keys: root.list("RootAccessKeys", access_key)?,
            users: root.list("Users", |value, path| user(value, path, &account_id))?,
            roles: root.list("Roles", |value, path| role(value, path, &account_id))?,
            account_id,
        };
        accounts.check_unique()?;
        Ok(accounts)
    }

    /// Every name, id and key id stands for one thing.
    fn check_unique(&self) -> Result<(), DocumentError> {
        let names = self.users.iter().enumerate().map(|(i, user)| (format!("Users[{i}].UserName"), &user.name));
        unique(names)?;
        unique(self.users.iter().enumerate().map(|(i, user)| (format!("Users[{i}].UserId"), &user.id)))?;
        unique(self.roles.iter().enumerate().map(|(i, role)| (format!("Roles[{i}].RoleName"), &role.name)))?;
        unique(self.roles.iter().enumerate().map(|(i, role)| (format!("Roles[{i}].RoleId"), &role.id)))?;
        let of_root = std::iter::once(("RootAccessKeys".to_owned(), &self.root_access_keys));
        let of_users = self.users.iter().enumerate();
        let of_users = of_users.map(|(i, user)| (format!("Users[{i}].AccessKeys"), &user.access_keys));
        unique(of_root.chain(of_users).flat_map(|(path, keys)| {
            keys.iter().enumerate().map(move |(i, key)| (format!("{path}[{i}].AccessKeyId"), &key.id))
        }))
    }

    /// The document with every secret as `***`, for a person or a program to look at.
    pub fn masked(&self) -> Value {
        self.to_value(|_| MASK)
    }

    /// The document with its secrets, for a file that only its owner reads.
    pub fn in_full(&self) -> String {
        format!("{:#}\n", self.to_value(Secret::expose))
    }

    fn to_value(&self, shown: fn(&Secret) -> &str) -> Value {
        let keys = |keys: &[AccessKey]| -> Vec<Value> {
            let status = |key: &AccessKey| if key.active { "Active" } else { "Inactive" };
            let key = |key: &AccessKey| json!({ "AccessKeyId": key.id, "AccessKeySecret": shown(&key.secret), "Status": status(key) });
            keys.iter().map(key).collect()
        };
        let policies = |list: &[PolicyDocument]| list.iter().map(PolicyDocument::to_value).collect::<Vec<_>>();
        let user = |user: &User| {
            json!({
                "UserName": user.name,
                "UserId": user.id,
                "AccessKeys": keys(&user.access_keys),
                "Policies": policies(&user.policies),
            })
        };
        let role = |role: &Role| {
            json!({
                "RoleName": role.name,
                "RoleId": role.id,
                "MaxSessionDuration": role.max_session_duration,
                "AssumeRolePolicyDocument": role.trust.to_value(),
                "Policies": policies(&role.policies),
            })
        };
        let mut document = json!({
            "AccountId": self.account_id,
            "RootAccessKeys": keys(&self.root_access_keys),
            "Users": self.users.iter().map(user).collect::<Vec<_>>(),
            "Roles": self.roles.iter().map(role).collect::<Vec<_>>(),
        });
        if !self.control_policies.is_empty() {
            document["ControlPolicies"] = policies(&self.control_policies).into();
        }
        document
    }
}

fn access_key(value: &Value, path: &str) -> Result<AccessKey, DocumentError> {
    let fields = Fields::of(value, path, &["AccessKeyId", "AccessKeySecret", "Status"])?;
    Ok(AccessKey {
        id: fields.access_key_id("AccessKeyId")?,
        secret: fields.secret("AccessKeySecret")?,
        active: match fields.map.get("Status").map(Value::as_str) {
            None | Some(Some("Active")) => true,
            Some(Some("Inactive")) => false,
            Some(_) => return Err(fields.wrong("Status", "\"Active\" or \"Inactive\"")),
        },
    })
}

fn user(value: &Value, path: &str, account_id: &str) -> Result<User, DocumentError> {
    let fields = Fields::of(value, path, &["UserName", "UserId", "AccessKeys", "Policies"])?;
    let name = fields.text("UserName", NAME_FORM, is_name)?;
    let arn = format!("acs:ram::{account_id}:user/{name}");
    Ok(User {
        id: fields.id("UserId", '2', &arn)?,
        access_keys: fields.list("AccessKeys", access_key)?,
        policies: fields.list("Policies", |value, path| policy(value, path, PolicyKind::Identity))?,
        arn,
        name,
    })
}

fn role(value: &Value, path: &str, account_id: &str) -> Result<Role, DocumentError> {
    let known = ["RoleName", "RoleId", "MaxSessionDuration", "AssumeRolePolicyDocument", "Policies"];
    let fields = Fields::of(value, path, &known)?;
    let name = fields.text("RoleName", NAME_FORM, is_name)?;
    let arn = format!("acs:ram::{account_id}:role/{name}");
    let seconds = match fields.map.get("MaxSessionDuration") {
        None => Some(DEFAULT_SESSION),
        Some(value) => value.as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
    };
    let expected = "a number of seconds, 3600 to 43200";
    let trust = fields.map.get("AssumeRolePolicyDocument");
    let trust = trust.ok_or_else(|| fields.wrong("AssumeRolePolicyDocument", "the trust policy of the role"))?;
    Ok(Role {
        id: fields.id("RoleId", '3', &arn)?,
        max_session_duration: seconds
            .filter(|seconds| (DEFAULT_SESSION..=MAX_DURATION).contains(seconds))
            .ok_or_else(|| fields.wrong("MaxSessionDuration", expected))?,
        trust: policy(trust, &fields.at("AssumeRolePolicyDocument"), PolicyKind::Trust)?,
        policies: fields.list("Policies", |value, path| policy(value, path, PolicyKind::Identity))?,
        arn,
        name,
    })
}

fn policy(value: &Value, path: &str, kind: PolicyKind) -> Result<PolicyDocument, DocumentError> {
    PolicyDocument::from_value(value, kind).map_err(|PolicyError { path: within, found, expected }| {
        // The policy's own root is named by where it stands here.
        let path = if within == "the document" { path.to_owned() } else { format!("{path}.{within}") };
        DocumentError { path, found, expected }
    })
}

fn unique<'a>(values: impl Iterator<Item = (String, &'a String)>) -> Result<(), DocumentError> {
    let mut seen = HashSet::new();
    for (path, value) in values {
        if !seen.insert(value) {
            return Err(DocumentError::new(&path, "what another has already", "one of its own"));
        }
    }
    Ok(())
}

/// A JSON object whose fields are all known, and where it stands.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    fn of(value: &'a Value, path: &'a str, known: &[&str]) -> Result<Self, DocumentError> {
        let here = if path.is_empty() { "the document" } else { path };
        let map = value.as_object().ok_or_else(|| DocumentError::new(here, kind(value), "a JSON object"))?;
        let fields = Self { map, path };
        match map.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(fields),
            Some(name) => {
                let expected = format!("only {}", known.join(", "));
                Err(DocumentError::new(&fields.at(name), "a field that is not known here", &expected))
            }
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong(&self, name: &str, expected: &str) -> DocumentError {
        DocumentError::new(&self.at(name), self.map.get(name).map_or("nothing".to_owned(), found), expected)
    }

    fn text(&self, name: &str, expected: &str, good: fn(&str) -> bool) -> Result<String, DocumentError> {
        let text = self.map.get(name).and_then(Value::as_str).filter(|text| good(text));
        text.map(str::to_owned).ok_or_else(|| self.wrong(name, expected))
    }

    /// The id of a key; what stands in its place may be the secret, and is not quoted.
    fn access_key_id(&self, name: &str) -> Result<String, DocumentError> {
        let given = self.map.get(name);
        let id = given.and_then(Value::as_str).filter(|id| is_access_key_id(id));
        let found = given.map_or("nothing", kind);
        id.map(str::to_owned).ok_or_else(|| DocumentError::new(&self.at(name), found, KEY_ID_FORM))
    }

    /// A secret; what stands in its place is not quoted.
    fn secret(&self, name: &str) -> Result<Secret, DocumentError> {
        let found = match self.map.get(name) {
            Some(Value::String(text)) if text == MASK => "the mask \"***\"",
            Some(Value::String(text)) if text.is_empty() => "an empty string",
            Some(Value::String(text)) => return Ok(Secret::new(text)),
            Some(value) => kind(value),
            None => "nothing",
        };
        Err(DocumentError::new(&self.at(name), found, "the secret itself, a string"))
    }

    /// The number given, or one that follows from the ARN: the same at every start.
    fn id(&self, name: &str, first: char, arn: &str) -> Result<String, DocumentError> {
        if self.map.contains_key(name) {
            return self.text(name, NUMBER_FORM, is_number);
        }
        let mut crc = Crc64::new();
        crc.update(arn.as_bytes());
        Ok(format!("{first}{:017}", crc.value() % 100_000_000_000_000_000))
    }

    /// The items of a list; none when it is absent.
    fn list<T>(
        &self,
        name: &str,
        item: impl Fn(&Value, &str) -> Result<T, DocumentError>,
    ) -> Result<Vec<T>, DocumentError> {
        let items = match self.map.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(value) => return Err(DocumentError::new(&self.at(name), kind(value), "a list")),
        };
        let path = |index: usize| format!("{}[{index}]", self.at(name));
        items.iter().enumerate().map(|(index, value)| item(value, &path(index))).collect()
    }
}

/// A value as an error shows it, cut short; lists and objects, which may hold secrets, by their kind alone.
fn found(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
        scalar => {
            let text = scalar.to_string();
            match text.char_indices().nth(80) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
