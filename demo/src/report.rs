//! What the headless flow did: a line a step for people, JSON for programs.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did what it must.
    Ok,
    /// It did not.
    Failed,
    /// An earlier one failed.
    Skipped,
}

/// One step of the flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// What it does.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub milliseconds: f64,
    /// What was found; for a failure, `error` says what is wrong.
    pub detail: Map<String, Value>,
}

/// The whole flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether every step did what it must.
    pub ok: bool,
    /// The picture's file, or how it was generated.
    pub image: String,
    /// The picture's size in bytes.
    pub image_bytes: u64,
    /// In order.
    pub steps: Vec<Step>,
}

impl Step {
    /// ` 3  Upload by multipart   41.2 ms  ok  …`
    pub fn line(&self) -> String {
        let mark = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        let details: Vec<String> = self
            .detail
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            })
            .collect();
        format!(
            "{:>3}  {:<48} {:>9.1} ms  {mark:<7}  {}",
            self.number,
            self.name,
            self.milliseconds,
            details.join(", ")
        )
    }
}

/// A duration as reports give it: milliseconds to a tenth.
pub fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Prints a line. A reader that has gone away, as `| head` does, is no reason to stop.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
