//! A failure as a person reads it: what happened, why, the facts to quote, and what helps.

use crate::words::{Text, look_up, tr};

/// What went wrong, in words, with a code for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What happened, in one line.
    pub title: Text,
    /// Why, and what to do about it.
    pub why: Text,
    /// The typed code: OSS's own (`AccessDenied`), STS's, or one of ours (`Timeout`).
    pub code: String,
    /// What to quote to an administrator: EC, message, RequestId…, in order.
    pub facts: Vec<(String, String)>,
    /// What helps.
    pub help: Help,
}

impl Problem {
    /// A problem without facts.
    pub fn new(code: &str, title: Text, why: impl Into<Text>, help: Help) -> Self {
        Self { title, why: why.into(), code: code.to_owned(), facts: Vec::new(), help }
    }

    /// With one more fact; an empty one is left out. Its name is OSS's own, or one of ours that has a Chinese.
    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.facts.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// All of it as text in the language of this thread, for the clipboard.
    pub fn report(&self) -> String {
        let mut lines = vec![self.title.to_string(), self.why.to_string(), tr!("Code: {0}", self.code)];
        lines.extend(self.facts.iter().map(|(name, value)| format!("{}: {value}", look_up(name))));
        lines.join("\n")
    }
}

/// The button that helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// The same again.
    Retry,
    /// Look at the settings.
    OpenConfigure,
    /// Put the object into the folder that the token covers.
    UseTokenFolder,
    /// Ask the app server anew.
    NewToken,
    /// Take another picture.
    SelectAnother,
    /// Nothing that this app could do.
    None,
}

impl Help {
    /// The button's words, in the language of this thread.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Retry => Some(tr("Try again")),
            Self::OpenConfigure => Some(tr("Check the settings")),
            Self::UseTokenFolder => Some(tr("Use the token's folder")),
            Self::NewToken => Some(tr("Get a new token")),
            Self::SelectAnother => Some(tr("Select another image")),
            Self::None => None,
        }
    }
}
