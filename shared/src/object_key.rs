//! Object keys and key prefixes, validated once.

use std::fmt;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a valid {what}: {rule}")]
pub struct NameError {
    /// What kind of name it should have been.
    pub what: &'static str,
    /// The name as it was given.
    pub name: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

/// 1 to 1023 bytes of UTF-8 that do not begin with `/` or `\` (`oss-rest.md` §2.6). A key is an opaque name: `..` and `//` mean nothing in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Checks `key`.
    ///
    /// # Errors
    /// [`NameError`] with the rule that is broken.
    pub fn parse(key: &str) -> Result<Self, NameError> {
        check("object key", key, 1).map(|()| Self(key.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder that a token covers: empty, or a key prefix that ends in `/`, without wildcards.
///
/// The slash matters: `user1` followed by a policy's `*` would also cover `user10/`. Wildcards would widen the policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Prefix(String);

impl Prefix {
    /// Checks `prefix`.
    ///
    /// # Errors
    /// [`NameError`] with the rule that is broken.
    pub fn parse(prefix: &str) -> Result<Self, NameError> {
        const WHAT: &str = "object prefix";
        let fail = |rule| Err(NameError { what: WHAT, name: prefix.to_owned(), rule });
        check(WHAT, prefix, 0)?;
        if !prefix.is_empty() && !prefix.ends_with('/') {
            return fail("it must end in '/', or a token for user1 would also reach user10");
        }
        if prefix.contains(['*', '?']) {
            return fail("it must not contain '*' or '?', which a policy reads as wildcards");
        }
        if prefix.contains("${") {
            return fail("it must not contain '${', which a policy may read as a variable");
        }
        if prefix.split('/').any(|segment| matches!(segment, "." | "..")) {
            return fail("it must not contain the path segments '.' or '..'");
        }
        Ok(Self(prefix.to_owned()))
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `key` lies inside.
    pub fn covers(&self, key: &str) -> bool {
        key.starts_with(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(what: &'static str, name: &str, at_least: usize) -> Result<(), NameError> {
    let fail = |rule| Err(NameError { what, name: name.to_owned(), rule });
    if name.len() < at_least {
        return fail("it must not be empty");
    }
    if name.len() > 1023 {
        return fail("it must have at most 1023 bytes");
    }
    if name.starts_with(['/', '\\']) {
        return fail("it must not begin with '/' or '\\'");
    }
    if name.contains('\0') {
        return fail("it must not contain the character NUL");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_published_rules() {
        let longest = "k".repeat(1023);
        for good in ["a", "照片/🙂.jpg", "a/../b", "a//b", "中", &longest] {
            assert!(ObjectKey::parse(good).is_ok(), "{good}");
        }
        let too_long = "中".repeat(342);
        for bad in ["", "/a", "\\a", "a\0b", &too_long] {
            assert!(ObjectKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_prefix_cannot_reach_a_sibling() {
        for good in ["", "users/alice/", "照片/"] {
            assert!(Prefix::parse(good).is_ok(), "{good}");
        }
        for bad in ["user1", "*/", "a?/", "/a/", "a/../b/", "./", "${x}/"] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
        assert!(!Prefix::parse("user1/").unwrap().covers("user10/x"));
    }
}
