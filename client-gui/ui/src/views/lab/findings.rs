//! The card of what can be said of the policies as such: the leak check, the comparison, the tests, the findings.

use egui::{RichText, TextStyle, Ui};
use shared::ram::{Lint, Severity};

use super::highlight::severity_color;
use crate::action::Action;
use crate::icons::Icon;
use crate::lab::analysis::Leak;
use crate::lab::{Lab, LabAction, Sheet, told};
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::wire::Wire;
use crate::words::tr;

/// Draws the card.
pub fn show(ui: &mut Ui, lab: &Lab, wire: &Wire, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        ui.label(RichText::new(tr("Leak check, tests and findings")).text_style(TextStyle::Heading));
        leak(ui, lab);
        if let Some(difference) = &lab.analysis.difference {
            widgets::line(ui, Icon::Half, palette(ui).accent, &difference.to_string());
        }
        tests(ui, lab);
        smallest(ui, lab, wire, out);
        let all = Sheet::ALL.into_iter();
        let mut found: Vec<(Sheet, &Lint)> =
            all.flat_map(|sheet| lab.analysis.lints[sheet.index()].iter().map(move |lint| (sheet, lint))).collect();
        found.sort_by_key(|(_, lint)| lint.severity);
        for (index, (sheet, lint)) in found.iter().enumerate() {
            ui.push_id(index, |ui| finding(ui, *sheet, lint, out));
        }
        if found.is_empty() {
            widgets::line(ui, Icon::Check, palette(ui).good, tr("No findings in the three policies."));
        }
    });
}

fn leak(ui: &mut Ui, lab: &Lab) {
    let prefix = &lab.scene.prefix;
    match &lab.analysis.leak {
        None => {}
        Some(Leak::Unknown(why)) => widgets::say(ui, Tone::Warn, why.to_string()),
        Some(Leak::Confined) if prefix.is_empty() => {
            widgets::say(ui, Tone::Good, tr!("Proven: the token touches nothing outside of {0}.", lab.scene.bucket));
        }
        Some(Leak::Confined) => {
            widgets::say(ui, Tone::Good, tr!("Proven: the token touches nothing outside of {0}", prefix));
        }
        Some(Leak::Escapes(how)) => {
            widgets::say(ui, Tone::Bad, tr!("The session policy leaks. {0}.", told::escape(how)));
        }
    }
}

fn tests(ui: &mut Ui, lab: &Lab) {
    let colors = palette(ui);
    let Some(outcome) = &lab.analysis.tests else { return };
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            widgets::line(ui, Icon::Cross, colors.bad, &tr!("Policy tests: {0}.", told::failure(error)));
            return;
        }
    };
    let passed = report.passed.iter().filter(|passed| **passed).count();
    let (icon, color) = if report.is_good() { (Icon::Check, colors.good) } else { (Icon::Cross, colors.bad) };
    let needed = match report.unneeded[..] {
        [] => tr("every statement is needed by one").to_owned(),
        [one] => tr!("statement {0} could be deleted without a test that fails", one),
        ref more => tr!("statements {0} could be deleted without a test that fails", format!("{more:?}")),
    };
    widgets::line(ui, icon, color, &tr!("Policy tests: {0} of {1} pass; {2}.", passed, report.passed.len(), needed));
    let cases = lab.suite.iter().flatten().flat_map(|suite| &suite.cases);
    for (case, _) in cases.zip(&report.passed).filter(|(_, passed)| !**passed) {
        let expected = format!("{:?}", case.expect);
        let words =
            tr!("{0} on {1}: expected {2}. {3}", case.action, case.resource, expected, told::reason(&case.reason));
        widgets::line(ui, Icon::Cross, colors.bad, &words);
    }
}

/// The smallest policy for what was asked of OSS so far, and its proof.
fn smallest(ui: &mut Ui, lab: &Lab, wire: &Wire, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let asked = wire.run().count();
    if asked > 0 && widgets::small_button(ui, &tr!("The smallest policy for the {0} requests so far", asked)).clicked()
    {
        out.push(Action::Lab(LabAction::Smallest(wire.run().collect())));
    }
    let Some(smallest) = lab.proven() else { return };
    let (proof, replayed) = (&smallest.proof, smallest.replayed);
    if proof.holds() {
        let words = tr!(
            "Proven: {0} requests come out under it as they did, and without any one action some would be refused.",
            replayed
        );
        widgets::line(ui, Icon::Check, colors.good, &words);
    } else {
        let other = proof.lost.len() + proof.gained.len();
        let words = tr!("Not proven: {0} of {1} requests would come out otherwise.", other, replayed);
        widgets::line(ui, Icon::Cross, colors.bad, &words);
    }
    for removal in &proof.removals {
        widgets::remark(ui, tr!("Without {0}, {1} of them would be refused.", removal.action, removal.lost.len()));
    }
}

fn finding(ui: &mut Ui, sheet: Sheet, lint: &Lint, out: &mut Vec<Action>) {
    let name = match lint.severity {
        Severity::Error => tr("Error"),
        Severity::High => tr("High"),
        Severity::Medium => tr("Medium"),
        Severity::Low => tr("Low"),
    };
    let icon = if lint.severity <= Severity::High { Icon::Cross } else { Icon::Warning };
    let finding = told::finding(lint);
    let words = match lint.path.as_str() {
        "" => tr!("{0}, {1}: {2}.", name, sheet.words(), finding),
        path => tr!("{0}, {1} at {2}: {3}.", name, sheet.words(), path, finding),
    };
    widgets::line(ui, icon, severity_color(lint.severity, palette(ui)), &words);
    if let Some((title, edit)) = &lint.fix {
        ui.horizontal(|ui| {
            ui.add_space(18.0 + space::S);
            if widgets::small_button(ui, &told::fix(title).to_string()).clicked() {
                out.push(Action::Lab(LabAction::Apply(sheet, edit.clone())));
            }
        });
    }
}
