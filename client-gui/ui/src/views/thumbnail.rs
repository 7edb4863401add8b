//! Step 4: what IMG makes of the object: resized, with a watermark, before and after.

use egui::{TextStyle, Ui, Vec2};

use super::problem;
use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::{Picture, Processed};
use crate::format;
use crate::icons::Icon;
use crate::queue::Upload;
use crate::recipe;
use crate::settings::{Position, Thumbnail};
use crate::state::State;
use crate::theme::{self, palette, space};
use crate::widgets::{self, Tone};

const WIDTHS: std::ops::RangeInclusive<u32> = 16..=2048;
const TEXT_SIZES: std::ops::RangeInclusive<u32> = 8..=200;
const CONTROL_COLUMN: f32 = 136.0;
/// Colours that read well on photographs.
const COLORS: [(&str, [u8; 3]); 6] = [
    ("white", [255, 255, 255]),
    ("black", [0, 0, 0]),
    ("yellow", [255, 214, 10]),
    ("red", [226, 44, 44]),
    ("green", [40, 168, 96]),
    ("blue", [38, 110, 224]),
];

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        if !matches!(state.upload(), Upload::Done(_)) {
            let words = "Upload a picture first; OSS then makes thumbnails of it on request.";
            if widgets::empty(ui, Icon::Upload, "Nothing uploaded yet", words, "Go to step 3").clicked() {
                out.push(Action::GoTo(Step::Upload));
            }
            return;
        }
        widgets::heading(
            ui,
            "What IMG makes of it",
            "Computed by OSS on each request; the object itself stays as it is.",
        );
        resize_row(ui, &mut state.settings.thumbnail);
        watermark_rows(ui, &mut state.settings.thumbnail);
        ui.add_space(space::XS);
        process_row(ui, &state.settings.thumbnail, out);
        ui.add_space(space::S);
        if let Some(error) = &state.processed.failed {
            problem::show(ui, error, out);
            ui.add_space(space::S);
        }
        pictures(ui, state, art);
    });
}

fn row(ui: &mut Ui, toggle: &mut bool, name: &str, add: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let left = ui.cursor().left();
        widgets::switch(ui, toggle, name);
        ui.add_space((left + CONTROL_COLUMN - ui.cursor().left()).max(0.0));
        ui.add_enabled_ui(*toggle, add);
    });
}

fn resize_row(ui: &mut Ui, thumbnail: &mut Thumbnail) {
    let width = &mut thumbnail.width;
    row(ui, &mut thumbnail.resize, "Resize", |ui| {
        ui.horizontal(|ui| widgets::slider(ui, "Width", width, WIDTHS, 420.0));
    });
}

fn watermark_rows(ui: &mut Ui, thumbnail: &mut Thumbnail) {
    let Thumbnail { watermark, text, position, size, color, .. } = thumbnail;
    row(ui, watermark, "Watermark", |ui| {
        ui.horizontal(|ui| {
            let label = widgets::remark(ui, "Text");
            let edit = egui::TextEdit::singleline(text).hint_text("Words to draw").desired_width(ui.available_width());
            ui.add(edit).labelled_by(label.id);
        });
    });
    if !*watermark {
        return;
    }
    if !recipe::text_fits(text) {
        widgets::say(ui, Tone::Warn, "Too long: IMG takes at most 64 bytes, and a Chinese character counts 3.");
    }
    ui.horizontal(|ui| {
        ui.add_space(CONTROL_COLUMN);
        position_grid(ui, position);
        ui.add_space(space::M);
        ui.vertical(|ui| {
            ui.horizontal(|ui| widgets::slider(ui, "Size", size, TEXT_SIZES, 220.0));
            ui.horizontal(|ui| swatches(ui, color));
        });
    });
}

fn swatches(ui: &mut Ui, chosen: &mut [u8; 3]) {
    const SIDE: f32 = 22.0;
    widgets::remark(ui, "Colour");
    for (name, color) in COLORS {
        let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), egui::Sense::click());
        let name = format!("Watermark in {name}");
        let on = *chosen == color;
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, on, &name));
        let [r, g, b] = color;
        let line = egui::Stroke::new(1.0, palette(ui).muted);
        ui.painter().circle(rect.center(), SIDE / 2.0 - 3.0, egui::Color32::from_rgb(r, g, b), line);
        if on {
            ui.painter().circle_stroke(rect.center(), SIDE / 2.0, egui::Stroke::new(2.0, palette(ui).accent));
        }
        widgets::focus_ring(ui, &response);
        if response.on_hover_text(name).clicked() {
            *chosen = color;
        }
    }
}

