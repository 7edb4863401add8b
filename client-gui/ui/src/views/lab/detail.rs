//! The card of one request: who decided, what each statement made of it, what OSS answers, and what would allow it.

use egui::{RichText, TextStyle, Ui};
use shared::ram::condition::Outcome as Met;
use shared::ram::{ConditionReport, Effect, Outcome, StatementReport};

use super::grid::mark;
use crate::action::Action;
use crate::icons::Icon;
use crate::lab::detail::{Detail, Fix};
use crate::lab::grid::{ROWS, Spot};
use crate::lab::{Lab, LabAction, Observed, Pick, Sheet};
use crate::theme::{self, palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// Draws the card.
pub fn show(ui: &mut Ui, lab: &mut Lab, out: &mut Vec<Action>) {
    let Some(detail) = lab.detail() else {
        widgets::card(ui, |ui| {
            ui.label(RichText::new(tr("Why?")).text_style(TextStyle::Heading));
            widgets::remark(
                ui,
                tr("Press a cell to see which policy and which statement decided it, and what would change that."),
            );
        });
        return;
    };
    let drawn = ui.scope(|ui| widgets::card(ui, |ui| filled(ui, lab, &detail, out))).response;
    if std::mem::take(&mut lab.reveal) {
        drawn.scroll_to_me(None);
    }
}

fn filled(ui: &mut Ui, lab: &Lab, detail: &Detail, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::S;
    let allowed = detail.cell.verdict.is_allow();
    let question = &detail.cell.question;
    ui.label(RichText::new(tr!("Why? {0}", question.operation)).text_style(TextStyle::Heading));
    let rows = [("Action", question.action.clone()), (tr("Subject"), question.subject())];
    widgets::facts(ui, 58.0, rows.iter().map(|(name, value)| (*name, value.as_str())));
    let tone = if allowed { Tone::Good } else { Tone::Bad };
    let whole = if allowed { tr!("Allowed. {0}", detail.sentence) } else { tr!("Denied. {0}", detail.sentence) };
    widgets::say(ui, tone, whole);
    observed(ui, lab);
    ui.scope(|ui| {
        // Rows of words, as high as words.
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().item_spacing.y = space::XS;
        layers(ui, detail);
        statements(ui, detail);
    });
    for (index, fix) in detail.fixes.iter().enumerate() {
        ui.push_id(index, |ui| draw_fix(ui, fix, out));
    }
    if let Some(xml) = &detail.xml {
        widgets::remark(ui, tr("The answer of OSS: 403, with the body"));
        theme::well(ui).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let words = RichText::new(indented(xml)).text_style(TextStyle::Monospace).size(11.5);
            ui.add(egui::Label::new(words).selectable(true).wrap());
        });
    }
}

fn observed(ui: &mut Ui, lab: &Lab) {
    let Some(Pick::Cell(place)) = lab.selected else { return };
    let Some(observed) = lab.probes.observed.get(&place) else { return };
    let seen = match observed {
        Observed::Allowed(status) => tr!("OSS itself let the probe pass ({0}).", status),
        Observed::Denied(ec) => tr!("OSS itself refused the probe: AccessDenied {0}.", ec),
        Observed::Unknown(why) => tr!("OSS could not be asked: {0}", why),
    };
    match lab.drifts(place) {
        Some(true) => widgets::say(ui, Tone::Bad, tr!("{0} That is not what the policies here say.", seen)),
        Some(false) => widgets::line(ui, Icon::Check, palette(ui).good, &seen),
        None => widgets::line(ui, Icon::Warning, palette(ui).warn, &seen),
    }
}

fn layers(ui: &mut Ui, detail: &Detail) {
    let colors = palette(ui);
    for (sheet, verdict) in &detail.layers {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::Vec2::new(18.0, 16.0), egui::Sense::hover());
            mark(ui.painter(), rect.center(), Some(verdict.effect), colors);
            let title = sheet.title();
            let said = match (verdict.effect, &verdict.because) {
                (Outcome::Allow, Some(because)) => tr!("{0} allows it by statement {1}", title, because.statement),
                (Outcome::ExplicitDeny, Some(because)) => {
                    tr!("{0} denies it by statement {1}", title, because.statement)
                }
                _ => tr!("{0} has no statement that applies", title),
            };
            let decided = *sheet == detail.sheet && detail.xml.is_some();
            let said = if decided { tr!("{0} (this decided)", said) } else { said };
            ui.label(RichText::new(said).text_style(TextStyle::Small));
        });
    }
}

fn statements(ui: &mut Ui, detail: &Detail) {
    if detail.statements.is_empty() {
        return;
    }
    ui.add_space(space::XS);
    widgets::remark(ui, tr!("Each statement of the {0}:", detail.sheet.words()));
    for report in &detail.statements {
        statement(ui, report);
    }
}

