//! The words on the screen: English in the code, 简体中文 in [`zh`]. Protocols' own words (`PutObject`, `ETag`, error codes) stay as they are.
//!
//! [`tr`] is asked by views and by what prepares texts for them, on the thread that draws. Jobs report typed facts or a [`Text`], which is put into
//! words when it is drawn. What the crates below say in English is recognised by [`heard`]; the words of servers are shown as they came.

#[macro_use]
mod text;
mod heard;
mod zh;

use std::cell::Cell;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

pub use heard::heard;
pub use text::{Text, said};

/// A language of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文
    Chinese,
}

impl Language {
    /// The language for a locale such as `zh_CN.UTF-8` or `zh-Hans-CN`; English for all that is not Chinese.
    pub fn of_locale(locale: &str) -> Self {
        let chinese = locale.get(..2).is_some_and(|first| first.eq_ignore_ascii_case("zh"));
        if chinese { Self::Chinese } else { Self::English }
    }
}

/// Which language to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LanguageChoice {
    /// As the system is.
    #[default]
    System,
    /// Always English.
    English,
    /// Always 简体中文.
    Chinese,
}

impl LanguageChoice {
    /// The language, where `system` is the system's.
    pub fn language(self, system: Language) -> Language {
        match self {
            Self::System => system,
            Self::English => Language::English,
            Self::Chinese => Language::Chinese,
        }
    }
}

thread_local! {
    /// Windows of one process may differ, and tests run side by side, each on a thread of its own.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// From now on, texts made on this thread are in `language`.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// The language of this thread.
fn spoken() -> Language {
    SPOKEN.get()
}

/// `english` in the language of this thread.
pub fn tr(english: &'static str) -> &'static str {
    zh::put(english, spoken())
}

/// Marks a text that is kept in a table and goes through [`tr`] when it is shown.
pub const fn word(english: &'static str) -> &'static str {
    english
}

/// `english`, whose text was marked elsewhere, in the language of this thread; itself when it was not.
pub fn look_up(english: &str) -> &str {
    zh::put(english, spoken())
}

/// `text` with `{0}`, `{1}`… replaced by `values`. What stands in a value is not read again.
pub fn fill(text: &str, values: &[&dyn Display]) -> String {
    use std::fmt::Write as _;
    let mut filled = String::with_capacity(text.len() + 16 * values.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let number = after.split_once('}').and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
        match number.and_then(|(number, rest)| Some((values.get(number)?, rest))) {
            Some((value, after)) => {
                // Writing to a string cannot fail.
                let _ = write!(filled, "{value}");
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// A text in the language of this thread, with values in its `{0}`, `{1}`…
macro_rules! tr {
    ($english:literal $(, $value:expr)+ $(,)?) => {
        $crate::words::fill($crate::words::tr($english), &[$(&$value as &dyn std::fmt::Display),+])
    };
}

/// All Chinese texts with their English ones, for tests.
pub fn chinese_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    zh::ROOMS.iter().flat_map(|room| room.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_their_numbers_stand() {
        for (text, filled) in [
            ("{0} of {1} parts", "a of {0} parts"),
            ("{1} 中的 {0}", "{0} 中的 a"),
            ("{2} {x} {", "{2} {x} {"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &[&"a", &"{0}"]), filled);
        }
    }

    #[test]
    fn locales_lead_to_languages() {
        for locale in ["zh_CN.UTF-8", "zh-Hans-CN", "ZH"] {
            assert_eq!(Language::of_locale(locale), Language::Chinese);
        }
        for locale in ["", "C", "en_US.UTF-8", "z", "湖"] {
            assert_eq!(Language::of_locale(locale), Language::English);
        }
    }
}
