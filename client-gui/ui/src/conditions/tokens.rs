//! The life of a token: when it came, when it is replaced, when it ends.

use time::OffsetDateTime;
use transfer::prefetch_point;

use crate::command::TokenView;
use crate::words::word;

/// A token's life, by the clock of those who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The key id, masked.
    pub access_key_id: String,
    /// When it came.
    pub obtained: OffsetDateTime,
    /// From when on the app replaces it.
    pub prefetch: OffsetDateTime,
    /// When it ends.
    pub end: OffsetDateTime,
}

/// A moment in a token's life to which time can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// When.
    pub at: OffsetDateTime,
    /// On its button; for [`tr`](crate::words::tr).
    pub words: &'static str,
}

impl Life {
    /// That of a token that ends.
    pub fn of(token: &TokenView) -> Option<Self> {
        let end = token.expiration?;
        Some(Self {
            access_key_id: token.access_key_id.clone(),
            obtained: token.obtained,
            prefetch: prefetch_point(token.obtained, end),
            end,
        })
    }

    /// Whether it is this token's.
    pub fn is_of(&self, token: &TokenView) -> bool {
        self.access_key_id == token.access_key_id && Some(self.end) == token.expiration
    }

    /// What is still to come at `now`.
    pub fn milestones(&self, now: OffsetDateTime) -> impl Iterator<Item = Milestone> + use<> {
        let all = [
            Milestone { at: self.prefetch, words: word("To where the app replaces it") },
            Milestone { at: self.end, words: word("To just behind its end") },
        ];
        all.into_iter().filter(move |milestone| milestone.at >= now)
    }
}
