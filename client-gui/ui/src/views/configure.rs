//! Step 1: the app server, the bucket, and what objects are called.

use egui::{Color32, Key, Response, RichText, TextStyle, Ui};
use shared::bucket::BucketName;
use shared::region::{Endpoint, Region};

use super::problem;
use crate::action::Action;
use crate::command::{Hop, HopOutcome};
use crate::icons::Icon;
use crate::naming;
use crate::problem::Help;
use crate::state::{Connection, State};
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(
            ui,
            "Where to upload",
            "The app server hands out a short-lived token; the picture itself goes straight to OSS.",
        );
        let entered = fields(ui, state, out);
        ui.add_space(space::S);
        buttons(ui, state, entered, out);
        if !state.filled.is_empty() {
            ui.add_space(space::XS);
            let fields = state.filled.join(", ");
            widgets::say(ui, Tone::Good, format!("Filled in from the app server's reply: {fields}."));
        }
        if !state.hops.is_empty() {
            ui.add_space(space::XS);
            let drawn = ui.scope(|ui| hops(ui, state, out)).response;
            if std::mem::take(&mut state.reveal_hops) {
                drawn.scroll_to_me(Some(egui::Align::BOTTOM));
            }
        }
    });
}

/// Returns whether Enter was pressed in one of the fields.
fn fields(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) -> bool {
    ui.spacing_mut().item_spacing.y = space::M;
    let settings = &mut state.settings;
    let mut entered = submitted(&widgets::field(
        ui,
        "App server",
        &mut settings.app_server,
        "http://127.0.0.1:8080 or https://app.example.com",
    ));
    let [mut left, mut right] = widgets::halves(ui, space::M);
    entered |= submitted(&widgets::field(&mut left, "Bucket", &mut settings.bucket, "empty: as the app server says"));
    complaint(&mut left, &settings.bucket, |text| BucketName::parse(text).map_err(|error| error.rule).err());
    entered |= submitted(&widgets::field(&mut right, "Region", &mut settings.region, "such as cn-hangzhou"));
    complaint(&mut right, &settings.region, |text| Region::parse(text).map_err(|error| error.rule).err());
    widgets::join(ui, &[left, right]);
    let [mut left, mut right] = widgets::halves(ui, space::M);
    let hint = "empty: the region's public endpoint";
    entered |= submitted(&widgets::field(&mut left, "Endpoint", &mut settings.endpoint, hint));
    complaint(&mut left, &settings.endpoint, |text| Endpoint::parse(text).map_err(|error| error.rule).err());
    let hint = naming::DEFAULT_TEMPLATE;
    entered |= submitted(&widgets::field(&mut right, "Object name", &mut settings.object_name, hint));
    widgets::join(ui, &[left, right]);
    ui.spacing_mut().item_spacing.y = space::S;
    naming_preview(ui, state, out);
    naming_help(ui, state);
    entered
}

/// What the template makes of the picture, and whether OSS will take it.
pub fn naming_preview(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let (key, prefix) = (state.key(), state.prefix());
    let colors = palette(ui);
    let format = |style: TextStyle, color| egui::TextFormat::simple(style.resolve(ui.style()), color);
    let mut job = egui::text::LayoutJob::default();
    job.append("Will be stored as", 0.0, format(TextStyle::Small, colors.muted));
    let inside = prefix.filter(|prefix| key.starts_with(prefix)).map_or(0, str::len);
    let (folder, name) = key.split_at(inside);
    job.append(" ", 0.0, format(TextStyle::Monospace, colors.text));
    job.append(folder, 0.0, format(TextStyle::Monospace, colors.accent));
    job.append(name, 0.0, format(TextStyle::Monospace, colors.text));
    job.wrap.break_anywhere = true;
    ui.add(egui::Label::new(job).wrap());
    match naming::doubt(&key, prefix) {
        Some(naming::Doubt::Invalid(rule)) => widgets::say(ui, Tone::Bad, rule),
        Some(naming::Doubt::OutsidePrefix) => {
            let folder = prefix.unwrap_or_default();
            let words = format!("This lies outside {folder}, which is all that the token covers: OSS will refuse it.");
            widgets::banner(ui, Tone::Warn, |ui| {
                ui.label(words);
                ui.horizontal_wrapped(|ui| {
                    if widgets::small_button(ui, &format!("Put it into {folder}")).clicked() {
                        out.push(Action::Help(Help::UseTokenFolder));
                    }
                    why_refused(ui, out);
                });
            });
        }
        None => {}
    }
}

/// A button that shows in the policy lab who decides on this object's name.
pub fn why_refused(ui: &mut Ui, out: &mut Vec<Action>) {
    if widgets::small_button(ui, "Look at the policies").clicked() {
        out.push(Action::WhyDenied(Some("oss:PutObject".to_owned())));
    }
}

/// Explains the template.
fn naming_help(ui: &mut Ui, state: &State) {
    let more = if state.prefix().is_some() {
        "The coloured part is the token's folder."
    } else {
        "The token's folder takes the place of {prefix}."
    };
    widgets::remark(ui, format!("Placeholders: {}. {more}", naming::PLACEHOLDERS));
}

fn buttons(ui: &mut Ui, state: &State, entered: bool, out: &mut Vec<Action>) {
    let idle = !matches!(state.connection, Connection::Trying(..));
    ui.horizontal(|ui| {
        let why = "Get a token with these settings and go on (Enter)";
        if widgets::primary(ui, idle, "Configure").on_hover_text(why).clicked() || (entered && idle) {
            out.push(Action::Configure);
        }
        let why = "Try app server, token and OSS, one after the other";
        if widgets::secondary(ui, idle, "Test").on_hover_text(why).clicked() {
            out.push(Action::Test);
        }
    });
}

fn hops(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    for (hop, outcome) in &state.hops {
        match outcome {
            HopOutcome::Trying => hop_line(ui, *hop, "asking", Icon::Dots, palette(ui).muted),
            HopOutcome::Passed(seen) => hop_line(ui, *hop, seen, Icon::Check, palette(ui).good),
            HopOutcome::Failed(problem) => problem::show(ui, problem, out),
        }
    }
}

fn hop_line(ui: &mut Ui, hop: Hop, words: &str, icon: Icon, color: Color32) {
    let name = match hop {
        Hop::AppServer => "App server:",
        Hop::Token => "Token:",
        Hop::Oss => "OSS:",
    };
    let [mut left, mut right] = widgets::split(ui, 18.0, space::S);
    widgets::icon(&mut left, icon, 15.0, color);
    let mut job = egui::text::LayoutJob::default();
    let format = |color| egui::TextFormat::simple(TextStyle::Body.resolve(ui.style()), color);
    job.append(name, 0.0, format(palette(ui).text));
    job.append(words, 6.0, format(palette(ui).muted));
    right.add(egui::Label::new(job).wrap());
    widgets::join(ui, &[left, right]);
}

/// Says below a field which rule its text breaks; an empty field breaks none.
fn complaint(ui: &mut Ui, text: &str, broken_rule: impl FnOnce(&str) -> Option<&'static str>) {
    let text = text.trim();
    if !text.is_empty()
        && let Some(rule) = broken_rule(text)
    {
        let words = RichText::new(format!("Not possible: {rule}.")).text_style(TextStyle::Small);
        ui.label(words.color(palette(ui).bad));
    }
}

/// Whether Enter was pressed in a field.
pub fn submitted(field: &Response) -> bool {
    field.lost_focus() && field.ctx.input(|input| input.key_pressed(Key::Enter))
}
