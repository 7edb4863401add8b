//! What the app server knows of uploads to the folder, beside the listing; only the lines in sight are laid out.

use egui::{Align2, Color32, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2};
use transfer::{RecordSource, UploadRecord};

use super::super::problem;
use super::cut;
use crate::action::Action;
use crate::format;
use crate::icons::{self, Icon};
use crate::objects::{Fate, Objects, ObjectsAction};
use crate::problem::Problem;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

const ROW: f32 = 74.0;
/// The next page is asked for when so few lines are left below.
const AHEAD: usize = 30;
const SIZE: f32 = 76.0;
/// What stands above and below the lines, in points.
pub(super) const AROUND: f32 = 260.0;

/// Draws them, the lines `height` points high.
pub fn show(ui: &mut Ui, objects: &Objects, height: f32, out: &mut Vec<Action>) {
    let records = &objects.records;
    widgets::heading(
        ui,
        tr("Upload records"),
        tr("What the app server knows of uploads to this folder, newest first."),
    );
    if let Some(failed) = &records.failed {
        trouble(ui, failed, out);
    }
    if records.list.is_empty() {
        if objects.is_asking_records() {
            widgets::remark(ui, tr("The app server is being asked"));
        } else if records.failed.is_none() {
            widgets::remark(ui, tr("The app server knows of no upload to this folder."));
            again(ui, tr("Refresh records"), out);
        }
        return;
    }
    summary(ui, objects);
    ui.scope(|ui| lines(ui, objects, height.max(3.0 * ROW), out));
    ui.add_space(space::XS);
    again(ui, tr("Refresh records"), out);
}

fn again(ui: &mut Ui, words: &str, out: &mut Vec<Action>) {
    if widgets::small_button(ui, words).clicked() {
        out.push(Action::Objects(ObjectsAction::Records));
    }
}

/// A server without records is no failure of anybody's: it is said what would give it some.
fn trouble(ui: &mut Ui, failed: &Problem, out: &mut Vec<Action>) {
    match failed.code.as_str() {
        "UploadsNotKept" => {
            widgets::say(ui, Tone::Warn, tr("This app server keeps no records of uploads."));
            widgets::remark(
                ui,
                tr(
                    "Whoever runs it sets the section \"Uploads\" in its configuration: an empty one keeps records in SQLite beside it, \
                    CallbackUrl lets OSS tell of each upload, and ReconcileSeconds lets it look into the bucket by itself.",
                ),
            );
        }
        "NoUploadsRoute" => {
            widgets::say(ui, Tone::Warn, tr("This app server knows nothing of upload records."));
            widgets::remark(
                ui,
                tr(
                    "It has no route /v1/uploads. The app server of Direct Transfer has it, once its configuration has a section \"Uploads\".",
                ),
            );
        }
        _ => problem::show(ui, failed, out),
    }
    ui.add_space(space::XS);
    again(ui, tr("Ask again"), out);
}

fn summary(ui: &mut Ui, objects: &Objects) {
    let records = &objects.records;
    let more = match (objects.is_asking_records(), records.has_more(), records.truncated) {
        (true, ..) => tr("the next page is coming"),
        (_, true, _) => tr("more as you scroll"),
        (_, _, true) => tr("a signed URL shows no older ones"),
        _ => tr("that is all"),
    };
    widgets::remark(ui, tr!("{0} shown, {1}", records.list.len(), more));
    let colors = palette(ui);
    if records.gone() > 0 {
        widgets::line(ui, Icon::Cross, colors.bad, &tr!("Objects that are gone: {0}", records.gone()));
    }
    if records.unrecorded() > 0 {
        let words = tr!("Objects here without a record: {0}", records.unrecorded());
        widgets::line(ui, Icon::Warning, colors.warn, &words);
    }
}

