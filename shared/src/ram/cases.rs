//! Policy tests as files: requests, what must become of them, and why; with the statements that no request needs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::condition::Context;
use super::document::{PolicyDocument, PolicyError, PolicyKind};
use super::evaluate::{Outcome, Request, evaluate_layer};
use super::template::{TemplateError, fill_in};

/// The account in the requests of a suite.
const ACCOUNT: &str = "1000000000000001";

/// One file of tests for a session policy or its template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The policy's file, beside the folder of the tests.
    pub policy: String,
    /// What fills in placeholders, in the policy and in the cases: `$BUCKET_NAME` to its value.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    pub cases: Vec<Case>,
}

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// `oss:PutObject`.
    pub action: String,
    /// `bucket`, `bucket/key` or `*`.
    pub resource: String,
    /// Condition keys and their values.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    pub expect: Expectation,
    /// Why this must be so, in words.
    pub reason: String,
}

/// What must become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Expectation {
    Allow,
    Deny,
}

/// Why a suite could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    #[error("the tests are not readable: {0}")]
    Suite(String),
    #[error("the policy cannot be filled in: {0}")]
    Template(#[from] TemplateError),
    #[error("the policy: {0}")]
    Policy(#[from] PolicyError),
}

/// What a suite says of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For each case, in order, whether it came out as expected.
    pub passed: Vec<bool>,
    /// How many statements the policy has.
    pub statements: usize,
    /// The statements that no case is decided by.
    pub uncovered: Vec<usize>,
    /// The statements that could be deleted without a case that fails.
    pub unneeded: Vec<usize>,
}

impl Report {
    /// Whether all cases pass, and each statement is needed by one.
    pub fn is_good(&self) -> bool {
        self.passed.iter().all(|passed| *passed) && self.unneeded.is_empty()
    }
}

impl Suite {
    /// Reads a file of tests.
    ///
    /// # Errors
    /// [`SuiteError::Suite`], with the place.
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        serde_json::from_str(text).map_err(|error| SuiteError::Suite(error.to_string()))
    }

    /// Runs all cases against `template` as the session policy of a role that may do everything on OSS.
    ///
    /// # Errors
    /// [`SuiteError`] when the template, filled in with the suite's values, is no session policy.
    pub fn run(&self, template: &str) -> Result<Report, SuiteError> {
        let policy = PolicyDocument::from_value(&fill_in(template, &self.pairs())?, PolicyKind::Session)?;
        let requests = self.cases.iter().map(|case| self.request(case)).collect::<Result<Vec<_>, _>>()?;
        // The role allows everything: what the session policy says is what becomes of the request.
        let passes = |policy: &PolicyDocument| -> Vec<bool> {
            let effects = requests.iter().map(|request| evaluate_layer(&[policy], request).effect);
            effects.zip(&self.cases).map(|(effect, case)| is_as_expected(effect, case.expect)).collect()
        };
        let passed = passes(&policy);
        let deciding: Vec<usize> = requests
            .iter()
            .filter_map(|request| evaluate_layer(&[&policy], request).because.map(|because| because.statement))
            .collect();
        let unneeded = |statement: &usize| {
            let mut without = policy.clone();
            without.statements.remove(*statement);
            passes(&without) == passed
        };
        let statements = 0..policy.statements.len();
        Ok(Report {
            uncovered: statements.clone().filter(|statement| !deciding.contains(statement)).collect(),
            unneeded: statements.filter(unneeded).collect(),
            statements: policy.statements.len(),
            passed,
        })
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.values.iter().map(|(placeholder, value)| (placeholder.as_str(), value.as_str())).collect()
    }

    fn request(&self, case: &Case) -> Result<Request, SuiteError> {
        let filled = |text: &str| -> Result<String, SuiteError> {
            let value = fill_in(&Value::from(text).to_string(), &self.pairs())?;
            Ok(value.as_str().unwrap_or_default().to_owned())
        };
        let mut context = Context::new();
        for (key, value) in &case.context {
            context.insert(key, filled(value)?);
        }
        let resource = format!("acs:oss:*:{ACCOUNT}:{}", filled(&case.resource)?);
        Ok(Request { action: case.action.clone(), resource, principals: Vec::new(), context })
    }
}

fn is_as_expected(effect: Outcome, expected: Expectation) -> bool {
    (effect == Outcome::Allow) == (expected == Expectation::Allow)
}
