//! Principal: whom a statement of a trust policy or of a bucket policy speaks about.

use std::collections::BTreeMap;

use super::pattern::Pattern;

/// A request carries every name that its caller goes by (account id, user id, ARN forms); one that matches is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Bucket policy: account or user ids, role forms, or `*`. An empty list means `*`.
    Bucket(Vec<Pattern>),
    /// Trust policy: `RAM`, `Service` or `Federated` to the names trusted. Who signs with a key is of `RAM`.
    Trust(BTreeMap<String, Vec<Pattern>>),
}

impl Principal {
    /// What names are compared with.
    pub(super) fn patterns(&self) -> Vec<&Pattern> {
        match self {
            Self::Bucket(patterns) => patterns.iter().collect(),
            Self::Trust(families) => families.values().flatten().collect(),
        }
    }

    /// `names` is empty for an anonymous request, which `*` alone covers.
    pub fn matches(&self, names: &[String]) -> bool {
        let covers = |pattern: &Pattern| pattern.is_any() || names.iter().any(|name| pattern.matches(name));
        match self {
            Self::Bucket(patterns) => patterns.is_empty() || patterns.iter().any(covers),
            Self::Trust(families) => families.get("RAM").into_iter().flatten().any(covers),
        }
    }
}
