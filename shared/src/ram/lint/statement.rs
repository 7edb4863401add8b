//! Findings about one statement by itself.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::catalogue::{ESCALATIONS, Level, actions, is_known_key, meant};
use super::{Findings, Severity};
use crate::ram::condition::Condition;
use crate::ram::document::{Actions, Effect, PolicyDocument, PolicyKind, Statement};
use crate::ram::edit::Edit;
use crate::ram::pattern::{Pattern, ResourcePattern};
use crate::ram::principal::Principal;

/// A statement, and where it stands.
pub(super) struct Subject<'a> {
    pub(super) statement: &'a Statement,
    pub(super) policy: &'a PolicyDocument,
    /// `Statement[0]`.
    pub(super) place: &'a str,
    /// The statement as it was written.
    pub(super) raw: &'a Value,
}

impl Subject<'_> {
    fn allows(&self) -> bool {
        self.statement.effect == Effect::Allow
    }

    /// The path of an item, which stands alone or in a list.
    fn item(&self, element: &str, index: usize) -> String {
        match self.raw.get(element) {
            Some(Value::Array(_)) => format!("{}.{element}[{index}]", self.place),
            _ => format!("{}.{element}", self.place),
        }
    }

    /// The item as it was written.
    fn written(&self, element: &str, index: usize) -> Option<&str> {
        match self.raw.get(element)? {
            Value::Array(items) => items.get(index)?.as_str(),
            single => single.as_str(),
        }
    }

    fn has_condition(&self, key: &str) -> bool {
        self.statement.conditions.iter().any(|condition| condition.key().eq_ignore_ascii_case(key))
    }
}

pub(super) fn look(subject: &Subject<'_>, out: &mut Findings) {
    each_action(subject, out);
    each_resource(subject, out);
    level(subject, out);
    listing(subject, out);
    conditions(subject, out);
    principal(subject, out);
}

fn each_action(subject: &Subject<'_>, out: &mut Findings) {
    let Actions::Only(patterns) = &subject.statement.actions else {
        if subject.allows() {
            let message = "Allow with NotAction allows every action that is not named, those of tomorrow included";
            out.push("allow-not-action", Severity::High, &format!("{}.NotAction", subject.place), message, None);
        }
        return;
    };
    for (index, pattern) in patterns.iter().enumerate() {
        let path = subject.item("Action", index);
        let name = pattern.as_str();
        if subject.allows() && (name == "*" || name.eq_ignore_ascii_case("oss:*")) {
            let message = format!("{name} allows everything, also to change who may do what");
            // The role of an app server may do it all; what narrows it is the session policy.
            let severity = if subject.policy.kind == PolicyKind::Identity { Severity::Low } else { Severity::High };
            out.push("all-actions", severity, &path, message, None);
            continue;
        }
        if !actions().any(|(action, _)| pattern.matches(action)) && name.to_ascii_lowercase().starts_with("oss:") {
            let fix = meant(name).map(|action| ("Use the action that it needs", replace(&path, action)));
            let message = match meant(name) {
                Some(action) => format!("{name} is the name of an API; the action that it needs is {action}"),
                None => format!("{name} is no action of OSS: it matches nothing"),
            };
            out.push("unknown-action", Severity::Error, &path, message, fix);
            continue;
        }
        let escalation = ESCALATIONS.iter().find(|action| pattern.matches(action));
        if let (true, PolicyKind::Session, Some(action)) = (subject.allows(), subject.policy.kind, escalation) {
            let message = format!("{name} includes {action}: whoever holds the token can give rights away");
            out.push("escalation", Severity::High, &path, message, None);
        } else if subject.allows() && subject.policy.kind == PolicyKind::Session && pattern.matches("oss:DeleteObject")
        {
            let message = format!("{name}: a token that is stolen can delete what was uploaded");
            out.push("delete", Severity::Medium, &path, message, None);
        }
    }
}

fn replace(path: &str, value: &str) -> Edit {
    Edit::Replace { path: path.to_owned(), value: json!(value) }
}

