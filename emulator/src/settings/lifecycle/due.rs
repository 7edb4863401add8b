//! What lifecycle rules do to an object, a version, a marker or an upload at a moment.
//!
//! OSS rounds the moment that it counts from up to the next midnight of UTC, adds the days, and acts on what is due from
//! that midnight on, within the day. Here it is due at that midnight.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

use super::{Expiration, Lifecycle, Rule, Transition, When};
use crate::settings::storage_class::StorageClass;
use crate::settings::tagging::Tag;

/// Smaller objects stay where they are when a rule counts from the last access.
const SMALL: u64 = 64 * 1024;

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The object's key.
    pub key: &'a str,
    /// Its tags.
    pub tags: &'a [Tag],
    /// Bytes.
    pub size: u64,
    /// The class it is in.
    pub class: StorageClass,
    /// When it was last modified; for a previous version, when it became one.
    pub since: OffsetDateTime,
    /// When it was last read, where the bucket tracks that; rules that count from it do nothing otherwise.
    pub accessed: Option<OffsetDateTime>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Delete it; the current version of a versioned bucket gets a delete marker.
    Expire,
    /// Move it to this class, which is colder than its own.
    Transition(StorageClass),
}

impl Lifecycle {
    /// For a current version. Deletion goes before any transition, and of several the coldest is done.
    pub fn due(&self, object: &Subject<'_>, now: OffsetDateTime) -> Option<Due> {
        let ends = |rule: &Rule| match rule.expiration {
            Some(Expiration::Object(when)) => reached(when, object.since, now),
            Some(Expiration::Date(date)) => date <= now,
            Some(Expiration::DeleteMarkers) | None => false,
        };
        decide(self.of_object(object), object, ends, |rule| &rule.transitions, |when, from| reached(when, from, now))
    }

    /// When a current version will be deleted, and by the rule of which ID: what `x-oss-expiration` tells.
    pub fn expiry<'a>(&'a self, object: &'a Subject<'_>) -> Option<(OffsetDateTime, &'a str)> {
        let end = |rule: &'a Rule| match rule.expiration? {
            Expiration::Object(When::Days(days)) => after(object.since, days),
            Expiration::Object(When::CreatedBefore(midnight)) => (object.since < midnight).then_some(midnight),
            Expiration::Date(date) => Some(date),
            Expiration::DeleteMarkers => None,
        };
        self.of_object(object).filter_map(|rule| Some((end(rule)?, rule.id.as_str()))).min_by_key(|(end, _)| *end)
    }

    /// For a previous version; one that is a delete marker can only expire.
    pub fn noncurrent_due(&self, version: &Subject<'_>, now: OffsetDateTime) -> Option<Due> {
        let after = |days: u32, from| reached(When::Days(days), from, now);
        let ends = |rule: &Rule| rule.noncurrent_expiration.is_some_and(|days| after(days, version.since));
        decide(self.of_object(version), version, ends, |rule| &rule.noncurrent_transitions, after)
    }

    /// Whether a delete marker goes that is the only version left of its key; `since`: when it was made.
    pub fn lone_marker_due(&self, key: &str, since: OffsetDateTime, now: OffsetDateTime) -> bool {
        let mut rules = self.of_key(key).filter(|rule| rule.expiration == Some(Expiration::DeleteMarkers));
        rules.any(|_| reached(When::Days(0), since, now))
    }

    /// Whether an unfinished upload is aborted.
    pub fn upload_due(&self, key: &str, initiated: OffsetDateTime, now: OffsetDateTime) -> bool {
        self.of_key(key).filter_map(|rule| rule.abort_uploads).any(|when| reached(when, initiated, now))
    }

    fn of_key<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.enabled && key.starts_with(&rule.prefix))
    }

    fn of_object<'a>(&'a self, object: &'a Subject<'_>) -> impl Iterator<Item = &'a Rule> {
        self.of_key(object.key).filter(move |rule| {
            let has = |tag: &Tag| object.tags.contains(tag);
            let excluded = rule
                .filter
                .nots
                .iter()
                .any(|not| object.key.starts_with(&not.prefix) && not.tag.as_ref().is_none_or(has));
            rule.tags.iter().all(has)
                && rule.filter.larger_than.is_none_or(|size| object.size > size)
                && rule.filter.smaller_than.is_none_or(|size| object.size < size)
                && !excluded
        })
    }
}

fn decide<'a, W: Copy + 'a>(
    rules: impl Iterator<Item = &'a Rule>,
    subject: &Subject<'_>,
    ends: impl Fn(&Rule) -> bool,
    transitions: impl Fn(&'a Rule) -> &'a Vec<Transition<W>>,
    reached: impl Fn(W, OffsetDateTime) -> bool,
) -> Option<Due> {
    let mut coldest = subject.class;
    for rule in rules {
        if ends(rule) {
            return Some(Due::Expire);
        }
        for step in transitions(rule) {
            let by_access = step.by_access == Some(true);
            let from = if by_access { subject.accessed } else { Some(subject.since) };
            let too_small = by_access && step.allow_small != Some(true) && subject.size < SMALL;
            if !too_small && from.is_some_and(|from| reached(step.when, from)) {
                coldest = coldest.max(step.class);
            }
        }
    }
    (coldest > subject.class).then_some(Due::Transition(coldest))
}

fn reached(when: When, from: OffsetDateTime, now: OffsetDateTime) -> bool {
    match when {
        When::CreatedBefore(midnight) => from < midnight,
        When::Days(days) => after(from, days).is_some_and(|due| due <= now),
    }
}

/// So many days behind the first midnight that is not before `from`; `None` at the end of the calendar.
fn after(from: OffsetDateTime, days: u32) -> Option<OffsetDateTime> {
    next_midnight(from)?.checked_add(Duration::days(days.into()))
}

/// The first midnight of UTC that is not before `t`; `None` at the end of the calendar.
fn next_midnight(t: OffsetDateTime) -> Option<OffsetDateTime> {
    let t = t.checked_to_offset(UtcOffset::UTC)?;
    let midnight = t.replace_time(Time::MIDNIGHT);
    if midnight == t { Some(t) } else { midnight.checked_add(Duration::DAY) }
}
