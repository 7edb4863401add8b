//! The RAM policy language: parse, substitute, evaluate, explain, compare, prove.

pub mod cases;
pub mod compare;
pub mod condition;
pub mod document;
pub mod edit;
pub mod evaluate;
pub mod explain;
pub mod json;
pub mod lint;
pub mod minimal;
mod network;
pub mod pattern;
mod principal;
mod print;
pub mod reach;
pub mod refusal;
pub mod remedy;
pub mod span;
pub mod template;
mod values;

pub use compare::{Difference, equivalent, implies};
pub use condition::Context;
pub use document::{Actions, Effect, PolicyDocument, PolicyError, PolicyKind, Statement};
pub use edit::Edit;
pub use evaluate::{Because, Layer, LayerVerdict, Layers, Outcome, Reason, Request, Verdict, evaluate, evaluate_layer};
pub use explain::{ConditionReport, StatementReport, explain};
pub use lint::{Lint, Severity, lint, lint_at};
pub use minimal::{Observed, Proof, Removal, minimal, prove};
pub use pattern::{Pattern, ResourcePattern};
pub use principal::Principal;
pub use reach::{Bounds, Escape, reach};
pub use refusal::{Asker, refusal};
pub use remedy::{Addition, Obstacle, obstacles};
pub use span::Spans;
