//! The sheet of profiles: save the fields under a name, choose among those that are saved, share one as text, file or QR code, take one in.

use egui::{RichText, TextEdit, TextStyle, Ui, WidgetInfo};

use super::qr;
use crate::action::Action;
use crate::profiles::ProfileAction;
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// Draws the sheet's page.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::S;
    if let Some((good, words)) = &state.profiles.said {
        widgets::say(ui, if *good { Tone::Good } else { Tone::Bad }, words);
    }
    save(ui, state, out);
    saved(ui, state, out);
    ui.add_space(space::S);
    share(ui, state, out);
    ui.add_space(space::S);
    take_in(ui, state, out);
}

/// A field with a button behind it; whether the button was pressed.
fn field_with_button(ui: &mut Ui, label: &str, value: &mut String, hint: &str, button: &str) -> bool {
    const BUTTON: f32 = 100.0;
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let field = widgets::field(&mut left, label, value, hint);
    let label_height = field.rect.top() - left.min_rect().top();
    right.add_space(label_height);
    let pressed = widgets::wide(&mut right, !value.trim().is_empty(), button).clicked();
    widgets::join(ui, &[left, right]);
    pressed
}

fn save(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    let hint = tr("such as Holiday photos, Hangzhou");
    let label = tr("Save the settings of step 1 as");
    if field_with_button(ui, label, &mut state.profiles.name, hint, tr("Save")) {
        out.push(Action::Profile(ProfileAction::Save));
    }
}

fn saved(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    if state.settings.profiles.is_empty() {
        widgets::remark(ui, tr("No profile is saved yet."));
        return;
    }
    for profile in &state.settings.profiles {
        let mut act = |action| out.push(Action::Profile(action));
        let [mut left, mut right] = widgets::split(ui, ui.available_width() - 150.0, space::S);
        let name = RichText::new(&profile.name);
        left.add(egui::Label::new(name).truncate());
        let place = [&profile.app_server, &profile.bucket, &profile.region].map(String::as_str);
        let place: Vec<&str> = place.into_iter().filter(|text| !text.is_empty()).collect();
        let place = RichText::new(place.join("   ")).text_style(TextStyle::Small).color(palette(ui).muted);
        left.add(egui::Label::new(place).truncate());
        right.horizontal(|ui| {
            let named = |response: egui::Response, words: String| {
                response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, words.clone()));
                response.clicked()
            };
            if named(widgets::small_button(ui, tr("Use")), tr!("Use {0}", profile.name)) {
                act(ProfileAction::Choose(profile.name.clone()));
            }
            if named(widgets::small_button(ui, tr("Delete")), tr!("Delete {0}", profile.name)) {
                act(ProfileAction::Remove(profile.name.clone()));
            }
        });
        widgets::join(ui, &[left, right]);
    }
}

fn share(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.label(RichText::new(tr("Share")).text_style(TextStyle::Heading));
    widgets::remark(
        ui,
        tr(
            "The settings of step 1. No secret goes with them: neither the key nor what may be one in the app server's address.",
        ),
    );
    let text = state.profile_text();
    let code = state.profiles.code(&text).cloned();
    let side = code.as_ref().map_or(qr::SIDE, qr::side);
    let beside = if ui.available_width() < 2.0 * side { 0.0 } else { side };
    let [mut left, mut right] = widgets::split(ui, beside, if beside > 0.0 { space::M } else { 0.0 });
    let place = if beside > 0.0 { &mut left } else { &mut right };
    match &code {
        Some(code) => qr::show(place, code, tr("QR code of these settings")),
        None => {
            widgets::remark(place, tr("This is too long for a QR code; share the file or the text."));
        }
    }
    if widgets::secondary(&mut right, true, tr("Copy as text")).clicked() {
        out.push(Action::Copy(text));
    }
    let mut file = std::mem::take(&mut state.profiles.file);
    let label = tr("File");
    widgets::field(&mut right, label, &mut file, tr("/home/me/holiday.profile.json"));
    let named = !file.trim().is_empty();
    state.profiles.file = file;
    right.horizontal_wrapped(|ui| {
        if widgets::secondary(ui, named, tr("Export to the file")).clicked() {
            out.push(Action::Profile(ProfileAction::WriteFile));
        }
        if widgets::secondary(ui, named, tr("Import the file")).clicked() {
            out.push(Action::Profile(ProfileAction::ReadFile));
        }
    });
    widgets::join(ui, &[left, right]);
}

fn take_in(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.label(RichText::new(tr("Take in")).text_style(TextStyle::Heading));
    let label = widgets::remark(ui, tr("The text of a profile, as a QR code or a file has it"));
    let edit = TextEdit::multiline(&mut state.profiles.pasted).desired_rows(3).desired_width(ui.available_width());
    ui.add(edit.font(TextStyle::Monospace)).labelled_by(label.id);
    let typed = !state.profiles.pasted.trim().is_empty();
    if widgets::secondary(ui, typed, tr("Import the text")).clicked() {
        out.push(Action::Profile(ProfileAction::Paste));
    }
}
