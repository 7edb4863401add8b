//! What an emulator on this machine decided about the requests, if there is one: the other side of each message.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use shared::decision::{Decision, Witness};
use shared::ram::Observed;

/// The newest decisions.
#[derive(Default)]
pub(crate) struct Decisions {
    witness: Option<Witness>,
    last: u64,
    kept: VecDeque<Arc<Decision>>,
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decisions").field("last", &self.last).field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Decisions {
    /// Hears of what `witness` tells.
    pub(crate) fn of(witness: Witness) -> Self {
        Self { witness: Some(witness), ..Self::default() }
    }

    /// Whether somebody tells of decisions.
    pub(crate) fn are_told(&self) -> bool {
        self.witness.is_some()
    }

    /// The decision about the request of this id.
    pub(crate) fn get(&self, request_id: &str) -> Option<&Decision> {
        let found = self.kept.iter().rev().find(|decision| decision.request_id == request_id);
        found.filter(|_| !request_id.is_empty()).map(|decision| &**decision)
    }

    /// What the roles' tokens asked for, and whether policies let it pass, oldest first.
    pub(crate) fn run(&self) -> impl Iterator<Item = Observed> {
        self.kept
            .iter()
            .filter(|decision| decision.principal.kind == "role")
            .filter_map(|decision| Observed::of(decision))
    }

    /// Asks for what is new, keeps the newest `most`, and gives the new ones.
    pub(crate) fn refresh(&mut self, most: usize) -> Vec<Arc<Decision>> {
        let new = self.witness.as_ref().map_or_else(Vec::new, |witness| witness(self.last));
        if let Some(newest) = new.last() {
            self.last = newest.sequence;
        }
        self.kept.extend(new.iter().cloned());
        self.kept.drain(..self.kept.len().saturating_sub(most));
        new
    }
}
