//! The way from screen to screen: a rail at the side of a wide window, tabs below a narrow one.

use egui::{Align2, Margin, Rect, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, pos2};

use crate::action::Action;
use crate::icons::{self, Icon};
use crate::screen::{Screen, Sheet};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::{tr, word};

/// From this width on, the rail stands at the side.
pub const WIDE: f32 = 720.0;
const RAIL: f32 = 84.0;
/// The height of a button: as much as there is room for, within these bounds.
const RAIL_ITEM: std::ops::RangeInclusive<f32> = 46.0..=62.0;
const TABS: f32 = 58.0;

/// How far above the window's lower edge there is nothing of this, in points.
pub fn above_edge(ui: &Ui) -> f32 {
    space::M + if ui.ctx().content_rect().width() >= WIDE { 0.0 } else { TABS }
}

/// Draws the rail or the tabs, whichever the width of `ui` asks for.
pub fn show(ui: &mut Ui, shown: Screen, out: &mut Vec<Action>) {
    let frame = egui::Frame::new().fill(palette(ui).card);
    if ui.available_width() >= WIDE {
        let panel = egui::Panel::left("rail").exact_size(RAIL).resizable(false);
        panel.frame(frame.inner_margin(Margin::symmetric(8, 12))).show(ui, |ui| rail(ui, shown, out));
    } else {
        let panel = egui::Panel::bottom("tabs").exact_size(TABS).resizable(false);
        panel.frame(frame).show(ui, |ui| tabs(ui, shown, out));
    }
}

fn rail(ui: &mut Ui, shown: Screen, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.vertical_centered(super::header::logo);
    ui.add_space(space::M);
    let width = ui.available_width();
    let buttons = Screen::ALL.len() as f32 + 2.0;
    let height = (ui.available_height() / buttons - space::XS).clamp(*RAIL_ITEM.start(), *RAIL_ITEM.end());
    for screen in Screen::ALL {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        item(ui, screen, shown, rect, out);
    }
    let below = 2.0 * (height + space::XS);
    ui.add_space((ui.available_height() - below).max(0.0));
    for (icon, words, name, sheet) in [
        (Icon::Help, word("Shortcuts"), word("Keyboard shortcuts (?)"), Sheet::Shortcuts),
        (Icon::Gear, word("Settings"), word("Settings of the window"), Sheet::Settings),
    ] {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        if button(ui, icon, words, tr(name), None, rect).on_hover_text(tr(name)).clicked() {
            out.push(Action::Open(sheet));
        }
    }
}

fn tabs(ui: &mut Ui, shown: Screen, out: &mut Vec<Action>) {
    let whole = ui.available_rect_before_wrap();
    let width = (whole.width() / Screen::ALL.len() as f32).min(160.0);
    let left = whole.center().x - width * Screen::ALL.len() as f32 / 2.0;
    for (index, screen) in Screen::ALL.into_iter().enumerate() {
        let at = pos2(left + width * index as f32, whole.top());
        let rect = Rect::from_min_size(at, Vec2::new(width, whole.height())).shrink(3.0);
        item(ui, screen, shown, rect, out);
    }
}

fn item(ui: &mut Ui, screen: Screen, shown: Screen, rect: Rect, out: &mut Vec<Action>) {
    let response = button(ui, screen.icon(), screen.label(), tr(screen.name()), Some(screen == shown), rect);
    if response.on_hover_text(tr(screen.words())).clicked() {
        out.push(Action::Show(screen));
    }
}

/// An icon above its words, English ones. `chosen` is whether it is the one of several that is shown.
fn button(ui: &Ui, icon: Icon, words: &'static str, name: &str, chosen: Option<bool>, rect: Rect) -> egui::Response {
    let colors = palette(ui);
    let response = ui.interact(rect, ui.scope_id().with(words), Sense::click());
    response.widget_info(|| match chosen {
        Some(chosen) => WidgetInfo::selected(egui::Role::Tab, true, chosen, name),
        None => WidgetInfo::labeled(egui::Role::Button, true, name),
    });
    let chosen = chosen == Some(true);
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 10.0, if chosen { colors.accent_soft } else { colors.well });
    }
    let ink = match (chosen, response.hovered()) {
        (true, _) => colors.accent,
        (false, true) => colors.text,
        (false, false) => colors.muted,
    };
    let glyph = Rect::from_center_size(rect.center() - Vec2::new(0.0, 9.0), Vec2::splat(21.0));
    icons::paint(ui.painter(), icon, glyph, ink);
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().text(rect.center() + Vec2::new(0.0, 14.0), Align2::CENTER_CENTER, tr(words), font, ink);
    if response.has_focus() {
        let stroke = Stroke::new(2.0, colors.accent.gamma_multiply(0.6));
        ui.painter().rect_stroke(rect.shrink(1.0), 10.0, stroke, egui::StrokeKind::Inside);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// In a narrow window, the buttons of the rail's lower end.
pub fn sheet_buttons(ui: &mut Ui, out: &mut Vec<Action>) {
    if widgets::icon_button(ui, Icon::Help, tr("Keyboard shortcuts (?)")).clicked() {
        out.push(Action::Open(Sheet::Shortcuts));
    }
    if widgets::icon_button(ui, Icon::Gear, tr("Settings of the window")).clicked() {
        out.push(Action::Open(Sheet::Settings));
    }
}
