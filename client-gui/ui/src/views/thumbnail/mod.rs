//! Step 4, the playground of IMG: its controls, the process that they amount to, the picture before and after.

mod controls;
mod pictures;
mod process;
mod watermark;

use egui::Ui;

use super::problem;
use crate::action::{Action, Step};
use crate::art::Art;
use crate::icons::Icon;
use crate::queue::Upload;
use crate::state::State;
use crate::theme::space;
use crate::widgets;
use crate::words::tr;

/// From this width on, the controls stand beside the pictures.
const TWO_COLUMNS: f32 = 620.0;
/// The width of the controls, as a share of the card, and its bounds in points.
const CONTROLS: f32 = 0.4;
const CONTROLS_WIDTH: std::ops::RangeInclusive<f32> = 290.0..=400.0;

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        let Upload::Done(receipt) = state.upload() else {
            let words = tr("Upload a picture first; OSS then makes thumbnails of it on request.");
            if widgets::empty(ui, Icon::Upload, tr("Nothing uploaded yet"), words, tr("Go to step 3")).clicked() {
                out.push(Action::GoTo(Step::Upload));
            }
            return;
        };
        let key = receipt.key.clone();
        let sentence = tr("Computed by OSS on each request; the object itself stays as it is.");
        widgets::heading(ui, tr("What IMG makes of it"), sentence);
        if ui.available_width() < TWO_COLUMNS {
            controls::show(ui, &mut state.settings.recipe, out);
            ui.add_space(space::S);
            results(ui, state, art, &key, out);
        } else {
            let (least, most) = CONTROLS_WIDTH.into_inner();
            let left = (ui.available_width() * CONTROLS).round().clamp(least, most);
            let [mut beside, mut main] = widgets::split(ui, left, space::L);
            controls::show(&mut beside, &mut state.settings.recipe, out);
            results(&mut main, state, art, &key, out);
            widgets::join(ui, &[beside, main]);
        }
    });
}

fn results(ui: &mut Ui, state: &mut State, art: &mut Art, key: &str, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::S;
    process::show(ui, state, out);
    for failed in [&state.processed.failed, &state.playground.failed].into_iter().flatten() {
        problem::show(ui, failed, out);
    }
    pictures::show(ui, state, art);
    process::save_as(ui, state, key, out);
}
