//! The session policy's template: filled in from the settings, and checked as STS would check it.

use shared::bucket::BucketName;
use shared::object_key::Prefix;
use shared::ram::template::{placeholders, substitute};
use shared::ram::{PolicyDocument, PolicyKind};

use crate::error::Problem;

const BUCKET_NAME: &str = "$BUCKET_NAME";
const OBJECT_PREFIX: &str = "$OBJECT_PREFIX";

/// The text of a policy file, with `$BUCKET_NAME` and `$OBJECT_PREFIX` not yet filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTemplate {
    /// JSON of a RAM policy.
    pub text: String,
    /// Where it came from, for messages: most often the path of the file.
    pub source: String,
}

impl PolicyTemplate {
    /// Whether the policy depends on `ObjectPrefix`.
    pub(super) fn uses_prefix(&self) -> bool {
        placeholders(&self.text).iter().any(|name| name == OBJECT_PREFIX)
    }

    /// The policy that is sent to STS: compact JSON of at most 2048 characters.
    ///
    /// Values are put into the strings of the parsed JSON, so no value can add syntax to the policy.
    pub(super) fn fill(&self, bucket: Option<&BucketName>, prefix: Option<&Prefix>) -> Result<String, Vec<Problem>> {
        let settings = [
            ("Bucket", BUCKET_NAME, bucket.map(BucketName::as_str)),
            ("ObjectPrefix", OBJECT_PREFIX, prefix.map(Prefix::as_str)),
        ];
        let needed = placeholders(&self.text);
        let missing: Vec<Problem> = settings
            .iter()
            .filter(|(_, placeholder, value)| value.is_none() && needed.iter().any(|name| name == placeholder))
            .map(|&(key, placeholder, _)| Problem::PolicyNeeds { key, placeholder, policy: self.source.clone() })
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let values: Vec<(&str, &str)> =
            settings.iter().filter_map(|&(_, placeholder, value)| Some((placeholder, value?))).collect();
        let wrong = |reason: String| vec![Problem::Policy { policy: self.source.clone(), reason }];
        let filled = substitute(&self.text, &values).map_err(|error| wrong(error.to_string()))?;
        PolicyDocument::parse(&filled, PolicyKind::Session).map_err(|error| wrong(error.to_string()))?;
        Ok(filled)
    }
}
