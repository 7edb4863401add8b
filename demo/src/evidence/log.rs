//! Where each step of a run ended: in the stream of decisions, on the world's clock, and among the requests for tokens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use shared::clock::Clock;
use time::{Duration, OffsetDateTime};
use transfer::{Event, Observer};

use crate::world::World;

/// What is written down while a run goes on.
#[derive(Debug, Default)]
pub struct Log {
    token_requests: Arc<AtomicU32>,
    marks: Mutex<Vec<Mark>>,
}

/// Where things stood between two steps.
#[derive(Debug, Clone, Copy)]
struct Mark {
    decision: u64,
    offset: Duration,
    now: OffsetDateTime,
    token_requests: u32,
}

/// What belongs to one step.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The decision before its first, and its last.
    pub decisions: (u64, u64),
    /// How far the world's clock had been moved when it ended, since the run began.
    pub moved: Duration,
    /// When it began, on a clock that nobody moves, since the run began.
    pub began: Duration,
    /// How often an app asked the app server for a token.
    pub token_requests: u32,
}

impl Log {
    /// Counts the requests for tokens.
    pub fn observer(&self) -> Observer {
        let count = Arc::clone(&self.token_requests);
        Observer::new(move |event| {
            if matches!(event, Event::TokenRequested { .. }) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// The run begins, or a step has ended.
    pub fn mark(&self, world: &World) {
        let mark = Mark {
            decision: world.decisions(0).last().map_or(0, |decision| decision.sequence),
            offset: world.clock.offset(),
            now: world.clock.now(),
            token_requests: self.token_requests.load(Ordering::Relaxed),
        };
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
    }

    /// When the run began, on the world's clock.
    pub fn began(&self) -> Option<OffsetDateTime> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).first().map(|mark| mark.now)
    }

    /// The steps that have been marked.
    pub fn spans(&self) -> Vec<Span> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = marks.first() else { return Vec::new() };
        let pairs = marks.iter().zip(marks.iter().skip(1));
        let span = |(before, after): (&Mark, &Mark)| Span {
            decisions: (before.decision, after.decision),
            moved: after.offset - first.offset,
            began: (before.now - first.now) - (before.offset - first.offset),
            token_requests: after.token_requests - before.token_requests,
        };
        pairs.map(span).collect()
    }
}
