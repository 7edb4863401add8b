//! The policy of an upload form: its text read, and the upload held against it (DOC:0006-00000201 to -00000227).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::condition::{Condition, Test};
use super::fields::FormFields;
use super::size::SizeLimits;
use crate::error::{OssCode, OssError};
use crate::ram::json;
use crate::sign::v4;
use crate::timefmt;

/// Why a policy cannot be read, or does not allow the upload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text is no policy; with the finer code.
    #[error("Invalid Policy: {reason}")]
    Invalid {
        /// The finer code.
        ec: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Its time is over.
    #[error("Invalid according to Policy: Policy expired.")]
    Expired,
    /// A field is absent, or another than the policy allows; with the finer code and the condition.
    #[error("Invalid according to Policy: Policy Condition failed: {condition}")]
    Failed {
        /// The finer code.
        ec: &'static str,
        /// The condition as OSS quotes it, without secrets.
        condition: String,
    },
    /// A V4 form whose policy does not name this field of its signature.
    #[error("Invalid according to Policy: the policy of a V4 form must have a condition for {0}.")]
    Unbound(&'static str),
}

impl PolicyError {
    pub(super) fn invalid(ec: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { ec, reason: reason.into() }
    }

    /// What OSS says of an empty list of conditions and of `{}` alike.
    pub(super) fn one_property(ec: &'static str) -> Self {
        let reason = "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.";
        Self::invalid(ec, reason)
    }
}

impl From<PolicyError> for OssError {
    fn from(error: PolicyError) -> Self {
        let message = error.to_string();
        match error {
            PolicyError::Invalid { ec, .. } => Self::new(OssCode::InvalidPolicyDocument, message).ec(ec),
            PolicyError::Expired => Self::new(OssCode::AccessDenied, message).ec("0006-00000213"),
            PolicyError::Failed { ec, .. } => Self::new(OssCode::AccessDenied, message).ec(ec),
            PolicyError::Unbound(_) => Self::new(OssCode::AccessDenied, message),
        }
    }
}

/// What a form is about to do, as the policy judges it.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// The bucket of the request.
    pub bucket: &'a str,
    /// The key that the object will have, `${filename}` replaced.
    pub key: &'a str,
    /// What `${filename}` stands for.
    pub filename: &'a str,
    /// The type that the object will have: a form must not pass with one type and store another.
    pub content_type: Option<&'a str>,
    /// The form's fields.
    pub fields: &'a FormFields,
}

impl<'a> Upload<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        match name.to_ascii_lowercase().as_str() {
            "bucket" => Some(self.bucket),
            "key" => Some(self.key),
            "content-type" => self.content_type,
            _ => self.fields.get(name),
        }
    }
}

/// A policy that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPolicy {
    expiration: OffsetDateTime,
    conditions: Vec<(String, Test)>,
    limits: SizeLimits,
}

