//! A failure on the screen: what happened, why, the facts to quote, and a button that helps.

use egui::{Color32, RichText, TextStyle, Ui};

use crate::action::Action;
use crate::problem::Problem;
use crate::theme::space;
use crate::widgets::{self, Tone};
use crate::words::{look_up, tr};

/// Draws `problem`, which stays until its cause is gone.
pub fn show(ui: &mut Ui, problem: &Problem, out: &mut Vec<Action>) {
    draw(ui, problem, Tone::Bad, (tr("Copy details"), Action::Copy(problem.report())), out);
}

/// Draws `problem`, which stays until it is dismissed.
pub fn show_notice(ui: &mut Ui, problem: &Problem, out: &mut Vec<Action>) {
    draw(ui, problem, Tone::Warn, (tr("Dismiss"), Action::DismissNotice), out);
}

fn draw(ui: &mut Ui, problem: &Problem, tone: Tone, (button, action): (&str, Action), out: &mut Vec<Action>) {
    widgets::banner(ui, tone, |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.label(RichText::new(problem.title.to_string()).size(16.0));
        ui.label(problem.why.to_string());
        if !problem.facts.is_empty() {
            ui.add_space(space::XS);
            let rows = problem.facts.iter().map(|(name, value)| (look_up(name), value.as_str()));
            widgets::facts(ui, widest_name(ui, problem), rows);
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            if let Some(label) = problem.help.label()
                && widgets::secondary(ui, true, label).clicked()
            {
                out.push(Action::Help(problem.help));
            }
            if problem.code == "AccessDenied" && widgets::secondary(ui, true, tr("Why was I denied?")).clicked() {
                let needed =
                    problem.facts.iter().find(|(name, _)| name == "AuthAction").map(|(_, action)| action.clone());
                out.push(Action::WhyDenied(needed));
            }
            if widgets::secondary(ui, true, button).clicked() {
                out.push(action);
            }
        });
    });
}

/// How wide the column of names must be, in points.
fn widest_name(ui: &Ui, problem: &Problem) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    let width =
        |name: &String| ui.painter().layout_no_wrap(look_up(name).to_owned(), font.clone(), Color32::WHITE).size().x;
    problem.facts.iter().map(|(name, _)| width(name)).fold(0.0, f32::max) + space::S
}