fn each_resource(subject: &Subject<'_>, out: &mut Findings) {
    for (index, pattern) in subject.statement.resources.iter().enumerate() {
        let path = subject.item("Resource", index);
        let written = subject.written("Resource", index).unwrap_or_default();
        if let Some(part) = strange(pattern.as_str()) {
            let message = format!("{part} stands for itself: RAM policies know no variables");
            out.push("variable", Severity::Error, &path, message, None);
        }
        let region = pattern.as_str().split(':').nth(2).unwrap_or("*");
        if region != "*" && pattern.may_be_of_oss() {
            let any: Vec<&str> = written.splitn(4, ':').collect();
            let fix = match any[..] {
                [acs, oss, _, rest] => Some(("Use *", replace(&path, &format!("{acs}:{oss}:*:{rest}")))),
                _ => None,
            };
            out.push("region", Severity::Error, &path, format!("the region is {region}; OSS knows * alone"), fix);
        }
        if subject.allows() {
            wide_resource(subject, (&path, written), pattern, out);
        }
    }
}

/// `${acs:CurrentUser}`, `<bucket>`: what other clouds or a manual would have filled in.
fn strange(text: &str) -> Option<&str> {
    let (open, close) = if text.contains("${") { ("${", "}") } else { ("<", ">") };
    let from = text.find(open)?;
    let until = text[from..].find(close)?;
    text.get(from..=from + until)
}

fn wide_resource(subject: &Subject<'_>, (path, written): (&str, &str), pattern: &ResourcePattern, out: &mut Findings) {
    let id = pattern.relative_id().as_str();
    let (bucket, key) = id.split_once('/').unwrap_or((id, ""));
    let lists_buckets = subject.statement.actions.matches("oss:ListBuckets");
    if bucket.contains(['*', '?']) {
        let severity = match subject.policy.kind {
            PolicyKind::Identity => Severity::Low,
            _ if lists_buckets => Severity::Low,
            _ => Severity::High,
        };
        let message = format!("{} reaches every bucket whose name fits {bucket}", pattern.as_str());
        out.push("all-resources", severity, path, message, None);
    } else if let Some(beginning) = key.strip_suffix('*')
        && !beginning.is_empty()
        && !beginning.ends_with(['/', '*'])
    {
        let message =
            format!("{beginning}* also reaches what only begins alike, such as {beginning}0/ and {beginning}.jpg");
        let fix = written.strip_suffix('*').map(|start| replace(path, &format!("{start}/*")));
        out.push("no-slash", Severity::High, path, message, fix.map(|edit| ("End the folder with /", edit)));
    }
}

/// Actions on objects with a bucket alone, or the other way round: they never apply.
fn level(subject: &Subject<'_>, out: &mut Findings) {
    let Actions::Only(patterns) = &subject.statement.actions else { return };
    let resources = &subject.statement.resources;
    let ids = || resources.iter().filter(|r| r.may_be_of_oss()).map(|r| r.relative_id().as_str());
    if ids().next().is_none() {
        return;
    }
    let reaches = |level| match level {
        Level::Object => ids().any(|id| id.contains('/') || id.ends_with('*')),
        Level::Bucket => ids().any(|id| !id.contains('/') || id.starts_with('*')),
        Level::Service => ids().any(|id| id == "*"),
        Level::Other => true,
    };
    for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !pattern.as_str().contains(['*', '?'])) {
        let Some((action, level)) = actions().find(|(action, _)| pattern.matches(action)) else { continue };
        if reaches(level) {
            continue;
        }
        let first = subject.written("Resource", 0).unwrap_or_default();
        let (what, lacking) = match level {
            Level::Object => ("objects", format!("{}/*", first.trim_end_matches('/'))),
            Level::Bucket => ("buckets", first.split('/').next().unwrap_or_default().to_owned()),
            _ => ("the whole service", "acs:oss:*:*:*".to_owned()),
        };
        let edit = Edit::Append { path: format!("{}.Resource", subject.place), value: json!(lacking) };
        // For objects of a whole bucket nobody should be let in by the press of a button.
        let fix = (level != Level::Object).then_some(("Add the resource", edit));
        let message =
            format!("{action} is about {what}, and no Resource here is: it never applies (it would need {lacking})");
        out.push("level", Severity::Medium, &subject.item("Action", index), message, fix);
    }
}

