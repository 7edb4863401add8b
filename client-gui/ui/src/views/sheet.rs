//! The sheets that lie over a screen: shortcuts, settings.

use egui::{Frame, Margin, Modal, RichText, ScrollArea, TextStyle, Ui, Vec2};

use super::profiles;
use crate::action::Action;
use crate::icons::Icon;
use crate::screen::Sheet;
use crate::settings::ThemeChoice;
use crate::shortcuts;
use crate::state::State;
use crate::theme::{self, palette, space};
use crate::widgets;
use crate::words::{LanguageChoice, tr};

const WIDTH: f32 = 560.0;

/// Draws the sheet that is open, if one is.
pub fn show(ui: &Ui, state: &mut State, out: &mut Vec<Action>) {
    let Some(sheet) = state.sheet else { return };
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(space::L as i8)).corner_radius(14);
    let room = ui.ctx().content_rect().size() - Vec2::splat(4.0 * space::L);
    let id = egui::Id::unique("sheet");
    let modal = Modal::new(id).area(Modal::default_area(id).default_size(room)).frame(frame);
    let modal = modal.show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(room.x));
        let title = match sheet {
            Sheet::Shortcuts => tr("Keyboard shortcuts"),
            Sheet::Settings => tr("Settings"),
            Sheet::Profiles => tr("Profiles"),
        };
        head(ui, title, out);
        ScrollArea::vertical().max_height(room.y - 60.0).auto_shrink([false, true]).show(ui, |ui| match sheet {
            Sheet::Shortcuts => keys(ui),
            Sheet::Settings => settings(ui, state, out),
            Sheet::Profiles => profiles::show(ui, state, out),
        });
    });
    if modal.backdrop_response.clicked() {
        out.push(Action::CloseSheet);
    }
}

fn head(ui: &mut Ui, title: &str, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).text_style(theme::title()));
        ui.add_space((ui.available_width() - theme::CONTROL).max(0.0));
        if widgets::icon_button(ui, Icon::Cross, tr("Close")).clicked() {
            out.push(Action::CloseSheet);
        }
    });
    ui.add_space(space::XS);
}

fn keys(ui: &mut Ui) {
    let ctx = ui.ctx().clone();
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.spacing_mut().interact_size.y = 20.0;
    for (title, shortcuts) in shortcuts::table() {
        group(ui, tr(title), shortcuts.iter().map(|shortcut| (shortcut.keys(&ctx), shortcut.words)));
    }
    group(ui, tr("Everywhere"), shortcuts::others(&ctx).into_iter());
}

fn group(ui: &mut Ui, title: &str, lines: impl Iterator<Item = (String, &'static str)>) {
    ui.label(RichText::new(title).text_style(TextStyle::Heading));
    for (keys, words) in lines {
        let [mut left, mut right] = widgets::split(ui, 130.0, space::S);
        left.horizontal(|ui| cap(ui, &keys));
        right.add_space(1.0);
        right.label(tr(words));
        widgets::join(ui, &[left, right]);
    }
    ui.add_space(space::M);
}

/// Keys in a frame like a key's.
fn cap(ui: &mut Ui, keys: &str) {
    let colors = palette(ui);
    let frame = Frame::new().fill(colors.well).stroke(egui::Stroke::new(1.0, colors.line)).corner_radius(6);
    frame.inner_margin(Margin::symmetric(7, 1)).show(ui, |ui| {
        ui.label(RichText::new(keys).text_style(TextStyle::Monospace));
    });
}

fn settings(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    ui.label(RichText::new(tr("Theme")).text_style(TextStyle::Heading));
    ui.horizontal_wrapped(|ui| {
        let mut chosen = state.settings.theme;
        for (theme, name) in [
            (ThemeChoice::System, tr("As the system")),
            (ThemeChoice::Light, tr("Light")),
            (ThemeChoice::Dark, tr("Dark")),
        ] {
            if widgets::choice(ui, &mut chosen, theme, name).changed() {
                out.push(Action::Theme(theme));
            }
            ui.add_space(space::S);
        }
    });
    ui.add_space(space::M);
    ui.label(RichText::new(tr("Language")).text_style(TextStyle::Heading));
    ui.horizontal_wrapped(|ui| {
        let mut chosen = state.settings.language;
        // Whoever cannot read this page finds the way by the languages' own names.
        for (language, name) in [
            (LanguageChoice::System, tr("As the system")),
            (LanguageChoice::English, "English"),
            (LanguageChoice::Chinese, "简体中文"),
        ] {
            if widgets::choice(ui, &mut chosen, language, name).changed() {
                out.push(Action::Language(language));
            }
            ui.add_space(space::S);
        }
    });
    ui.add_space(space::M);
    let percent = format!("{:.0}", state.settings.zoom * 100.0);
    ui.label(RichText::new(tr!("Text size: {0} %", percent)).text_style(TextStyle::Heading));
    ui.horizontal(|ui| {
        for (text, name, step) in [("A\u{2212}", tr("Smaller text"), -1), ("A+", tr("Larger text"), 1)] {
            let response = widgets::secondary(ui, true, text);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if response.on_hover_text(name).clicked() {
                out.push(Action::Zoom(step));
            }
        }
    });
    ui.add_space(space::XS);
    widgets::remark(ui, tr("All of it grows and shrinks, pictures and buttons included."));
}
