//! The requests of a run, step by step, in an order that is the same in each run.

use std::sync::Arc;

use shared::decision::{Decision, SignatureOutcome};
use shared::timefmt;
use time::{Duration, OffsetDateTime};

use super::log::Span;
use crate::world::World;

/// One request to OSS or STS.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The place of its step.
    pub step: usize,
    /// When it came since the run began, on a clock that nobody moves.
    pub began: Duration,
    /// What was decided.
    pub decision: Arc<Decision>,
}

/// All of them.
pub fn of(world: &World, spans: &[Span], began: Option<OffsetDateTime>) -> Vec<Asked> {
    let decisions = world.decisions(0);
    let mut all = Vec::new();
    for (step, span) in spans.iter().enumerate() {
        let within = |decision: &&Arc<Decision>| (span.decisions.0 + 1..=span.decisions.1).contains(&decision.sequence);
        let asked = |decision: &Arc<Decision>| {
            let came =
                began.zip(timefmt::parse_iso8601(&decision.time)).map_or(Duration::ZERO, |(began, at)| at - began);
            // Decisions are timed to the millisecond, the run is more precisely.
            Asked { step, began: (came - span.moved).max(Duration::ZERO), decision: Arc::clone(decision) }
        };
        let mut of_step: Vec<Asked> = decisions.iter().filter(within).map(asked).collect();
        // What goes side by side ends in any order.
        for group in of_step.chunk_by_mut(|a, b| a.decision.operation == b.decision.operation) {
            group.sort_by(|a, b| order(&a.decision).cmp(&order(&b.decision)));
        }
        all.extend(of_step);
    }
    all
}

fn order(decision: &Decision) -> (Option<u32>, &str, u16, &str) {
    (decision.part_number, &decision.path, decision.status, &decision.error_code)
}

/// `valid, V4 header`.
pub fn signature(outcome: &SignatureOutcome) -> String {
    match outcome {
        SignatureOutcome::Absent => "none".to_owned(),
        SignatureOutcome::Valid { scheme } => format!("valid, {scheme}"),
        SignatureOutcome::Mismatch { scheme, .. } => format!("wrong, {scheme}"),
        SignatureOutcome::Refused { reason } => format!("refused: {reason}"),
    }
}