fn position_grid(ui: &mut Ui, position: &mut Position) {
    const CELL: f32 = 22.0;
    const GAP: f32 = 3.0;
    let side = 3.0 * CELL + 2.0 * GAP;
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), egui::Sense::hover());
    for (index, place) in Position::ALL.into_iter().enumerate() {
        let offset = Vec2::new((index % 3) as f32, (index / 3) as f32) * (CELL + GAP);
        let cell = egui::Rect::from_min_size(rect.min + offset, Vec2::splat(CELL));
        let response = ui.interact(cell, ui.scope_id().with(("position", index)), egui::Sense::click());
        let (colors, chosen) = (palette(ui), *position == place);
        let name = format!("Watermark {}", place.words());
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, chosen, &name));
        let fill = match (chosen, response.hovered()) {
            (true, _) => colors.accent,
            (false, true) => colors.accent_soft,
            (false, false) => colors.well,
        };
        let line = egui::Stroke::new(1.0, if chosen { colors.accent } else { colors.line });
        ui.painter().rect(cell, 5.0, fill, line, egui::StrokeKind::Inside);
        widgets::focus_ring(ui, &response);
        if response.on_hover_text(name).clicked() {
            *position = place;
        }
    }
}

fn process_row(ui: &mut Ui, thumbnail: &Thumbnail, out: &mut Vec<Action>) {
    const BUTTON: f32 = 84.0;
    let process = recipe::process(thumbnail);
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    theme::well(&left).show(&mut left, |ui| {
        ui.set_width(ui.available_width());
        let words = if process.is_empty() {
            "no x-oss-process: the object as it is".to_owned()
        } else {
            format!("x-oss-process={process}")
        };
        let color = if process.is_empty() { palette(ui).muted } else { palette(ui).text };
        let mut job =
            egui::text::LayoutJob::simple(words, TextStyle::Monospace.resolve(ui.style()), color, ui.available_width());
        job.wrap.break_anywhere = true;
        ui.add(egui::Label::new(job).selectable(true));
    });
    if widgets::wide(&mut right, !process.is_empty(), "Copy").clicked() {
        out.push(Action::Copy(format!("x-oss-process={process}")));
    }
    widgets::join(ui, &[left, right]);
}

fn pictures(ui: &mut Ui, state: &State, art: &mut Art) {
    let [mut left, mut right] = widgets::halves(ui, space::M);
    if let Some(picture) = state.selected() {
        original(&mut left, picture, art);
    }
    match &state.processed.ready {
        Some(processed) => made(&mut right, processed, state, art),
        None => {
            let words = if state.processed.running.is_some() { "OSS is making it" } else { "There is none." };
            caption(&mut right, "After", words, "");
        }
    }
    widgets::join(ui, &[left, right]);
}

fn original(ui: &mut Ui, picture: &Picture, art: &mut Art) {
    let size = format!("{} px, {}, {}", format::pixels(picture.size), picture.format, format::bytes(picture.bytes));
    caption(ui, "Before", &size, "the file on this computer");
    frame(ui, |ui, room| art.show(ui, Slot::Original, &picture.preview, room, "The original"));
}

fn made(ui: &mut Ui, processed: &Processed, state: &State, art: &mut Art) {
    let size =
        format!("{} px, {}, {}", format::pixels(processed.size), processed.format, format::bytes(processed.bytes));
    let more = if state.processed.running.is_some() {
        "making the next one".to_owned()
    } else {
        let share =
            state.selected().map_or(0.0, |picture| 100.0 * processed.bytes as f64 / picture.bytes.max(1) as f64);
        format!("{share:.1} % of the bytes, in {}", format::elapsed(processed.elapsed))
    };
    caption(ui, "After", &size, &more);
    frame(ui, |ui, room| art.show(ui, Slot::Processed, &processed.preview, room, "The thumbnail"));
}

fn caption(ui: &mut Ui, name: &str, size: &str, more: &str) {
    ui.spacing_mut().item_spacing.y = 1.0;
    let mut job = egui::text::LayoutJob::default();
    let format = |style: TextStyle, color| egui::TextFormat::simple(style.resolve(ui.style()), color);
    job.append(name, 0.0, format(TextStyle::Body, palette(ui).text));
    job.append(size, 8.0, format(TextStyle::Small, palette(ui).muted));
    ui.add(egui::Label::new(job).wrap());
    widgets::remark(ui, more);
    ui.add_space(space::XS);
}

/// A sunken frame with a picture in its middle.
fn frame(ui: &mut Ui, add: impl FnOnce(&mut Ui, Vec2)) {
    const HIGHEST: f32 = 320.0;
    theme::well(ui).inner_margin(8).show(ui, |ui| {
        let width = ui.available_width();
        let room = Vec2::new(width, (width * 0.75).min(HIGHEST));
        ui.allocate_ui_with_layout(room, egui::Layout::centered_and_justified(egui::Direction::TopDown), |ui| {
            add(ui, room)
        });
    });
}
