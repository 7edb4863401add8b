//! One line of text as a mark. Glyphs are turned as outlines, before they become pixels, and drawn one by one straight on the
//! picture, so that memory does not grow with the size or angle of the text.

use ab_glyph::{
    Font, Glyph, GlyphId, Outline, OutlineCurve, OutlinedGlyph, Point, PxScale, PxScaleFactor, Rect, point,
};
use shared::error::OssError;
use shared::img::TextWatermark;

use super::fonts::{self, Run};
use crate::img::picture::Picture;

/// How far the shadow falls right and down, as a share of the font's size.
const SHADOW_OFFSET: f32 = 1.0 / 20.0;

/// Text with every glyph in its place.
pub(super) struct LaidText {
    glyphs: Vec<OutlinedGlyph>,
    /// The top left corner of the turned line, in the coordinates of the glyphs.
    origin: (i64, i64),
    size: (u32, u32),
    rgb: [u8; 3],
    shadow: Option<(f32, i64)>,
}

/// Lays a text out, each run of it shaped by the font that has its characters. The line is as high as the first font's.
pub(super) fn lay_out(mark: &TextWatermark) -> Result<LaidText, OssError> {
    let fonts = fonts::all()?;
    let turn = Turn::clockwise(mark.rotate);
    let (mut glyphs, mut pen) = (Vec::new(), 0.0);
    for run in fonts::runs(fonts, &mark.text) {
        pen = lay_run(&run, mark.size as f32, turn, pen, &mut glyphs);
    }
    let main = &fonts[0].outlines;
    let pixels_per_unit = mark.size as f32 / fonts[0].units_per_em;
    let line = Rect {
        min: point(0.0, -main.ascent_unscaled() * pixels_per_unit),
        max: point(pen, -main.descent_unscaled() * pixels_per_unit),
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

/// Places the glyphs of one run from `pen` on; returns where the next begins.
fn lay_run(run: &Run<'_>, size: f32, turn: Turn, mut pen: f32, glyphs: &mut Vec<OutlinedGlyph>) -> f32 {
    let font = &run.font.outlines;
    let pixels_per_unit = size / run.font.units_per_em;
    let factor = PxScaleFactor { horizontal: pixels_per_unit, vertical: pixels_per_unit };
    let scale = PxScale::from(font.height_unscaled() * pixels_per_unit);
    for shaped in run.shape() {
        let outline = u16::try_from(shaped.id).ok().and_then(|id| Some((GlyphId(id), font.outline(GlyphId(id))?)));
        if let Some((id, outline)) = outline.filter(|(_, outline)| !outline.curves.is_empty()) {
            let at = point(pen + shaped.right * pixels_per_unit, -shaped.up * pixels_per_unit);
            let glyph = Glyph { id, scale, position: turn.on_screen(at) };
            glyphs.push(OutlinedGlyph::new(glyph, turn.outline(outline), factor));
        }
        pen += shaped.advance * pixels_per_unit;
    }
    pen
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
