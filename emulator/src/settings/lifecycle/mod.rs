//! Lifecycle rules: when objects, versions, markers and uploads are deleted or change their storage class.

mod check;
mod due;
mod print;
mod read;
#[cfg(test)]
mod tests;

pub use due::{Due, Subject};

use shared::error::{OssCode, OssError};
use time::OffsetDateTime;

use super::storage_class::StorageClass;
use super::tagging::Tag;

/// The rules of a bucket, one to a thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// In the order they were put.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the bucket, 255 characters at most.
    pub id: String,
    /// Of the keys it is about; empty for all.
    pub prefix: String,
    /// A rule that is disabled does nothing.
    pub enabled: bool,
    /// Tags that an object must have, all of them.
    pub tags: Vec<Tag>,
    /// What else an object must be.
    pub filter: Filter,
    /// When current versions are deleted.
    pub expiration: Option<Expiration>,
    /// When unfinished uploads are aborted.
    pub abort_uploads: Option<When>,
    /// When current versions change their class.
    pub transitions: Vec<Transition<When>>,
    /// After how many days previous versions are deleted.
    pub noncurrent_expiration: Option<u32>,
    /// After how many days previous versions change their class.
    pub noncurrent_transitions: Vec<Transition<u32>>,
}

/// A moment in the life of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many days after it was last modified, or the upload was begun.
    Days(u32),
    /// At once, for what was last modified before this midnight, UTC.
    CreatedBefore(OffsetDateTime),
}

/// When current versions are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// By the age of the object.
    Object(When),
    /// At this midnight, UTC, whatever the age: `Date`, which OSS no longer documents and older SDKs send.
    Date(OffsetDateTime),
    /// Never objects, but delete markers that no version is left behind of.
    DeleteMarkers,
}

/// A change of the storage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition<W> {
    /// When.
    pub when: W,
    /// To a colder class.
    pub class: StorageClass,
    /// `IsAccessTime`: counted from the last access instead of the last modification.
    pub by_access: Option<bool>,
    /// `ReturnToStdWhenVisit`
    pub return_when_visited: Option<bool>,
    /// `AllowSmallFile`: also for less than 64 KB; by access time alone.
    pub allow_small: Option<bool>,
}

/// What an object must be besides its prefix and its tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// More bytes than this.
    pub larger_than: Option<u64>,
    /// Fewer bytes than this.
    pub smaller_than: Option<u64>,
    /// None of these.
    pub nots: Vec<Not>,
}

/// Objects that a rule leaves alone: those with this prefix and, if given, this tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Not {
    /// Of keys; empty for all.
    pub prefix: String,
    /// One tag.
    pub tag: Option<Tag>,
}

impl Lifecycle {
    /// Reads a `LifecycleConfiguration` as PutBucketLifecycle got it. `allow_overlap` is the header
    /// `x-oss-allow-same-action-overlap: true`; `new_id` names the rules that come without an ID.
    ///
    /// # Errors
    /// `MalformedXML` and `InvalidArgument`, with an EC 0014-000000nn where OSS publishes one.
    pub fn parse(xml: &str, allow_overlap: bool, new_id: &dyn Fn() -> String) -> Result<Self, OssError> {
        let lifecycle = Self { rules: read::rules(xml, new_id)? };
        check::rules(&lifecycle.rules, allow_overlap)?;
        Ok(lifecycle)
    }

    /// Reads what [`Lifecycle::to_xml`] wrote.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn read(stored: &str) -> Result<Self, OssError> {
        Ok(Self { rules: read::rules(stored, &String::new)? })
    }

    /// What GetBucketLifecycle returns.
    pub fn to_xml(&self) -> String {
        print::rules(&self.rules)
    }

    /// Whether a rule counts from the last access, which a bucket must track for it.
    pub fn needs_access_monitor(&self) -> bool {
        let current = self.rules.iter().flat_map(|rule| &rule.transitions).any(|t| t.by_access == Some(true));
        current || self.rules.iter().flat_map(|rule| &rule.noncurrent_transitions).any(|t| t.by_access == Some(true))
    }
}

/// 404, for a bucket without rules.
pub fn missing() -> OssError {
    OssError::new(OssCode::NoSuchLifecycle, "No Row found in Lifecycle Table.")
}

/// 400, for rules by access time on a bucket that does not track access.
pub fn access_monitor_needed() -> OssError {
    let message = "A rule has IsAccessTime, but access tracking is not enabled for the bucket.";
    OssError::new(OssCode::InvalidArgument, message).ec("0014-00000016")
}

/// 400, for ending the tracking of access while a rule needs it.
pub fn access_monitor_in_use() -> OssError {
    let message = "Access tracking cannot be disabled while a lifecycle rule has IsAccessTime.";
    OssError::new(OssCode::AccessMonitorDisableNotAllowed, message)
}
