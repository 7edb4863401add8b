//! The section `ObjectKey`: the server chooses the name of each upload.

use serde::Deserialize;
use serde_json::Value;

use super::section::{self, Section, wrong};
use crate::error::Problem;

/// With this section a token that can write is for one new key, `<folder>YYYY/MM/DD/<random>.<extension>`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ObjectKeySection {
    /// What may be uploaded: file name extensions without a dot, letter case aside.
    pub extensions: Vec<String>,
    /// The largest file in bytes that a caller may announce. A token's policy cannot limit sizes; an upload form's can.
    pub max_bytes: Option<u64>,
}

impl Section for ObjectKeySection {
    const KEY: &'static str = "ObjectKey";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if self.extensions.is_empty() {
            wrong(problems, format!("{at}.Extensions"), "it is empty: name what may be uploaded, such as [\"jpg\"]");
        }
        for (index, extension) in self.extensions.iter().enumerate() {
            let plain = extension.bytes().all(|b| b.is_ascii_alphanumeric());
            if extension.is_empty() || extension.len() > 16 || !plain {
                wrong(
                    problems,
                    format!("{at}.Extensions[{index}]"),
                    "expected 1 to 16 letters and digits, without a dot",
                );
            }
        }
        if self.max_bytes == Some(0) {
            wrong(problems, format!("{at}.MaxBytes"), "nothing has no bytes: leave it out for no limit");
        }
    }
}
