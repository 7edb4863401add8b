//! The uploads that have ended, over all runs of the app, and the offer to go on with those that the last run left.

use egui::{Rect, RichText, ScrollArea, Sense, TextStyle, Ui, Vec2, WidgetInfo, pos2};
use shared::timefmt;
use time::OffsetDateTime;

use super::queue::line;
use crate::action::Action;
use crate::format;
use crate::icons::{self, Icon};
use crate::memory::{End, Entry};
use crate::queue::{Queue, QueueAction, Upload};
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::{look_up, tr, word};

const ROW: f32 = 44.0;
/// How much of the list is in sight, in points.
const LIST: f32 = 286.0;

/// Offers to go on with what the last run left, until the person has decided.
pub fn offer(ui: &mut Ui, queue: &Queue, out: &mut Vec<Action>) {
    let paused = || queue.items.iter().filter(|item| matches!(item.upload, Upload::Paused));
    let bytes = format::bytes(paused().map(|item| item.file.bytes).sum());
    let title = match paused().count() {
        0 => return,
        1 => tr!("An upload of {0} was not finished when the app last ended", bytes),
        count => tr!("{0} uploads, {1}, were not finished when the app last ended", count, bytes),
    };
    widgets::banner(ui, Tone::Warn, |ui| {
        ui.label(RichText::new(title).size(16.0));
        ui.label(tr("What OSS holds of them is not sent again."));
        ui.add_space(space::XS);
        ui.horizontal_wrapped(|ui| {
            if widgets::primary(ui, true, tr("Resume uploads")).clicked() {
                out.push(Action::GoOn);
            }
            if widgets::secondary(ui, true, tr("Not now")).on_hover_text(tr("They stay in the list, paused")).clicked()
            {
                out.push(Action::DismissOffer);
            }
        });
    });
    ui.add_space(space::S);
}

/// Draws the card; nothing while no upload has ended.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    if state.memory.history.is_empty() {
        return;
    }
    ui.add_space(space::M);
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        let count = state.memory.history.len();
        ui.label(RichText::new(tr!("History: {0}", count)).text_style(TextStyle::Heading));
        filter(ui, state, out);
        let wanted = state.memory.filter.trim().to_lowercase();
        let fits = |entry: &Entry| wanted.is_empty() || words(entry).to_lowercase().contains(&wanted);
        let listed: Vec<usize> =
            state.memory.history.iter().enumerate().filter(|(_, entry)| fits(entry)).map(|(index, _)| index).collect();
        if listed.is_empty() {
            widgets::remark(ui, tr("No upload fits these words."));
        } else {
            list(ui, state, &listed, out);
        }
        if let Some(entry) = state.memory.shown.and_then(|shown| state.memory.history.get(shown)) {
            details(ui, entry, out);
        }
    });
}

fn filter(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    const BUTTON: f32 = 120.0;
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let field =
        widgets::field(&mut left, tr("Search the history"), &mut state.memory.filter, tr("a name, a bucket, failed"));
    let label_height = field.rect.top() - left.min_rect().top();
    right.add_space(label_height);
    let why = tr("Forgets these lines; files and objects stay");
    if widgets::wide(&mut right, true, tr("Clear history")).on_hover_text(why).clicked() {
        out.push(Action::ClearHistory);
    }
    widgets::join(ui, &[left, right]);
}

fn list(ui: &mut Ui, state: &State, listed: &[usize], out: &mut Vec<Action>) {
    egui::Frame::new().fill(palette(ui).well).corner_radius(8).inner_margin(4).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let area = ScrollArea::vertical().id_salt("history").max_height(LIST).auto_shrink([false, true]);
        area.show_rows(ui, ROW, listed.len(), |ui, rows| {
            for index in &listed[rows] {
                row(ui, &state.memory.history[*index], *index, state.memory.shown, out);
            }
        });
    });
}

