//! A failure on the screen: what happened, why, the facts to quote, and a button that helps.

use egui::{RichText, TextStyle, Ui};

use crate::action::Action;
use crate::problem::Problem;
use crate::theme::space;
use crate::widgets::{self, Tone};

/// Draws `problem`, which stays until its cause is gone.
pub fn show(ui: &mut Ui, problem: &Problem, out: &mut Vec<Action>) {
    draw(ui, problem, Tone::Bad, ("Copy details", Action::Copy(problem.report())), out);
}

/// Draws `problem`, which stays until it is dismissed.
pub fn show_notice(ui: &mut Ui, problem: &Problem, out: &mut Vec<Action>) {
    draw(ui, problem, Tone::Warn, ("Dismiss", Action::DismissNotice), out);
}

fn draw(ui: &mut Ui, problem: &Problem, tone: Tone, (button, action): (&str, Action), out: &mut Vec<Action>) {
    widgets::banner(ui, tone, |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.label(RichText::new(&problem.title).text_style(TextStyle::Body).strong());
        ui.label(&problem.why);
        if !problem.facts.is_empty() {
            ui.add_space(space::XS);
            let rows = problem.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            widgets::facts(ui, 92.0, rows);
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            if let Some(label) = problem.help.label()
                && widgets::secondary(ui, true, label).clicked()
            {
                out.push(Action::Help(problem.help));
            }
            if widgets::secondary(ui, true, button).clicked() {
                out.push(action);
            }
        });
    });
}
