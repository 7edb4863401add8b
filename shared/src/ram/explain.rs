//! Why a statement applies to a request or not: each of its parts, and each condition with the values on both sides.

use super::condition::Outcome as ConditionOutcome;
use super::document::{Effect, PolicyDocument, Statement};
use super::evaluate::{Request, conditions_met};

/// What one statement makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementReport {
    /// Its index in the document.
    pub statement: usize,
    pub effect: Effect,
    /// Whether it speaks about the caller; true where it names nobody.
    pub principal: bool,
    pub action: bool,
    pub resource: bool,
    pub conditions: Vec<ConditionReport>,
    /// Whether all of it is met, so that its effect counts.
    pub applies: bool,
}

impl StatementReport {
    /// The condition keys that the request lacks, each once.
    pub fn missing_keys(&self) -> Vec<&str> {
        let mut missing: Vec<&str> = Vec::new();
        for condition in self.conditions.iter().filter(|condition| condition.presented.is_empty()) {
            if !missing.contains(&condition.key.as_str()) {
                missing.push(&condition.key);
            }
        }
        missing
    }

    /// Whether a condition could not be evaluated, for the request's value is not of the operator's type.
    pub fn is_unevaluable(&self) -> bool {
        self.conditions.iter().any(|condition| condition.outcome == ConditionOutcome::Unreadable)
    }
}

/// One condition, with the values on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionReport {
    pub operator: &'static str,
    pub key: String,
    /// The policy's values.
    pub wanted: Vec<String>,
    /// The request's values; empty when it lacks the key.
    pub presented: Vec<String>,
    pub outcome: ConditionOutcome,
}

/// What each statement of `policy` makes of `request`.
pub fn explain(policy: &PolicyDocument, request: &Request) -> Vec<StatementReport> {
    policy.statements.iter().enumerate().map(|(index, statement)| report(index, statement, request)).collect()
}

fn report(index: usize, statement: &Statement, request: &Request) -> StatementReport {
    let principal = statement.principal.as_ref().is_none_or(|principal| principal.matches(&request.principals));
    let action = statement.actions.matches(&request.action);
    let resource = statement.covers(&request.resource);
    let conditions = statement.conditions.iter().map(|condition| ConditionReport {
        operator: condition.operator().name(),
        key: condition.key().to_owned(),
        wanted: condition.values().map(str::to_owned).collect(),
        presented: request.context.get(condition.key()).to_vec(),
        outcome: condition.outcome(&request.context),
    });
    StatementReport {
        statement: index,
        effect: statement.effect,
        principal,
        action,
        resource,
        conditions: conditions.collect(),
        applies: principal && action && resource && conditions_met(statement, &request.context),
    }
}
