//! The card of the grid: what each policy says to each request, what comes of it, and what OSS itself says.

use egui::{
    Align, Align2, Color32, Layout, Painter, Pos2, Rect, RichText, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo, pos2,
};
use shared::ram::Outcome;

use crate::action::Action;
use crate::icons::{self, Icon};
use crate::lab::analysis::{Cell, Place};
use crate::lab::grid::{GROUP_STARTS, ROWS, Spot};
use crate::lab::{Lab, LabAction, Observed, Pick};
use crate::state::{Connection, State};
use crate::theme::{Palette, palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

const HEIGHT: f32 = 27.0;
const GAP: f32 = 4.0;
const GROUP_GAP: f32 = 6.0;
const NAMES: f32 = 142.0;
/// One of the marks of the three policies.
const MARK: f32 = 8.0;

/// Draws the card.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        head(ui, state, out);
        probes_in_words(ui, &state.lab);
        if state.lab.analysis.unreadable.contains(&true) {
            widgets::say(
                ui,
                Tone::Bad,
                tr("A policy cannot be read, so nothing can be said. Its findings tell where."),
            );
            return;
        }
        asked(ui, &state.lab, out);
        table(ui, &state.lab, out);
        ui.add_space(space::XS);
        legend(ui);
        other_bucket(ui, state);
    });
}

fn head(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let running = state.lab.probes.running.is_some();
    let connected = state.connection == Connection::Works;
    ui.horizontal(|ui| {
        ui.label(RichText::new(tr("What the token can do")).text_style(TextStyle::Heading));
        let words = if running { tr("Asking OSS…") } else { tr("Ask OSS itself") };
        let why = tr("One harmless request for each cell, with the real token: nothing is stored, changed or deleted");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let response = widgets::primary(ui, connected && !running, words);
            if response.on_hover_text(why).on_disabled_hover_text(tr("First press Configure in step 1")).clicked() {
                out.push(Action::Lab(LabAction::Probe));
            }
        });
    });
    if !connected {
        widgets::remark(ui, tr("Before Configure, bucket and folder are examples."));
    }
}

/// How predictions and answers compare.
fn probes_in_words(ui: &mut Ui, lab: &Lab) {
    let places = || lab.analysis.cells().map(|(place, _)| *place);
    let asked = places().filter(|place| lab.probes.observed.contains_key(place)).count();
    if asked == 0 {
        return;
    }
    let drift: Vec<Place> = places().filter(|place| lab.drifts(*place) == Some(true)).collect();
    let unknown =
        places().filter(|place| lab.probes.observed.contains_key(place) && lab.drifts(*place).is_none()).count();
    let (tone, words) = match drift.len() {
        0 => (Tone::Good, tr!("OSS agrees with the prediction in {0} cells.", asked - unknown)),
        1 => (Tone::Bad, tr("OSS disagrees in 1 cell: the policies here are not those in force.").to_owned()),
        many => (Tone::Bad, tr!("OSS disagrees in {0} cells: the policies here are not those in force.", many)),
    };
    let words = if unknown == 0 { words } else { tr!("{0} {1} could not be compared.", words, unknown) };
    widgets::say(ui, tone, words);
}

/// The request that was refused outside of the lab.
fn asked(ui: &mut Ui, lab: &Lab, out: &mut Vec<Action>) {
    let Some(question) = &lab.asked else { return };
    let cell = lab.analysis.ask(question, &lab.scene);
    let (_, row) = ui.allocate_space(Vec2::new(ui.available_width(), HEIGHT));
    let words = tr!("Refused: {0} {1}", question.operation, question.subject());
    let name = format!("{words}: {}", outcome_words(&cell));
    let response = ui.interact(row, ui.scope_id().with("asked"), Sense::click());
    let selected = lab.selected == Some(Pick::Asked);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, &name));
    // Whether it was in the folder matters no more: it was refused once.
    background(ui, row, Look::of(&cell, Spot::Own), selected);
    let font = TextStyle::Small.resolve(ui.style());
    let job = egui::text::LayoutJob::simple_singleline(words, font, palette(ui).text);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let at = pos2(row.left() + 30.0, row.center().y - galley.size().y / 2.0);
    ui.painter().with_clip_rect(row.shrink2(Vec2::new(8.0, 0.0))).galley(at, galley, palette(ui).text);
    finish(ui, &response, out, Pick::Asked);
}

fn table(ui: &mut Ui, lab: &Lab, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let column = ((ui.available_width() - NAMES) / Spot::ALL.len() as f32).floor();
    columns(ui, lab, column);
    for (index, row) in ROWS.iter().enumerate() {
        if GROUP_STARTS.contains(&index) {
            ui.add_space(GROUP_GAP);
        }
        let (_, rect) = ui.allocate_space(Vec2::new(ui.available_width(), HEIGHT + GAP));
        let font = TextStyle::Small.resolve(ui.style());
        let at = pos2(rect.left(), rect.top() + HEIGHT / 2.0);
        ui.painter().text(at, Align2::LEFT_CENTER, row.operation, font, palette(ui).text);
        for (number, spot) in Spot::ALL.into_iter().enumerate() {
            let left = rect.left() + NAMES + column * number as f32;
            let cell = Rect::from_min_size(pos2(left, rect.top()), Vec2::new(column - GAP, HEIGHT));
            match lab.analysis.cell((index, spot)) {
                Some(found) => draw_cell(ui, lab, (index, spot), found, cell, out),
                None => {
                    let dash =
                        [pos2(cell.center().x - 4.0, cell.center().y), pos2(cell.center().x + 4.0, cell.center().y)];
                    ui.painter().line_segment(dash, Stroke::new(1.0, palette(ui).line));
                }
            }
        }
    }
    ui.spacing_mut().item_spacing.y = space::S;
}

