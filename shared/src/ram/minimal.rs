//! The smallest policy for a run: what was asked for and allowed, and nothing beside it; with the proof that no action of it could go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::condition::Context;
use super::document::{Actions, PolicyDocument, PolicyError, PolicyKind};
use super::evaluate::{Outcome, Request, evaluate_layer};
use super::pattern::ResourcePattern;
use crate::decision::Decision;

/// One request of a run, and whether policies let it pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub request: Request,
    pub allowed: bool,
}

impl Observed {
    /// What policies made of a request to OSS; `None` when they were not asked.
    pub fn of(decision: &Decision) -> Option<Self> {
        if decision.service != "oss" || decision.layers.is_empty() {
            return None;
        }
        let mut context = Context::new();
        for (key, value) in &decision.context {
            context.insert(key, value);
        }
        let (action, resource) = (decision.action.clone(), decision.resource.clone());
        let request = Request { action, resource, principals: Vec::new(), context };
        Some(Self { request, allowed: decision.error_code != "AccessDenied" })
    }
}

/// What the run says of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Requests that were allowed and would be refused, by their place in the run.
    pub lost: Vec<usize>,
    /// Requests that were refused and would be allowed.
    pub gained: Vec<usize>,
    /// What taking each action out by itself would do.
    pub removals: Vec<Removal>,
}

/// One action taken out of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The place of its statement.
    pub statement: usize,
    pub action: String,
    /// Requests that would then be refused.
    pub lost: Vec<usize>,
}

impl Proof {
    /// Whether the policy does for this run what was done, and no action of it could go.
    pub fn holds(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty() && self.removals.iter().all(|removal| !removal.lost.is_empty())
    }
}

/// By what a policy speaks of a request beside its action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    resource: String,
    /// Of listings: the operator and the prefix.
    condition: Option<(&'static str, String)>,
}

/// A statement as it grows.
#[derive(Default)]
struct Draft {
    resources: BTreeSet<String>,
    prefixes: BTreeSet<String>,
}

/// The policy that allows what was allowed in `run`: each action once for each kind of place. Keys and listings below `folder`
/// (`bucket/prefix`, as of one user) stand for all of that folder; all others for themselves alone. `None` when nothing was allowed.
///
/// In a policy `*` and `?` are wildcards, whatever a key means by them: `?` stands for both, so a key with them covers those that differ
/// from it in these characters alone.
pub fn minimal(run: &[Observed], folder: &str) -> Option<Value> {
    let mut asked: BTreeMap<Place, BTreeSet<&str>> = BTreeMap::new();
    for Observed { request, .. } in run.iter().filter(|observed| observed.allowed) {
        asked.entry(place(request, folder)).or_default().insert(&request.action);
    }
    // Places where the same actions were asked for share a statement.
    let mut drafts: BTreeMap<(BTreeSet<&str>, Option<&str>), Draft> = BTreeMap::new();
    for (place, actions) in asked {
        let (operator, prefix) = place.condition.unzip();
        let draft = drafts.entry((actions, operator)).or_default();
        draft.resources.insert(place.resource);
        draft.prefixes.extend(prefix);
    }
    let statement = |((actions, operator), draft): (&(BTreeSet<&str>, Option<&str>), &Draft)| {
        let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": draft.resources });
        if let Some(operator) = operator {
            statement["Condition"] = json!({ *operator: { "oss:Prefix": draft.prefixes } });
        }
        statement
    };
    let statements: Vec<Value> = drafts.iter().map(statement).collect();
    (!statements.is_empty()).then(|| json!({ "Version": "1", "Statement": statements }))
}

fn place(request: &Request, folder: &str) -> Place {
    let relative = request.resource.splitn(5, ':').nth(4).unwrap_or("*");
    let within = !folder.is_empty() && relative.starts_with(folder);
    let (bucket, own) = folder.split_once('/').unwrap_or((folder, ""));
    let condition = match request.context.get("oss:Prefix") {
        // A listing's prefix narrows the bucket; of other requests it says nothing.
        [asked] if !relative.contains('/') && relative == bucket && asked.starts_with(own) => {
            Some(("StringLike", format!("{own}*")))
        }
        // `*` and `?` in a prefix are themselves here, as they would not be in StringLike.
        [asked] if !relative.contains('/') => Some(("StringEquals", asked.clone())),
        _ => None,
    };
    let resource = if within { format!("acs:oss:*:*:{folder}*") } else { ResourcePattern::narrowest(relative) };
    Place { resource, condition }
}

/// Replays `run` under `policy` as the only layer, and again without each of its actions.
///
/// # Errors
/// [`PolicyError`] when `policy` is no policy of a role or a session.
pub fn prove(policy: &Value, run: &[Observed]) -> Result<Proof, PolicyError> {
    let policy = PolicyDocument::from_value(policy, PolicyKind::Session)?;
    let differs = |policy: &PolicyDocument, allowed: bool| -> Vec<usize> {
        let passes = |request: &Request| evaluate_layer(&[policy], request).effect == Outcome::Allow;
        let differs = |observed: &Observed| observed.allowed == allowed && passes(&observed.request) != allowed;
        run.iter().enumerate().filter(|(_, observed)| differs(observed)).map(|(at, _)| at).collect()
    };
    let mut removals = Vec::new();
    for (statement, whole) in policy.statements.iter().enumerate() {
        let Actions::Only(actions) = &whole.actions else { continue };
        for (at, action) in actions.iter().enumerate() {
            let mut without = policy.clone();
            let mut rest = actions.clone();
            rest.remove(at);
            // Without an action a statement matches nothing.
            without.statements[statement].actions = Actions::Only(rest);
            removals.push(Removal { statement, action: action.as_str().to_owned(), lost: differs(&without, true) });
        }
    }
    Ok(Proof { lost: differs(&policy, true), gained: differs(&policy, false), removals })
}
