//! How a section of `config.json` is read: strictly, with the path of what is wrong, and never with a value that might
//! be a secret.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Problem;

/// A part of `config.json` that is an object of its own.
pub(crate) trait Section: Sized {
    /// The name of the section.
    const KEY: &'static str;

    /// Reads it from JSON; what is wrong goes to `problems`, and then the result is `None`.
    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self>;

    /// Checks what the types of the fields leave open; `at` is the path of the section.
    fn check(&self, at: &str, problems: &mut Vec<Problem>);
}

/// Reads one object; `at` is its path. Structs deny unknown fields, so that a slip of the pen is told.
pub(crate) fn object<T: DeserializeOwned>(value: &Value, at: &str, problems: &mut Vec<Problem>) -> Option<T> {
    match serde_path_to_error::deserialize(value) {
        Ok(read) => Some(read),
        Err(error) => {
            let path = error.path().to_string();
            let at = if path == "." { at.to_owned() } else { format!("{at}.{path}") };
            problems.push(Problem::Section { at, what: without_values(&error.inner().to_string()) });
            None
        }
    }
}

/// Notes that the setting at `at` is wrong.
pub(crate) fn wrong(problems: &mut Vec<Problem>, at: impl Into<String>, what: impl Into<String>) {
    problems.push(Problem::Section { at: at.into(), what: what.into() });
}

/// Serde repeats the value that it could not take, and that may be a secret in the wrong place.
fn without_values(message: &str) -> String {
    for (begins, told) in [("invalid type: string \"", "found a text"), ("invalid value: string \"", "found a text")] {
        if let (true, Some((_, expected))) = (message.starts_with(begins), message.rsplit_once("\", expected ")) {
            return format!("{told}, expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Limits {
        per_minute: u32,
    }

    #[test]
    fn mistakes_are_told_by_their_place_and_not_by_their_value() {
        for (value, told) in [
            (json!({"PerMinute": "hush \", expected x"}), "Limits.PerMinute: found a text, expected u32"),
            (json!({"PerMinutes": 1}), "Limits.PerMinutes: unknown field `PerMinutes`, expected `PerMinute`"),
            (json!({}), "Limits: missing field `PerMinute`"),
        ] {
            let mut problems = Vec::new();
            assert!(object::<Limits>(&value, "Limits", &mut problems).is_none());
            assert_eq!(problems[0].to_string(), told);
        }
        let mut problems = Vec::new();
        let good: Limits = object(&json!({"PerMinute": 7}), "Limits", &mut problems).unwrap();
        assert_eq!((good.per_minute, problems.len()), (7, 0));
    }
}
