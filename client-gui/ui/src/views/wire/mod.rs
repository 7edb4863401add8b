//! The wire's screen: who spoke with whom as a diagram, each request in a list, and one of them as a whole.

mod compare;
mod detail;
mod diagram;
mod list;

use egui::{ScrollArea, Ui};

use super::page;
use crate::action::Action;
use crate::state::State;
use crate::theme::space;
use crate::widgets;

/// From this width on, the request stands beside the list.
const TWO_COLUMNS: f32 = 900.0;
/// The width of the list, as a share of the page.
const LIST_SHARE: f32 = 0.46;
/// The height of the list where all stands in one column, in points.
const LIST_HEIGHT: f32 = 300.0;

/// Draws the screen.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    page::centred(ui, |ui| {
        if ui.available_width() < TWO_COLUMNS {
            ScrollArea::vertical().id_salt("wire").auto_shrink(false).show(ui, |ui| {
                ui.add_space(space::M);
                diagram::show(ui, &state.place, &mut state.wire);
                ui.add_space(space::M);
                list::show(ui, &state.wire, LIST_HEIGHT, out);
                ui.add_space(space::M);
                detail::show(ui, &state.wire, out);
                ui.add_space(space::L);
            });
            return;
        }
        ui.add_space(space::M);
        diagram::show(ui, &state.place, &mut state.wire);
        ui.add_space(space::M);
        let left = (ui.available_width() * LIST_SHARE).round();
        let [mut beside, mut main] = widgets::split(ui, left, space::M);
        let room = beside.available_height() - space::L;
        list::show(&mut beside, &state.wire, room, out);
        ScrollArea::vertical().id_salt("exchange").auto_shrink(false).show(&mut main, |ui| {
            detail::show(ui, &state.wire, out);
            ui.add_space(space::L);
        });
        widgets::join(ui, &[beside, main]);
    });
}
