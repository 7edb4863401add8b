//! Every text on the screen has its Chinese, with the same values in it, and no Chinese text is left over.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use client_ui::words::chinese_texts;

/// The literals after `tr(`, `tr!(` and `word(` in a source.
fn texts(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in ["tr(", "tr!(", "word("] {
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

fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("words") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for text in texts(&source) {
                found.insert(text, path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
}

fn values(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(number, _)| number).collect()
}

#[test]
fn both_languages_are_whole() {
    let mut english = BTreeMap::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut english);
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
fn literals_are_read_as_the_compiler_reads_them() {
    let source = "tr(\"a \\\"b\\\"\") str(\"no\") tr!(\n \"c {0} \\\n   d\", x) word(\"e\\nf\") tr(name)";
    assert_eq!(texts(source), ["a \"b\"", "c {0} d", "e\nf"]);
}
