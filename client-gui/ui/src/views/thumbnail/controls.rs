//! The controls: a switch for each step of the recipe and, while it is on, its values.

use std::ops::RangeInclusive;

use egui::{ComboBox, Ui, Vec2};

use super::watermark;
use crate::action::Action;
use crate::playground::PlaygroundAction;
use crate::recipe::{Cropping, Fit, Measure, Output, Position, Recipe, Resizing, Rotating, Rounding, Toning};
use crate::theme::{CONTROL, palette, space};
use crate::widgets::{self, Tone};
use crate::words::{tr, word};

/// Sides of results that a screen can show well; more can be typed.
const SIDES: RangeInclusive<u32> = 16..=4096;
const INDENT: f32 = 40.0;
const NAME: f32 = 72.0;
/// Colours that read well on photographs.
const COLORS: [(&str, [u8; 3]); 6] = [
    (word("white"), [255, 255, 255]),
    (word("black"), [0, 0, 0]),
    (word("yellow"), [255, 214, 10]),
    (word("red"), [226, 44, 44]),
    (word("green"), [40, 168, 96]),
    (word("blue"), [38, 110, 224]),
];

/// Draws all of them.
pub fn show(ui: &mut Ui, recipe: &mut Recipe, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::XS;
    if recipe.by_hand.is_some() {
        widgets::say(ui, Tone::Good, tr("The process was typed, and is more than these controls can show."));
        if widgets::secondary(ui, true, tr("Back to the controls")).clicked() {
            out.push(Action::Playground(PlaygroundAction::Controls));
        }
        return;
    }
    if section(ui, &mut recipe.resize.on, tr("Resize")) {
        values(ui, |ui| resize(ui, &mut recipe.resize));
    }
    if section(ui, &mut recipe.watermark.on, tr("Watermark")) {
        values(ui, |ui| watermark::show(ui, &mut recipe.watermark));
    }
    if section(ui, &mut recipe.crop.on, tr("Crop")) {
        values(ui, |ui| crop(ui, &mut recipe.crop));
    }
    if section(ui, &mut recipe.rotate.on, tr("Rotate")) {
        values(ui, |ui| rotate(ui, &mut recipe.rotate));
    }
    if section(ui, &mut recipe.corners.on, tr("Round corners")) {
        values(ui, |ui| corners(ui, &mut recipe.corners));
    }
    if section(ui, &mut recipe.tone.on, tr("Tone")) {
        values(ui, |ui| tone(ui, &mut recipe.tone));
    }
    output(ui, &mut recipe.output);
}

fn section(ui: &mut Ui, on: &mut bool, name: &str) -> bool {
    widgets::switch(ui, on, name);
    *on
}

/// What belongs to a switch, indented below it.
fn values(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let [left, mut right] = widgets::split(ui, INDENT, 0.0);
    right.spacing_mut().item_spacing.y = space::XS;
    add(&mut right);
    right.add_space(space::S);
    widgets::join(ui, &[left, right]);
}

/// A name in a column of its own, and what it names; `add` is given the name's id for screen readers.
pub(super) fn named(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui, egui::Id)) {
    ui.horizontal(|ui| {
        let left = ui.cursor().left();
        let label = widgets::remark(ui, name);
        ui.add_space((left + NAME - ui.cursor().left()).max(0.0));
        add(ui, label.id);
    });
}

/// A slider for a whole number.
pub(super) fn slider<N: egui::emath::Numeric>(
    ui: &mut Ui,
    name: &str,
    value: &mut N,
    range: RangeInclusive<N>,
    unit: &str,
) {
    named(ui, name, |ui, label| widgets::slider(ui, label, value, range, unit));
}

/// One of several values, of which each has a word.
pub(super) fn pick<T: PartialEq + Copy>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    all: impl Iterator<Item = (T, &'static str)>,
) {
    let all: Vec<_> = all.collect();
    let chosen = all.iter().find(|(it, _)| it == value).map_or("", |(_, words)| *words);
    named(ui, name, |ui, label| {
        let width = ui.available_width().min(240.0);
        let response =
            ComboBox::from_id_salt(name).selected_text(tr(chosen)).width(width).truncate().show_ui(ui, |ui| {
                for (it, words) in &all {
                    ui.selectable_value(value, *it, tr(words));
                }
            });
        response.response.labelled_by(label);
    });
}

/// One of a few colours; `what` is coloured.
pub(super) fn swatches(ui: &mut Ui, chosen: &mut [u8; 3], what: fn(&str) -> String) {
    const SIDE: f32 = 22.0;
    named(ui, tr("Colour"), |ui, _| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (name, color) in COLORS {
            let (rect, response) = ui.allocate_exact_size(Vec2::new(SIDE, CONTROL - 4.0), egui::Sense::click());
            let name = what(tr(name));
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
        let other = ui.color_edit_button_srgb(chosen);
        let line = egui::Stroke::new(1.0, palette(ui).line);
        ui.painter().rect_stroke(other.rect, 8.0, line, egui::StrokeKind::Inside);
        other.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Another colour")));
        other.on_hover_text(tr("Another colour"));
    });
}

