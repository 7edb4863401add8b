//! Whether an upload would be allowed, before it is tried.

use super::Lab;
use super::detail::sentence;
use super::grid::Question;

impl Lab {
    /// Whether the policies allow PutObject of `key` in `bucket`, and in a sentence which statement decides; `None` while a policy cannot be
    /// read.
    pub fn may_put(&self, bucket: &str, key: &str) -> Option<(bool, String)> {
        if self.analysis.unreadable.contains(&true) {
            return None;
        }
        let question = Question {
            operation: "PutObject".to_owned(),
            action: "oss:PutObject".to_owned(),
            bucket: Some(bucket.to_owned()),
            key: Some(key.to_owned()),
            prefix: None,
        };
        let cell = self.analysis.ask(&question, &self.scene);
        Some((cell.verdict.is_allow(), sentence(&cell)))
    }
}
