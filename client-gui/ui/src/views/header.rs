//! The bar on top: the app's name, an optional note, and the theme; in a narrow window, the buttons of the rail as well.

use egui::{RichText, Sense, Ui, Vec2};

use super::nav;
use crate::action::Action;
use crate::icons::{self, Icon};
use crate::settings::ThemeChoice;
use crate::theme::{self, palette, space};
use crate::widgets;
use crate::words::tr;

/// Draws the bar. `note` says what kind of world this is, such as a demo.
pub fn show(ui: &mut Ui, theme: ThemeChoice, narrow: bool, note: Option<&str>, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        if narrow {
            logo(ui);
            ui.add_space(2.0);
        }
        ui.label(RichText::new(tr("Direct Transfer")).text_style(theme::title()));
        let squares = if narrow { 3.0 } else { 1.0 };
        let buttons = squares * (theme::CONTROL + space::XS);
        if let Some(note) = note {
            badge(ui, note, ui.available_width() - buttons - space::L);
        }
        // Squares at the right edge, created from left to right: that is the order of the Tab key.
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.add_space((ui.available_width() - buttons).max(0.0));
        if narrow {
            nav::sheet_buttons(ui, out);
        }
        theme_button(ui, theme, out);
    });
}

pub(super) fn logo(ui: &mut Ui) {
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
        ThemeChoice::System => (Icon::Half, tr("Theme: as the system"), ThemeChoice::Light),
        ThemeChoice::Light => (Icon::Sun, tr("Theme: light"), ThemeChoice::Dark),
        ThemeChoice::Dark => (Icon::Moon, tr("Theme: dark"), ThemeChoice::System),
    };
    if widgets::icon_button(ui, icon, name).clicked() {
        out.push(Action::Theme(next));
    }
}
