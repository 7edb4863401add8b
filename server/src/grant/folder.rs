//! The folder of an identity: a template such as `users/${user}/`, filled with names that cannot leave their part of it.

use shared::object_key::Prefix;

use super::name;
use crate::config::UnsafeNames;
use crate::identity::Identity;
use crate::refusal::Refusal;

const PLACEHOLDERS: &str = "${user}, ${device}, ${provider} or ${claims.NAME}";

/// A template of folders. Each part between slashes has one placeholder at most and no value has a slash, so folders of
/// different values are different, and none lies in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderTemplate {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Value),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    User,
    Device,
    Provider,
    Claim(String),
}

impl FolderTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for part in text.split_inclusive('/') {
            let mut rest = part;
            while let Some((before, after)) = rest.split_once("${") {
                let (name, tail) = after.split_once('}').ok_or("a ${ has no }")?;
                pieces.push(Piece::Text(before.to_owned()));
                pieces.push(Piece::Value(value(name)?));
                rest = tail;
            }
            pieces.push(Piece::Text(rest.to_owned()));
            if part.matches("${").count() > 1 {
                return Err(format!(
                    "{part:?} has two placeholders side by side, and two identities could get one folder: put a '/' between them"
                ));
            }
        }
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        let template = Self { text: text.to_owned(), pieces };
        template.filled(|_| Some("x".to_owned())).map_err(|_| "a placeholder has no value".to_owned())??;
        Ok(template)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the folder depends on.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(value) => Some(value),
            Piece::Text(_) => None,
        })
    }

    /// The folder in which every placeholder is `name`; for proofs, and where callers are not told apart.
    pub(super) fn of_name(&self, name: &str) -> Option<Prefix> {
        self.filled(|_| Some(name.to_owned())).ok()?.ok()
    }

    /// The folder of `identity`.
    ///
    /// # Errors
    /// [`Refusal`] 403 when the identity lacks a value, or has one that is refused.
    pub fn fill(&self, identity: &Identity, unsafe_names: UnsafeNames) -> Result<Prefix, Refusal> {
        for value in self.values() {
            let Some(found) = value.of(identity).filter(|found| !found.is_empty()) else {
                let message = format!("your credential has no {value}, and your folder is named after it.");
                return Err(Refusal::forbidden("IdentityIncomplete", message));
            };
            if unsafe_names == UnsafeNames::Refuse && !name::is_safe(found) {
                let message = format!("your {value} has characters that a folder's name cannot have, or is too long.");
                return Err(Refusal::forbidden("IdentityUnsafe", message));
            }
        }
        let filled = self.filled(|value| value.of(identity).map(name::reduced));
        let no_folder = |reason: String| Refusal::forbidden("IdentityUnsafe", reason);
        filled.map_err(|NoValue| no_folder("your folder has no name.".to_owned()))?.map_err(no_folder)
    }

    fn filled(&self, value_of: impl Fn(&Value) -> Option<String>) -> Result<Result<Prefix, String>, NoValue> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Value(value) => text.push_str(&value_of(value).ok_or(NoValue)?),
            }
        }
        Ok(Prefix::parse(&text).map_err(|error| error.rule.to_owned()))
    }
}

/// The identity has no value for a placeholder.
struct NoValue;

fn value(name: &str) -> Result<Value, String> {
    match (name, name.strip_prefix("claims.")) {
        ("user", _) => Ok(Value::User),
        ("device", _) => Ok(Value::Device),
        ("provider", _) => Ok(Value::Provider),
        (_, Some(claim)) if !claim.is_empty() => Ok(Value::Claim(claim.to_owned())),
        _ => Err(format!("${{{name}}} is no placeholder: use {PLACEHOLDERS}")),
    }
}

impl Value {
    fn of<'a>(&self, identity: &'a Identity) -> Option<&'a str> {
        match self {
            Self::User => Some(&identity.user),
            Self::Device => identity.device.as_deref(),
            Self::Provider => Some(&identity.provider),
            Self::Claim(name) => identity.claims.get(name).map(String::as_str),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Device => f.write_str("device"),
            Self::Provider => f.write_str("provider"),
            Self::Claim(name) => write!(f, "claim {name:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_keep_identities_apart_or_are_refused() {
        for (template, reason) in [
            ("users/${user}", "must end in '/'"),
            ("${user}${device}/", "side by side"),
            ("a-${user}-${device}/", "side by side"),
            ("users/${name}/", "no placeholder"),
            ("users/${user/", "has no }"),
            ("${claims.}/", "no placeholder"),
            ("/${user}/", "begin with '/'"),
            ("*/${user}/", "wildcards"),
            ("../${user}/", "segments"),
        ] {
            let error = FolderTemplate::parse(template).unwrap_err();
            assert!(error.contains(reason), "{template}: {error}");
        }
        let template = FolderTemplate::parse("t-${claims.team}/${user}/${device}/").unwrap();
        let mut identity = Identity::new("jwt", "../bob");
        identity.device = Some("*".to_owned());
        let missing = template.fill(&identity, UnsafeNames::Hash).unwrap_err();
        assert_eq!((&*missing.code, missing.message.contains("claim \"team\"")), ("IdentityIncomplete", true));
        identity.claims.insert("team".to_owned(), "red".to_owned());
        let folder = template.fill(&identity, UnsafeNames::Hash).unwrap();
        let parts: Vec<&str> = folder.as_str().split('/').collect();
        assert_eq!((parts[0], parts.len()), ("t-red", 4));
        assert!(parts[1].starts_with("..bob~") && parts[2].starts_with('~'), "{folder}");
        assert_eq!(template.fill(&identity, UnsafeNames::Refuse).unwrap_err().code, "IdentityUnsafe");
        identity.user.clear();
        assert_eq!(template.fill(&identity, UnsafeNames::Hash).unwrap_err().code, "IdentityIncomplete");
    }
}