fn lines(ui: &mut Ui, objects: &Objects, height: f32, out: &mut Vec<Action>) {
    let list = &objects.records.list;
    ui.spacing_mut().item_spacing.y = 0.0;
    // In one column it lies below what is in sight, and is as high all the same.
    let area = ScrollArea::vertical().id_salt("records").max_height(height).min_scrolled_height(height);
    let area = area.auto_shrink([false, true]);
    area.show_rows(ui, ROW, list.len(), |ui, rows| {
        let wanted = objects.records.has_more() && objects.records.failed.is_none();
        if rows.end + AHEAD >= list.len() && wanted && !objects.is_asking_records() {
            out.push(Action::Objects(ObjectsAction::MoreRecords));
        }
        for (record, fate) in list.get(rows).unwrap_or_default() {
            if row(ui, objects.name(&record.key), record, *fate) {
                out.push(Action::Objects(ObjectsAction::Select(record.key.clone())));
            }
        }
    });
}

fn row(ui: &mut Ui, name: &str, record: &UploadRecord, fate: Fate) -> bool {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let (glyph, tone, verified) = verification(ui, record);
    let (by, at) = (by(record), when(record));
    let fate = fate_words(ui, fate);
    // What became of the object weighs more than who has seen it.
    let (mark, mark_color) = match fate {
        None if !record.verified => (verified, colors.warn),
        _ => fate.unwrap_or(("", colors.muted)),
    };
    let fate = fate.map_or("", |(words, _)| words);
    let size = format::bytes(record.size);
    let said = [tr("Upload record"), name, &size, &by, &at, verified, fate].join(" ");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ListItem, true, said.trim_end()));
    if response.hovered() {
        ui.painter().rect(rect, 8.0, colors.well, Stroke::NONE, StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(8.0, 6.0));
    let icon = Rect::from_center_size(pos2(inner.left() + 9.0, inner.top() + 11.0), Vec2::splat(14.0));
    icons::paint(ui.painter(), glyph, icon, tone);
    let left = inner.left() + 28.0;
    let galley = cut(ui, name, TextStyle::Body, colors.text, inner.right() - left - SIZE);
    ui.painter().galley(pos2(left, inner.top()), galley, colors.text);
    let small = TextStyle::Small.resolve(ui.style());
    let end = pos2(inner.right(), inner.top() + 11.0);
    ui.painter().text(end, Align2::RIGHT_CENTER, size, small.clone(), colors.muted);
    let line = inner.top() + 22.0;
    let mark = ui.painter().text(pos2(inner.right(), line), Align2::RIGHT_TOP, mark, small.clone(), mark_color);
    let galley = cut(ui, &by, TextStyle::Small, colors.muted, mark.left() - left - space::S);
    ui.painter().galley(pos2(left, line), galley, colors.muted);
    ui.painter().text(pos2(left, line + 18.0), Align2::LEFT_TOP, &at, small, colors.muted);
    widgets::focus_ring(ui, &response);
    response
        .on_hover_text(format!("{name}\n{by}\n{at}\n{verified}"))
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .clicked()
}

fn verification(ui: &Ui, record: &UploadRecord) -> (Icon, Color32, &'static str) {
    let colors = palette(ui);
    if record.verified {
        return (Icon::Check, colors.good, tr("verified: the app server has seen it in the bucket"));
    }
    (Icon::Help, colors.warn, tr("not verified"))
}

/// Who uploaded it, and who says so.
pub(super) fn by(record: &UploadRecord) -> String {
    let who = match (&record.identity, record.vars.get("device")) {
        (Some(identity), Some(device)) => format!("{identity} ({device}), "),
        (Some(who), None) | (None, Some(who)) => format!("{who}, "),
        (None, None) => String::new(),
    };
    format!("{who}{}", source(record.source))
}

/// When it was.
pub(super) fn when(record: &UploadRecord) -> String {
    format!("{} {}", record.uploaded_at.date(), format::clock(record.uploaded_at))
}

fn source(source: RecordSource) -> &'static str {
    match source {
        RecordSource::Callback => tr("by callback"),
        RecordSource::App => tr("by the app"),
        RecordSource::Listing => tr("by listing"),
        RecordSource::Other => tr("by somebody"),
    }
}

fn fate_words(ui: &Ui, fate: Fate) -> Option<(&'static str, Color32)> {
    let colors = palette(ui);
    match fate {
        Fate::Gone => Some((tr("object is gone"), colors.bad)),
        Fate::Replaced => Some((tr("replaced since"), colors.warn)),
        Fate::There | Fate::Unknown => None,
    }
}
