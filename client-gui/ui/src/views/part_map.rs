//! The parts of an upload as strips: what is on its way, what the checkpoint has, what OSS has; and the uploads that wait to go on.

use egui::{Color32, Rect, RichText, Sense, TextStyle, Ui, Vec2, WidgetInfo, pos2};

use crate::action::Action;
use crate::command::{PartState, Unfinished};
use crate::format;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::{fill, tr, word};

const HEIGHT: f32 = 14.0;
/// From this width on, the parts of a strip have gaps between them.
const WIDE: f32 = 5.0;

/// Draws the parts of the running upload.
pub fn running(ui: &mut Ui, parts: &[PartState], saved: Option<u32>) {
    let colors = palette(ui);
    let color = |part: &PartState| match part {
        PartState::Waiting => colors.line,
        PartState::Sending => colors.accent,
        PartState::Done => colors.good,
        PartState::Held => colors.good.gamma_multiply(0.55),
    };
    let count = |wanted| parts.iter().filter(|part| **part == wanted).count();
    let (held, sending) = (count(PartState::Held), count(PartState::Sending));
    let done = held + count(PartState::Done);
    strip(ui, &tr!("Part map: {0} of {1} parts at OSS", done, parts.len()), parts.iter().map(color));
    let mut words = vec![tr!("{0} parts at OSS", done)];
    if held > 0 {
        words.push(tr!("{0} of them before this run", held));
    }
    words.push(tr!("{0} on their way", sending));
    words.extend(saved.map(|saved| tr!("{0} in the checkpoint on disk", saved)));
    widgets::remark(ui, words.join(tr(", ")));
}

/// Draws every unfinished upload, with buttons to go on with it or to give it up.
pub fn unfinished(ui: &mut Ui, uploads: &[Unfinished], out: &mut Vec<Action>) {
    for upload in uploads {
        widgets::banner(ui, Tone::Warn, |ui| one(ui, upload, out));
        ui.add_space(space::S);
    }
}

fn one(ui: &mut Ui, upload: &Unfinished, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let name = upload.file.file_name().unwrap_or_default().to_string_lossy();
    let title = tr!("Unfinished: {0}, {1} of {2} at OSS", name, format::bytes(upload.held), format::bytes(upload.size));
    ui.label(RichText::new(title).text_style(TextStyle::Heading));
    ui.add(egui::Label::new(RichText::new(&upload.key).text_style(TextStyle::Monospace)).wrap());
    for (words, which) in
        [(word("Checkpoint here: {0} of {1} parts"), 0), (word("ListParts of OSS: {0} of {1} parts"), 1)]
    {
        let has = |part: &(bool, bool)| if which == 0 { part.0 } else { part.1 };
        let count = upload.parts.iter().filter(|part| has(part)).count();
        let label = fill(tr(words), &[&count, &upload.parts.len()]);
        ui.label(RichText::new(&label).color(colors.muted));
        let color = |part: &(bool, bool)| if has(part) { colors.good } else { colors.line };
        strip(ui, &label, upload.parts.iter().map(color));
    }
    if let Some(doubt) = &upload.doubt {
        widgets::remark(ui, doubt.to_string());
    }
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        if widgets::primary(ui, true, tr("Resume"))
            .on_hover_text(tr("Sends the parts that OSS does not have"))
            .clicked()
        {
            out.push(Action::Resume(upload.checkpoint.clone()));
        }
        if widgets::secondary(ui, true, tr("Give up"))
            .on_hover_text(tr("Removes its parts at OSS, and the checkpoint"))
            .clicked()
        {
            out.push(Action::Discard(upload.checkpoint.clone()));
        }
    });
}

/// A strip with a piece for each part; neighbours of one colour that are too narrow for a gap are drawn as one.
fn strip(ui: &mut Ui, spoken: &str, parts: impl ExactSizeIterator<Item = Color32>) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, spoken));
    let width = rect.width() / parts.len().max(1) as f32;
    let gap = if width >= WIDE { 1.0 } else { 0.0 };
    let piece = |from: usize, to: usize, color| {
        let (left, right) = (rect.left() + from as f32 * width, rect.left() + to as f32 * width - gap);
        let piece = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
        ui.painter().rect_filled(piece, 1.0, color);
    };
    let mut run: Option<(usize, usize, Color32)> = None;
    for (index, color) in parts.enumerate() {
        run = Some(match run {
            Some((from, to, known)) if known == color && gap == 0.0 => (from, to + 1, known),
            earlier => {
                if let Some((from, to, known)) = earlier {
                    piece(from, to, known);
                }
                (index, index + 1, color)
            }
        });
    }
    if let Some((from, to, color)) = run {
        piece(from, to, color);
    }
}
