//! Every text on the screen has its Chinese, with the same values in it, and no Chinese text is left over.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use client_ui::words::chinese_texts;

/// What marks a literal as words.
const CALLS: [&str; 5] = ["tr(", "tr!(", "said(", "said!(", "word("];

/// The literals after `tr(`, `tr!(`, `said(`, `said!(` and `word(` in a source.
fn texts(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in CALLS {
        for (at, _) in source.match_indices(call) {
            let before = source[..at].chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
                continue;
            }
            let Some(literal) = source[at + call.len()..].trim_start().strip_prefix('"') else { continue };
            found.push(literal_text(literal));
        }
    }
    found
}

/// The text of a literal whose first quotation mark is behind us.
fn literal_text(literal: &str) -> String {
    let mut text = String::new();
    let mut letters = literal.chars().peekable();
    while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
        match (letter, letters.peek()) {
            ('\\', Some('\n')) => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                letters.next();
                text.push('\n');
            }
            ('\\', _) => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    text
}

/// Calls `look` with the path and the text of each source, but for the words themselves.
fn sources(folder: &Path, look: &mut dyn FnMut(&str, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("words") {
                sources(&path, look);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            look(&path.to_string_lossy(), &std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Literals that read like English and are no words for the screen: names of fonts, files and presets, code, and the texts that are heard from others.
const NO_WORDS: &[&str] = &[
    "drop overlay",
    "conditions in force",
    "Train tunnel",
    "Midnight expiry",
    "there are too many broken ones beside it",
    "the settings file {path} ",
    "WenQuanYi Micro Hei",
    "curl --fail --output picture '{url}'",
    "object key",
    "object name",
    "it is no picture",
    "the folder of downloads",
    "too many files there have the object's name",
];

/// The literals of a source up to its tests that read like English and are not marked as words.
fn unmarked(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") {
            3
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if let Some(literal) = rest.strip_prefix('"') {
            let text = literal_text(literal);
            let before = code[..at].trim_end();
            let marked = CALLS.iter().any(|call| before.ends_with(call));
            let known = NO_WORDS.iter().any(|known| text.starts_with(known));
            if !marked && !known && reads_like_english(&text) {
                found.push(text);
            }
            1 + literal_length(literal)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    found
}

/// How many bytes a literal has whose first quotation mark is behind us, with its last one.
fn literal_length(literal: &str) -> usize {
    let mut escaped = false;
    let end = literal.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    end.map_or(literal.len(), |end| end + 1)
}

/// Whether two words of small letters follow each other.
fn reads_like_english(text: &str) -> bool {
    let small = |word: &str| {
        word.len() > 1 && word.trim_end_matches([',', ';', ':', '.']).chars().all(|c| c.is_ascii_lowercase())
    };
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(2).any(|pair| small(pair[1]) && pair[0].len() > 1 && pair[0].chars().all(|c| c.is_ascii_alphabetic()))
}

fn values(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(number, _)| number).collect()
}

#[test]
fn both_languages_are_whole() {
    let mut english = BTreeMap::new();
    for folder in ["src", "../src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut |path, source| {
            english.extend(texts(source).into_iter().map(|text| (text, path.to_owned())));
        });
    }
    let mut chinese = BTreeMap::new();
    for (key, text) in chinese_texts() {
        assert!(chinese.insert(key, text).is_none(), "twice in the tables: {key}");
        assert_eq!(values(key), values(text), "the values of {key}");
    }
    let missing: Vec<_> = english.iter().filter(|(text, _)| !chinese.contains_key(text.as_str())).collect();
    assert!(missing.is_empty(), "no Chinese for {missing:#?}");
    let left_over: Vec<_> = chinese.keys().filter(|text| !english.contains_key(**text)).collect();
    assert!(left_over.is_empty(), "said nowhere: {left_over:#?}");
}

#[test]
fn nothing_that_reads_like_english_goes_past_the_tables() {
    let mut past = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, source| {
        // What stands in a gallery is what servers and persons say; the recipes' code is code.
        if !["gallery", "recipe/code.rs", "recipe/tests.rs"].iter().any(|other| path.contains(other)) {
            past.extend(unmarked(source).into_iter().map(|text| format!("{path}: {text}")));
        }
    });
    assert!(past.is_empty(), "no words of the tables: {past:#?}");
}

#[test]
fn literals_are_read_as_the_compiler_reads_them() {
    let source = "tr(\"a \\\"b\\\"\") str(\"no\") tr!(\n \"c {0} \\\n   d\", x) word(\"e\\nf\") tr(name) said!(\"g\")";
    assert_eq!(texts(source), ["a \"b\"", "c {0} d", "g", "e\nf"]);
    let source = "// \"no word\"\ntr(\"one word\") x(r#\"no \"word\"#, '\"', \"bare words \\\"\", \"Name\") #[cfg(test)] y(\"no word\")";
    assert_eq!(unmarked(source), ["bare words \""]);
}
