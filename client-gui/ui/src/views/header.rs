//! The bar on top: the app's name, an optional note, text size and theme.

use egui::{Direction, Layout, RichText, Sense, Ui, Vec2};

use crate::action::Action;
use crate::icons::{self, Icon};
use crate::lab::LabAction;
use crate::settings::ThemeChoice;
use crate::theme::{self, palette, space};
use crate::widgets;

/// The room for the lab's button, in points.
const LAB: f32 = 104.0;

/// Draws the bar. `note` says what kind of world this is, such as a demo.
pub fn show(ui: &mut Ui, theme: ThemeChoice, lab_open: bool, note: Option<&str>, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        logo(ui);
        ui.add_space(2.0);
        ui.label(RichText::new("Direct Transfer").text_style(theme::title()));
        let buttons = 3.0 * (theme::CONTROL + space::XS) + LAB;
        if let Some(note) = note {
            badge(ui, note, ui.available_width() - buttons - space::L);
        }
        // The lab's button and three squares at the right edge, created from left to right: that is the order of the Tab key.
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.add_space((ui.available_width() - buttons).max(0.0));
        lab_button(ui, lab_open, out);
        zoom_buttons(ui, out);
        theme_button(ui, theme, out);
    });
}

fn lab_button(ui: &mut Ui, open: bool, out: &mut Vec<Action>) {
    let why = "See what a token can do, and why (Ctrl+L)";
    let size = Vec2::new(LAB - space::XS, theme::CONTROL);
    let layout = Layout::centered_and_justified(Direction::LeftToRight);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        if widgets::tab(ui, open, "Policy lab", false).on_hover_text(why).clicked() {
            out.push(Action::Lab(LabAction::Toggle));
        }
    });
}

fn logo(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(32.0), Sense::hover());
    ui.painter().rect_filled(rect, 9.0, palette(ui).accent);
    icons::paint(ui.painter(), Icon::Upload, rect.shrink(6.0), palette(ui).on_accent);
}

/// Words on a soft ground, at most `room` points wide; what does not fit is in the tooltip.
fn badge(ui: &mut Ui, note: &str, room: f32) {
    const PADDING: i8 = 9;
    let colors = palette(ui);
    let frame = egui::Frame::new().fill(colors.accent_soft).corner_radius(9);
    frame.inner_margin(egui::Margin::symmetric(PADDING, 2)).show(ui, |ui| {
        ui.set_max_width(room - 2.0 * f32::from(PADDING));
        let words = RichText::new(note).text_style(egui::TextStyle::Small).color(colors.accent);
        ui.add(egui::Label::new(words).truncate());
    });
}

fn theme_button(ui: &mut Ui, theme: ThemeChoice, out: &mut Vec<Action>) {
    let (icon, name, next) = match theme {
        ThemeChoice::System => (Icon::Half, "Theme: as the system", ThemeChoice::Light),
        ThemeChoice::Light => (Icon::Sun, "Theme: light", ThemeChoice::Dark),
        ThemeChoice::Dark => (Icon::Moon, "Theme: dark", ThemeChoice::System),
    };
    if widgets::icon_button(ui, icon, name).clicked() {
        out.push(Action::Theme(next));
    }
}

fn zoom_buttons(ui: &mut Ui, out: &mut Vec<Action>) {
    ui.spacing_mut().button_padding.x = 2.0;
    for (text, name, step) in [("A\u{2212}", "Smaller text", -1), ("A+", "Larger text", 1)] {
        let words = RichText::new(text).color(palette(ui).muted);
        let button = egui::Button::new(words).frame_when_inactive(false);
        let response = ui.add_sized(Vec2::splat(theme::CONTROL), button);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
        widgets::focus_ring(ui, &response);
        if response.on_hover_text(name).clicked() {
            out.push(Action::Zoom(step));
        }
    }
}
