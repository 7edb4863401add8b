//! Small changes to a policy's text that leave the rest of it as its author wrote it.

use serde_json::Value;

use super::span::Spans;

/// One change, by the path of the value that it is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts another value in the place of this one.
    Replace { path: String, value: Value },
    /// Adds to a list; a single value becomes a list of two.
    Append { path: String, value: Value },
    /// Adds a member to an object.
    Insert { path: String, key: String, value: Value },
    /// Takes an item out of a list, or a member out of an object.
    Remove { path: String },
}

impl Edit {
    /// `text` with this change; `None` when it has no such place.
    pub fn apply(&self, text: &str) -> Option<String> {
        let spans = Spans::read(text);
        let splice = |from: usize, to: usize, new: &str| Some(format!("{}{new}{}", text.get(..from)?, text.get(to..)?));
        match self {
            Self::Replace { path, value } => {
                let at = spans.exactly(path)?;
                splice(at.start, at.end, &value.to_string())
            }
            Self::Append { path, value } => {
                let at = spans.exactly(path)?;
                let old = text.get(at.clone())?;
                if !old.starts_with('[') {
                    return splice(at.start, at.end, &format!("[{old}, {value}]"));
                }
                append(text, at.end, old.get(1..old.len() - 1)?, &pretty(value))
            }
            Self::Insert { path, key, value } => {
                let at = spans.exactly(path)?;
                let old = text.get(at.clone()).filter(|old| old.starts_with('{'))?;
                let key = Value::from(key.as_str());
                append(text, at.end, old.get(1..old.len() - 1)?, &format!("{key}: {value}"))
            }
            Self::Remove { path } => {
                let at = removal(text, spans.exactly(path)?.start, spans.exactly(path)?.end, !path.ends_with(']'))?;
                splice(at.0, at.1, "")
            }
        }
    }
}

/// Puts `new` behind the last of the members `inside` a bracket that ends at `end`.
fn append(text: &str, end: usize, inside: &str, new: &str) -> Option<String> {
    let kept = inside.trim_end();
    // After the last member, and with the line break and the indentation that the first member has.
    let at = end - 1 - (inside.len() - kept.len());
    let indentation = &inside[..inside.len() - inside.trim_start().len()];
    let new = match indentation.rsplit_once('\n') {
        Some((_, blanks)) => new.replace('\n', &format!("\n{blanks}")),
        None => new.split('\n').map(str::trim_start).collect::<Vec<_>>().join(" "),
    };
    let comma = if kept.is_empty() {
        String::new()
    } else if indentation.is_empty() {
        ", ".to_owned()
    } else {
        format!(",{indentation}")
    };
    Some(format!("{}{comma}{new}{}", text.get(..at)?, text.get(at..)?))
}

/// A statement over several lines, anything smaller on one.
fn pretty(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let lines: Vec<String> =
                members.iter().map(|(key, value)| format!("  {}: {value}", Value::from(key.as_str()))).collect();
            format!("{{\n{}\n}}", lines.join(",\n"))
        }
        other => other.to_string(),
    }
}

/// The place of a member with its name and one comma beside it.
fn removal(text: &str, start: usize, end: usize, named: bool) -> Option<(usize, usize)> {
    let mut from = start;
    if named {
        let before = text.get(..start)?.trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
        // A name in a policy has no escaped quote in it.
        from = before.rfind('"')?;
    }
    let after = text.get(end..)?;
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        let blanks = rest.len() - rest.trim_start().len();
        return Some((from, text.len() - rest.len() + blanks));
    }
    let before = text.get(..from)?.trim_end();
    let from = before.strip_suffix(',').map_or(from, str::len);
    Some((from, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn edits_leave_the_rest_alone() {
        let path = |path: &str| path.to_owned();
        for (text, edit, wanted) in [
            (r#"{"A":  ["x"]}"#, Edit::Append { path: path("A"), value: json!("y") }, r#"{"A":  ["x", "y"]}"#),
            (r#"{"A": "x"}"#, Edit::Append { path: path("A"), value: json!("y") }, r#"{"A": ["x", "y"]}"#),
            (r#"{"A": []}"#, Edit::Append { path: path("A"), value: json!("y") }, r#"{"A": ["y"]}"#),
            (
                "{\"A\": [\n  \"x\"\n]}",
                Edit::Append { path: path("A"), value: json!("y") },
                "{\"A\": [\n  \"x\",\n  \"y\"\n]}",
            ),
            (
                "{\"S\": [\n  {}\n]}",
                Edit::Append { path: path("S"), value: json!({"E": "Allow"}) },
                "{\"S\": [\n  {},\n  {\n    \"E\": \"Allow\"\n  }\n]}",
            ),
            (
                r#"{"a": 1}"#,
                Edit::Insert { path: path(""), key: path("b"), value: json!([2]) },
                r#"{"a": 1, "b": [2]}"#,
            ),
            (r#"{"a": 1}"#, Edit::Replace { path: path("a"), value: json!("2") }, r#"{"a": "2"}"#),
            (r#"{"a": [1, 2, 3]}"#, Edit::Remove { path: path("a[1]") }, r#"{"a": [1, 3]}"#),
            (r#"{"a": [1, 2]}"#, Edit::Remove { path: path("a[1]") }, r#"{"a": [1]}"#),
            (r#"{"a": 1, "b": 2}"#, Edit::Remove { path: path("a") }, r#"{"b": 2}"#),
            (r#"{"a": 1, "b": 2}"#, Edit::Remove { path: path("b") }, r#"{"a": 1}"#),
            (r#"{"a": 1}"#, Edit::Remove { path: path("a") }, r#"{}"#),
        ] {
            assert_eq!(edit.apply(text).as_deref(), Some(wanted), "{edit:?} on {text}");
        }
        assert_eq!(Edit::Remove { path: path("b") }.apply("{\"a\": 1}"), None);
    }
}
