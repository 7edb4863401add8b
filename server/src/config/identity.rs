//! The section `Identity`: the providers that tell callers apart.

use serde::Deserialize;
use serde_json::Value;

use super::section::{self, Section};
use crate::error::Problem;

/// Who may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IdentitySection {
    /// The user that callers without a credential are.
    pub anonymous: String,
}

impl Section for IdentitySection {
    const KEY: &'static str = "Identity";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if self.anonymous.is_empty() {
            section::wrong(problems, format!("{at}.Anonymous"), "it is empty");
        }
    }
}
