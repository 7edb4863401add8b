//! What a bucket's settings and a request's headers say to the evaluator.

use shared::error::elements;
use shared::ram::PolicyDocument;
use shared::sign::Request;

use crate::authorize::Question;
use crate::settings::choice::PUBLIC_ACCESS_BLOCK;
use crate::settings::policy::BucketPolicy;
use crate::store::BucketRecord;

/// The bucket's policy. One that cannot be read any more allows nothing; what it denied cannot be known.
pub fn bucket_policy(bucket: &BucketRecord) -> Option<PolicyDocument> {
    let text = bucket.settings.get("policy")?;
    BucketPolicy::parse(text)
        .inspect_err(|error| tracing::error!("a bucket policy that was accepted cannot be read: {}", error.message))
        .ok()
        .map(BucketPolicy::into_document)
}

/// Whether Block Public Access overrides the ACLs.
pub fn blocks_public_access(bucket: &BucketRecord) -> bool {
    let stored = bucket.settings.get("publicAccessBlock").map(String::as_str);
    PUBLIC_ACCESS_BLOCK.value(stored).is_ok_and(|value| value.as_deref() == Some("true"))
}

/// Whether a condition of one of the policies looks at a key that begins with `prefix`, in any case.
pub fn mention<'a>(policies: impl IntoIterator<Item = &'a PolicyDocument>, prefix: &str) -> bool {
    let begins = |key: &str| key.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    policies
        .into_iter()
        .flat_map(|policy| &policy.statements)
        .flat_map(|statement| &statement.conditions)
        .any(|condition| begins(condition.key()))
}

/// The condition keys that a request brings with it (`img-and-ram.md` §2.2).
pub fn request_keys(request: &Request, question: Question<'_>, bucket: Option<&BucketRecord>) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    if question.action.starts_with("oss:List") && question.key.is_none() && question.bucket.is_some() {
        // A listing without a prefix is one with an empty prefix: published policies allow the root by `""`.
        for (key, parameter) in [("oss:Prefix", "prefix"), ("oss:Delimiter", "delimiter")] {
            keys.push((key.to_owned(), request.param(parameter).unwrap_or_default().to_owned()));
        }
    }
    for header in ["x-oss-acl", "x-oss-object-acl"] {
        if let Some(value) = request.header(header) {
            keys.push((format!("oss:{header}"), value.to_owned()));
        }
    }
    let tags = request.header("x-oss-tagging").unwrap_or_default();
    for pair in tags.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        keys.push((format!("oss:RequestObjectTag/{}", decode(name)), decode(value)));
    }
    let tagging = bucket.and_then(|bucket| bucket.settings.get("tagging")).map(String::as_str).unwrap_or_default();
    let mut name = None;
    for (path, text) in elements(tagging) {
        match (path.rsplit('/').next(), &name) {
            (Some("Key"), _) => name = Some(text),
            (Some("Value"), Some(tag)) => keys.push((format!("oss:BucketTag/{tag}"), text)),
            _ => {}
        }
    }
    keys
}
