//! One condition of a form's policy: read, held against a value, and written as OSS quotes it.

use serde_json::{Map, Value};

use super::document::PolicyError;

/// What a condition asks of one form field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// Exactly this.
    Eq(String),
    /// This first; the empty text allows everything.
    StartsWith(String),
    /// One of these.
    In(Vec<String>),
    /// None of these.
    NotIn(Vec<String>),
}

/// One entry of `conditions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// A test of a field, whose name is kept as the policy writes it, without `$`.
    Field { name: String, test: Test },
    /// Bounds of the file in bytes.
    ContentLengthRange { min: u64, max: u64 },
}

/// Fields whose values are secrets: a message says only that they differ.
const SECRET: [&str; 3] = ["x-oss-security-token", "x-oss-signature", "signature"];

impl Condition {
    /// Reads one entry: `{"field": "value"}` or `["mode", "$field", operand]`.
    pub(super) fn parse(entry: &Value) -> Result<Self, PolicyError> {
        match entry {
            Value::Object(map) => simple(map),
            Value::Array(list) => listed(list),
            _ => Err(PolicyError::invalid("0006-00000222", "Invalid JSON: a condition must be an object or a list.")),
        }
    }
}

impl Test {
    /// Whether the field's value passes. `expand` is applied to the policy's text first.
    pub(super) fn passes(&self, value: &str, expand: impl Fn(&str) -> String) -> bool {
        match self {
            Self::Eq(text) => value == expand(text),
            Self::StartsWith(text) => value.starts_with(&expand(text)),
            Self::In(list) => list.iter().any(|text| value == expand(text)),
            Self::NotIn(list) => !list.iter().any(|text| value == expand(text)),
        }
    }

    /// The condition as OSS quotes it: `["eq", "$key", "a.jpg"]`.
    pub(super) fn quoted(&self, name: &str) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let list = |list: &[String]| format!("[{}]", list.iter().map(|t| text(t)).collect::<Vec<_>>().join(", "));
        let (mode, operand) = match self {
            Self::Eq(value) => ("eq", text(value)),
            Self::StartsWith(value) => ("starts-with", text(value)),
            Self::In(values) => ("in", list(values)),
            Self::NotIn(values) => ("not-in", list(values)),
        };
        let hidden = SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        let operand = if hidden { text("***") } else { operand };
        format!("[\"{mode}\", {}, {operand}]", text(&format!("${name}")))
    }
}

fn simple(map: &Map<String, Value>) -> Result<Condition, PolicyError> {
    let mut entries = map.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(PolicyError::one_property("0006-00000201"));
    };
    Ok(Condition::Field { name: bare(name), test: Test::Eq(string(value)?) })
}

fn listed(list: &[Value]) -> Result<Condition, PolicyError> {
    let mode = match list.first().and_then(Value::as_str) {
        Some(mode) if !mode.starts_with('$') => mode,
        _ => return Err(PolicyError::invalid("0006-00000216", "Invalid JSON: a condition has no matching mode.")),
    };
    let known = ["eq", "starts-with", "in", "not-in", "content-length-range"];
    let Some(mode) = known.into_iter().find(|known| mode.eq_ignore_ascii_case(known)) else {
        let reason = "Invalid JSON: a matching mode is none of content-length-range, eq, starts-with, in and not-in.";
        return Err(PolicyError::invalid("0006-00000217", reason));
    };
    let [_, first, second] = list else {
        let reason = format!("Invalid JSON: the condition {mode} must have exactly two operands.");
        return Err(PolicyError::invalid("0006-00000218", reason));
    };
    if mode == "content-length-range" {
        return length_range(first, second);
    }
    let name = bare(&string(first)?);
    let test = match mode {
        "eq" => Test::Eq(string(second)?),
        "starts-with" => Test::StartsWith(string(second)?),
        "in" => Test::In(strings(second)?),
        _ => Test::NotIn(strings(second)?),
    };
    Ok(Condition::Field { name, test })
}

fn length_range(min: &Value, max: &Value) -> Result<Condition, PolicyError> {
    let min = length(min, "0006-00000220")?;
    let max = length(max, "0006-00000221")?;
    if max < min {
        let reason = "Invalid JSON: the maximum of content-length-range is below its minimum.";
        return Err(PolicyError::invalid("0006-00000219", reason));
    }
    Ok(Condition::ContentLengthRange { min, max })
}

fn length(value: &Value, ec: &'static str) -> Result<u64, PolicyError> {
    let ec = if value.is_string() || value.is_number() { ec } else { "0006-00000223" };
    let reason = "Invalid JSON: the bounds of content-length-range must be whole numbers without quotes.";
    value.as_u64().ok_or_else(|| PolicyError::invalid(ec, reason))
}

/// A field's name. The documents write `$key`, and `key` in places; both are taken.
fn bare(name: &str) -> String {
    name.strip_prefix('$').unwrap_or(name).to_owned()
}

fn string(value: &Value) -> Result<String, PolicyError> {
    let wrong =
        || PolicyError::invalid("0006-00000224", "Invalid JSON: a condition's operand must be a text in quotes.");
    value.as_str().map(str::to_owned).ok_or_else(wrong)
}

fn strings(value: &Value) -> Result<Vec<String>, PolicyError> {
    let wrong = || PolicyError::invalid("0006-00000224", "Invalid JSON: in and not-in need a list of texts.");
    value.as_array().ok_or_else(wrong)?.iter().map(string).collect()
}
