//! The policy lab's screen: the grid and what a cell comes from on one side, the policies and their findings on the other.

mod detail;
mod editor;
mod findings;
mod grid;
mod highlight;

use egui::{ScrollArea, Ui};

use super::page;
use super::problem;
use crate::action::Action;
use crate::state::State;
use crate::theme::space;
use crate::widgets;

/// From this width on, the policies stand beside the grid.
const TWO_COLUMNS: f32 = 1000.0;
/// The width of the policies, as a share of the page.
const EDITOR_SHARE: f32 = 0.39;

/// Draws the screen. Side by side, each half scrolls by itself: the statement that decided stays in sight.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    page::centred(ui, |ui| {
        if ui.available_width() < TWO_COLUMNS {
            scroll(ui, "lab", |ui| {
                notices(ui, state, out);
                ui.push_id("results", |ui| results(ui, state, out));
                ui.add_space(space::M);
                ui.push_id("policies", |ui| policies(ui, state, out));
            });
        } else {
            let left = (ui.available_width() * EDITOR_SHARE).round();
            let [mut beside, mut main] = widgets::split(ui, left, space::M);
            scroll(&mut beside, "policies", |ui| policies(ui, state, out));
            scroll(&mut main, "results", |ui| {
                notices(ui, state, out);
                results(ui, state, out);
            });
            widgets::join(ui, &[beside, main]);
        }
    });
}

fn scroll(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
        ui.add_space(space::L);
        add(ui);
        ui.add_space(space::L);
    });
}

fn notices(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    for notice in [state.notice.clone(), state.lab.notice.clone()].into_iter().flatten() {
        problem::show_notice(ui, &notice, out);
        ui.add_space(space::S);
    }
}

fn results(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::M;
    ui.push_id("matrix", |ui| grid::show(ui, state, out));
    ui.push_id("detail", |ui| detail::show(ui, &mut state.lab, out));
}

fn policies(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::M;
    ui.push_id("editor", |ui| editor::show(ui, &mut state.lab, out));
    ui.push_id("findings", |ui| findings::show(ui, &state.lab, &state.wire, out));
}
