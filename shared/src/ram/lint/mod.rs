//! What is wrong, dangerous or useless in a policy: each finding with its severity, its place and, where there is one, a fix.

mod catalogue;
mod statement;
mod whole;

use std::ops::Range;

use serde_json::Value;
use time::OffsetDateTime;

use super::document::{PolicyDocument, PolicyError, PolicyKind};
use super::edit::Edit;
use super::json;
use super::span::Spans;
use super::template::{SESSION_POLICY_LIMIT, TemplateError, fill_in};

/// More bytes than any policy has, however much room it leaves between its words. What is longer is not looked through.
const MAX_TEXT: usize = 64 * 1024;

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy is refused, or part of it can never apply.
    Error,
    /// It opens more than most people would want.
    High,
    /// It probably does not do what it was meant to.
    Medium,
    /// Worth knowing.
    Low,
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Lint {
    /// Names the rule, such as `no-slash`.
    pub code: &'static str,
    pub severity: Severity,
    /// Where, as in [`PolicyError`].
    pub path: String,
    /// The same place in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What it is and what follows from it.
    pub message: String,
    /// What would mend it, in a few words, and as a change to the text.
    pub fix: Option<(String, Edit)>,
}

/// Looks through the policy or template `text`; `values` fill in its placeholders. The worst findings come first.
pub fn lint(text: &str, kind: PolicyKind, values: &[(&str, &str)]) -> Vec<Lint> {
    lint_at(text, kind, values, None)
}

/// As [`lint`], and at the time `now` also what has passed.
pub fn lint_at(text: &str, kind: PolicyKind, values: &[(&str, &str)], now: Option<OffsetDateTime>) -> Vec<Lint> {
    let mut findings = Findings { now, ..Findings::default() };
    look(text, kind, values, &mut findings);
    let spans = Spans::read(text);
    let mut found = findings.found;
    for lint in &mut found {
        lint.span = spans.of(&lint.path);
        if let Some((_, edit)) = &lint.fix
            && edit.apply(text).is_none()
        {
            lint.fix = None;
        }
    }
    found.sort_by_key(|lint| (lint.severity, lint.span.as_ref().map(|span| span.start)));
    found
}

fn look(text: &str, kind: PolicyKind, values: &[(&str, &str)], out: &mut Findings) {
    if text.len() > MAX_TEXT {
        let message = format!("{} bytes are no policy: no service takes as many", text.len());
        return out.push("too-large", Severity::Error, "", message, None);
    }
    let filled = match fill_in(text, values) {
        Ok(filled) => filled,
        Err(TemplateError::NoValue { placeholder }) => {
            let path = json::parse(text).ok().and_then(|raw| path_of(&raw, &placeholder, "")).unwrap_or_default();
            let message = format!("{placeholder} has no value here: it would stay in the policy as it is");
            return out.push("unfilled", Severity::Error, &path, message, None);
        }
        Err(error) => return out.push("unreadable", Severity::Error, "", error.to_string(), None),
    };
    let size = filled.to_string().chars().count();
    let (limit, whose) = match kind {
        PolicyKind::Session => (SESSION_POLICY_LIMIT, "STS takes"),
        PolicyKind::Bucket => (16 * 1024, "OSS takes"),
        PolicyKind::Identity | PolicyKind::Trust => (6144, "RAM takes"),
    };
    if size > limit {
        out.push("too-large", Severity::Error, "", format!("{size} characters; {whose} at most {limit}"), None);
    }
    let policy = match PolicyDocument::from_value(&filled, kind) {
        Ok(policy) => policy,
        Err(PolicyError { path, found, expected }) => {
            let path = if path == "the document" { "" } else { &path };
            return out.push("unreadable", Severity::Error, path, format!("found {found}, expected {expected}"), None);
        }
    };
    // Fixes change the text as it was written, placeholders and all.
    let Ok(raw) = json::parse(text) else { return };
    for (index, statement) in policy.statements.iter().enumerate() {
        let place = format!("Statement[{index}]");
        let raw = raw.get("Statement").and_then(|list| list.get(index)).unwrap_or(&Value::Null);
        statement::look(&statement::Subject { statement, policy: &policy, place: &place, raw }, out);
    }
    whole::look(&policy, out);
}

/// Where the first string with `part` in it stands.
fn path_of(value: &Value, part: &str, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(part).then(|| path.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| path_of(item, part, &format!("{path}[{index}]")))
        }
        Value::Object(members) => members.iter().find_map(|(key, item)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            path_of(item, part, &path)
        }),
        _ => None,
    }
}

/// What has been found so far.
#[derive(Default)]
struct Findings {
    found: Vec<Lint>,
    /// The time, where it matters.
    now: Option<OffsetDateTime>,
}

impl Findings {
    fn push(
        &mut self,
        code: &'static str,
        severity: Severity,
        path: &str,
        message: impl Into<String>,
        fix: Option<(&str, Edit)>,
    ) {
        let fix = fix.map(|(title, edit)| (title.to_owned(), edit));
        self.found.push(Lint { code, severity, path: path.to_owned(), span: None, message: message.into(), fix });
    }
}
