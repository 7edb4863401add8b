//! Step 1: the app server and who asks it, the bucket, and what objects are called; each field is checked as it is typed.

use egui::{Color32, ComboBox, Key, Response, RichText, TextEdit, TextStyle, Ui};
use shared::secret::Secret;

use super::problem;
use crate::action::Action;
use crate::command::{Hop, HopOutcome};
use crate::icons::Icon;
use crate::naming;
use crate::problem::Help;
use crate::profiles::{self, Identity, Profile, ProfileAction, check, document, presets};
use crate::screen::Sheet;
use crate::state::{Connection, State};
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::{tr, word};

/// The parameter that a key rides in when nothing else was said: that of the app server's device keys.
const PARAMETER: &str = "key";

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(
            ui,
            tr("Where to upload"),
            tr("The app server hands out a short-lived token; the picture itself goes straight to OSS."),
        );
        profile_row(ui, state, out);
        ui.add_space(space::S);
        let entered = fields(ui, state, out);
        ui.add_space(space::S);
        buttons(ui, state, entered, out);
        if !state.filled.is_empty() {
            ui.add_space(space::XS);
            let fields: Vec<&str> = state.filled.iter().map(|field| tr(field)).collect();
            let fields = fields.join(tr(", "));
            widgets::say(ui, Tone::Good, tr!("Filled in from the app server's reply: {0}.", fields));
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

/// Which profile stands in the fields, all others and the presets; and the way to the sheet that saves and shares them.
fn profile_row(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let settings = &state.settings;
    ui.horizontal_wrapped(|ui| {
        let label = widgets::remark(ui, tr("Profile"));
        let known = settings.profiles.iter().find(|profile| profile.name == settings.profile);
        let chosen = match known {
            None => tr("not saved").to_owned(),
            Some(profile) if *profile == Profile::of(settings, &profile.name) => profile.name.clone(),
            Some(profile) => tr!("{0}, changed", profile.name),
        };
        let width = (ui.available_width() - 150.0).clamp(120.0, 320.0);
        let list = ComboBox::from_id_salt("profile").selected_text(chosen).width(width).truncate();
        let list = list.show_ui(ui, |ui| {
            for profile in &settings.profiles {
                if ui.selectable_label(profile.name == settings.profile, &profile.name).clicked() {
                    out.push(Action::Profile(ProfileAction::Choose(profile.name.clone())));
                }
            }
            ui.separator();
            if ui.selectable_label(false, tr("App server on this machine")).clicked() {
                out.push(Action::Profile(ProfileAction::UseOwnAppServer));
            }
            for (id, place) in presets::REGIONS {
                if ui.selectable_label(*id == settings.region, format!("{}  {id}", tr(place))).clicked() {
                    out.push(Action::Profile(ProfileAction::UseRegion(id)));
                }
            }
        });
        list.response.labelled_by(label.id);
        let why = tr("Save these settings, share them as a file or QR code, or take some in");
        if widgets::secondary(ui, true, tr("Profiles")).on_hover_text(why).clicked() {
            out.push(Action::Open(Sheet::Profiles));
        }
    });
}

/// Returns whether Enter was pressed in one of the fields.
fn fields(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) -> bool {
    ui.spacing_mut().item_spacing.y = space::M;
    let mut entered = app_server(ui, state);
    let settings = &mut state.settings;
    let [mut left, mut right] = widgets::halves(ui, space::M);
    let hint = tr("empty: as the app server says");
    entered |= submitted(&widgets::field(&mut left, tr("Bucket"), &mut settings.bucket, hint));
    complaint(&mut left, check::bucket(&settings.bucket));
    entered |= submitted(&widgets::field(&mut right, tr("Region"), &mut settings.region, tr("such as cn-hangzhou")));
    complaint(&mut right, check::region(&settings.region));
    widgets::join(ui, &[left, right]);
    let [mut left, mut right] = widgets::halves(ui, space::M);
    let hint = tr("empty: the region's public endpoint");
    entered |= submitted(&widgets::field(&mut left, tr("Endpoint"), &mut settings.endpoint, hint));
    complaint(&mut left, check::endpoint(&settings.endpoint, settings.cname));
    let hint = naming::DEFAULT_TEMPLATE;
    entered |= submitted(&widgets::field(&mut right, tr("Object name"), &mut settings.object_name, hint));
    widgets::join(ui, &[left, right]);
    ui.spacing_mut().item_spacing.y = space::S;
    ui.horizontal_wrapped(|ui| {
        widgets::switch(ui, &mut settings.cname, tr("The bucket's own domain (CNAME)"));
        ui.add_space(space::S);
        let mut https = profiles::is_https(settings);
        let before = https;
        widgets::switch(ui, &mut https, "HTTPS");
        if https != before {
            profiles::set_https(settings, https);
        }
    });
    if check::is_open_to_others(&settings.endpoint) {
        warning(ui, tr("Plain HTTP: whoever is on the way can read and change the files."));
    }
    naming_preview(ui, state, out);
    naming_help(ui, state);
    entered
}

/// The app server's address and the key that it may want. Returns whether Enter was pressed.
fn app_server(ui: &mut Ui, state: &mut State) -> bool {
    let settings = &mut state.settings;
    let hint = tr("http://127.0.0.1:8080 or https://app.example.com");
    let mut entered = submitted(&widgets::field(ui, tr("App server"), &mut settings.app_server, hint));
    ui.spacing_mut().item_spacing.y = space::S;
    complaint(ui, check::app_server(&settings.app_server));
    if check::is_open_to_others(&settings.app_server) {
        warning(ui, tr("Plain HTTP: whoever is on the way can read the key and the token."));
    }
    if document::has_secrets(&settings.app_server) {
        let words = tr("What looks like a key in this address is kept in the settings file. Better enter it as a key.");
        warning(ui, words);
    }
    ui.horizontal_wrapped(|ui| {
        widgets::remark(ui, tr("Who asks"));
        let parameter = match &settings.identity {
            Identity::Query(name) => name.clone(),
            Identity::Nobody | Identity::Bearer => PARAMETER.to_owned(),
        };
        let identity = &mut settings.identity;
        let why = tr("The app server tells its callers not apart");
        widgets::choice(ui, identity, Identity::Nobody, tr("Nobody in particular")).on_hover_text(why);
        let why = tr("A key or a JWT in the header Authorization");
        widgets::choice(ui, identity, Identity::Bearer, tr("Key as Bearer")).on_hover_text(why);
        let why = tr("A key in a parameter of the address, as SDKs send it that can only GET a URL");
        widgets::choice(ui, identity, Identity::Query(parameter), tr("Key in the query")).on_hover_text(why);
    });
    if settings.identity.has_key() {
        entered |= key(ui, state);
    }
    ui.spacing_mut().item_spacing.y = space::M;
    entered
}

fn key(ui: &mut Ui, state: &mut State) -> bool {
    let [mut left, mut right] = widgets::halves(ui, space::M);
    let mut typed = state.key.as_ref().map(|key| key.expose().to_owned()).unwrap_or_default();
    let field = secret_field(&mut left, tr("Key"), &mut typed);
    if field.changed() {
        state.key = Some(Secret::new(typed.trim())).filter(|key| !key.expose().is_empty());
    }
    let mut entered = submitted(&field);
    if let Identity::Query(name) = &mut state.settings.identity {
        entered |= submitted(&widgets::field(&mut right, tr("Name of the parameter"), name, PARAMETER));
        complaint(&mut right, check::identity(&state.settings.identity));
    }
    widgets::join(ui, &[left, right]);
    let words = tr("The key lives as long as the app: it goes into no settings, no file and no QR code.");
    widgets::remark(ui, words);
    entered
}

/// A field whose text is not shown.
fn secret_field(ui: &mut Ui, label: &str, value: &mut String) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        let caption = ui.label(RichText::new(label).text_style(TextStyle::Small).color(palette(ui).muted));
        ui.add(TextEdit::singleline(value).password(true).desired_width(ui.available_width())).labelled_by(caption.id)
    })
    .inner
}

