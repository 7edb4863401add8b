//! The stampede: many apps whose token ends at one moment, and how often STS was asked for it.

use egui::{DragValue, Ui, WidgetInfo};

use crate::action::Action;
use crate::command::Crowd;
use crate::conditions::{Conditions, ConditionsAction, MOST_APPS};
use crate::format;
use crate::theme::space;
use crate::widgets::{self, Tone};
use crate::words::tr;

/// Draws it.
pub fn show(ui: &mut Ui, conditions: &mut Conditions, out: &mut Vec<Action>) {
    widgets::heading(
        ui,
        tr("Stampede"),
        tr("Time moves to just behind the token's end, and all apps of this user ask for the next one at once."),
    );
    ui.horizontal_wrapped(|ui| {
        let field = ui.add(DragValue::new(&mut conditions.apps).range(1..=MOST_APPS));
        field.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, tr("Apps")));
        widgets::remark(ui, tr("Apps"));
        let running = conditions.is_crowded();
        if widgets::secondary(ui, !running, tr("Let them ask")).clicked() {
            out.push(Action::Conditions(ConditionsAction::Stampede));
        }
    });
    if conditions.is_crowded() {
        widgets::remark(ui, tr("They are asking"));
        return;
    }
    let Some(crowd) = &conditions.crowd else { return };
    ui.add_space(space::S);
    outcome(ui, crowd);
}

fn outcome(ui: &mut Ui, crowd: &Crowd) {
    let counted = tr!(
        "{0} apps asked, {1} were given a token, {2} different ones; STS was asked {3} times, in {4}.",
        crowd.apps,
        crowd.granted,
        crowd.tokens,
        crowd.calls,
        format::elapsed(crowd.elapsed)
    );
    let whole = crowd.granted == crowd.apps;
    let (tone, verdict) = match crowd.calls {
        _ if !whole => (Tone::Bad, crowd.refused.clone().unwrap_or_default()),
        0 => (Tone::Warn, tr("The app server still had a token that is good by its own clock.").to_owned()),
        1 => (Tone::Good, tr("One call for one identity, as it must be.").to_owned()),
        _ => (Tone::Bad, tr("One call for one identity would have been enough.").to_owned()),
    };
    widgets::say(ui, tone, format!("{counted} {verdict}"));
}