impl PostPolicy {
    /// Reads the form field `policy`: base64 of `{"expiration": "…Z", "conditions": […]}`, with these two keys alone.
    ///
    /// # Errors
    /// [`PolicyError::Invalid`], 400 `InvalidPolicyDocument`.
    pub fn parse(policy_base64: &str) -> Result<Self, PolicyError> {
        if policy_base64.is_empty() {
            return Err(PolicyError::invalid("0006-00000205", "the form field policy is empty."));
        }
        let unreadable = |reason: String| PolicyError::invalid("0006-00000201", reason);
        let bytes = STANDARD.decode(policy_base64).map_err(|e| unreadable(format!("Invalid base64: {e}")))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("Invalid JSON: it is not UTF-8.".to_owned()))?;
        let root = json::parse(&plain_dollars(&text)).map_err(|e| unreadable(format!("Invalid JSON: {e}")))?;
        let Value::Object(root) = root else {
            return Err(unreadable("Invalid JSON: the policy must be an object.".to_owned()));
        };
        let (expiration, entries) = members(&root)?;
        let mut policy = Self { expiration, conditions: Vec::new(), limits: SizeLimits::default() };
        for entry in entries {
            match Condition::parse(entry)? {
                Condition::Field { name, test } => policy.conditions.push((name, test)),
                Condition::ContentLengthRange { min, max } => policy.limits = policy.limits.within(min, max),
            }
        }
        Ok(policy)
    }

    /// How large the file may be: every `content-length-range`, and OSS's own bound.
    pub fn size_limits(&self) -> SizeLimits {
        self.limits
    }

    /// Checks everything but the file's size, which only its end tells. Fields that no condition names are allowed.
    ///
    /// # Errors
    /// 403 `AccessDenied` in OSS's words.
    pub fn check(&self, upload: &Upload<'_>, now: OffsetDateTime) -> Result<(), PolicyError> {
        if now > self.expiration {
            return Err(PolicyError::Expired);
        }
        for (name, test) in &self.conditions {
            let expand = |text: &str| {
                if name.eq_ignore_ascii_case("key") {
                    text.replace("${filename}", upload.filename)
                } else {
                    text.to_owned()
                }
            };
            let failed = |ec| Err(PolicyError::Failed { ec, condition: test.quoted(name) });
            match upload.value(name) {
                Some(value) if test.passes(value, expand) => {}
                Some(_) => return failed("0006-00000227"),
                // What is absent is none of the forbidden values.
                None if matches!(test, Test::NotIn(_)) => {}
                None => return failed("0006-00000226"),
            }
        }
        self.check_bound(upload.fields)
    }

    /// A V4 signature covers the policy alone, so the policy must fix what the signature was made of.
    fn check_bound(&self, fields: &FormFields) -> Result<(), PolicyError> {
        if fields.get("x-oss-signature-version") != Some(v4::ALGORITHM) {
            return Ok(());
        }
        let fixed = |field: &str| {
            let is_fixed =
                |(name, test): &(String, Test)| name.eq_ignore_ascii_case(field) && matches!(test, Test::Eq(_));
            self.conditions.iter().any(is_fixed)
        };
        ["x-oss-signature-version", "x-oss-credential", "x-oss-date"]
            .into_iter()
            .find(|field| !fixed(field))
            .map_or(Ok(()), |field| Err(PolicyError::Unbound(field)))
    }
}

fn members(root: &Map<String, Value>) -> Result<(OffsetDateTime, &Vec<Value>), PolicyError> {
    if let Some(name) = root.keys().find(|name| !matches!(name.as_str(), "expiration" | "conditions")) {
        let reason = format!("Invalid JSON: {name:?} is neither expiration nor conditions.");
        return Err(PolicyError::invalid("0006-00000206", reason));
    }
    let missing = |ec, what: &str| Err(PolicyError::invalid(ec, format!("Invalid JSON: {what} missing.")));
    let (expiration, conditions) = match (root.get("expiration"), root.get("conditions")) {
        (Some(expiration), Some(conditions)) => (expiration, conditions),
        (Some(_), None) => return missing("0006-00000207", "conditions is"),
        (None, Some(_)) => return missing("0006-00000208", "expiration is"),
        (None, None) => return missing("0006-00000209", "expiration and conditions are"),
    };
    match conditions.as_array() {
        None => Err(PolicyError::invalid("0006-00000214", "Invalid JSON: conditions must be a list.")),
        Some(list) if list.is_empty() => Err(PolicyError::one_property("0006-00000215")),
        Some(list) => Ok((moment(expiration)?, list)),
    }
}

fn moment(expiration: &Value) -> Result<OffsetDateTime, PolicyError> {
    let invalid =
        |ec| PolicyError::invalid(ec, "Invalid JSON: expiration must look like \"2023-12-03T13:00:00.000Z\".");
    let text = expiration.as_str().ok_or_else(|| invalid("0006-00000210"))?;
    if text.is_empty() {
        return Err(invalid("0006-00000211"));
    }
    timefmt::parse_iso8601(text).ok_or_else(|| invalid("0006-00000212"))
}

/// Post policies may write a dollar sign as `\$` (DOC:postobject, escape characters), which JSON does not know.
fn plain_dollars(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, rest.as_str().chars().next()) {
            ('\\', Some('$')) => {}
            ('\\', Some(escaped)) => {
                plain.extend([c, escaped]);
                rest.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}
