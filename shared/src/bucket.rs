//! Bucket names, validated once.

use std::fmt;

use crate::object_key::NameError;

/// 3 to 63 of `a-z0-9-`, beginning and ending with a letter or digit (OSS naming conventions).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(String);

impl BucketName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`NameError`] with the rule that is broken.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let fail = |rule| Err(NameError { what: "bucket name", name: name.to_owned(), rule });
        if !(3..=63).contains(&name.len()) {
            return fail("it must have 3 to 63 characters");
        }
        if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return fail("it may contain only lower-case letters, digits and hyphens");
        }
        if name.starts_with('-') || name.ends_with('-') {
            return fail("it must begin and end with a letter or a digit");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_published_rules() {
        let longest = "a".repeat(63);
        for good in ["abc", "a-1", "0bucket0", &longest] {
            assert!(BucketName::parse(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in ["", "ab", "Abc", "a_b", "-ab", "ab-", "a.b", "中文桶", &too_long] {
            assert!(BucketName::parse(bad).is_err(), "{bad}");
        }
    }
}