fn columns(ui: &mut Ui, lab: &Lab, column: f32) {
    let colors = palette(ui);
    let (_, rect) = ui.allocate_space(Vec2::new(ui.available_width(), 36.0));
    let (title, small) = (TextStyle::Small.resolve(ui.style()), egui::FontId::proportional(11.0));
    for (number, spot) in Spot::ALL.into_iter().enumerate() {
        let left = rect.left() + NAMES + column * number as f32;
        let slot = Rect::from_min_size(pos2(left, rect.top()), Vec2::new(column - GAP, rect.height()));
        let painter = ui.painter().with_clip_rect(slot);
        painter.text(pos2(left, rect.top() + 8.0), Align2::LEFT_CENTER, spot.title(), title.clone(), colors.text);
        let place = spot.place(&lab.scene);
        let job = one_line(&place, small.clone(), colors.muted, slot.width());
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
        painter.galley(pos2(left, rect.top() + 16.0), galley, colors.muted);
        ui.interact(slot, ui.scope_id().with(("column", number)), Sense::hover()).on_hover_text(place);
    }
}

fn one_line(text: &str, font: egui::FontId, color: Color32, width: f32) -> egui::text::LayoutJob {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    job
}

fn draw_cell(ui: &mut Ui, lab: &Lab, place: Place, cell: &Cell, rect: Rect, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let (row, spot) = place;
    let selected = lab.selected == Some(Pick::Cell(place));
    let response = ui.interact(rect, ui.scope_id().with(("cell", row, spot as usize)), Sense::click());
    let observed = lab.probes.observed.get(&place);
    let drifts = lab.drifts(place);
    response.widget_info(|| {
        let seen = match (observed, drifts) {
            (None, _) => String::new(),
            (Some(_), Some(false)) => tr("; OSS agrees").to_owned(),
            (Some(_), Some(true)) => tr("; OSS disagrees").to_owned(),
            (Some(Observed::Unknown(why)), _) => tr!("; OSS: {0}", why),
            (Some(_), None) => String::new(),
        };
        let cell = tr!("{0} in {1}: {2}", ROWS[row].operation, spot.title(), outcome_words(cell));
        let name = cell + &seen;
        WidgetInfo::selected(egui::Role::Button, true, selected, name)
    });
    background(ui, rect, Look::of(cell, spot), selected);
    let verdict = &cell.verdict;
    let layers = [
        Some(verdict.identity.effect),
        verdict.session.as_ref().map(|v| v.effect),
        verdict.bucket.as_ref().map(|v| v.effect),
    ];
    let marks = pos2(rect.left() + 32.0, rect.center().y);
    for (number, effect) in layers.into_iter().enumerate() {
        mark(ui.painter(), marks + Vec2::new(number as f32 * (MARK + 4.0), 0.0), effect, colors);
    }
    if lab.analysis.changed.contains(&place) {
        let corner = rect.right_top() + Vec2::new(-5.0, 5.0);
        ui.painter().circle_filled(corner, 2.5, colors.accent);
    }
    seen(ui, rect, observed, drifts);
    let hover = response.clone();
    finish(ui, &response, out, Pick::Cell(place));
    hover.on_hover_text(format!("{} {}: {}", cell.question.operation, cell.question.subject(), outcome_words(cell)));
}

/// What OSS said, at the right edge; red and framed where it was not expected.
fn seen(ui: &Ui, rect: Rect, observed: Option<&Observed>, drifts: Option<bool>) {
    let colors = palette(ui);
    let Some(observed) = observed else { return };
    let words = match observed {
        Observed::Allowed(status) => status.to_string(),
        Observed::Denied(_) => "403".to_owned(),
        Observed::Unknown(_) => "?".to_owned(),
    };
    let (words, color) = match drifts {
        Some(true) => (format!("\u{2260}{words}"), colors.bad),
        _ => (words, colors.muted),
    };
    if drifts == Some(true) {
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, colors.bad), StrokeKind::Inside);
    }
    let at = pos2(rect.right() - 6.0, rect.center().y);
    ui.painter().text(at, Align2::RIGHT_CENTER, words, egui::FontId::proportional(11.0), color);
}

/// How a cell looks: what should be allowed, what is allowed beyond the token's folder, what is not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Allowed,
    Beyond,
    Denied,
}

impl Look {
    fn of(cell: &Cell, spot: Spot) -> Self {
        match (cell.verdict.is_allow(), spot) {
            (false, _) => Self::Denied,
            (true, Spot::Own) => Self::Allowed,
            (true, _) => Self::Beyond,
        }
    }

