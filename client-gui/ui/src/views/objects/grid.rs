//! The folder as small pictures, which IMG makes; only those in sight are asked for.

use egui::{Image, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::{cut, list};
use crate::action::Action;
use crate::art::Art;
use crate::icons::{self, Icon};
use crate::objects::{Line, Objects, ObjectsAction};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

const TILE: Vec2 = Vec2::new(124.0, 134.0);
const PICTURE: f32 = 104.0;

/// Draws the tiles, `height` points high.
pub fn show(ui: &mut Ui, objects: &Objects, lines: &[Line<'_>], art: &mut Art, height: f32, out: &mut Vec<Action>) {
    let columns = ((ui.available_width() / TILE.x).floor() as usize).max(1);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    let area = ScrollArea::vertical().id_salt("tiles").max_height(height.max(TILE.y)).auto_shrink([false, true]);
    area.show_rows(ui, TILE.y, lines.len().div_ceil(columns), |ui, rows| {
        let shown = lines.get(rows.start * columns..(rows.end * columns).min(lines.len())).unwrap_or_default();
        if rows.end * columns >= lines.len() && objects.has_more() && !objects.is_listing() {
            out.push(Action::Objects(ObjectsAction::More));
        }
        let keys = shown.iter().filter_map(|line| match line {
            Line::Object(object) => Some(object.key.as_str()),
            Line::Folder(_) => None,
        });
        if let Some(key) = objects.due_thumb(keys) {
            out.push(Action::Objects(ObjectsAction::Thumb(key.to_owned())));
        }
        for row in shown.chunks(columns) {
            ui.horizontal(|ui| {
                for line in row {
                    if tile(ui, objects, *line, art) {
                        out.push(Action::Objects(list::pressed(*line)));
                    }
                }
            });
        }
    });
}

fn tile(ui: &mut Ui, objects: &Objects, line: Line<'_>, art: &mut Art) -> bool {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(TILE, Sense::click());
    let (key, chosen) = match line {
        Line::Folder(name) => (name, false),
        Line::Object(object) => {
            (object.key.as_str(), objects.detail.as_ref().is_some_and(|detail| detail.key == object.key))
        }
    };
    let name = objects.name(key);
    let lacks = matches!(line, Line::Object(_)) && objects.records.lacks(key);
    let said = if lacks { format!("{name} {}", tr("no record")) } else { name.to_owned() };
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, said.as_str()));
    let card = rect.shrink(space::XS);
    let fill = if chosen { colors.accent_soft } else { colors.well };
    let line_color = if chosen || response.hovered() { colors.accent } else { colors.line };
    ui.painter().rect(card, 10.0, fill, Stroke::new(1.0, line_color), StrokeKind::Inside);
    let room = Rect::from_min_size(card.min, vec2(card.width(), PICTURE)).shrink(6.0);
    match objects.thumbs.get(key) {
        Some(pixels) => {
            let texture = art.tile(ui.ctx(), key, pixels);
            let natural = texture.size_vec2();
            let scale = (room.width() / natural.x).min(room.height() / natural.y).min(1.0);
            let at = Rect::from_center_size(room.center(), natural * scale);
            Image::from_texture((texture.id(), natural)).corner_radius(5).paint_at(ui, at);
        }
        None => {
            let glyph = if matches!(line, Line::Folder(_)) { Icon::Folder } else { Icon::Picture };
            let at = Rect::from_center_size(room.center(), Vec2::splat(30.0));
            icons::paint(ui.painter(), glyph, at, colors.muted);
        }
    }
    if lacks {
        let at = Rect::from_center_size(card.right_top() + vec2(-14.0, 14.0), Vec2::splat(16.0));
        icons::paint(ui.painter(), Icon::Warning, at, colors.warn);
    }
    let words = cut(ui, name, TextStyle::Small, colors.text, card.width() - 10.0);
    let at = pos2(card.center().x - words.size().x / 2.0, card.top() + PICTURE + 2.0);
    ui.painter().galley(at, words, colors.text);
    widgets::focus_ring(ui, &response);
    let hint = if lacks { tr!("{0}: no record at the app server", name) } else { name.to_owned() };
    response.on_hover_text(hint).on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