/// What the template makes of the picture, and whether OSS will take it.
pub fn naming_preview(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let (key, prefix) = (state.key(), state.prefix());
    let colors = palette(ui);
    let format = |style: TextStyle, color| egui::TextFormat::simple(style.resolve(ui.style()), color);
    let mut job = egui::text::LayoutJob::default();
    job.append(tr("Will be stored as"), 0.0, format(TextStyle::Small, colors.muted));
    let inside = prefix.filter(|prefix| key.starts_with(prefix)).map_or(0, str::len);
    let (folder, name) = key.split_at(inside);
    job.append(" ", 0.0, format(TextStyle::Monospace, colors.text));
    job.append(folder, 0.0, format(TextStyle::Monospace, colors.accent));
    job.append(name, 0.0, format(TextStyle::Monospace, colors.text));
    job.wrap.break_anywhere = true;
    ui.add(egui::Label::new(job).wrap());
    match naming::doubt(&key, prefix) {
        Some(naming::Doubt::Invalid(rule)) => {
            widgets::say(ui, Tone::Bad, tr!("An object name like this is not possible: {0}.", tr(rule)));
        }
        Some(naming::Doubt::OutsidePrefix) => {
            let folder = prefix.unwrap_or_default();
            widgets::banner(ui, Tone::Warn, |ui| {
                ui.label(tr!("This lies outside {0}, which is all that the token covers: OSS will refuse it.", folder));
                ui.horizontal_wrapped(|ui| {
                    if widgets::small_button(ui, &tr!("Put it into {0}", folder)).clicked() {
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
    if widgets::small_button(ui, tr("Look at the policies")).clicked() {
        out.push(Action::WhyDenied(Some("oss:PutObject".to_owned())));
    }
}

/// Explains the template.
fn naming_help(ui: &mut Ui, state: &State) {
    let more = if state.prefix().is_some() {
        tr("The coloured part is the token's folder.").to_owned()
    } else {
        tr!("The token's folder takes the place of {0}.", "{prefix}")
    };
    widgets::remark(ui, tr!("Placeholders: {0}. {1}", naming::PLACEHOLDERS, more));
}

fn buttons(ui: &mut Ui, state: &State, entered: bool, out: &mut Vec<Action>) {
    let idle = !matches!(state.connection, Connection::Trying(..));
    ui.horizontal(|ui| {
        let why = tr("Get a token with these settings and go on (Enter)");
        if widgets::primary(ui, idle, tr("Configure")).on_hover_text(why).clicked() || (entered && idle) {
            out.push(Action::Configure);
        }
        let why = tr("Try app server, token and OSS, one after the other");
        if widgets::secondary(ui, idle, tr("Test")).on_hover_text(why).clicked() {
            out.push(Action::Test);
        }
    });
}

fn hops(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    for (hop, outcome) in &state.hops {
        match outcome {
            HopOutcome::Trying => hop_line(ui, *hop, tr("asking"), Icon::Dots, palette(ui).muted),
            HopOutcome::Passed(seen) => hop_line(ui, *hop, &seen.to_string(), Icon::Check, palette(ui).good),
            HopOutcome::Failed(problem) => problem::show(ui, problem, out),
        }
    }
}

fn hop_line(ui: &mut Ui, hop: Hop, words: &str, icon: Icon, color: Color32) {
    let name = match hop {
        Hop::AppServer => word("App server:"),
        Hop::Token => word("Token:"),
        Hop::Oss => "OSS:",
    };
    let [mut left, mut right] = widgets::split(ui, 18.0, space::S);
    widgets::icon(&mut left, icon, 15.0, color);
    let mut job = egui::text::LayoutJob::default();
    let format = |color| egui::TextFormat::simple(TextStyle::Body.resolve(ui.style()), color);
    job.append(tr(name), 0.0, format(palette(ui).text));
    job.append(words, 6.0, format(palette(ui).muted));
    right.add(egui::Label::new(job).wrap());
    widgets::join(ui, &[left, right]);
}

/// Says below a field which rule its text breaks.
fn complaint(ui: &mut Ui, broken: Option<&'static str>) {
    if let Some(rule) = broken {
        let words = RichText::new(tr!("Not possible: {0}.", tr(rule))).text_style(TextStyle::Small);
        ui.label(words.color(palette(ui).bad));
    }
}

/// Says below a field what its text risks.
fn warning(ui: &mut Ui, words: &str) {
    let color = palette(ui).warn;
    widgets::line(ui, Icon::Warning, color, words);
}

/// Whether Enter was pressed in a field.
pub fn submitted(field: &Response) -> bool {
    field.lost_focus() && field.ctx.input(|input| input.key_pressed(Key::Enter))
}
