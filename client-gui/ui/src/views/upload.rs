//! Step 3: under which name, in which way; then how far it is, and how it ended.

use std::collections::VecDeque;

use egui::{RichText, TextStyle, Ui, Vec2};

use super::configure::naming_preview;
use super::{part_map, problem, result, select};
use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::Progress;
use crate::format;
use crate::icons::Icon;
use crate::settings::UploadMode;
use crate::state::{State, Upload, pace};
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};

/// The side of the square that the picture fits into.
const PREVIEW: f32 = 200.0;

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        let busy = matches!(state.upload, Upload::Running { .. });
        if !busy {
            part_map::unfinished(ui, &state.unfinished, out);
        }
        if state.selected().is_none() && !busy && !matches!(state.upload, Upload::Done(_)) {
            let words = "Choose one first; then give it a name here and upload it.";
            if widgets::empty(ui, Icon::Picture, "No picture selected", words, "Choose a picture").clicked() {
                out.push(Action::GoTo(Step::Select));
            }
            return;
        }
        match &state.upload {
            Upload::Running { .. } => running(ui, state, art, out),
            Upload::Done(receipt) => result::show(ui, receipt, state.selected(), art, out),
            Upload::Idle => form(ui, state, art, out),
            Upload::Cancelled => {
                widgets::say(ui, Tone::Warn, "Cancelled. OSS keeps nothing of it.");
                ui.add_space(space::S);
                form(ui, state, art, out);
            }
            Upload::Paused => {
                widgets::say(ui, Tone::Warn, "Paused. A resumable upload goes on where it was.");
                ui.add_space(space::S);
                form(ui, state, art, out);
            }
            Upload::Failed(error) => {
                problem::show(ui, error, out);
                ui.add_space(space::S);
                form(ui, state, art, out);
            }
        }
    });
}

fn form(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    let [mut left, mut right] = widgets::split(ui, PREVIEW, space::L);
    if let Some(picture) = state.selected() {
        art.show(&mut left, Slot::Original, &picture.preview, Vec2::splat(PREVIEW), &picture.name);
        select::describe(&mut right, picture);
    }
    right.add_space(space::S);
    widgets::field(&mut right, "Object name", &mut state.settings.object_name, crate::naming::DEFAULT_TEMPLATE);
    naming_preview(&mut right, state);
    right.add_space(space::S);
    modes(&mut right, &mut state.settings.mode);
    right.add_space(space::S);
    let hindrance = state.upload_hindrance();
    let button = widgets::primary(&mut right, hindrance.is_none(), "Upload").on_hover_text("Ctrl+U");
    if button.on_disabled_hover_text(hindrance.unwrap_or_default()).clicked() {
        out.push(Action::Upload);
    }
    if let Some(hindrance) = hindrance {
        widgets::remark(&mut right, hindrance);
    }
    widgets::join(ui, &[left, right]);
}

fn modes(ui: &mut Ui, mode: &mut UploadMode) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        widgets::choice(ui, mode, UploadMode::Simple, "Simple upload")
            .on_hover_text("One request. Good for small pictures.");
        widgets::choice(ui, mode, UploadMode::Resumable, "Resumable upload").on_hover_text(
            "In parts, several at once, each retried by itself, with a checkpoint: it goes on after a pause, a failure or the end of the app.",
        );
    });
}

/// The running upload, with its picture where the form had it.
fn running(ui: &mut Ui, state: &State, art: &mut Art, out: &mut Vec<Action>) {
    let [mut left, mut right] = widgets::split(ui, PREVIEW, space::L);
    if let Some(picture) = state.selected() {
        art.show(&mut left, Slot::Original, &picture.preview, Vec2::splat(PREVIEW), &picture.name);
    }
    if let Upload::Running { key, progress, samples, parts, stopping, .. } = &state.upload {
        let object = format!("oss://{}/{key}", state.place().bucket);
        advance(&mut right, &object, progress, samples, *stopping);
        if parts.len() > 1 {
            part_map::running(&mut right, parts, progress.saved);
        }
        right.add_space(space::S);
        stops(&mut right, *stopping, parts.len() > 1, out);
    }
    widgets::join(ui, &[left, right]);
}

fn advance(ui: &mut Ui, object: &str, progress: &Progress, samples: &VecDeque<Progress>, stopping: bool) {
    let colors = palette(ui);
    let title = if stopping { "Stopping" } else { "Uploading" };
    ui.label(RichText::new(title).text_style(TextStyle::Heading));
    ui.add(egui::Label::new(RichText::new(object).text_style(TextStyle::Monospace)).wrap());
    let share = if progress.total == 0 { 0.0 } else { progress.sent as f32 / progress.total as f32 };
    ui.horizontal(|ui| {
        let percent = format!("{:.0} %", share * 100.0);
        ui.label(RichText::new(percent).size(26.0).color(colors.accent));
        ui.label(RichText::new(pace_in_words(progress, samples)).color(colors.muted));
    });
    bar(ui, share);
    ui.label(RichText::new(amounts(progress)).color(colors.muted));
}

fn stops(ui: &mut Ui, stopping: bool, resumable: bool, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let words = "What OSS has stays there, and the upload can go on at any time";
        if resumable && widgets::secondary(ui, !stopping, "Pause").on_hover_text(words).clicked() {
            out.push(Action::Pause);
        }
        if widgets::secondary(ui, !stopping, "Cancel").on_hover_text("Esc").clicked() {
            out.push(Action::Cancel);
        }
    });
}

fn bar(ui: &mut Ui, share: f32) {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 10.0), egui::Sense::hover());
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, "Upload progress");
        info.value = Some(f64::from(share) * 100.0);
        info
    });
    ui.painter().rect_filled(rect, 5.0, colors.line);
    let mut filled = rect;
    filled.set_width((rect.width() * share).max(if share > 0.0 { 10.0 } else { 0.0 }));
    ui.painter().rect_filled(filled, 5.0, colors.accent);
}

fn pace_in_words(progress: &Progress, samples: &VecDeque<Progress>) -> String {
    match pace(progress, samples) {
        _ if progress.total > 0 && progress.sent == progress.total => "all sent, waiting for OSS".to_owned(),
        Some((speed, left)) => {
            format!("{}, {} left", format::speed(speed), format::countdown(left.as_secs() as i64 + 1))
        }
        None => "measuring the speed".to_owned(),
    }
}

fn amounts(progress: &Progress) -> String {
    let bytes = format!("{} of {}", format::bytes(progress.sent), format::bytes(progress.total));
    if progress.parts > 1 {
        format!("{bytes}, {} of {} parts done", progress.parts_done, progress.parts)
    } else {
        bytes
    }
}
