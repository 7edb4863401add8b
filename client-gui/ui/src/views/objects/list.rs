//! The folder as lines; only those in sight are laid out.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::cut;
use crate::action::Action;
use crate::format;
use crate::icons::{self, Icon};
use crate::objects::{Line, Objects, ObjectsAction};
use crate::theme::palette;
use crate::widgets;
use crate::words::tr;

const ROW: f32 = 40.0;
/// The next page is asked for when so few lines are left below.
const AHEAD: usize = 100;
const SIZE: f32 = 84.0;
const DATE: f32 = 150.0;
const MARK: f32 = 70.0;

/// Draws the lines, `height` points high.
pub fn show(ui: &mut Ui, objects: &Objects, lines: &[Line<'_>], height: f32, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().id_salt("lines").max_height(height.max(3.0 * ROW)).auto_shrink([false, true]);
    area.show_rows(ui, ROW, lines.len(), |ui, rows| {
        if rows.end + AHEAD >= lines.len() && objects.has_more() && !objects.is_listing() {
            out.push(Action::Objects(ObjectsAction::More));
        }
        for line in lines.get(rows).unwrap_or_default() {
            let chosen =
                matches!((line, &objects.detail), (Line::Object(object), Some(detail)) if object.key == detail.key);
            if row(ui, objects, *line, chosen) {
                out.push(Action::Objects(pressed(*line)));
            }
        }
    });
}

/// What pressing a line means.
pub(super) fn pressed(line: Line<'_>) -> ObjectsAction {
    match line {
        Line::Folder(name) => ObjectsAction::Open(name.to_owned()),
        Line::Object(object) => ObjectsAction::Select(object.key.clone()),
    }
}

fn row(ui: &mut Ui, objects: &Objects, line: Line<'_>, chosen: bool) -> bool {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let (glyph, name, size, date) = match line {
        Line::Folder(whole) => (Icon::Folder, objects.name(whole), String::new(), String::new()),
        Line::Object(object) => {
            let date = object.last_modified.map(|at| format!("{} {}", at.date(), format::clock(at)));
            (Icon::Picture, objects.name(&object.key), format::bytes(object.size), date.unwrap_or_default())
        }
    };
    let kind = if glyph == Icon::Folder { tr("Folder") } else { tr("Object") };
    let lacks = matches!(line, Line::Object(object) if objects.records.lacks(&object.key));
    let said = [kind, name, &size, if lacks { tr("no record") } else { "" }].join(" ");
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, said.trim_end()));
    if chosen || response.hovered() {
        let fill = if chosen { colors.accent_soft } else { colors.well };
        ui.painter().rect(rect, 8.0, fill, Stroke::NONE, StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let icon = Rect::from_center_size(pos2(inner.left() + 9.0, inner.center().y), Vec2::splat(16.0));
    icons::paint(ui.painter(), glyph, icon, if glyph == Icon::Folder { colors.accent } else { colors.muted });
    let dated = if inner.width() > 460.0 { DATE } else { 0.0 };
    let marked = if lacks { MARK } else { 0.0 };
    let room = inner.width() - 30.0 - SIZE - dated - marked;
    let galley = cut(ui, name, TextStyle::Body, colors.text, room);
    let at = pos2(inner.left() + 28.0, inner.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, colors.text);
    let small = TextStyle::Small.resolve(ui.style());
    let end = inner.right_center();
    if dated > 0.0 {
        ui.painter().text(end, Align2::RIGHT_CENTER, date, small.clone(), colors.muted);
    }
    ui.painter().text(end - vec2(dated, 0.0), Align2::RIGHT_CENTER, size, small.clone(), colors.muted);
    if lacks {
        let at = end - vec2(dated + SIZE, 0.0);
        ui.painter().text(at, Align2::RIGHT_CENTER, tr("no record"), small, colors.warn);
    }
    widgets::focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
