//! Short words about what has just come about; they go by themselves.

use std::collections::VecDeque;
use std::time::Duration;

use time::OffsetDateTime;

/// The most that are shown at once.
const MOST: usize = 4;
const GOOD_STAYS: Duration = Duration::from_secs(5);
const BAD_STAYS: Duration = Duration::from_secs(12);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Names it for as long as it is shown.
    pub id: u64,
    /// What it says.
    pub text: String,
    /// Whether something failed.
    pub failed: bool,
    /// When it goes; set once it has been shown.
    until: Option<OffsetDateTime>,
}

/// Those that are shown, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: VecDeque<Toast>,
    last: u64,
}

impl Toasts {
    /// Says that something has come about.
    pub fn good(&mut self, text: impl Into<String>) {
        self.push(text.into(), false);
    }

    /// Says that something has failed.
    pub fn bad(&mut self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(&mut self, text: String, failed: bool) {
        self.last += 1;
        self.shown.retain(|toast| toast.text != text);
        if self.shown.len() == MOST {
            self.shown.pop_front();
        }
        self.shown.push_back(Toast { id: self.last, text, failed, until: None });
    }

    /// Takes one away before its time.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|toast| toast.id != id);
    }

    /// Those that are to be seen, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Toast> {
        self.shown.iter()
    }

    /// Lets go of those whose time is over at `now`; how long until the next one goes.
    pub(crate) fn tick(&mut self, now: OffsetDateTime) -> Option<Duration> {
        for toast in &mut self.shown {
            toast.until.get_or_insert(now + if toast.failed { BAD_STAYS } else { GOOD_STAYS });
        }
        self.shown.retain(|toast| toast.until.is_none_or(|until| until > now));
        let next = self.shown.iter().filter_map(|toast| toast.until).min()?;
        Some(Duration::try_from(next - now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_goes_when_its_time_is_over_and_never_twice_stands_the_same() {
        let mut toasts = Toasts::default();
        let mut now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(toasts.tick(now), None, "an idle window is not woken");
        toasts.good("Copied");
        toasts.bad("Not deleted");
        toasts.good("Copied");
        assert_eq!(toasts.iter().map(|toast| toast.text.as_str()).collect::<Vec<_>>(), ["Not deleted", "Copied"]);
        assert_eq!(toasts.tick(now), Some(GOOD_STAYS));
        now += GOOD_STAYS;
        assert_eq!(toasts.tick(now), Some(BAD_STAYS - GOOD_STAYS));
        assert_eq!(toasts.iter().map(|toast| toast.failed).collect::<Vec<_>>(), [true]);
        for number in 0..10 {
            toasts.good(number.to_string());
        }
        assert_eq!(toasts.iter().count(), MOST);
    }
}
