//! One request and what became of it, without its secrets.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use transfer::{ExchangeId, Peer};

use crate::lab::grid::{Question, ROWS};

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The answer is whole.
    Done,
    /// The answer is a refusal.
    Refused {
        /// `AccessDenied`.
        code: String,
        /// `0003-00000301`; may be empty.
        ec: String,
        /// For a person.
        message: String,
        /// Further elements of the error body.
        details: Vec<(String, String)>,
    },
    /// No whole answer came; why.
    Broken(String),
}

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names the request in the log of who answered; may be empty.
    pub request_id: String,
    /// The head.
    pub headers: Vec<(String, String)>,
    /// From the request to this head.
    pub after: Duration,
}

/// A request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub id: ExchangeId,
    /// When the request went out.
    pub at: OffsetDateTime,
    /// To whom.
    pub peer: Peer,
    /// `PutObject`.
    pub operation: &'static str,
    /// The object, where it is about one.
    pub key: Option<String>,
    /// The HTTP method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The request's head.
    pub headers: Vec<(String, String)>,
    /// What was signed: the canonical request, which V1 lacks, and the string to sign.
    pub signed: Option<(Option<String>, String)>,
    /// The answer's head.
    pub answer: Option<Answer>,
    /// How it ended, and how long all of it took; `None` while it runs.
    pub ending: Option<(Ending, Duration)>,
}

impl Exchange {
    /// The query of the URL, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decoded(k), decoded(v))).collect()
    }

    /// An element of the error body.
    pub fn detail(&self, name: &str) -> Option<&str> {
        let Some((Ending::Refused { details, .. }, _)) = &self.ending else { return None };
        details.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it was refused, or broke off.
    pub fn failed(&self) -> bool {
        let status = self.answer.as_ref().is_some_and(|answer| answer.status >= 400);
        status || matches!(self.ending, Some((Ending::Refused { .. } | Ending::Broken(_), _)))
    }

    /// The code of the refusal.
    pub fn refusal(&self) -> Option<&str> {
        match &self.ending {
            Some((Ending::Refused { code, .. }, _)) => Some(code),
            _ => None,
        }
    }

    /// The request as the policy lab asks it, for OSS's refusals.
    pub(super) fn question(&self, bucket: &str) -> Question {
        let row = ROWS.iter().find(|row| self.operation.starts_with(row.operation));
        let needed = row.map_or_else(|| format!("oss:{}", self.operation), |row| row.action.to_owned());
        let action = self.detail("AccessDeniedDetail/AuthAction").map_or(needed, str::to_owned);
        let prefix = self.query().into_iter().find(|(name, _)| name == "prefix").map(|(_, value)| value);
        let listing = self.operation.starts_with("List") && self.key.is_none();
        Question {
            operation: self.operation.to_owned(),
            action,
            bucket: Some(bucket.to_owned()),
            key: self.key.clone(),
            prefix: listing.then(|| prefix.unwrap_or_default()),
        }
    }
}
