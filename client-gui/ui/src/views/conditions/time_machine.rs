//! Time: two clocks, what moves them, and the life of the token.

use egui::{RichText, TextStyle, Ui};
use time::OffsetDateTime;
use transfer::ClockChange;

use super::time_line;
use crate::action::Action;
use crate::conditions::{ConditionsAction, Seen};
use crate::format;
use crate::state::{Connection, State};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// How far OSS's clock can be put from the app's, in minutes.
const SKEWS: [i64; 5] = [-20, -10, 0, 10, 20];
/// Steps of time, in minutes.
const STEPS: [i64; 4] = [1, 5, 15, 60];

/// Draws it; there is an emulator.
pub fn show(ui: &mut Ui, state: &State, now: OffsetDateTime, out: &mut Vec<Action>) {
    widgets::heading(ui, tr("Time machine"), tr("Stop time, move it, or put the clock of OSS and STS wrong."));
    let Some(seen) = &state.conditions.seen else { return };
    clocks(ui, seen, now);
    ui.add_space(space::S);
    let mut ask = |change| out.push(Action::Conditions(ConditionsAction::Clock(change)));
    ui.horizontal_wrapped(|ui| {
        let words = if seen.clock.frozen { tr("Let time go on") } else { tr("Stop time") };
        if widgets::small_button(ui, words).clicked() {
            ask(ClockChange { freeze: Some(!seen.clock.frozen), ..ClockChange::default() });
        }
        for minutes in STEPS {
            if widgets::small_button(ui, &tr!("+{0} min", minutes)).clicked() {
                ask(ClockChange { advance_seconds: Some(minutes * 60), ..ClockChange::default() });
            }
        }
    });
    widgets::remark(ui, tr("The clock of OSS and STS, in minutes"));
    ui.horizontal_wrapped(|ui| {
        for minutes in SKEWS {
            let words = match minutes {
                0 => tr("correct").to_owned(),
                1.. => tr!("{0} ahead", minutes),
                _ => tr!("{0} behind", -minutes),
            };
            if widgets::tab(ui, seen.clock.skew_seconds == minutes * 60, &words, false).clicked() {
                ask(ClockChange { skew_seconds: Some(minutes * 60), ..ClockChange::default() });
            }
        }
    });
    widgets::remark(
        ui,
        tr(
            "Beyond 15 minutes OSS refuses with RequestTimeTooSkewed; the app then corrects its clock and asks once more.",
        ),
    );
    ui.add_space(space::M);
    life(ui, state, seen, now, out);
}

fn clocks(ui: &mut Ui, seen: &Seen, now: OffsetDateTime) {
    let colors = palette(ui);
    let there = seen.server_time(now);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XL;
        let differ = !seen.ahead(now).is_zero();
        for (name, at, color) in [
            (tr("This app"), now, colors.text),
            (tr("OSS and STS"), there, if differ { colors.warn } else { colors.text }),
        ] {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                widgets::remark(ui, name);
                let time = format!("{} {}", at.date(), format::clock(at));
                ui.label(RichText::new(time).text_style(TextStyle::Monospace).size(17.0).color(color));
            });
        }
    });
    if let Some(words) = super::apart(seen, now) {
        ui.label(RichText::new(words).text_style(TextStyle::Small).color(colors.warn));
    }
}

fn life(ui: &mut Ui, state: &State, seen: &Seen, now: OffsetDateTime, out: &mut Vec<Action>) {
    ui.label(RichText::new(tr("The life of the token")).strong());
    let life = state.conditions.lives.back();
    match life {
        Some(_) => time_line::show(ui, state, seen, now),
        None => {
            widgets::remark(ui, tr("There is no token yet: the first request brings one."));
        }
    }
    let there = seen.server_time(now);
    ui.horizontal_wrapped(|ui| {
        for milestone in life.into_iter().flat_map(|life| life.milestones(there)) {
            let left = format::countdown((milestone.at - there).whole_seconds());
            if widgets::small_button(ui, &format!("{} ({left})", tr(milestone.words))).clicked() {
                out.push(Action::Conditions(ConditionsAction::JumpTo(milestone.at)));
            }
        }
        let trying = matches!(state.connection, Connection::Trying(..));
        if widgets::small_button_if(ui, !trying, tr("Send a request")).clicked() {
            out.push(Action::Test);
        }
    });
}
