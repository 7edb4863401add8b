//! The section `Grants`: which folder an identity gets, and what it may do there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::section::{self, Section, wrong};
use crate::error::Problem;
use crate::grant::folder::FolderTemplate;

/// The names of the grants that need no policy file.
pub const BUILT_IN: [&str; 3] = ["read", "write", "read-write"];
/// The name of the grant that `PolicyFile` describes.
pub const OF_POLICY_FILE: &str = "default";

/// Which folder, and what may be done there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct GrantsSection {
    /// The folder of an identity, such as `users/${user}/`. Absent: `ObjectPrefix`, and in it a folder for each user where
    /// callers are told apart.
    pub prefix: Option<String>,
    /// The grant of a caller that names none.
    pub default: Option<String>,
    /// What callers may name. Absent: the default grant, and those that are less.
    pub allowed: Option<Vec<String>>,
    /// Grants of one's own: name to policy file, relative to the folder of the configuration.
    pub custom: BTreeMap<String, String>,
}

impl Section for GrantsSection {
    const KEY: &'static str = "Grants";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if let Some(Err(reason)) = self.prefix.as_deref().map(FolderTemplate::parse) {
            wrong(problems, format!("{at}.Prefix"), reason);
        }
        for name in self.custom.keys() {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
                wrong(problems, format!("{at}.Custom"), format!("{name:?} is no name: 1 to 64 of A-Za-z0-9-_."));
            } else if BUILT_IN.contains(&name.as_str()) || name == OF_POLICY_FILE {
                wrong(problems, format!("{at}.Custom.{name}"), "this name is taken: choose another");
            }
        }
    }
}
