//! The RAM policy language: parse, substitute, evaluate.

pub mod condition;
pub mod document;
pub mod evaluate;
pub mod json;
mod network;
pub mod pattern;
mod principal;
mod print;
pub mod reach;
pub mod template;

pub use condition::Context;
pub use document::{Actions, Effect, PolicyDocument, PolicyError, PolicyKind, Statement};
pub use evaluate::{Because, Layer, LayerVerdict, Layers, Outcome, Reason, Request, Verdict, evaluate, evaluate_layer};
pub use pattern::{Pattern, ResourcePattern};
pub use principal::Principal;
pub use reach::{Bounds, Escape, reach};
