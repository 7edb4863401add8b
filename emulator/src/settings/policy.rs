//! Bucket policies: JSON, kept letter by letter as it was put, and parsed for the evaluator.

use serde_json::{Value, json};
use shared::error::{OssCode, OssError};
use shared::ram::condition::Condition;
use shared::ram::pattern::Case;
use shared::ram::{Effect, Pattern, PolicyDocument, PolicyKind, Principal, Statement, json};

use super::tree::shortened;
use crate::xml::Xml;

/// A policy must be shorter, in bytes (EC 0030-00000001).
const MAX_BYTES: usize = 16 * 1024;
/// The longest value of a field of a statement, in bytes (EC 0030-00000003).
const MAX_FIELD: usize = 4095;

/// A policy that OSS would store.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketPolicy {
    text: String,
    document: PolicyDocument,
}

impl BucketPolicy {
    /// Reads the body of PutBucketPolicy. A statement without Principal speaks about everybody, as OSS takes it.
    ///
    /// # Errors
    /// `InvalidPolicyDocument` with EC 0030-00000001 (16 KB), -002 (Version), -003 (a field of more than 4,095 bytes),
    /// -005 (grammar), -007 (`**`), -008 (acs:SourceIp without acs:SourceVpc).
    pub fn parse(text: &str) -> Result<Self, OssError> {
        if text.len() >= MAX_BYTES {
            return Err(wrong("0030-00000001", format!("it has {} bytes; it must be shorter than 16 KB", text.len())));
        }
        let mut value =
            json::parse(text).map_err(|error| wrong("0030-00000005", format!("it is not JSON: {error}")))?;
        match value.get("Version") {
            Some(Value::String(version)) if version != "1" => {
                return Err(wrong("0030-00000002", format!("Version is {:?}, not \"1\"", shortened(version))));
            }
            _ => {}
        }
        let statements = value.get_mut("Statement").and_then(Value::as_array_mut).map(Vec::as_mut_slice);
        for (index, statement) in statements.unwrap_or_default().iter_mut().enumerate() {
            let Some(fields) = statement.as_object_mut() else { continue };
            for (name, field) in fields.iter() {
                let place = format!("Statement[{index}].{name}");
                if field.to_string().len() > MAX_FIELD {
                    return Err(wrong("0030-00000003", format!("{place} is longer than {MAX_FIELD} bytes")));
                }
                if name != "Sid" && has_double_star(field) {
                    return Err(wrong("0030-00000007", format!("{place} has two asterisks in a row")));
                }
            }
            fields.entry("Principal").or_insert_with(|| json!(["*"]));
        }
        let document = PolicyDocument::from_value(&value, PolicyKind::Bucket)
            .map_err(|error| wrong("0030-00000005", error.to_string()))?;
        for (index, statement) in document.statements.iter().enumerate() {
            let names = |key: &str| statement.conditions.iter().any(|c| c.key().eq_ignore_ascii_case(key));
            if names("acs:SourceIp") && !names("acs:SourceVpc") {
                let why = format!("Statement[{index}] has a condition on acs:SourceIp and none on acs:SourceVpc");
                return Err(wrong("0030-00000008", why));
            }
        }
        Ok(Self { text: text.to_owned(), document })
    }

    /// What GetBucketPolicy returns: the text as it was put.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For the evaluator of `shared::ram`.
    pub fn into_document(self) -> PolicyDocument {
        self.document
    }

    /// As [`BucketPolicy::into_document`], where Block Public Access has what is public ignored.
    pub fn into_closed_document(self) -> PolicyDocument {
        address_nobody(self.document, is_public)
    }

    /// Whether it opens the bucket to everybody, as Block Public Access understands it: some statement allows a principal
    /// with an asterisk and has no condition on fixed VPCs, fixed access ids or narrow networks.
    pub fn is_public(&self) -> bool {
        self.document.statements.iter().any(is_public)
    }
}

/// The policy without the statements that `ignored` chooses. They are emptied, not removed: the decision names statements by
/// their place.
pub fn address_nobody(mut policy: PolicyDocument, ignored: impl Fn(&Statement) -> bool) -> PolicyDocument {
    let nobody = Principal::Bucket(vec![Pattern::new("", Case::Sensitive)]);
    for statement in policy.statements.iter_mut().filter(|statement| ignored(statement)) {
        statement.principal = Some(nobody.clone());
    }
    policy
}

fn is_public(statement: &Statement) -> bool {
    statement.effect == Effect::Allow && open_to_all(statement) && !statement.conditions.iter().any(narrows)
}

/// 404, for a bucket without policy.
pub fn missing() -> OssError {
    OssError::new(OssCode::NoSuchBucketPolicy, "The bucket policy does not exist.").ec("0030-00000006")
}

/// What GetBucketPolicyStatus returns; without a policy, too.
pub fn status_xml(policy: Option<&BucketPolicy>) -> String {
    let mut xml = Xml::new("PolicyStatus");
    xml.leaf("IsPublic", policy.is_some_and(BucketPolicy::is_public));
    xml.finish()
}

fn open_to_all(statement: &Statement) -> bool {
    match &statement.principal {
        Some(Principal::Bucket(patterns)) => {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.as_str().contains('*'))
        }
        Some(Principal::Trust(_)) | None => true,
    }
}

