//! Step 3: the list, if there are several files; of the one that is looked at, under which name, in which way, how far it is, how it ended.

use std::collections::VecDeque;

use egui::{RichText, TextStyle, Ui, Vec2};

use super::configure::{naming_preview, why_refused};
use super::{history, part_map, problem, queue, result, select};
use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::Progress;
use crate::format;
use crate::icons::Icon;
use crate::naming;
use crate::queue::{AUTO_IN_PARTS, ItemId, QueueAction, Upload, pace};
use crate::settings::UploadMode;
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// The side of the square that the picture fits into.
const PREVIEW: f32 = 200.0;

/// How much of the list is in sight, in points.
const LIST: f32 = 286.0;

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        let all = state.queue.overall();
        if !all.under_way() {
            part_map::unfinished(ui, &state.unfinished, out);
        }
        if state.queue.items.is_empty() {
            let words = tr("Choose one first; then give it a name here and upload it.");
            if widgets::empty(ui, Icon::Picture, tr("No picture selected"), words, tr("Choose a picture")).clicked() {
                out.push(Action::GoTo(Step::Select));
            }
            return;
        }
        if state.queue.is_list() {
            queue::show_all(ui, state, out);
            ui.add_space(space::S);
            queue::list(ui, state, LIST, out);
            ui.add_space(space::M);
        }
        one(ui, state, art, out);
    });
    history::show(ui, state, out);
}

/// The file that is looked at.
fn one(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    match state.upload() {
        Upload::Running { .. } => return running(ui, state, art, out),
        Upload::Done(receipt) => return result::show(ui, receipt, state.selected(), art, out),
        Upload::Idle => {}
        Upload::Waiting if state.may_upload() => {
            widgets::say(ui, Tone::Good, tr("It begins when another upload has ended."));
        }
        Upload::Waiting => widgets::say(ui, Tone::Warn, tr("It begins once the settings of step 1 work.")),
        Upload::Cancelled => widgets::say(ui, Tone::Warn, tr("Cancelled. OSS keeps nothing of it.")),
        Upload::Paused => widgets::say(ui, Tone::Warn, tr("Paused. A resumable upload goes on where it was.")),
        Upload::Failed(error) => problem::show(ui, error, out),
    }
    if !matches!(state.upload(), Upload::Idle) {
        ui.add_space(space::S);
    }
    form(ui, state, art, out);
}

fn form(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    let beside = if ui.available_width() < 2.0 * PREVIEW { 0.0 } else { PREVIEW };
    let [mut left, mut right] = widgets::split(ui, beside, if beside > 0.0 { space::L } else { 0.0 });
    match state.selected() {
        Some(picture) => {
            if beside > 0.0 {
                art.show(&mut left, Slot::Original, &picture.preview, Vec2::splat(PREVIEW), &picture.name);
            }
            select::describe(&mut right, picture);
        }
        None => select::describe_file(&mut right, state),
    }
    right.add_space(space::S);
    widgets::field(&mut right, tr("Object name"), &mut state.settings.object_name, crate::naming::DEFAULT_TEMPLATE);
    naming_preview(&mut right, state, out);
    permission(&mut right, state, out);
    right.add_space(space::S);
    modes(&mut right, state, out);
    right.add_space(space::S);
    let hindrance = state.upload_hindrance();
    let (words, key) = if state.queue.is_list() { (tr("Upload this one"), "") } else { (tr("Upload"), "Ctrl+U") };
    let button = widgets::primary(&mut right, hindrance.is_none(), words).on_hover_text(key);
    if button.on_disabled_hover_text(tr(hindrance.unwrap_or_default())).clicked() {
        out.extend(state.queue.selected().map(|item| Action::Queue(QueueAction::Start(item.id))));
    }
    if let Some(hindrance) = hindrance {
        widgets::remark(&mut right, tr(hindrance));
    }
    widgets::join(ui, &[left, right]);
}

/// Whether the policies allow this object's name, and which statement decides.
fn permission(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    if state.token.is_none() {
        return;
    }
    let Some((allowed, sentence)) = state.lab.may_put(&state.place().bucket, &state.key()) else { return };
    let colors = palette(ui);
    let (icon, color) = if allowed { (Icon::Check, colors.good) } else { (Icon::Cross, colors.bad) };
    widgets::line(ui, icon, color, &tr!("Policy lab: {0}", sentence));
    // Outside of the prefix, the words above have the button.
    if !allowed && naming::doubt(&state.key(), state.prefix()).is_none() {
        why_refused(ui, out);
    }
}