fn statement(ui: &mut Ui, report: &StatementReport) {
    let colors = palette(ui);
    let tick = |met: bool| if met { (Icon::Check, colors.good) } else { (Icon::Cross, colors.bad) };
    let effect = if report.effect == Effect::Allow { "Allow" } else { "Deny" };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let words = match report.applies {
            true => tr!("Statement {0} ({1}) applies:", report.statement, effect),
            false => tr!("Statement {0} ({1}) does not apply:", report.statement, effect),
        };
        ui.label(RichText::new(words).text_style(TextStyle::Small));
        for (name, met) in [("Principal", report.principal), ("Action", report.action), ("Resource", report.resource)] {
            // Only bucket policies name principals; elsewhere there is nothing to be met.
            if name == "Principal" && met {
                continue;
            }
            let (icon, color) = tick(met);
            widgets::icon(ui, icon, 12.0, color);
            widgets::remark(ui, name);
        }
    });
    for condition in &report.conditions {
        let (icon, color) = match condition.outcome {
            Met::Met => (Icon::Check, colors.good),
            Met::NotMet => (Icon::Cross, colors.bad),
            Met::Unreadable => (Icon::Warning, colors.warn),
        };
        widgets::line(ui, icon, color, &condition_words(condition));
    }
    let missing = report.missing_keys();
    if !missing.is_empty() {
        let words = tr!(
            "The request does not have {0}: a negated operator then counts as met, any other as not met.",
            missing.join(", "),
        );
        widgets::line(ui, Icon::Warning, colors.warn, &words);
    }
    if report.is_unevaluable() {
        let words = tr("A condition cannot be evaluated: an Allow then does not apply, and a Deny does.");
        widgets::line(ui, Icon::Warning, colors.warn, words);
    }
}

fn condition_words(condition: &ConditionReport) -> String {
    let list = |values: &[String]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(tr(" or "));
    let (operator, key, wanted) = (&condition.operator, &condition.key, list(&condition.wanted));
    match &condition.presented[..] {
        [] => tr!("{0} {1}: wants {2}, the request has nothing", operator, key, wanted),
        has => tr!("{0} {1}: wants {2}, the request has {3}", operator, key, wanted, list(has)),
    }
}

fn draw_fix(ui: &mut Ui, fix: &Fix, out: &mut Vec<Action>) {
    let colors = palette(ui);
    widgets::line(ui, Icon::Dots, colors.accent, &fix.words);
    let Some((edit, places)) = &fix.change else { return };
    let named: Vec<String> = places
        .iter()
        .filter_map(|(row, spot)| Some(tr!("{0} in {1}", ROWS.get(*row)?.operation, spot.title())))
        .collect();
    ui.horizontal_wrapped(|ui| {
        ui.add_space(18.0 + space::S);
        let button = match fix.sheet {
            Sheet::Role => tr("Add to the role policy"),
            Sheet::Session => tr("Add to the session policy"),
            Sheet::Bucket => tr("Add to the bucket policy"),
        };
        if widgets::small_button(ui, button).clicked() {
            out.push(Action::Lab(LabAction::Apply(fix.sheet, edit.clone())));
        }
        let effect = match named.len() {
            0 => tr("No cell changes by this alone.").to_owned(),
            _ => tr!("Changes: {0}.", named.join(tr(", "))),
        };
        widgets::remark(ui, effect);
    });
    if places.iter().any(|(_, spot)| *spot != Spot::Own) {
        widgets::line(
            ui,
            Icon::Warning,
            colors.warn,
            tr("That reaches beyond the token's folder: it may well be right to deny it."),
        );
    }
}

/// One element a line.
fn indented(xml: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    // Whether the last piece opened an element that has had nothing in it yet.
    let mut opened = false;
    for piece in xml.split_inclusive('>').map(str::trim).filter(|piece| !piece.is_empty()) {
        let closes = piece.contains("</");
        let opens = piece.starts_with('<') && !closes && !piece.starts_with("<?");
        let alone = piece.starts_with("</") && !opened;
        depth -= usize::from(closes && depth > 0);
        if (opens || alone) && !out.is_empty() {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str(piece);
        depth += usize::from(opens);
        opened = opens;
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_element_a_line() {
        let xml = "<?xml version=\"1.0\"?>\n<Error>\n  <Code>A</Code>\n  <Id></Id><D><E>x</E></D>\n</Error>";
        let wanted =
            "<?xml version=\"1.0\"?>\n<Error>\n  <Code>A</Code>\n  <Id></Id>\n  <D>\n    <E>x</E>\n  </D>\n</Error>";
        assert_eq!(super::indented(xml), wanted);
        assert_eq!(super::indented("</a></b>"), "</a>\n</b>");
    }
}
