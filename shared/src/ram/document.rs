//! A RAM policy as types: the grammar is checked once, here, and the error says where in the JSON it is broken.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::condition::{Condition, Operator};
use super::json;
use super::pattern::{Case, Pattern, ResourcePattern};
use super::principal::Principal;

/// Where a policy stands; it decides which elements a statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Attached to a RAM user, group or role: Resource, no Principal.
    Identity,
    /// The Policy parameter of AssumeRole: as `Identity`.
    Session,
    /// Who may assume a role: Principal, no Resource.
    Trust,
    /// On a bucket: Resource and Principal.
    Bucket,
}

/// What is wrong with a policy, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}, expected {expected}")]
pub struct PolicyError {
    /// A path in the JSON such as `Statement[1].Effect`; `the document` for its root.
    pub path: String,
    pub found: String,
    pub expected: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// Action or NotAction; exactly one of them is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actions {
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

impl Actions {
    pub fn matches(&self, action: &str) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
            Self::AllBut(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    /// `None` in identity and session policies, which speak about their bearer.
    pub principal: Option<Principal>,
    pub actions: Actions,
    /// Empty in trust policies, which speak about their role.
    pub resources: Vec<ResourcePattern>,
    /// All must be met.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// Whether `resource` is one of those that it speaks about. A trust policy has none: it is about its role alone.
    pub fn covers(&self, resource: &str) -> bool {
        self.resources.is_empty() || self.resources.iter().any(|pattern| pattern.matches(resource))
    }
}

/// A policy that keeps the grammar of RAM, version "1".
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    pub kind: PolicyKind,
    pub statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Parses and checks `text`. Sizes are not checked: each service has its own limit and its own error for it.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        let value = json::parse(text).map_err(|error| PolicyError {
            path: "the document".to_owned(),
            found: format!("text that is not JSON ({error})"),
            expected: "a JSON object".to_owned(),
        })?;
        Self::from_value(&value, kind)
    }