/// A listing of a bucket that nothing confines, while the objects are confined.
fn listing(subject: &Subject<'_>, out: &mut Findings) {
    let lists = ["oss:ListObjects", "oss:ListObjectVersions"].iter().any(|a| subject.statement.actions.matches(a));
    let on_bucket =
        subject.statement.resources.iter().any(|r| r.may_be_of_oss() && !r.relative_id().as_str().contains('/'));
    if !(subject.allows() && lists && on_bucket) || subject.has_condition("oss:Prefix") {
        return;
    }
    let folder = folder_as_written(subject);
    if folder.is_none() && subject.policy.kind != PolicyKind::Session {
        return;
    }
    let fix = folder.map(|folder| {
        let (key, value) = ("StringLike", json!({ "oss:Prefix": [folder] }));
        let place = subject.place.to_owned();
        let edit = match subject.raw.get("Condition") {
            Some(_) => Edit::Insert { path: format!("{place}.Condition"), key: key.to_owned(), value },
            None => Edit::Insert { path: place, key: "Condition".to_owned(), value: json!({ key: value }) },
        };
        ("Confine it by oss:Prefix", edit)
    });
    let message = "a listing is about the bucket: without a condition on oss:Prefix it tells the names of all objects";
    out.push("open-listing", Severity::High, subject.place, message, fix);
}

/// The folder of the objects that the statement itself reaches, as it was written.
fn folder_as_written(subject: &Subject<'_>) -> Option<String> {
    let written = |index| subject.written("Resource", index);
    (0..subject.statement.resources.len()).filter_map(written).find_map(|resource| {
        let (_, folder) = resource.split_once('/')?;
        (folder.len() > 1 && folder.ends_with('*')).then(|| folder.to_owned())
    })
}

fn conditions(subject: &Subject<'_>, out: &mut Findings) {
    for condition in &subject.statement.conditions {
        let name = condition.operator().name();
        let path = format!("{}.Condition.{name}.{}", subject.place, condition.key());
        if !is_known_key(condition.key()) {
            let message = format!("OSS documents no condition key {}: requests will not have it", condition.key());
            out.push("unknown-key", Severity::Medium, &path, message, None);
        }
        if name.starts_with("StringEquals") && condition.values().any(|value| value.contains(['*', '?'])) {
            let message = format!("{name} takes * and ? for themselves; StringLike has wildcards");
            out.push("wildcard-in-equals", Severity::Medium, &path, message, None);
        }
        if out.now.is_some_and(|now| has_passed(condition, now)) {
            let message = "this time has passed: the statement does not apply any more";
            out.push("date-passed", Severity::Medium, &path, message, None);
        }
        if name != "StringLike" || !condition.key().eq_ignore_ascii_case("oss:Prefix") || !subject.allows() {
            continue;
        }
        for value in condition.values() {
            let Some(beginning) = value.strip_suffix('*').filter(|text| !text.is_empty()) else { continue };
            if !beginning.ends_with(['/', '*']) {
                let message = format!("{value} also lists what only begins alike, such as {beginning}0/");
                out.push("prefix-no-slash", Severity::Medium, &path, message, None);
            }
        }
    }
    if subject.policy.kind == PolicyKind::Bucket
        && subject.has_condition("acs:SourceIp")
        && !subject.has_condition("acs:SourceVpc")
    {
        let message = "since 2026 a bucket policy on acs:SourceIp must also name acs:SourceVpc";
        out.push("source-vpc", Severity::Medium, &format!("{}.Condition", subject.place), message, None);
    }
}

/// Whether it could only be met before `now`.
fn has_passed(condition: &Condition, now: OffsetDateTime) -> bool {
    let earlier = |value: &str| OffsetDateTime::parse(value, &Rfc3339).is_ok_and(|end| end < now);
    matches!(condition.operator().name(), "DateLessThan" | "DateLessThanEquals" | "DateEquals")
        && condition.key().eq_ignore_ascii_case("acs:CurrentTime")
        && condition.values().all(earlier)
}

fn principal(subject: &Subject<'_>, out: &mut Findings) {
    let Some(Principal::Bucket(patterns)) = &subject.statement.principal else { return };
    if !patterns.is_empty() && !patterns.iter().any(Pattern::is_any) {
        return;
    }
    let path = format!("{}.Principal", subject.place);
    let bound = !subject.statement.conditions.is_empty();
    if subject.allows() && !bound {
        out.push("everybody", Severity::High, &path, "this lets in everybody, strangers without a key included", None);
    } else if !subject.allows() && bound {
        let message = "with a condition this binds the owner, too, who can lock themselves out";
        out.push("lock-out", Severity::Medium, &path, message, None);
    }
}
