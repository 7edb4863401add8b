//! Rules of one's own: which requests, how often, and what happens to them.

use egui::{ComboBox, DragValue, TextEdit, Ui, WidgetInfo};
use shared::fault::{Fault, FaultRule, Service};

use crate::action::Action;
use crate::conditions::{Conditions, ConditionsAction, KINDS, kind};
use crate::icons::Icon;
use crate::theme::{self, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// Draws the card.
pub fn show(ui: &mut Ui, conditions: &mut Conditions, out: &mut Vec<Action>) {
    widgets::heading(ui, tr("Rules of your own"), "");
    let mut action = None;
    for (at, rule) in conditions.rules.iter_mut().enumerate() {
        theme::well(ui).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.push_id(at, |ui| {
                if one(ui, at + 1, rule) {
                    action = Some(ConditionsAction::RemoveRule(at));
                }
            });
        });
    }
    if conditions.rules.is_empty() {
        widgets::remark(ui, tr("None yet."));
    }
    let plan = conditions.plan();
    if let Err(error) = &plan {
        widgets::say(ui, Tone::Bad, error.to_string());
    }
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        if widgets::small_button(ui, tr("Add a rule")).clicked() {
            action = Some(ConditionsAction::AddRule);
        }
        if !conditions.rules.is_empty() && widgets::small_button_if(ui, plan.is_ok(), tr("Let them strike")).clicked() {
            action = Some(ConditionsAction::Apply);
        }
    });
    out.extend(action.map(Action::Conditions));
}

/// Draws a rule; whether it is to go.
fn one(ui: &mut Ui, number: usize, rule: &mut FaultRule) -> bool {
    let mut remove = false;
    ui.horizontal_wrapped(|ui| {
        for (service, name) in [(Service::Oss, "OSS"), (Service::Sts, "STS")] {
            if widgets::tab(ui, rule.service == service, name, false).clicked() {
                rule.service = service;
                rule.operation = if service == Service::Sts { "AssumeRole" } else { "*" }.to_owned();
            }
        }
        text(ui, &mut rule.operation, tr("Operation, with * and ?"), 130.0);
        text(ui, &mut rule.key, tr("Object key, with * and ?"), 130.0);
        let name = tr!("Remove rule {0}", number);
        remove = widgets::small_icon_button(ui, Icon::Cross, &name, 24.0).clicked();
    });
    ui.horizontal_wrapped(|ui| {
        let shown = tr(kind(&rule.fault));
        let list = ComboBox::from_id_salt("kind").selected_text(shown).width(150.0).show_ui(ui, |ui| {
            for (name, fault) in &KINDS {
                let chosen = std::mem::discriminant(fault) == std::mem::discriminant(&rule.fault);
                if ui.selectable_label(chosen, tr(name)).clicked() && !chosen {
                    rule.fault = fault.clone();
                }
            }
        });
        let name = tr!("What happens: {0}", shown);
        list.response.widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
        amounts(ui, &mut rule.fault);
    });
    ui.horizontal_wrapped(|ui| {
        let mut percent = rule.probability * 100.0;
        number_field(ui, DragValue::new(&mut percent).range(0.0..=100.0).suffix(" %"), tr("Probability"));
        rule.probability = percent / 100.0;
        let mut most = rule.count.unwrap_or_default();
        number_field(ui, DragValue::new(&mut most).range(0..=1_000_000), tr("at most so many requests; 0 for all"));
        rule.count = (most > 0).then_some(most);
    });
    remove
}

fn amounts(ui: &mut Ui, fault: &mut Fault) {
    match fault {
        Fault::Latency { ms, jitter_ms } => {
            number_field(ui, DragValue::new(ms).range(0..=60_000).suffix(" ms"), tr("at least"));
            number_field(ui, DragValue::new(jitter_ms).range(0..=60_000).suffix(" ms"), tr("and up to more"));
        }
        Fault::Bandwidth { bytes_per_second } | Fault::SlowBody { bytes_per_second } => {
            number_field(ui, DragValue::new(bytes_per_second).speed(1024.0).suffix(" B/s"), tr("How fast"));
        }
        Fault::Reset { after_bytes } | Fault::Truncate { after_bytes } => {
            number_field(ui, DragValue::new(after_bytes).speed(256.0).suffix(" B"), tr("after so many bytes"));
        }
        Fault::ServerError { status } => number_field(ui, DragValue::new(status).range(500..=599), tr("HTTP status")),
        _ => {}
    }
}

fn number_field(ui: &mut Ui, value: DragValue<'_>, name: &str) {
    ui.add(value).widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, name));
    widgets::remark(ui, name);
}

fn text(ui: &mut Ui, value: &mut String, name: &str, width: f32) {
    ui.add(TextEdit::singleline(value).hint_text(name).desired_width(width))
        .on_hover_text(name)
        .widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, name));
}
