//! What a bucket's settings and a request's headers say to the evaluator.

use std::ops::Not;

use shared::error::{OssCode, OssError, elements};
use shared::ram::PolicyDocument;
use shared::sign::Request;

use crate::authorize::Question;
use crate::settings::choice::PUBLIC_ACCESS_BLOCK;
use crate::settings::policy::BucketPolicy;
use crate::settings::tagging::{self, Tag};
use crate::store::BucketRecord;

/// What may be asked for under a bucket policy that cannot be read, so that there is a way out.
const ABOUT_POLICIES: [&str; 3] = ["oss:GetBucketPolicy", "oss:PutBucketPolicy", "oss:DeleteBucketPolicy"];

/// The bucket's policy, without what Block Public Access has ignored of it.
///
/// # Errors
/// 403 `AccessDenied` for one that cannot be read any more: what it denied cannot be known.
pub fn bucket_policy(bucket: &BucketRecord, action: &str) -> Result<Option<PolicyDocument>, OssError> {
    let Some(text) = bucket.settings.get("policy") else {
        return Ok(None);
    };
    match BucketPolicy::parse(text) {
        Ok(policy) if blocks_public_access(bucket) => Ok(Some(policy.into_closed_document())),
        Ok(policy) => Ok(Some(policy.into_document())),
        Err(_) if ABOUT_POLICIES.contains(&action) => Ok(None),
        Err(error) => {
            tracing::error!("a bucket policy that was accepted cannot be read: {}", error.message);
            let message =
                "The bucket policy cannot be read any more, so nothing is allowed. Put it again, or delete it.";
            Err(OssError::new(OssCode::AccessDenied, message).detail("ErrorDetail", error.message))
        }
    }
}

/// Whether Block Public Access overrides ACLs and policies; also where what was put cannot be read any more.
pub fn blocks_public_access(bucket: &BucketRecord) -> bool {
    let stored = bucket.settings.get("publicAccessBlock").map(String::as_str);
    PUBLIC_ACCESS_BLOCK.value(stored).is_ok_and(|value| value.as_deref() != Some("true")).not()
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

/// The condition key for a tag that an object is to have.
pub fn request_tag(tag: Tag) -> (String, String) {
    (format!("oss:RequestObjectTag/{}", tag.key), tag.value)
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
    // Read as they will be stored; what is no tagging is refused before it is.
    let tags = tagging::parse_header(request.header("x-oss-tagging").unwrap_or_default()).unwrap_or_default();
    keys.extend(tags.into_iter().map(request_tag));
    let of_bucket = bucket.and_then(|bucket| bucket.settings.get("tagging")).map(String::as_str).unwrap_or_default();
    let mut name = None;
    for (path, text) in elements(of_bucket) {
        match (path.rsplit('/').next(), &name) {
            (Some("Key"), _) => name = Some(text),
            (Some("Value"), Some(tag)) => keys.push((format!("oss:BucketTag/{tag}"), text)),
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(settings: &[(&str, &str)]) -> BucketRecord {
        let mut bucket = BucketRecord::new(0);
        bucket.settings.extend(settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        bucket
    }

    #[test]
    fn what_cannot_be_read_any_more_opens_nothing() {
        let broken = bucket(&[("policy", "{"), ("publicAccessBlock", "<")]);
        assert!(blocks_public_access(&broken));
        for action in ["oss:GetObject", "oss:ListObjects", "oss:PutBucketAcl"] {
            assert_eq!(bucket_policy(&broken, action).unwrap_err().code, OssCode::AccessDenied, "{action}");
        }
        for action in ["oss:GetBucketPolicy", "oss:PutBucketPolicy", "oss:DeleteBucketPolicy"] {
            assert_eq!(bucket_policy(&broken, action).unwrap(), None, "{action}: the way out");
        }
        assert_eq!(bucket_policy(&bucket(&[]), "oss:GetObject").unwrap(), None);
        assert!(!blocks_public_access(&bucket(&[])));
    }
}
