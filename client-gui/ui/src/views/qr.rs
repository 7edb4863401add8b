//! A QR code on the screen.

use egui::{Color32, Rect, Sense, Ui, Vec2, WidgetInfo, pos2};

use crate::qr::{Code, MARGIN};

/// About how large it is, in points; one with more modules grows, so that a phone can still tell them apart.
pub const SIDE: f32 = 220.0;

/// The side of a module: whole points, so that no edge is blurred.
fn module(code: &Code) -> f32 {
    (SIDE / (code.side() + 2 * MARGIN) as f32).round().max(2.0)
}

/// The side of the code with its margin.
pub fn side(code: &Code) -> f32 {
    module(code) * (code.side() + 2 * MARGIN) as f32
}

/// Draws it, dark on white in either theme: scanners want it so. `name` is for screen readers.
pub fn show(ui: &mut Ui, code: &Code, name: &str) {
    let module = module(code);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side(code)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, name));
    ui.painter().rect_filled(rect, 6.0, Color32::WHITE);
    let origin = rect.min.round() + Vec2::splat(module * MARGIN as f32);
    for (row, column, count) in code.runs() {
        let at = origin + Vec2::new(column as f32, row as f32) * module;
        let run = Rect::from_min_max(at, pos2(at.x + count as f32 * module, at.y + module));
        ui.painter().rect_filled(run, 0.0, Color32::BLACK);
    }
}