/// The nine places of a picture; `what` stands there.
pub(super) fn places(ui: &mut Ui, position: &mut Position, what: fn(&str) -> String) {
    const CELL: f32 = 22.0;
    const GAP: f32 = 3.0;
    named(ui, tr("Place"), |ui, _| {
        let side = 3.0 * CELL + 2.0 * GAP;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), egui::Sense::hover());
        for (index, (place, _, words)) in Position::ALL.into_iter().enumerate() {
            let offset = Vec2::new((index % 3) as f32, (index / 3) as f32) * (CELL + GAP);
            let cell = egui::Rect::from_min_size(rect.min + offset, Vec2::splat(CELL));
            let response = ui.interact(cell, ui.scope_id().with(("place", index)), egui::Sense::click());
            let (colors, chosen) = (palette(ui), *position == place);
            let name = what(tr(words));
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
    });
}

fn resize(ui: &mut Ui, resize: &mut Resizing) {
    pick(ui, tr("By"), &mut resize.by, Measure::ALL.into_iter());
    let px = " px";
    match resize.by {
        Measure::Width => slider(ui, tr("Width"), &mut resize.width, SIDES, px),
        Measure::Height => slider(ui, tr("Height"), &mut resize.height, SIDES, px),
        Measure::Longer | Measure::Shorter => slider(ui, tr("Side"), &mut resize.width, SIDES, px),
        Measure::Percent => slider(ui, tr("Percent"), &mut resize.percent, 1..=400, " %"),
        Measure::Box => {
            slider(ui, tr("Width"), &mut resize.width, SIDES, px);
            slider(ui, tr("Height"), &mut resize.height, SIDES, px);
            pick(ui, tr("Mode"), &mut resize.fit, Fit::ALL.into_iter().map(|(fit, _, words)| (fit, words)));
            if resize.fit == Fit::Pad {
                swatches(ui, &mut resize.color, |color| tr!("Filled with {0}", color));
            }
        }
    }
    if resize.by != Measure::Percent {
        widgets::switch(ui, &mut resize.enlarge, tr("Enlarge smaller pictures"));
    }
}

fn crop(ui: &mut Ui, crop: &mut Cropping) {
    const OR_ALL: RangeInclusive<u32> = 0..=4096;
    let px = " px";
    slider(ui, tr("Width"), &mut crop.width, OR_ALL, px);
    slider(ui, tr("Height"), &mut crop.height, OR_ALL, px);
    slider(ui, tr("From x"), &mut crop.x, OR_ALL, px);
    slider(ui, tr("From y"), &mut crop.y, OR_ALL, px);
    places(ui, &mut crop.from.0, |place| tr!("Crop from {0}", place));
    if crop.width == 0 && crop.height == 0 {
        widgets::remark(ui, tr("0 keeps all: nothing is cut off yet."));
    }
}

fn rotate(ui: &mut Ui, rotate: &mut Rotating) {
    slider(ui, tr("Clockwise"), &mut rotate.degrees, 0..=360, "°");
}

fn corners(ui: &mut Ui, corners: &mut Rounding) {
    slider(ui, tr("Radius"), &mut corners.radius, 1..=4096, " px");
    widgets::switch(ui, &mut corners.circle, tr("Cut out a circle"));
}

fn tone(ui: &mut Ui, tone: &mut Toning) {
    slider(ui, tr("Bright"), &mut tone.bright, -100..=100, "");
    slider(ui, tr("Contrast"), &mut tone.contrast, -100..=100, "");
    // IMG takes 50 to 399; less is off.
    slider(ui, tr("Sharpen"), &mut tone.sharpen, 0..=399, "");
    if (1..50).contains(&tone.sharpen) {
        tone.sharpen = if tone.sharpen < 25 { 0 } else { 50 };
    }
    slider(ui, tr("Blur"), &mut tone.blur, 0..=50, "");
}

fn output(ui: &mut Ui, output: &mut Output) {
    if section(ui, &mut output.convert, tr("Format")) {
        values(ui, |ui| {
            let mut format = output.format.as_str();
            let names = shared::img::Format::NAMES.into_iter().map(|(_, name)| (name, name));
            named(ui, tr("As"), |ui, label| {
                let chosen = ComboBox::from_id_salt("format").selected_text(format);
                let response = chosen.show_ui(ui, |ui| {
                    for (name, _) in names {
                        ui.selectable_value(&mut format, name, name);
                    }
                });
                response.response.labelled_by(label);
            });
            if format != output.format {
                output.format = format.to_owned();
            }
        });
    }
    if section(ui, &mut output.compress, tr("Quality")) {
        values(ui, |ui| {
            slider(ui, tr("Quality"), &mut output.quality, 1..=100, " %");
            widgets::switch(ui, &mut output.relative, tr("Of the source's own quality"));
        });
    }
    widgets::switch(ui, &mut output.progressive, tr("Progressive JPEG"));
}