fn row(ui: &mut Ui, entry: &Entry, index: usize, shown: Option<usize>, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    let chosen = shown == Some(index);
    let (glyph, color, end) = end(ui, entry);
    let spoken = format!("{} {}: {end}", time(entry), entry.key);
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListBoxOption, true, chosen, &spoken));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 6.0, if chosen { colors.accent_soft } else { colors.card });
    }
    widgets::focus_ring(ui, &response);
    let inside = rect.shrink2(Vec2::new(space::S, 4.0));
    let icon = Rect::from_center_size(pos2(inside.left() + 8.0, inside.center().y), Vec2::splat(15.0));
    icons::paint(ui.painter(), glyph, icon, color);
    let text = Rect::from_min_max(pos2(inside.left() + 26.0, inside.top()), inside.max);
    line(ui, &format!("{}/{}", entry.bucket, entry.key), TextStyle::Body, colors.text, text, text.top());
    let below = format!("{}   {}   {end}", time(entry), format::bytes(entry.bytes));
    let ink = if matches!(entry.end, End::Failed { .. }) { color } else { colors.muted };
    line(ui, &below, TextStyle::Small, ink, text, text.top() + 18.5);
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        out.push(Action::ShowEntry((!chosen).then_some(index)));
    }
}

fn details(ui: &mut Ui, entry: &Entry, out: &mut Vec<Action>) {
    let rows = facts(entry);
    widgets::facts(ui, 118.0, rows.iter().map(|(name, value)| (tr(name), value.as_str())));
    ui.horizontal_wrapped(|ui| {
        if widgets::secondary(ui, true, tr("Copy entry")).clicked() {
            let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{}: {value}", tr(name))).collect();
            out.push(Action::Copy(lines.join("\n")));
        }
        if widgets::secondary(ui, true, tr("Select this file"))
            .on_hover_text(tr("Takes it into the queue again"))
            .clicked()
        {
            out.push(Action::Queue(QueueAction::Take(vec![entry.file.clone()])));
        }
    });
}

fn facts(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        (word("Ended"), time(entry)),
        (word("File"), entry.file.display().to_string()),
        (word("Object"), format!("oss://{}/{}", entry.bucket, entry.key)),
        (word("Size"), format::exact_bytes(entry.bytes)),
    ];
    match &entry.end {
        End::Done { crc64, crc64_at_oss, resent, held, took_ms, request_id } => {
            let at_oss = match crc64_at_oss {
                Some(at_oss) if at_oss == crc64 => tr!("{0}, equal", at_oss),
                Some(at_oss) => tr!("{0}, different", at_oss),
                None => tr("the token could not read it").to_owned(),
            };
            rows.extend([
                (word("Took"), format::elapsed(std::time::Duration::from_millis(*took_ms))),
                (word("Sent again"), format::exact_bytes(*resent)),
                (word("At OSS before"), format::exact_bytes(*held)),
                (word("CRC64, here"), crc64.to_string()),
                (word("CRC64, at OSS"), at_oss),
                ("RequestId", request_id.clone()),
            ]);
        }
        End::Failed { code, title } => {
            rows.extend([(word("Code"), code.clone()), (word("Why"), look_up(title).to_owned())])
        }
        End::Cancelled => {}
    }
    rows
}

/// What a search looks at.
fn words(entry: &Entry) -> String {
    let end = match &entry.end {
        End::Done { .. } => tr("uploaded"),
        End::Failed { code, title } => &format!("{} {code} {}", tr("failed"), look_up(title)),
        End::Cancelled => tr("cancelled"),
    };
    format!("{} {} {}/{} {end}", time(entry), entry.file.display(), entry.bucket, entry.key)
}

/// The icon of an entry, its colour, and how it ended in words.
fn end(ui: &Ui, entry: &Entry) -> (Icon, egui::Color32, String) {
    let colors = palette(ui);
    match &entry.end {
        End::Done { crc64, crc64_at_oss, resent, .. } => {
            let (icon, color, words) = match crc64_at_oss {
                Some(at_oss) if at_oss != crc64 => (Icon::Warning, colors.warn, tr("uploaded, replaced since")),
                Some(_) => (Icon::Check, colors.good, tr("uploaded, CRC64 equal")),
                None => (Icon::Check, colors.good, tr("uploaded")),
            };
            let mut words = vec![words.to_owned()];
            if *resent > 0 {
                words.push(tr!("{0} sent again", format::bytes(*resent)));
            }
            (icon, color, words.join(tr(", ")))
        }
        End::Failed { code, title } => (Icon::Cross, colors.bad, format!("{} ({code})", look_up(title))),
        End::Cancelled => (Icon::Cross, colors.warn, tr("cancelled").to_owned()),
    }
}

/// `2017-12-12 07:49:09 UTC`.
fn time(entry: &Entry) -> String {
    let at = OffsetDateTime::from_unix_timestamp(entry.at).map(timefmt::iso8601).unwrap_or_default();
    at.replace('T', " ").replace('Z', " UTC")
}
