//! 简体中文, a table for each room of the screen. The English text is the key; one that two rooms share stands in `common`.

mod common;
mod conditions;
mod configure;
mod findings;
mod lab;
mod objects;
mod playground;
mod problems;
mod profiles;
mod receipt;
mod shell;
mod told;
mod upload;
mod wire;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Language;

/// English and Chinese.
pub type Table = &'static [(&'static str, &'static str)];

/// All tables.
pub const ROOMS: &[Table] = &[
    common::WORDS,
    conditions::WORDS,
    configure::WORDS,
    findings::WORDS,
    lab::WORDS,
    objects::WORDS,
    playground::WORDS,
    problems::WORDS,
    profiles::WORDS,
    receipt::WORDS,
    shell::WORDS,
    told::WORDS,
    upload::WORDS,
    wire::WORDS,
];

static CHINESE: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| ROOMS.iter().flat_map(|room| room.iter().copied()).collect());

/// `english` in `language`; as it is where there is no Chinese for it.
pub fn put(english: &str, language: Language) -> &str {
    match language {
        Language::English => english,
        Language::Chinese => CHINESE.get(english).copied().unwrap_or(english),
    }
}
