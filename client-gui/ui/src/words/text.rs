//! Texts that are put into words where they are shown: a job knows no language, and a problem outlives the change of one.

use std::fmt;

use super::{Language, fill, spoken, zh};

/// What a job has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The words of others, shown as they came.
    Verbatim(Box<str>),
    /// Our own, in English, with what goes into their `{0}`, `{1}`…
    Words(&'static str, Box<[Text]>),
    /// As a sentence of its own: with a capital letter and a full stop.
    Sentence(Box<Text>),
}

impl Text {
    /// In English, whatever is spoken: for what is kept on disk.
    pub fn english(&self) -> String {
        self.put(Language::English)
    }

    /// As a sentence of its own.
    #[must_use]
    pub fn sentence(self) -> Self {
        Self::Sentence(Box::new(self))
    }

    fn put(&self, language: Language) -> String {
        match self {
            Self::Verbatim(text) => text.to_string(),
            Self::Words(english, values) => {
                let words = zh::put(english, language);
                if values.is_empty() {
                    return words.to_owned();
                }
                let values: Vec<String> = values.iter().map(|value| value.put(language)).collect();
                let values: Vec<&dyn fmt::Display> = values.iter().map(|value| value as &dyn fmt::Display).collect();
                fill(words, &values)
            }
            Self::Sentence(text) => sentence(&text.put(language), language),
        }
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str, language: Language) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let stop = match language {
        _ if text.ends_with(['.', '!', '?', '。', '！', '？']) => "",
        Language::English => ".",
        Language::Chinese => "。",
    };
    match language {
        Language::English => format!("{}{}{stop}", first.to_uppercase(), chars.as_str()),
        // It may begin with the name of a file.
        Language::Chinese => format!("{text}{stop}"),
    }
}

/// In the language of this thread.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.put(spoken()))
    }
}

/// Words of others.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Verbatim(text.into_boxed_str())
    }
}

/// Our own words, without values.
pub fn said(english: &'static str) -> Text {
    Text::Words(english, Box::default())
}

/// Our own words, with texts or strings for their `{0}`, `{1}`…
macro_rules! said {
    ($english:literal $(, $value:expr)+ $(,)?) => {
        $crate::words::Text::Words($english, Box::new([$(Into::<$crate::words::Text>::into($value)),+]))
    };
}

#[cfg(test)]
mod tests {
    use super::super::speak;
    use super::*;

    #[test]
    fn a_text_speaks_the_language_in_which_it_is_shown() {
        let text = said!("{0} of {1}", "a{1}".to_owned(), said("OSS")).sentence();
        assert_eq!((text.to_string(), text.english()), ("A{1} of OSS.".to_owned(), "A{1} of OSS.".to_owned()));
        speak(Language::Chinese);
        assert_eq!((text.to_string(), text.english()), ("a{1} / OSS。".to_owned(), "A{1} of OSS.".to_owned()));
    }
}
