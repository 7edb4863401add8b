//! 简体中文, a table for each room of the screen. The English text is the key; one that two rooms share stands in `common`.

mod common;
mod conditions;
mod configure;
mod objects;
mod playground;
mod profiles;
mod shell;
mod upload;
mod wire;

use std::collections::HashMap;
use std::sync::LazyLock;

/// English and Chinese.
pub type Table = &'static [(&'static str, &'static str)];

/// All tables.
pub const ROOMS: &[Table] = &[
    common::WORDS,
    conditions::WORDS,
    configure::WORDS,
    objects::WORDS,
    playground::WORDS,
    profiles::WORDS,
    shell::WORDS,
    upload::WORDS,
    wire::WORDS,
];

static CHINESE: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| ROOMS.iter().flat_map(|room| room.iter().copied()).collect());

/// What `english` is in Chinese.
pub fn chinese(english: &str) -> Option<&'static str> {
    CHINESE.get(english).copied()
}
