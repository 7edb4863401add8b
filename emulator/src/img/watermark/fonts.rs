//! The fonts of text watermarks: which of them draws a character, and shaping by its tables. Whatever font is asked for, the ones
//! that we may ship are used, Chinese first, then emoji.

use std::sync::LazyLock;

use ab_glyph::Font as _;
use harfrust::{ShapeOptions, ShaperData, UnicodeBuffer};
use shared::error::{OssCode, OssError};

/// Drawn for what no font has; their own glyphs for that are empty.
const MISSING: char = '□';

/// A font, read for its outlines and for shaping.
pub(super) struct Face {
    /// Its outlines.
    pub outlines: ab_glyph::FontRef<'static>,
    /// Units of the outlines in one em.
    pub units_per_em: f32,
    tables: harfrust::FontRef<'static>,
    shaping: ShaperData,
}

/// A glyph in its place, in units of its font.
pub(super) struct Shaped {
    /// Its number in the font.
    pub id: u32,
    /// Right of the pen.
    pub right: f32,
    /// Above the line.
    pub up: f32,
    /// To the next glyph.
    pub advance: f32,
}

/// A part of a text that one font draws.
pub(super) struct Run<'a> {
    /// The font.
    pub font: &'a Face,
    text: String,
}

/// All fonts, the main one first.
pub(super) fn all() -> Result<&'static [Face], OssError> {
    static FACES: LazyLock<Option<Vec<Face>>> = LazyLock::new(|| {
        [shared::font::CJK, epaint_default_fonts::NOTO_EMOJI_REGULAR, epaint_default_fonts::EMOJI_ICON]
            .into_iter()
            .map(read)
            .collect()
    });
    FACES
        .as_deref()
        .ok_or_else(|| OssError::new(OssCode::InternalError, "The fonts of text watermarks could not be read."))
}

fn read(bytes: &'static [u8]) -> Option<Face> {
    let outlines = ab_glyph::FontRef::try_from_slice(bytes).ok()?;
    let tables = harfrust::FontRef::new(bytes).ok()?;
    let shaping = ShaperData::new(&tables);
    let units_per_em = outlines.units_per_em().filter(|units| *units > 0.0)?;
    Some(Face { outlines, units_per_em, tables, shaping })
}

/// Whether a character joins or varies the one before it: marks, variation selectors, tones of skin, tags.
fn clings(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Whether a character is never seen itself (Unicode's Default_Ignorable_Code_Point, of what occurs in texts).
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text in runs. What joins or varies the character before it stays with that.
pub(super) fn runs<'a>(fonts: &'a [Face], text: &str) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let Some(main) = fonts.first() else { return runs };
    let has = |font: &&Face, c: char| font.outlines.glyph_id(c).0 != 0;
    for c in text.chars().filter(|c| !c.is_control()) {
        if clings(c)
            && let Some(last) = runs.last_mut()
        {
            last.text.push(c);
            continue;
        }
        if is_unseen(c) {
            continue;
        }
        let (font, c) = fonts.iter().find(|font| has(font, c)).map_or((main, MISSING), |font| (font, c));
        match runs.last_mut() {
            Some(last) if std::ptr::eq(last.font, font) => last.text.push(c),
            _ => runs.push(Run { font, text: c.to_string() }),
        }
    }
    runs
}

impl Run<'_> {
    /// The run's glyphs from left to right.
    pub fn shape(&self) -> Vec<Shaped> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&self.text);
        buffer.guess_segment_properties();
        let glyphs = self.font.shaping.shaper(&self.font.tables).build().shape(buffer, ShapeOptions::new());
        let shaped = glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()).map(|(info, position)| Shaped {
            id: info.glyph_id,
            right: position.x_offset as f32,
            up: position.y_offset as f32,
            advance: position.x_advance as f32,
        });
        shaped.collect()
    }
}
