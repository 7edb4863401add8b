//! The page below the bars: a notice, the step's card, and beside or below it the token and the activity.

use egui::{ScrollArea, Ui, UiBuilder, Vec2};
use time::OffsetDateTime;

use super::{activity, configure, history, problem, select, thumbnail, token, upload};
use crate::action::{Action, Step};
use crate::art::Art;
use crate::state::State;
use crate::theme::space;
use crate::widgets;

/// The page grows no wider than this, in points: long lines are hard to read.
pub const MAX_WIDTH: f32 = 1240.0;
/// From this width on, the token stands beside the step.
const TWO_COLUMNS: f32 = 940.0;
const SIDE: f32 = 300.0;

/// Draws the page; `now` is the time.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, now: OffsetDateTime, out: &mut Vec<Action>) {
    // Each step scrolls for itself, so that a new one begins at its top.
    ScrollArea::vertical().id_salt(state.step.number()).auto_shrink(false).show(ui, |ui| {
        centred(ui, |ui| {
            ui.add_space(space::L);
            if let Some(notice) = state.notice.clone() {
                problem::show_notice(ui, &notice, out);
                ui.add_space(space::S);
            }
            if state.memory.offers {
                history::offer(ui, &state.queue, out);
            }
            // The playground needs the whole width.
            if ui.available_width() < TWO_COLUMNS || state.step == Step::Thumbnail {
                step(ui, state, art, out);
                ui.add_space(space::S);
                side(ui, state, now, out);
            } else {
                let left = ui.available_width() - SIDE - space::L;
                let [mut main, mut beside] = widgets::split(ui, left, space::L);
                step(&mut main, state, art, out);
                side(&mut beside, state, now, out);
                widgets::join(ui, &[main, beside]);
            }
            ui.add_space(space::L);
        });
    });
}

/// Draws within the page's width, in the middle of the window.
pub fn centred<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let edge = if ui.available_width() < TWO_COLUMNS { space::L } else { space::XL };
    let room = ui.available_rect_before_wrap();
    let width = (room.width() - 2.0 * edge).min(MAX_WIDTH);
    let left = room.left() + (room.width() - width) / 2.0;
    let rect = egui::Rect::from_min_size(egui::pos2(left, room.top()), Vec2::new(width, room.height()));
    let inner = ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.set_width(width);
        add(ui)
    });
    inner.inner
}

fn step(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    match state.step {
        Step::Configure => configure::show(ui, state, out),
        Step::Select => select::show(ui, state, art, out),
        Step::Upload => upload::show(ui, state, art, out),
        Step::Thumbnail => thumbnail::show(ui, state, art, out),
    }
}

fn side(ui: &mut Ui, state: &State, now: OffsetDateTime, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::M;
    ui.push_id("token", |ui| token::show(ui, state, now, out));
    ui.push_id("activity", |ui| activity::show(ui, state));
}
