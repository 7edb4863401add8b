//! The fault lab: presets, the plan in force with how often each rule has struck, and rules of one's own.

use egui::{DragValue, RichText, TextStyle, Ui, WidgetInfo};
use shared::fault::{Fault, FaultRule, PRESETS};

use super::rules;
use crate::action::Action;
use crate::conditions::{Conditions, ConditionsAction, kind, preset};
use crate::format;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// Draws both cards.
pub fn show(ui: &mut Ui, conditions: &mut Conditions, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(
            ui,
            tr("Fault lab"),
            tr("What goes wrong is drawn from the seed: the same seed strikes the same requests again."),
        );
        ui.horizontal(|ui| {
            let field = ui.add(DragValue::new(&mut conditions.seed).range(0..=u64::from(u32::MAX)));
            field.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, tr("Seed")));
            widgets::remark(ui, tr("Seed"));
        });
        presets(ui, conditions, out);
        in_force(ui, conditions, out);
    });
    widgets::card(ui, |ui| rules::show(ui, conditions, out));
}

fn presets(ui: &mut Ui, conditions: &Conditions, out: &mut Vec<Action>) {
    let plan = conditions.seen.as_ref().map(|seen| &seen.faults.plan);
    for known in PRESETS {
        let (name, about) = preset(known.name, known.about);
        let chosen = plan.is_some_and(|plan| plan.preset == known.name);
        let [mut left, mut right] = widgets::split(ui, 132.0, space::S);
        if widgets::tab(&mut left, chosen, tr(name), false).clicked() {
            out.push(Action::Conditions(ConditionsAction::Preset(known.name)));
        }
        widgets::remark(&mut right, tr(about));
        widgets::join(ui, &[left, right]);
    }
}

fn in_force(ui: &mut Ui, conditions: &Conditions, out: &mut Vec<Action>) {
    let Some(seen) = &conditions.seen else { return };
    ui.add_space(space::M);
    ui.label(RichText::new(tr("In force")).strong());
    if seen.faults.plan.rules.is_empty() {
        widgets::remark(ui, tr("Nothing goes wrong on purpose."));
        return;
    }
    ui.label(RichText::new(super::plan_title(seen)).text_style(TextStyle::Small));
    for (rule, applied) in seen.faults.plan.rules.iter().zip(&seen.faults.applied) {
        let [mut left, mut right] = widgets::split(ui, 58.0, space::S);
        let color = if *applied > 0 { palette(ui).warn } else { palette(ui).muted };
        let count = RichText::new(format!("{applied} ×")).text_style(TextStyle::Monospace).color(color);
        left.label(count).on_hover_text(tr("How many requests it has struck"));
        right.label(RichText::new(said(rule)).text_style(TextStyle::Small));
        widgets::join(ui, &[left, right]);
    }
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        for (words, action) in [
            (tr("End all faults"), ConditionsAction::Clear),
            (tr("Change its rules"), ConditionsAction::Edit),
            (tr("Count again"), ConditionsAction::Look),
        ] {
            if widgets::small_button(ui, words).clicked() {
                out.push(Action::Conditions(action));
            }
        }
    });
}

/// `OSS UploadPart users/*: Reset in mid-body after 32768 bytes, 25 %, at most 6`
fn said(rule: &FaultRule) -> String {
    let service = match rule.service {
        shared::fault::Service::Oss => "OSS",
        shared::fault::Service::Sts => "STS",
    };
    let whom = match (rule.operation.as_str(), rule.key.as_str()) {
        ("*", "*") => tr!("all of {0}", service),
        (operation, "*") => format!("{service} {operation}"),
        (operation, key) => format!("{service} {operation} {key}"),
    };
    let mut words = format!("{whom}: {}", tr(kind(&rule.fault)));
    if let Some(amount) = amount(&rule.fault) {
        words.push_str(&format!(" {amount}"));
    }
    if rule.probability < 1.0 {
        words.push_str(&format!(", {:.0} %", rule.probability * 100.0));
    }
    if let Some(count) = rule.count {
        words.push_str(&tr!(", at most {0}", count));
    }
    words
}

/// How much of it, where there is such a thing.
fn amount(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Latency { ms, jitter_ms: 0 } => Some(format!("{ms} ms")),
        Fault::Latency { ms, jitter_ms } => Some(tr!("{0} to {1} ms", ms, ms.saturating_add(*jitter_ms))),
        Fault::Bandwidth { bytes_per_second } | Fault::SlowBody { bytes_per_second } => {
            Some(format::speed(*bytes_per_second as f64))
        }
        Fault::Reset { after_bytes } | Fault::Truncate { after_bytes } => Some(tr!("after {0} bytes", after_bytes)),
        Fault::ServerError { status } => Some(status.to_string()),
        _ => None,
    }
}