/// Whether a condition alone keeps the public out.
fn narrows(condition: &Condition) -> bool {
    let fixed = ["acs:sourcevpc", "acs:sourcevpcid", "acs:accessid"];
    let networks = ["acs:sourceip", "acs:sourcevpcip"];
    let key = condition.key().to_ascii_lowercase();
    match condition.operator().name() {
        "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" => {
            fixed.contains(&key.as_str()) && condition.values().all(|value| !value.contains('*'))
        }
        "IpAddress" | "IpAddressIncludeBorder" => networks.contains(&key.as_str()) && condition.values().all(is_narrow),
        _ => false,
    }
}

/// A mask of 8 and more for IPv4, of 32 and more for IPv6.
fn is_narrow(network: &str) -> bool {
    let Some((address, mask)) = network.split_once('/') else { return true };
    let least = if address.contains(':') { 32 } else { 8 };
    mask.parse::<u8>().is_ok_and(|mask| mask >= least)
}

fn has_double_star(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("**"),
        Value::Array(items) => items.iter().any(has_double_star),
        Value::Object(map) => map.values().any(has_double_star),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn wrong(ec: &str, why: String) -> OssError {
    OssError::new(OssCode::InvalidPolicyDocument, format!("The bucket policy is invalid: {why}.")).ec(ec)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One statement that allows, with more elements.
    fn allow(more: &str) -> String {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":["oss:GetObject"],"Resource":["acs:oss:*:1:b/*"]{more}}}]}}"#
        )
    }

    #[test]
    fn policies_are_kept_as_they_were_put() {
        // What the official Java suite puts: lists written as one string.
        let odd = r#"{"Version":"1","Statement":[{"Action":["oss:GetObject"],"Effect":"Deny","Principal":"[123456790]","Resource":"[\"acs:oss:*:1234567890:*\/*\"]"}]}"#;
        for text in [odd, &allow(""), &allow(r#","Principal":["2021"]"#)] {
            assert_eq!(BucketPolicy::parse(text).unwrap().text(), text);
        }
    }

    #[test]
    fn public_is_what_block_public_access_calls_so() {
        for (more, public) in [
            ("", true),
            (r#","Principal":"*""#, true),
            (r#","Principal":[]"#, true),
            (r#","Principal":["arn:sts::1:assumed-role/*"]"#, true),
            (r#","Principal":["2021"]"#, false),
            (r#","Principal":["*"],"Condition":{"StringEquals":{"acs:SourceVpc":["vpc-1"]}}"#, false),
            (r#","Principal":["*"],"Condition":{"StringLike":{"acs:SourceVpc":["vpc-*"]}}"#, true),
            (r#","Principal":["*"],"Condition":{"StringNotEquals":{"acs:SourceVpc":["vpc-1"]}}"#, true),
            (r#","Principal":["*"],"Condition":{"StringLike":{"oss:Prefix":["a"]}}"#, true),
            (
                r#","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8"]},"StringNotLike":{"acs:SourceVpc":["vpc-*"]}}"#,
                false,
            ),
            (
                r#","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.1","0.0.0.0/0"]},"StringNotLike":{"acs:SourceVpc":["vpc-*"]}}"#,
                true,
            ),
        ] {
            let policy = BucketPolicy::parse(&allow(more)).unwrap();
            assert_eq!(policy.is_public(), public, "{more}");
            assert!(status_xml(Some(&policy)).contains(&format!("<IsPublic>{public}</IsPublic>")));
        }
        let deny = allow(r#","Principal":"*""#).replace("Allow", "Deny");
        assert!(!BucketPolicy::parse(&deny).unwrap().is_public());
        assert!(status_xml(None).contains("<IsPublic>false</IsPublic>"));
    }

    #[test]
    fn refusals_have_their_finer_codes() {
        let padded = |length: usize| format!("{}{}", allow(""), " ".repeat(length - allow("").len()));
        let long = format!(r#","Principal":["{}"]"#, "1".repeat(MAX_FIELD));
        assert!(BucketPolicy::parse(&padded(MAX_BYTES - 1)).is_ok());
        for (text, ec) in [
            (padded(MAX_BYTES), "0030-00000001"),
            (allow("").replace(r#""1""#, r#""2""#), "0030-00000002"),
            (allow(&long), "0030-00000003"),
            ("{unnormal-policy-text}".to_owned(), "0030-00000005"),
            (allow("").replace(r#""1""#, "1"), "0030-00000005"),
            (allow(r#","Effect":"Deny""#), "0030-00000005"),
            (allow(r#","Other":1"#), "0030-00000005"),
            (r#"{"Version":"1","Statement":[]}"#.to_owned(), "0030-00000005"),
            (r#"{"Version":"1","Statement":["x"]}"#.to_owned(), "0030-00000005"),
            ("[]".to_owned(), "0030-00000005"),
            (allow("").replace("b/*", "b/**"), "0030-00000007"),
            (allow(r#","Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#), "0030-00000008"),
        ] {
            let error = BucketPolicy::parse(&text).unwrap_err();
            assert_eq!((error.code, error.ec.as_deref()), (OssCode::InvalidPolicyDocument, Some(ec)), "{text:.80}");
        }
    }
}
