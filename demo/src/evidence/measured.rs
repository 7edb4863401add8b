//! What is new in each run: when things happened, how long they took, and the names that were drawn for them.

use serde::Serialize;
use shared::timefmt;
use time::{Duration, OffsetDateTime};

use super::log::Span;
use super::requests::Asked;
use crate::report::Report;

/// See the module.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// When the run began, on the world's clock, to the millisecond.
    pub began: String,
    /// The machine's system and processor.
    pub machine: String,
    /// From the run's begin to its end.
    pub milliseconds: f64,
    /// Of each step, in order.
    pub steps: Vec<StepTime>,
    /// Of each request of the facts, in order.
    pub requests: Vec<RequestTime>,
}

/// Of one step.
#[derive(Debug, Serialize)]
pub struct StepTime {
    /// Since the run's begin.
    pub began_ms: f64,
    /// How long it took.
    pub milliseconds: f64,
    /// How far the world's clock had been moved when it ended.
    pub clock_moved_seconds: i64,
}

/// Of one request.
#[derive(Debug, Serialize)]
pub struct RequestTime {
    /// Its number in the stream of decisions.
    pub sequence: u64,
    /// When it came, on the world's clock.
    pub time: String,
    /// Since the run's begin, on a clock that nobody moves.
    pub began_ms: f64,
    /// Until the answer's head.
    pub milliseconds: f64,
    /// In the answer, too.
    pub request_id: String,
    /// Who asked.
    pub principal: String,
    /// The key's id, masked.
    pub access_key_id: String,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
}

/// Of a run that began at `began`.
pub fn of(report: &Report, began: Option<OffsetDateTime>, spans: &[Span], requests: &[Asked]) -> Measured {
    let steps: Vec<StepTime> = report
        .steps
        .iter()
        .zip(spans)
        .map(|(step, span)| StepTime {
            began_ms: milliseconds(span.began),
            milliseconds: step.milliseconds,
            clock_moved_seconds: span.moved.whole_seconds(),
        })
        .collect();
    let request = |asked: &Asked| RequestTime {
        sequence: asked.decision.sequence,
        time: asked.decision.time.clone(),
        began_ms: milliseconds(asked.began),
        milliseconds: asked.decision.duration_us as f64 / 1000.0,
        request_id: asked.decision.request_id.clone(),
        principal: asked.decision.principal.arn.clone(),
        access_key_id: asked.decision.principal.access_key_id.clone(),
        bytes_out: asked.decision.bytes_out,
    };
    Measured {
        began: began.map(timefmt::iso8601_millis).unwrap_or_default(),
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        milliseconds: steps.last().map_or(0.0, |last| last.began_ms + last.milliseconds),
        requests: requests.iter().map(request).collect(),
        steps,
    }
}

fn milliseconds(span: Duration) -> f64 {
    (span.as_seconds_f64() * 10_000.0).round() / 10.0
}
