//! The text fields of an upload form, found by name.

use std::collections::BTreeMap;
use std::fmt;

/// The fields before the file. Names have no case, but for a callback's variables `x:…`. Of two fields with one name
/// the first counts, for the policy as for the object: no reader sees another value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FormFields(BTreeMap<String, String>);

impl FormFields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, unless one of that name is there already.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.0.entry(folded(name)).or_insert_with(|| value.into());
    }

    /// The value of field `name`; an empty one is still a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&folded(name)).map(String::as_str)
    }

    /// As [`FormFields::get`], but an empty value counts as none.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Every (name, value), sorted by name; names in lower case, but for `x:…`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The variables of a callback must be in lower case, which only a name as it was sent can show (DOC:callback).
fn folded(name: &str) -> String {
    match name.get(..2) {
        Some("x:" | "X:") => name.to_owned(),
        _ => name.to_ascii_lowercase(),
    }
}

/// Names alone: among the values are signatures and tokens.
impl fmt::Debug for FormFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for FormFields {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.insert(name.as_ref(), value);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_the_first_value_counts_and_none_is_printed() {
        let fields: FormFields =
            [("Signature", "s3cret"), ("signature", "other"), ("callback", ""), ("x:Var", "1")].into_iter().collect();
        assert_eq!(fields.get("SIGNATURE"), Some("s3cret"));
        assert_eq!((fields.get("x:Var"), fields.get("x:var")), (Some("1"), None));
        assert_eq!((fields.get("callback"), fields.filled("callback")), (Some(""), None));
        assert!(!format!("{fields:?}").contains("s3cret"));
    }
}
