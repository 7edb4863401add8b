//! A failure as a person reads it: what happened, why, the facts to quote, and what helps.

/// What went wrong, in words, with a code for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What happened, in one line.
    pub title: String,
    /// Why, and what to do about it.
    pub why: String,
    /// The typed code: OSS's own (`AccessDenied`), STS's, or one of ours (`Timeout`).
    pub code: String,
    /// What to quote to an administrator: EC, message, RequestId…, in order.
    pub facts: Vec<(String, String)>,
    /// What helps.
    pub help: Help,
}

impl Problem {
    /// A problem without facts.
    pub fn new(code: &str, title: impl Into<String>, why: impl Into<String>, help: Help) -> Self {
        Self { title: title.into(), why: why.into(), code: code.to_owned(), facts: Vec::new(), help }
    }

    /// With one more fact; an empty one is left out.
    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.facts.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// All of it as text, for the clipboard.
    pub fn report(&self) -> String {
        let mut lines = vec![self.title.clone(), self.why.clone(), format!("Code: {}", self.code)];
        lines.extend(self.facts.iter().map(|(name, value)| format!("{name}: {value}")));
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
    /// The button's words.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Retry => Some("Try again"),
            Self::OpenConfigure => Some("Check the settings"),
            Self::UseTokenFolder => Some("Use the token's folder"),
            Self::NewToken => Some("Get a new token"),
            Self::SelectAnother => Some("Select another image"),
            Self::None => None,
        }
    }
}