    fn symbol(self, colors: &Palette) -> (Icon, Color32, Color32) {
        match self {
            Self::Allowed => (Icon::Check, colors.good, colors.good_soft),
            Self::Beyond => (Icon::Warning, colors.warn, colors.warn_soft),
            Self::Denied => (Icon::Cross, colors.muted, colors.well),
        }
    }
}

fn background(ui: &Ui, rect: Rect, look: Look, selected: bool) {
    let colors = palette(ui);
    let (icon, ink, soft) = look.symbol(colors);
    ui.painter().rect(rect, 6.0, soft, Stroke::new(1.0, colors.line.gamma_multiply(0.6)), StrokeKind::Inside);
    let at = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), Vec2::splat(13.0));
    icons::paint(ui.painter(), icon, at, ink);
    if selected {
        ui.painter().rect_stroke(rect.expand(1.0), 7.0, Stroke::new(2.0, colors.accent), StrokeKind::Outside);
    }
}

fn finish(ui: &Ui, response: &egui::Response, out: &mut Vec<Action>, pick: Pick) {
    widgets::focus_ring(ui, response);
    if response.clone().on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        out.push(Action::Lab(LabAction::Select(pick)));
    }
}

/// What one policy says: a disc, a ring, a cross; a dot where there is no such policy.
pub fn mark(painter: &Painter, center: Pos2, effect: Option<Outcome>, colors: &Palette) {
    let half = MARK / 2.0;
    match effect {
        Some(Outcome::Allow) => {
            painter.circle_filled(center, half, colors.good);
        }
        Some(Outcome::ImplicitDeny) => {
            painter.circle_stroke(center, half - 0.75, Stroke::new(1.5, colors.muted));
        }
        Some(Outcome::ExplicitDeny) => {
            let stroke = Stroke::new(2.0, colors.bad);
            for side in [1.0, -1.0] {
                let arm = Vec2::new(half - 0.5, side * (half - 0.5));
                painter.line_segment([center - arm, center + arm], stroke);
            }
        }
        None => {
            painter.circle_filled(center, 1.2, colors.muted);
        }
    }
}

/// In words what came of it, and what each policy said.
fn outcome_words(cell: &Cell) -> String {
    let verdict = &cell.verdict;
    let words = |effect: Outcome| match effect {
        Outcome::Allow => tr("allows"),
        Outcome::ExplicitDeny => tr("denies"),
        Outcome::ImplicitDeny => tr("does not allow"),
    };
    let whole = if verdict.is_allow() { tr("allowed") } else { tr("denied") };
    let mut said = vec![whole.to_owned(), tr!("role {0}", words(verdict.identity.effect))];
    said.extend(verdict.session.as_ref().map(|session| tr!("session {0}", words(session.effect))));
    said.extend(verdict.bucket.as_ref().map(|bucket| tr!("bucket {0}", words(bucket.effect))));
    said.join(tr(", "))
}

fn legend(ui: &mut Ui) {
    let colors = palette(ui);
    ui.horizontal_wrapped(|ui| {
        // Rows of words, as high as words.
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().item_spacing.x = space::XS;
        for (look, words) in [
            (Look::Allowed, tr("allowed")),
            (Look::Beyond, tr("allowed outside of the folder")),
            (Look::Denied, tr("denied")),
        ] {
            let (icon, color, _) = look.symbol(colors);
            widgets::icon(ui, icon, 13.0, color);
            widgets::remark(ui, words);
            ui.add_space(space::XS);
        }
        ui.end_row();
        widgets::remark(ui, tr("Marks, for role, session and bucket policy:"));
        ui.add_space(space::XS);
        for (effect, words) in [
            (Some(Outcome::Allow), tr("allows")),
            (Some(Outcome::ImplicitDeny), tr("does not allow")),
            (Some(Outcome::ExplicitDeny), tr("denies")),
            (None, tr("no policy")),
        ] {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(MARK + 2.0, 16.0), Sense::hover());
            mark(ui.painter(), rect.center(), effect, colors);
            widgets::remark(ui, words);
            ui.add_space(space::XS);
        }
        ui.end_row();
        widgets::remark(ui, tr("200, 403: what OSS itself said."));
        let red = RichText::new("\u{2260}").text_style(TextStyle::Small).color(colors.bad);
        ui.label(red);
        widgets::remark(ui, tr("framed: otherwise than predicted."));
        let (rect, _) = ui.allocate_exact_size(Vec2::new(MARK + 2.0, 16.0), Sense::hover());
        ui.painter().circle_filled(rect.center(), 2.5, colors.accent);
        widgets::remark(ui, tr("changed since the policies were loaded"));
    });
}

fn other_bucket(ui: &mut Ui, state: &mut State) {
    ui.horizontal(|ui| {
        let label = widgets::remark(ui, tr("Other bucket"));
        let edit = egui::TextEdit::singleline(&mut state.lab.other_bucket).desired_width(200.0);
        ui.add(edit).labelled_by(label.id);
    });
}
