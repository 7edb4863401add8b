//! The smallest change that would allow a request, layer by layer.

use serde_json::{Value, json};

use super::document::{Actions, Effect, PolicyDocument};
use super::edit::Edit;
use super::evaluate::{Layer, Layers, Outcome, Request, evaluate};
use super::explain::explain;
use super::pattern::ResourcePattern;

/// What stands between a request and its being allowed, in one layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// Nothing in the layer allows it: what to add to its policy.
    Missing { layer: Layer, addition: Addition },
    /// A statement denies it. No addition helps; the statement would have to go or to be narrowed.
    Denied { layer: Layer, statement: usize },
}

/// What to add to a policy so that it allows one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Addition {
    /// Another action for a statement that has the resource and the conditions already.
    Action { statement: usize, action: String },
    /// A statement that allows this request, and as good as no other.
    Statement(Value),
}

impl Addition {
    /// As a change to the text of the policy.
    pub fn edit(&self) -> Edit {
        match self {
            Self::Action { statement, action } => {
                Edit::Append { path: format!("Statement[{statement}].Action"), value: json!(action) }
            }
            Self::Statement(value) => Edit::Append { path: "Statement".to_owned(), value: value.clone() },
        }
    }
}

/// What keeps `request` from being allowed; empty when it is allowed. With every addition made, it is.
///
/// `resource` in an addition has `*` for region and account. Of the identity and the bucket policy one is enough: the
/// identity policy is the one that is added to. Where it allows more than the request, the other requests are those of a
/// statement that is there already.
pub fn obstacles(layers: &Layers<'_>, request: &Request) -> Vec<Obstacle> {
    let verdict = evaluate(layers, request);
    let mut found = Vec::new();
    if verdict.is_allow() {
        return found;
    }
    let mut denied = |layer, because: &Option<super::Because>| {
        if let Some(because) = because {
            found.push(Obstacle::Denied { layer, statement: because.statement });
        }
    };
    for (layer, verdict) in [
        (Layer::Control, verdict.control.as_ref()),
        (Layer::Session, verdict.session.as_ref()),
        (Layer::Identity, Some(&verdict.identity)),
        (Layer::Bucket, verdict.bucket.as_ref()),
    ] {
        if let Some(verdict) = verdict.filter(|verdict| verdict.effect == Outcome::ExplicitDeny) {
            denied(layer, &verdict.because);
        }
    }
    if let (Some(policy), Some(control)) = (layers.control.first(), &verdict.control)
        && control.effect == Outcome::ImplicitDeny
    {
        found.push(Obstacle::Missing { layer: Layer::Control, addition: addition(policy, request) });
    }
    if let (Some(policy), Some(session)) = (layers.session, &verdict.session)
        && session.effect == Outcome::ImplicitDeny
    {
        found.push(Obstacle::Missing { layer: Layer::Session, addition: addition(policy, request) });
    }
    let bucket_allows = verdict.bucket.as_ref().is_some_and(|bucket| bucket.effect == Outcome::Allow);
    if verdict.identity.effect == Outcome::ImplicitDeny && !bucket_allows {
        let addition = layers.identity.first().map_or_else(|| exact(request), |policy| addition(policy, request));
        found.push(Obstacle::Missing { layer: Layer::Identity, addition });
    }
    found
}

/// What would make `policy` allow `request`, by the fewest words.
pub fn addition(policy: &PolicyDocument, request: &Request) -> Addition {
    let met = |condition: &super::explain::ConditionReport| condition.outcome == super::condition::Outcome::Met;
    let fits = explain(policy, request).into_iter().find(|report| {
        report.effect == Effect::Allow && report.principal && report.resource && report.conditions.iter().all(met)
    });
    let listed = |statement: &usize| {
        policy.statements.get(*statement).is_some_and(|statement| matches!(statement.actions, Actions::Only(_)))
    };
    match fits.map(|report| report.statement).filter(listed) {
        Some(statement) => Addition::Action { statement, action: request.action.clone() },
        None => exact(request),
    }
}

/// A statement that allows `request` and, where its key has wildcards, what differs from it in these characters alone.
fn exact(request: &Request) -> Addition {
    let relative = request.resource.splitn(5, ':').nth(4).unwrap_or("*");
    let mut statement = json!({
        "Effect": "Allow",
        "Action": [request.action],
        "Resource": [ResourcePattern::narrowest(relative)],
    });
    if let [prefix] = request.context.get("oss:Prefix") {
        // `*` and `?` in a prefix are themselves here, as they would not be in StringLike.
        statement["Condition"] = json!({ "StringEquals": { "oss:Prefix": [prefix] } });
    }
    Addition::Statement(statement)
}
