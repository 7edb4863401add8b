//! The conditions' screen: time, what goes wrong on purpose, many apps at once; and the banner that tells of them on every screen.

mod crowd;
mod faults;
mod rules;
mod time_line;
mod time_machine;

use egui::{Frame, Margin, Panel, ScrollArea, Ui};
use time::OffsetDateTime;

use super::{page, problem};
use crate::action::Action;
use crate::conditions::{ConditionsAction, Seen, preset};
use crate::format;
use crate::screen::Screen;
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// From this width on, the faults stand beside the time.
const TWO_COLUMNS: f32 = 900.0;

/// Draws the screen; `now` is the time.
pub fn show(ui: &mut Ui, state: &mut State, now: OffsetDateTime, out: &mut Vec<Action>) {
    ScrollArea::vertical().id_salt("conditions").auto_shrink(false).show(ui, |ui| {
        page::centred(ui, |ui| {
            ui.add_space(space::L);
            ui.spacing_mut().item_spacing.y = space::M;
            if let Some(failed) = state.conditions.failed.clone() {
                problem::show(ui, &failed, out);
            }
            if state.conditions.seen.is_none() {
                widgets::card(ui, |ui| emulator(ui, state, out));
                return;
            }
            if ui.available_width() < TWO_COLUMNS {
                left(ui, state, now, out);
                faults::show(ui, &mut state.conditions, out);
            } else {
                let [mut first, mut second] = widgets::halves(ui, space::L);
                first.spacing_mut().item_spacing.y = space::M;
                second.spacing_mut().item_spacing.y = space::M;
                left(&mut first, state, now, out);
                faults::show(&mut second, &mut state.conditions, out);
                widgets::join(ui, &[first, second]);
            }
            ui.add_space(space::L);
        });
    });
}

fn left(ui: &mut Ui, state: &mut State, now: OffsetDateTime, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| time_machine::show(ui, state, now, out));
    widgets::card(ui, |ui| crowd::show(ui, &mut state.conditions, out));
}

/// What stands there until an emulator answers.
fn emulator(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    widgets::heading(
        ui,
        tr("An emulator lets you choose"),
        tr(
            "With the emulator of this project as OSS and STS, time can be moved here and faults can be made. The cloud does neither.",
        ),
    );
    let field = widgets::field(ui, tr("Control port"), &mut state.settings.control, "http://127.0.0.1:9090");
    widgets::remark(ui, tr("The emulator prints its address when it starts."));
    ui.add_space(space::S);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let filled = !state.settings.control.trim().is_empty() && !state.conditions.is_busy();
    if widgets::primary(ui, filled, tr("Connect")).clicked() || (entered && filled) {
        out.push(Action::Conditions(ConditionsAction::Look));
    }
}

/// Above every screen, as long as anything is other than in the world outside: what it is, and a button that ends it.
pub fn banner(ui: &mut Ui, state: &State, now: OffsetDateTime, out: &mut Vec<Action>) {
    let Some(seen) = state.conditions.seen.as_ref().filter(|seen| seen.is_unusual(now)) else { return };
    let colors = palette(ui);
    let frame = Frame::new().fill(colors.warn_soft).inner_margin(Margin::symmetric(0, 5));
    Panel::top("conditions in force").frame(frame).show_separator_line(false).show(ui, |ui| {
        page::centred(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                widgets::icon(ui, crate::icons::Icon::Bolt, 15.0, colors.warn);
                ui.label(egui::RichText::new(in_force(seen, now)).text_style(egui::TextStyle::Small));
                if widgets::small_button(ui, tr("Back to normal")).clicked() {
                    out.push(Action::Conditions(ConditionsAction::BackToNormal));
                }
                if state.screen != Screen::Conditions && widgets::small_button(ui, tr("Show")).clicked() {
                    out.push(Action::Show(Screen::Conditions));
                }
            });
        });
    });
}

/// `Faults on purpose: Lift, seed 7. Time stands still.`
fn in_force(seen: &Seen, now: OffsetDateTime) -> String {
    let mut parts = Vec::new();
    if !seen.faults.plan.rules.is_empty() {
        parts.push(tr!("Faults on purpose: {0}.", plan_title(seen)));
    }
    if seen.clock.frozen {
        parts.push(tr("Time stands still.").to_owned());
    }
    if let Some(words) = apart(seen, now) {
        parts.push(words);
    }
    parts.join(" ")
}

/// The plan in force: its preset or how many rules it has, and its seed.
fn plan_title(seen: &Seen) -> String {
    let plan = &seen.faults.plan;
    let known = shared::fault::PRESETS.iter().find(|known| known.name == plan.preset);
    match known {
        Some(known) => tr!("{0}, seed {1}", tr(preset(known.name, known.about).0), plan.seed),
        None => tr!("{0} rules, seed {1}", plan.rules.len(), plan.seed),
    }
}

/// How far OSS's clock is from the app's; `None` when it is not.
fn apart(seen: &Seen, now: OffsetDateTime) -> Option<String> {
    let ahead = seen.ahead(now).whole_seconds();
    let by = format::countdown(ahead.abs());
    match ahead {
        0 => None,
        1.. => Some(tr!("The clock of OSS and STS is {0} ahead.", by)),
        _ => Some(tr!("The clock of OSS and STS is {0} behind.", by)),
    }
}
