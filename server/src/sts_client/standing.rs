//! Whether STS can be had at the moment, as the last questions show: what readiness is judged by.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::StsFailure;

/// How long a bad standing is believed before somebody asks again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The outcome of the last question that told something about the server itself.
#[derive(Debug)]
pub struct Standing(Mutex<State>);

#[derive(Debug)]
struct State {
    trouble: Option<String>,
    /// When it was noted, or when somebody set out to ask again.
    noted: Option<Instant>,
}

impl Default for Standing {
    fn default() -> Self {
        Self(Mutex::new(State { trouble: Some("STS has not been asked yet".to_owned()), noted: None }))
    }
}

impl Standing {
    /// Notes how a question went. A refusal of one role or policy is no trouble of the server's; a question that was never put
    /// says nothing.
    pub fn note(&self, failure: Option<&StsFailure>) {
        let trouble = match failure {
            Some(StsFailure::Busy { .. } | StsFailure::Stopped) => return,
            None => None,
            Some(StsFailure::Refused(_)) if !failure.is_some_and(StsFailure::is_about_the_server) => None,
            Some(StsFailure::Refused(error)) => Some(format!("STS says {}", error.code)),
            Some(StsFailure::NoBaseCredentials(failure)) => Some(failure.to_string()),
            Some(other) => Some(other.to_string()),
        };
        *self.state() = State { trouble, noted: Some(Instant::now()) };
    }

    /// Goes on from where an older one stands: other settings say nothing of STS before they have asked.
    pub fn take_over(&self, older: &Self) {
        let State { trouble, noted } = &*older.state();
        *self.state() = State { trouble: trouble.clone(), noted: *noted };
    }

    /// What is wrong, unless nothing is.
    pub fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Whether trouble is so old that somebody should ask anew; whoever is told so does it, and nobody else for a while.
    pub fn take_turn_to_ask(&self) -> bool {
        let mut state = self.state();
        let due = state.trouble.is_some() && state.noted.is_none_or(|noted| noted.elapsed() >= ASK_AGAIN);
        if due {
            state.noted = Some(Instant::now());
        }
        due
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_sts_ends_the_trouble() {
        let standing = Standing::default();
        let away = StsFailure::Timeout { endpoint: "https://sts.aliyuncs.com".to_owned(), seconds: 10 };
        let own_doing = [StsFailure::Busy { seconds: 1 }, StsFailure::Stopped];
        standing.note(Some(&away));
        own_doing.iter().for_each(|failure| standing.note(Some(failure)));
        assert!(standing.trouble().unwrap().contains("sts.aliyuncs.com"));
        standing.note(None);
        own_doing.iter().for_each(|failure| standing.note(Some(failure)));
        assert_eq!(standing.trouble(), None);
    }
}