/// How to upload: all files, or in a list the one that is looked at.
fn modes(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    let own = state.queue.selected().filter(|_| state.queue.is_list());
    let (id, before) = (own.map(|item| item.id), own.and_then(|item| item.mode).unwrap_or(state.settings.mode));
    let mut mode = before;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        let limit = format::bytes(AUTO_IN_PARTS);
        widgets::choice(ui, &mut mode, UploadMode::Auto, tr("Automatic"))
            .on_hover_text(tr!("In one request, or resumable from {0} on.", limit));
        widgets::choice(ui, &mut mode, UploadMode::Simple, tr("Simple upload"))
            .on_hover_text(tr("One request. Good for small pictures."));
        widgets::choice(ui, &mut mode, UploadMode::Resumable, tr("Resumable upload")).on_hover_text(
            tr("In parts, several at once, each retried by itself, with a checkpoint: it goes on after a pause, a failure or the end of the app."),
        );
    });
    match id {
        Some(id) if mode != before => out.push(Action::Queue(QueueAction::Mode(id, Some(mode)))),
        Some(_) => {}
        None => state.settings.mode = mode,
    }
}

/// The running upload, with its picture where the form had it.
fn running(ui: &mut Ui, state: &State, art: &mut Art, out: &mut Vec<Action>) {
    let beside = if ui.available_width() < 2.0 * PREVIEW { 0.0 } else { PREVIEW };
    let [mut left, mut right] = widgets::split(ui, beside, if beside > 0.0 { space::L } else { 0.0 });
    if let Some(picture) = state.selected().filter(|_| beside > 0.0) {
        art.show(&mut left, Slot::Original, &picture.preview, Vec2::splat(PREVIEW), &picture.name);
    }
    let Some(item) = state.queue.selected() else { return };
    if let Upload::Running { key, progress, samples, parts, stopping, .. } = &item.upload {
        let object = format!("oss://{}/{key}", state.place().bucket);
        advance(&mut right, &object, progress, samples, *stopping);
        if parts.len() > 1 {
            part_map::running(&mut right, parts, progress.saved);
        }
        right.add_space(space::S);
        stops(&mut right, item.id, *stopping, parts.len() > 1, out);
    }
    widgets::join(ui, &[left, right]);
}

fn advance(ui: &mut Ui, object: &str, progress: &Progress, samples: &VecDeque<Progress>, stopping: bool) {
    let colors = palette(ui);
    let title = if stopping { tr("Stopping") } else { tr("Uploading") };
    ui.label(RichText::new(title).text_style(TextStyle::Heading));
    ui.add(egui::Label::new(RichText::new(object).text_style(TextStyle::Monospace)).wrap());
    let share = if progress.total == 0 { 0.0 } else { progress.sent as f32 / progress.total as f32 };
    ui.horizontal(|ui| {
        let percent = format!("{:.0} %", share * 100.0);
        ui.label(RichText::new(percent).size(26.0).color(colors.accent));
        ui.label(RichText::new(pace_in_words(progress, samples)).color(colors.muted));
    });
    widgets::progress(ui, share, tr("Upload progress"));
    ui.label(RichText::new(amounts(progress)).color(colors.muted));
}

fn stops(ui: &mut Ui, id: ItemId, stopping: bool, resumable: bool, out: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let words = tr("What OSS has stays there, and the upload can go on at any time");
        if resumable && widgets::secondary(ui, !stopping, tr("Pause")).on_hover_text(words).clicked() {
            out.push(Action::Queue(QueueAction::Pause(id)));
        }
        if widgets::secondary(ui, !stopping, tr("Cancel")).on_hover_text("Esc").clicked() {
            out.push(Action::Cancel);
        }
    });
}

fn pace_in_words(progress: &Progress, samples: &VecDeque<Progress>) -> String {
    match pace(progress, samples) {
        _ if progress.total > 0 && progress.sent == progress.total => tr("all sent, waiting for OSS").to_owned(),
        Some((speed, left)) => queue::speed_and_left(speed, left),
        None => tr("measuring the speed").to_owned(),
    }
}

fn amounts(progress: &Progress) -> String {
    let bytes = tr!("{0} of {1}", format::bytes(progress.sent), format::bytes(progress.total));
    if progress.parts > 1 {
        [bytes, tr!("{0} of {1} parts done", progress.parts_done, progress.parts)].join(tr(", "))
    } else {
        bytes
    }
}
