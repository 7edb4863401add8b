//! The one font that every part draws text with.

/// WenQuanYi Micro Hei (Apache-2.0), cut to ASCII, Latin-1, common punctuation and GB2312.
pub const CJK: &[u8] = include_bytes!("../assets/fonts/WenQuanYiMicroHei-GB2312.ttf");
