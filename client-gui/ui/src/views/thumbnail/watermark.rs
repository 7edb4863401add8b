//! The controls of a watermark: words or a picture, where and how they stand.

use egui::{TextEdit, Ui};
use shared::img::Font;

use super::controls::{named, pick, places, slider, swatches};
use crate::recipe::Marking;
use crate::theme::space;
use crate::widgets::{self, Tone};
use crate::words::tr;

const TEXT_SIZES: std::ops::RangeInclusive<u32> = 8..=400;

/// Draws them.
pub fn show(ui: &mut Ui, mark: &mut Marking) {
    ui.horizontal(|ui| {
        widgets::choice(ui, &mut mark.picture, false, tr("Words"));
        ui.add_space(space::M);
        widgets::choice(ui, &mut mark.picture, true, tr("A picture"));
    });
    if mark.picture {
        picture(ui, mark)
    } else {
        words(ui, mark)
    }
    places(ui, &mut mark.position, |place| tr!("Watermark {0}", place));
    slider(ui, tr("Opacity"), &mut mark.opacity, 0..=100, " %");
    slider(ui, tr("From x"), &mut mark.x, 0..=4096, " px");
    slider(ui, tr("From y"), &mut mark.y, 0..=4096, " px");
    if !mark.picture {
        slider(ui, tr("Shadow"), &mut mark.shadow, 0..=100, " %");
        slider(ui, tr("Turned"), &mut mark.rotate, 0..=360, "°");
    }
    widgets::switch(ui, &mut mark.tile, tr("Tile"));
}

fn words(ui: &mut Ui, mark: &mut Marking) {
    text(ui, tr("Text"), &mut mark.text, tr("Words to draw"));
    if !mark.fits() {
        widgets::say(ui, Tone::Warn, tr("Too long: IMG takes at most 64 bytes, and a Chinese character counts 3."));
    }
    let mut font = mark.font.as_str();
    let known = Font::NAMES.into_iter().map(|(_, name)| (name, name));
    pick(ui, tr("Font"), &mut font, known);
    if font != mark.font {
        mark.font = font.to_owned();
    }
    slider(ui, tr("Size"), &mut mark.size, TEXT_SIZES, " px");
    swatches(ui, &mut mark.color, |color| tr!("Watermark in {0}", color));
}

fn picture(ui: &mut Ui, mark: &mut Marking) {
    text(ui, tr("Object"), &mut mark.object, tr("The key of a picture in this bucket"));
    slider(ui, tr("Size"), &mut mark.percent, 0..=100, " %");
    if mark.percent == 0 {
        widgets::remark(ui, tr("0 leaves it in its own size."));
    }
}

fn text(ui: &mut Ui, name: &str, value: &mut String, hint: &str) {
    named(ui, name, |ui, label| {
        let edit = TextEdit::singleline(value).hint_text(hint).desired_width(ui.available_width());
        ui.add(edit).labelled_by(label);
    });
}
