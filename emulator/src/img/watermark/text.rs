//! One line of text as a mark. Glyphs are turned as outlines, before they become pixels, and drawn one by one straight on the
//! picture, so that memory does not grow with the size or angle of the text.

use ab_glyph::{
    Font, FontRef, Glyph, GlyphId, Outline, OutlineCurve, OutlinedGlyph, Point, PxScale, PxScaleFactor, Rect, point,
};
use shared::error::{OssCode, OssError};
use shared::img::TextWatermark;

use crate::img::picture::Picture;

/// How far the shadow falls right and down, as a share of the font's size.
const SHADOW_OFFSET: f32 = 1.0 / 20.0;

/// Drawn for what the font lacks; the font's own glyph for that is empty.
const MISSING: char = '□';

/// Text with every glyph in its place.
pub(super) struct LaidText {
    glyphs: Vec<OutlinedGlyph>,
    /// The top left corner of the turned line, in the coordinates of the glyphs.
    origin: (i64, i64),
    size: (u32, u32),
    rgb: [u8; 3],
    shadow: Option<(f32, i64)>,
}

/// Lays a text out. All the fonts that OSS offers are drawn with the one that we may ship; what it lacks becomes [`MISSING`].
pub(super) fn lay_out(mark: &TextWatermark) -> Result<LaidText, OssError> {
    let font = FontRef::try_from_slice(shared::font::CJK)
        .map_err(|_| OssError::new(OssCode::InternalError, "The font of text watermarks could not be read."))?;
    let pixels_per_unit = mark.size as f32 / font.units_per_em().unwrap_or(1000.0);
    let factor = PxScaleFactor { horizontal: pixels_per_unit, vertical: pixels_per_unit };
    let turn = Turn::clockwise(mark.rotate);
    let (mut glyphs, mut advance) = (Vec::new(), 0.0);
    for character in mark.text.chars().filter(|c| !c.is_control()) {
        let id = match font.glyph_id(character) {
            GlyphId(0) => font.glyph_id(MISSING),
            id => id,
        };
        if let Some(outline) = font.outline(id).filter(|outline| !outline.curves.is_empty()) {
            let scale = PxScale::from(font.height_unscaled() * pixels_per_unit);
            let position = turn.on_screen(point(advance, 0.0));
            glyphs.push(OutlinedGlyph::new(Glyph { id, scale, position }, turn.outline(outline), factor));
        }
        advance += font.h_advance_unscaled(id) * pixels_per_unit;
    }
    let line = Rect {
        min: point(0.0, -font.ascent_unscaled() * pixels_per_unit),
        max: point(advance, -font.descent_unscaled() * pixels_per_unit),
    };
    let around = turn.box_of(line);
    let shadow = (mark.shadow > 0)
        .then(|| (f32::from(mark.shadow) / 100.0, (mark.size as f32 * SHADOW_OFFSET).round().max(1.0) as i64));
    Ok(LaidText {
        glyphs,
        origin: (around.min.x.floor() as i64, around.min.y.floor() as i64),
        size: (around.width().ceil() as u32, around.height().ceil() as u32),
        rgb: mark.color.0,
        shadow,
    })
}

impl LaidText {
    /// The size of the turned line: all its advances by the font's ascent and descent.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Draws the shadow, then the text.
    pub fn draw(&self, on: &mut Picture, at: (i64, i64), opacity: f32) {
        if let Some((strength, offset)) = self.shadow {
            self.draw_in(on, (at.0 + offset, at.1 + offset), [0; 3], opacity * strength);
        }
        self.draw_in(on, at, self.rgb, opacity);
    }

    fn draw_in(&self, on: &mut Picture, at: (i64, i64), rgb: [u8; 3], opacity: f32) {
        for glyph in &self.glyphs {
            let bounds = glyph.px_bounds();
            let left = at.0 - self.origin.0 + bounds.min.x as i64;
            let top = at.1 - self.origin.1 + bounds.min.y as i64;
            let beside = left > i64::from(on.width) || top > i64::from(on.height);
            if beside || left + (bounds.width() as i64) < 0 || top + (bounds.height() as i64) < 0 {
                continue;
            }
            glyph.draw(|x, y, coverage| {
                on.blend(left + i64::from(x), top + i64::from(y), rgb, coverage.min(1.0) * opacity);
            });
        }
    }
}

/// A turn by an angle. The screen's y points down, an outline's points up.
#[derive(Clone, Copy)]
struct Turn {
    sin: f32,
    cos: f32,
}

impl Turn {
    fn clockwise(degrees: u32) -> Self {
        let (sin, cos) = (degrees as f32).to_radians().sin_cos();
        Self { sin, cos }
    }

    fn on_screen(self, p: Point) -> Point {
        point(p.x * self.cos - p.y * self.sin, p.x * self.sin + p.y * self.cos)
    }

    fn in_outline(self, p: Point) -> Point {
        point(p.x * self.cos + p.y * self.sin, p.y * self.cos - p.x * self.sin)
    }

    fn box_of(self, rect: Rect) -> Rect {
        let corners = [rect.min, point(rect.max.x, rect.min.y), rect.max, point(rect.min.x, rect.max.y)];
        bounds(corners.map(|corner| self.on_screen(corner)))
    }

    fn outline(self, outline: Outline) -> Outline {
        if self.sin == 0.0 && self.cos == 1.0 {
            return outline;
        }
        let turn = |p| self.in_outline(p);
        let turned = outline.curves.into_iter().map(|curve| match curve {
            OutlineCurve::Line(a, b) => OutlineCurve::Line(turn(a), turn(b)),
            OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(turn(a), turn(b), turn(c)),
            OutlineCurve::Cubic(a, b, c, d) => OutlineCurve::Cubic(turn(a), turn(b), turn(c), turn(d)),
        });
        let curves: Vec<_> = turned.collect();
        let around = bounds(curves.iter().flat_map(points));
        // An outline's box has its top left corner first, and its y points up.
        let bounds = Rect { min: point(around.min.x, around.max.y), max: point(around.max.x, around.min.y) };
        Outline { bounds, curves }
    }
}

fn points(curve: &OutlineCurve) -> Vec<Point> {
    match *curve {
        OutlineCurve::Line(a, b) => vec![a, b],
        OutlineCurve::Quad(a, b, c) => vec![a, b, c],
        OutlineCurve::Cubic(a, b, c, d) => vec![a, b, c, d],
    }
}

/// The smallest box around some points.
fn bounds(points: impl IntoIterator<Item = Point>) -> Rect {
    let nothing = Rect { min: point(f32::MAX, f32::MAX), max: point(f32::MIN, f32::MIN) };
    points.into_iter().fold(nothing, |r, p| Rect {
        min: point(r.min.x.min(p.x), r.min.y.min(p.y)),
        max: point(r.max.x.max(p.x), r.max.y.max(p.y)),
    })
}
