//! A policy back to JSON; parsing it again gives an equal policy.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{Actions, Effect, PolicyDocument, Statement};
use super::pattern::{Pattern, ResourcePattern};
use super::principal::Principal;

impl PolicyDocument {
    /// The policy as JSON again: lists where the grammar allows lists, conditions grouped by operator.
    pub fn to_value(&self) -> Value {
        json!({ "Version": "1", "Statement": self.statements.iter().map(statement_value).collect::<Vec<_>>() })
    }
}

fn statement_value(statement: &Statement) -> Value {
    let sources = |patterns: &[Pattern]| patterns.iter().map(|p| json!(p.as_str())).collect::<Vec<_>>();
    let mut map = Map::new();
    if let Some(sid) = &statement.sid {
        map.insert("Sid".to_owned(), json!(sid));
    }
    map.insert("Effect".to_owned(), json!(if statement.effect == Effect::Allow { "Allow" } else { "Deny" }));
    match &statement.principal {
        None => {}
        Some(Principal::Bucket(patterns)) => {
            map.insert("Principal".to_owned(), json!(sources(patterns)));
        }
        Some(Principal::Trust(families)) => {
            let families: Map<String, Value> =
                families.iter().map(|(name, list)| (name.clone(), json!(sources(list)))).collect();
            map.insert("Principal".to_owned(), Value::Object(families));
        }
    }
    match &statement.actions {
        Actions::Only(patterns) => map.insert("Action".to_owned(), json!(sources(patterns))),
        Actions::AllBut(patterns) => map.insert("NotAction".to_owned(), json!(sources(patterns))),
    };
    if !statement.resources.is_empty() {
        let resources: Vec<&str> = statement.resources.iter().map(ResourcePattern::as_str).collect();
        map.insert("Resource".to_owned(), json!(resources));
    }
    let mut operators: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for condition in &statement.conditions {
        let values: Vec<&str> = condition.values().collect();
        operators.entry(condition.operator().name()).or_default().insert(condition.key().to_owned(), json!(values));
    }
    if !operators.is_empty() {
        map.insert("Condition".to_owned(), json!(operators));
    }
    Value::Object(map)
}