    /// As [`PolicyDocument::parse`], from JSON already read.
    pub fn from_value(value: &Value, kind: PolicyKind) -> Result<Self, PolicyError> {
        let root = object(value, "the document")?;
        known_keys(root, "", &["Version", "Statement"])?;
        if root.get("Version") != Some(&json!("1")) {
            return Err(wrong("Version", root.get("Version"), "the string \"1\""));
        }
        let Some(Value::Array(items)) = root.get("Statement").filter(|list| **list != json!([])) else {
            return Err(wrong("Statement", root.get("Statement"), "a list of at least one statement"));
        };
        let statements = items
            .iter()
            .enumerate()
            .map(|(index, item)| statement(item, kind, &format!("Statement[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(Self { kind, statements })
    }
}

fn statement(value: &Value, kind: PolicyKind, path: &str) -> Result<Statement, PolicyError> {
    let map = object(value, path)?;
    known_keys(map, path, &["Sid", "Effect", "Action", "NotAction", "Resource", "Principal", "Condition"])?;
    let at = |key: &str| format!("{path}.{key}");
    let sid = match map.get("Sid") {
        None => None,
        Some(Value::String(sid)) => Some(sid.clone()),
        other => return Err(wrong(&at("Sid"), other, "a string")),
    };
    let effect = match map.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => {
            return Err(wrong(&at("Effect"), map.get("Effect"), "\"Allow\" or \"Deny\""));
        }
    };
    Ok(Statement {
        sid,
        effect,
        principal: principal(map, kind, &at("Principal"))?,
        actions: actions(map, path)?,
        resources: resources(map, kind, &at("Resource"))?,
        conditions: conditions(map.get("Condition"), &at("Condition"))?,
    })
}

fn actions(map: &Map<String, Value>, path: &str) -> Result<Actions, PolicyError> {
    let read = |key: &str, value: &Value| {
        let path = format!("{path}.{key}");
        let expected = "\"*\" or service:Name, such as \"oss:PutObject\"";
        let mut patterns = Vec::new();
        for (item_path, text) in texts(value, &path, expected)? {
            let named = text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if text != "*" && !named {
                return Err(wrong(&item_path, Some(&json!(text)), expected));
            }
            patterns.push(Pattern::new(&text, Case::Insensitive));
        }
        Ok(patterns)
    };
    match (map.get("Action"), map.get("NotAction")) {
        (Some(only), None) => read("Action", only).map(Actions::Only),
        (None, Some(all_but)) => read("NotAction", all_but).map(Actions::AllBut),
        (None, None) => Err(wrong(&format!("{path}.Action"), None, "Action or NotAction")),
        (Some(_), Some(_)) => Err(PolicyError {
            path: path.to_owned(),
            found: "both Action and NotAction".to_owned(),
            expected: "one of them".to_owned(),
        }),
    }
}

fn resources(map: &Map<String, Value>, kind: PolicyKind, path: &str) -> Result<Vec<ResourcePattern>, PolicyError> {
    let expected = "\"*\" or acs:oss:*:*:bucket or acs:oss:*:*:bucket/key*";
    match (map.get("Resource"), kind) {
        (None, PolicyKind::Trust) => Ok(Vec::new()),
        (given @ Some(_), PolicyKind::Trust) => {
            Err(wrong(path, given, "no Resource, for a trust policy is about its role"))
        }
        (None, _) => Err(wrong(path, None, expected)),
        (Some(value), _) => texts(value, path, expected)?
            .into_iter()
            .map(|(path, text)| ResourcePattern::parse(&text).ok_or_else(|| wrong(&path, Some(&json!(text)), expected)))
            .collect(),
    }
}

fn principal(map: &Map<String, Value>, kind: PolicyKind, path: &str) -> Result<Option<Principal>, PolicyError> {
    let patterns = |value: &Value, path: &str, expected: &str| -> Result<Vec<Pattern>, PolicyError> {
        Ok(texts(value, path, expected)?.into_iter().map(|(_, text)| Pattern::new(&text, Case::Sensitive)).collect())
    };
    match (map.get("Principal"), kind) {
        (None, PolicyKind::Identity | PolicyKind::Session) => Ok(None),
        (given, PolicyKind::Identity | PolicyKind::Session) => {
            Err(wrong(path, given, "no Principal, for this policy is about the one who bears it"))
        }
        (Some(Value::Array(list)), PolicyKind::Bucket) if list.is_empty() => Ok(Some(Principal::Bucket(Vec::new()))),
        (Some(value), PolicyKind::Bucket) => {
            patterns(value, path, "account or user ids, or \"*\"").map(|list| Some(Principal::Bucket(list)))
        }
        (None, PolicyKind::Bucket) => Err(wrong(path, None, "account or user ids, or \"*\"")),
        (given, PolicyKind::Trust) => {
            let expected = "an object with RAM, Service or Federated";
            let Some(Value::Object(families)) = given.filter(|value| **value != json!({})) else {
                return Err(wrong(path, given, expected));
            };
            known_keys(families, path, &["RAM", "Service", "Federated"])?;
            let read = families.iter().map(|(family, names)| {
                patterns(names, &format!("{path}.{family}"), "one or more names").map(|list| (family.clone(), list))
            });
            read.collect::<Result<BTreeMap<_, _>, _>>().map(|families| Some(Principal::Trust(families)))
        }
    }
}

fn conditions(value: Option<&Value>, path: &str) -> Result<Vec<Condition>, PolicyError> {
    let mut read = Vec::new();
    let Some(value) = value else { return Ok(read) };
    for (name, keys) in object(value, path)? {
        let path = format!("{path}.{name}");
        let operator = Operator::parse(name).ok_or_else(|| PolicyError {
            path: path.clone(),
            found: format!("the operator {}", quoted(name)),
            expected: "an operator that RAM documents, such as StringEquals, StringLike, IpAddress, Bool, \
                       NumericLessThan or DateGreaterThan (no IfExists, Null, ForAnyValue, ForAllValues)"
                .to_owned(),
        })?;
        let keys = object(keys, &path)?;
        if keys.is_empty() {
            return Err(wrong(&path, Some(&json!({})), "at least one condition key"));
        }
        for (key, values) in keys {
            let path = format!("{path}.{key}");
            let (paths, values): (Vec<_>, Vec<_>) =
                texts(values, &path, operator.expected_value())?.into_iter().unzip();
            let condition = Condition::new(operator, key, values.clone()).map_err(|index| {
                wrong(
                    paths.get(index).unwrap_or(&path),
                    values.get(index).map(|v| json!(v)).as_ref(),
                    operator.expected_value(),
                )
            })?;
            read.push(condition);
        }
    }
    Ok(read)
}

/// A value or a non-empty list of values, each with its path. Booleans and numbers are taken as their text.
fn texts(value: &Value, path: &str, expected: &str) -> Result<Vec<(String, String)>, PolicyError> {
    let scalar = |value: &Value, path: String| match value {
        Value::String(text) => Ok((path, text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok((path, value.to_string())),
        _ => Err(wrong(&path, Some(value), expected)),
    };
    match value {
        Value::Array(items) if items.is_empty() => Err(wrong(path, Some(value), expected)),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| scalar(item, format!("{path}[{index}]"))).collect()
        }
        single => Ok(vec![scalar(single, path.to_owned())?]),
    }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, PolicyError> {
    value.as_object().ok_or_else(|| wrong(path, Some(value), "a JSON object"))
}

fn known_keys(map: &Map<String, Value>, path: &str, known: &[&str]) -> Result<(), PolicyError> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(PolicyError {
            path: if path.is_empty() { key.clone() } else { format!("{path}.{key}") },
            found: format!("the element {}", quoted(key)),
            expected: format!("one of {}", known.join(", ")),
        }),
    }
}

fn wrong(path: &str, found: Option<&Value>, expected: &str) -> PolicyError {
    PolicyError {
        path: path.to_owned(),
        found: found.map_or_else(|| "nothing".to_owned(), |value| shortened(&value.to_string())),
        expected: expected.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    shortened(&json!(text).to_string())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
