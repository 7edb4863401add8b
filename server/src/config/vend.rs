//! The section `Vend`: what callers without an SDK are given beside tokens.

use serde::Deserialize;
use serde_json::Value;
use shared::sign::MAX_PRESIGN_SECONDS;
use shared::sign::post_policy::MAX_OBJECT_BYTES;

use super::section::{self, Section};
use crate::error::Problem;

const DEFAULT_SECONDS: u32 = 3600;

/// Presigned URLs and upload forms; and signatures, if they are switched on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct VendSection {
    /// The longest life of a URL or form in seconds; none outlives its token.
    pub max_seconds: u32,
    /// The largest file that a form may upload, in bytes.
    pub max_bytes: u64,
    /// The Content-Types that a form may upload; empty for all.
    pub content_types: Vec<String>,
    /// Whether `/v1/sign` signs for SDKs that hold no key (`OSSCustomSignerCredentialProvider`).
    pub self_signing: bool,
}

impl Default for VendSection {
    fn default() -> Self {
        Self {
            max_seconds: DEFAULT_SECONDS,
            max_bytes: MAX_OBJECT_BYTES,
            content_types: Vec::new(),
            self_signing: false,
        }
    }
}

impl Section for VendSection {
    const KEY: &'static str = "Vend";

    fn read(value: &Value, problems: &mut Vec<Problem>) -> Option<Self> {
        section::object(value, Self::KEY, problems)
    }

    fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        if !(1..=MAX_PRESIGN_SECONDS).contains(&i64::from(self.max_seconds)) {
            let what = format!("it must lie between 1 and {MAX_PRESIGN_SECONDS} (7 days)");
            section::wrong(problems, format!("{at}.MaxSeconds"), what);
        }
        if !(1..=MAX_OBJECT_BYTES).contains(&self.max_bytes) {
            section::wrong(problems, format!("{at}.MaxBytes"), format!("it must lie between 1 and {MAX_OBJECT_BYTES}"));
        }
        for (index, name) in self.content_types.iter().enumerate() {
            if !name.contains('/') || !name.bytes().all(|b| b.is_ascii_graphic()) {
                section::wrong(problems, format!("{at}.ContentTypes[{index}]"), "it must look like image/jpeg");
            }
        }
    }
}
