//! One exchange as a whole: its lines, its heads, what was signed, how it ended, and what to do with it.

use egui::{RichText, TextStyle, Ui};
use shared::decision::{Decision, SignatureOutcome};
use shared::timefmt;
use transfer::Peer;

use super::{compare, list};
use crate::action::Action;
use crate::format;
use crate::icons::Icon;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::wire::{Ending, Exchange, Wire, WireAction};
use crate::words::tr;

const NAMES: f32 = 150.0;

/// Draws the one that is selected.
pub fn show(ui: &mut Ui, wire: &Wire, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        let Some(exchange) = wire.shown() else {
            ui.vertical_centered(|ui| {
                ui.add_space(space::XL);
                widgets::icon(ui, Icon::Wire, 36.0, palette(ui).muted);
                ui.add_space(space::S);
                widgets::remark(ui, tr("Press a request to see its headers, what was signed, and its times."));
                ui.add_space(space::XL);
            });
            return;
        };
        head(ui, exchange);
        buttons(ui, exchange, out);
        ending(ui, exchange);
        let mismatch = exchange.refusal() == Some("SignatureDoesNotMatch");
        if mismatch {
            signed(ui, exchange);
        }
        if let Some(decision) = wire.decision(exchange) {
            section(ui, tr("What the emulator decided"), &decided(decision));
        }
        section(ui, tr("Times"), &times(exchange));
        section(ui, tr("Request headers"), &exchange.headers);
        if let Some(answer) = &exchange.answer {
            section(ui, tr("Answer headers"), &answer.headers);
        }
        if !mismatch {
            signed(ui, exchange);
        }
    });
}

fn head(ui: &mut Ui, exchange: &Exchange) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(exchange.operation).text_style(TextStyle::Heading));
        let (status, color) = list::status(ui, exchange);
        ui.label(RichText::new(status).text_style(TextStyle::Heading).color(color));
    });
    text(ui, &format!("{} {}", exchange.method, exchange.url));
    ui.add_space(space::XS);
}

fn buttons(ui: &mut Ui, exchange: &Exchange, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        if widgets::small_button(ui, tr("Copy as curl")).on_hover_text(tr("Its secrets are missing")).clicked() {
            out.push(Action::Wire(WireAction::CopyCurl(exchange.id)));
        }
        let words = tr("Presigned with this token, so that it can be run");
        let presigned = exchange.peer == Peer::Oss;
        if presigned && widgets::small_button(ui, tr("Copy as presigned curl")).on_hover_text(words).clicked() {
            out.push(Action::Wire(WireAction::CopyPresigned(exchange.id)));
        }
        let denied = exchange.refusal() == Some("AccessDenied");
        if presigned && denied && widgets::small_button(ui, tr("Why was I denied?")).clicked() {
            out.push(Action::Wire(WireAction::WhyDenied(exchange.id)));
        }
    });
    ui.add_space(space::XS);
}

fn ending(ui: &mut Ui, exchange: &Exchange) {
    match &exchange.ending {
        Some((Ending::Broken(reason), _)) => widgets::say(ui, Tone::Bad, reason),
        Some((Ending::Refused { code, ec, message, details }, _)) => {
            widgets::banner(ui, Tone::Bad, |ui| {
                ui.label(if ec.is_empty() { code.clone() } else { format!("{code} ({ec})") });
                ui.label(message);
            });
            let signed = ["StringToSign", "CanonicalRequest"];
            let rest: Vec<_> = details.iter().filter(|(name, _)| !signed.contains(&name.as_str())).cloned().collect();
            section(ui, tr("What the refusal says"), &rest);
        }
        Some((Ending::Done, _)) | None => {}
    }
}

fn times(exchange: &Exchange) -> Vec<(String, String)> {
    let mut times = vec![(tr("sent").to_owned(), timefmt::iso8601_millis(exchange.at))];
    if let Some(answer) = &exchange.answer {
        times.push((tr("head of the answer").to_owned(), tr!("after {0}", format::elapsed(answer.after))));
    }
    if let Some((_, elapsed)) = &exchange.ending {
        times.push((tr("all of it").to_owned(), tr!("after {0}", format::elapsed(*elapsed))));
    }
    times
}

/// Who asked for what, what each layer of policies said of it, and what went wrong on purpose.
fn decided(decision: &Decision) -> Vec<(String, String)> {
    let signature = match &decision.signature {
        SignatureOutcome::Absent => tr("unsigned").to_owned(),
        SignatureOutcome::Valid { scheme } => tr!("valid ({0})", scheme),
        SignatureOutcome::Mismatch { scheme, .. } => tr!("does not match ({0})", scheme),
        SignatureOutcome::Refused { reason } => tr!("refused ({0})", reason),
    };
    let mut rows = vec![
        (tr("principal"), decision.principal.arn.clone()),
        (tr("signature"), signature),
        (tr("action"), decision.action.clone()),
        (tr("resource"), decision.resource.clone()),
    ];
    rows.extend(decision.layers.iter().map(|layer| {
        let effect = match layer.statement {
            Some(statement) => tr!("{0}, by statement {1}", layer.effect, statement),
            None => layer.effect.clone(),
        };
        (layer_name(&layer.layer), format!("{effect} ({})", layer.because))
    }));
    rows.extend(decision.faults.iter().map(|fault| (tr("fault"), fault.clone())));
    let named = rows.into_iter().filter(|(_, value)| !value.is_empty());
    named.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn layer_name(layer: &str) -> &'static str {
    match layer {
        "session" => tr("session policy"),
        "identity" => tr("identity policy"),
        "bucket" => tr("bucket policy"),
        "owner" => tr("owner"),
        "acl" => "ACL",
        "trust" => tr("trust policy"),
        _ => tr("layer"),
    }
}

fn section(ui: &mut Ui, title: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    caption(ui, title);
    ui.spacing_mut().item_spacing.y = 2.0;
    widgets::facts(ui, NAMES, rows.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    ui.spacing_mut().item_spacing.y = space::S;
}

fn caption(ui: &mut Ui, title: &str) {
    ui.add_space(space::S);
    ui.label(RichText::new(title).color(palette(ui).muted));
}

/// What was signed; where OSS computed something else, beside that.
fn signed(ui: &mut Ui, exchange: &Exchange) {
    let Some((canonical, to_sign)) = &exchange.signed else { return };
    let texts = [
        (tr("Canonical request"), canonical.as_deref(), "CanonicalRequest"),
        (tr("String to sign"), Some(to_sign.as_str()), "StringToSign"),
    ];
    for (title, ours, name) in texts {
        let Some(ours) = ours else { continue };
        caption(ui, title);
        match exchange.detail(name).filter(|_| exchange.refusal() == Some("SignatureDoesNotMatch")) {
            Some(theirs) => compare::show(ui, ours, theirs),
            None => compare::block(ui, ours, None),
        }
    }
}

fn text(ui: &mut Ui, words: &str) {
    let font = TextStyle::Monospace.resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple(words.to_owned(), font, palette(ui).text, ui.available_width());
    job.wrap.break_anywhere = true;
    ui.add(egui::Label::new(job).selectable(true));
}
