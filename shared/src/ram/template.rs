//! Policy templates: `$BUCKET_NAME`, `$OBJECT_PREFIX` and their like, replaced inside the strings of the parsed JSON.

use serde_json::Value;

use super::json;

/// The longest Policy that AssumeRole takes, in characters (STS, AssumeRole, since 2022-09).
pub const SESSION_POLICY_LIMIT: usize = 2048;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the policy is not JSON: {0}")]
    NotJson(String),
    #[error("{placeholder} stands in the policy and has no value: configure one, or write the value into the policy")]
    NoValue { placeholder: String },
    #[error(
        "the value of {placeholder} contains `{character}`, a wildcard in a policy: it would reach beyond its own name"
    )]
    Wildcard { placeholder: String, character: char },
    #[error("the policy has {found} characters once filled in; STS takes at most {SESSION_POLICY_LIMIT}")]
    TooLong { found: usize },
}

/// Fills in `template` and returns compact JSON of at most [`SESSION_POLICY_LIMIT`] characters.
///
/// `values` pairs a placeholder, with its `$`, and its value. A value is text, never syntax: quotes in it stay inside
/// their string, and a `$NAME` in it is not looked at again. Wildcards in a value are refused.
pub fn substitute(template: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
    let filled = fill_in(template, values)?.to_string();
    match filled.chars().count() {
        found if found > SESSION_POLICY_LIMIT => Err(TemplateError::TooLong { found }),
        _ => Ok(filled),
    }
}

/// As [`substitute`], for policies of any size and as JSON: the values stand at the paths that they have in `template`.
pub fn fill_in(template: &str, values: &[(&str, &str)]) -> Result<Value, TemplateError> {
    for (placeholder, value) in values {
        if let Some(character) = value.chars().find(|c| matches!(c, '*' | '?')) {
            return Err(TemplateError::Wildcard { placeholder: (*placeholder).to_owned(), character });
        }
    }
    let mut policy = json::parse(template).map_err(|error| TemplateError::NotJson(error.to_string()))?;
    fill(&mut policy, values)?;
    Ok(policy)
}

/// The placeholders of `template` in order of appearance, each once; empty when it is not JSON.
pub fn placeholders(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(policy) = json::parse(template) {
        collect(&policy, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for piece in pieces(text) {
                if let Piece::Placeholder(name) = piece
                    && !found.iter().any(|known| known == name)
                {
                    found.push(name.to_owned());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn fill(value: &mut Value, values: &[(&str, &str)]) -> Result<(), TemplateError> {
    match value {
        Value::String(text) => *text = filled(text, values)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, values))?,
        Value::Object(map) => {
            // Names of elements, operators and condition keys are grammar, and no place for a placeholder.
            map.keys().try_for_each(|key| filled(key, &[]).map(drop))?;
            map.values_mut().try_for_each(|item| fill(item, values))?;
        }
        _ => {}
    }
    Ok(())
}

fn filled(text: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Placeholder(name) => match values.iter().find(|(placeholder, _)| *placeholder == name) {
                Some((_, value)) => out.push_str(value),
                None => {
                    return Err(TemplateError::NoValue { placeholder: name.to_owned() });
                }
            },
        }
    }
    Ok(out)
}

enum Piece<'a> {
    Text(&'a str),
    /// With its `$`.
    Placeholder(&'a str),
}

/// Splits at `$NAME` (a capital letter, then capitals, digits and `_`); any other `$` is text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        pieces.push(Piece::Text(before));
        let name = from[1..].chars().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_').count();
        let starts_well = from[1..].starts_with(|c: char| c.is_ascii_uppercase());
        let end = if starts_well { 1 + name } else { 1 };
        let (head, tail) = from.split_at(end);
        pieces.push(if starts_well { Piece::Placeholder(head) } else { Piece::Text(head) });
        rest = tail;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: &[(&str, &str)] = &[("$BUCKET_NAME", "photos"), ("$OBJECT_PREFIX", "a\"],\"x\":[\"$BUCKET_NAME/图/")];

    #[test]
    fn values_are_text_and_never_syntax() {
        let filled =
            substitute(r#"{"Resource": ["acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*"], "n": 1}"#, VALUES).unwrap();
        let value: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(value["Resource"], serde_json::json!(["acs:oss:*:*:photos/a\"],\"x\":[\"$BUCKET_NAME/图/*"]));
        assert!(!filled.contains(": "), "compact: {filled}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        let no_value = |placeholder: &str| Err(TemplateError::NoValue { placeholder: placeholder.to_owned() });
        assert_eq!(substitute(r#"["$BUCKET_NAMES"]"#, VALUES), no_value("$BUCKET_NAMES"));
        assert_eq!(substitute(r#"{"$BUCKET_NAME": 1}"#, VALUES), no_value("$BUCKET_NAME"));
        assert_eq!(substitute(r#"["$cash $5 $ ${x}"]"#, VALUES).unwrap(), r#"["$cash $5 $ ${x}"]"#);
        for character in ['*', '?'] {
            let value = format!("user{character}/");
            let error = substitute("[]", &[("$OBJECT_PREFIX", &value)]).unwrap_err();
            assert_eq!(error, TemplateError::Wildcard { placeholder: "$OBJECT_PREFIX".to_owned(), character });
        }
        assert!(matches!(substitute("{", VALUES), Err(TemplateError::NotJson(_))));
        assert!(matches!(substitute(r#"{"a":1,"a":2}"#, VALUES), Err(TemplateError::NotJson(_))));
    }

    #[test]
    fn the_limit_counts_characters() {
        let fits = format!("[\"{}\"]", "图".repeat(SESSION_POLICY_LIMIT - 4));
        assert_eq!(substitute(&fits, &[]).unwrap(), fits);
        let longer = format!("[\"{}\"]", "图".repeat(SESSION_POLICY_LIMIT - 3));
        assert_eq!(substitute(&longer, &[]), Err(TemplateError::TooLong { found: SESSION_POLICY_LIMIT + 1 }));
    }

    #[test]
    fn placeholders_are_listed_once() {
        assert_eq!(placeholders(r#"["$A/$B", {"x": "$A$C_1d"}]"#), ["$A", "$B", "$C_1"]);
    }
}
