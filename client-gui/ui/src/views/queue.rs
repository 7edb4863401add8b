//! The list of files: all together on top, then a row each, drawn only where it is in sight.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Layout, Rect, RichText, ScrollArea, Sense, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, pos2};

use crate::action::Action;
use crate::format;
use crate::icons::{self, Icon};
use crate::queue::{Item, Overall, QueueAction, Upload, pace};
use crate::settings::{LEAST_LIMIT, MOST_PARALLEL};
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::{fill, tr, word};

const ROW: f32 = 44.0;
const BUTTON: f32 = 30.0;

/// Draws how far all files together are, with buttons for all of them.
pub fn show_all(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    let all = state.queue.overall();
    let colors = palette(ui);
    ui.label(RichText::new(title(state.queue.items.len(), &all)).text_style(TextStyle::Heading));
    let share = if all.total == 0 { 0.0 } else { all.sent as f32 / all.total as f32 };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{:.0} %", share * 100.0)).size(26.0).color(colors.accent));
        ui.label(RichText::new(amounts(&all)).color(colors.muted));
    });
    widgets::progress(ui, share, tr("Progress of all files"));
    ui.add_space(space::XS);
    buttons(ui, state, &all, out);
    limits(ui, state, out);
}

fn title(files: usize, all: &Overall) -> String {
    let mut words = vec![if all.under_way() { tr!("Uploading {0} files", files) } else { tr!("{0} files", files) }];
    let mut more = |count: usize, text: String| {
        if count > 0 {
            words.push(text);
        }
    };
    more(all.done, tr!("{0} done", all.done));
    more(all.failed, tr!("{0} failed", all.failed));
    more(all.paused, tr!("{0} paused", all.paused));
    words.join(tr(", "))
}

fn amounts(all: &Overall) -> String {
    let bytes = tr!("{0} of {1}", format::bytes(all.sent), format::bytes(all.total));
    match all.left() {
        Some(left) => [bytes, speed_and_left(all.speed, left)].join(tr(", ")),
        None => bytes,
    }
}

/// `12.5 MB/s, 00:14 left`.
pub fn speed_and_left(speed: f64, left: std::time::Duration) -> String {
    tr!("{0}, {1} left", format::speed(speed), format::countdown(left.as_secs() as i64 + 1))
}

fn buttons(ui: &mut Ui, state: &State, all: &Overall, out: &mut Vec<Action>) {
    let hindrance = state.upload_hindrance();
    let startable = |item: &Item| matches!(item.upload, Upload::Idle | Upload::Paused);
    let left = state.queue.items.iter().filter(|item| startable(item)).count();
    let mut act = |action| out.push(Action::Queue(action));
    ui.horizontal_wrapped(|ui| {
        if left > 0 {
            let button = widgets::primary(ui, hindrance.is_none(), tr("Upload all")).on_hover_text("Ctrl+U");
            if button.on_disabled_hover_text(tr(hindrance.unwrap_or_default())).clicked() {
                act(QueueAction::StartAll);
            }
        }
        if all.under_way() {
            if widgets::secondary(ui, true, tr("Pause all")).on_hover_text(tr("What OSS has stays there")).clicked() {
                act(QueueAction::PauseAll);
            }
            if widgets::secondary(ui, true, tr("Cancel all")).clicked() {
                act(QueueAction::CancelAll);
            }
        }
        if all.failed > 0 && widgets::secondary(ui, hindrance.is_none(), tr("Try failed ones again")).clicked() {
            act(QueueAction::RetryAll);
        }
        if all.done > 0 && widgets::secondary(ui, true, tr("Clear finished")).clicked() {
            act(QueueAction::ClearDone);
        }
    });
    if let Some(hindrance) = hindrance.filter(|_| left > 0) {
        widgets::remark(ui, tr(hindrance));
    }
}

/// How many at once, and how fast.
fn limits(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        let label = widgets::remark(ui, tr("Files at once"));
        let at_once = egui::DragValue::new(&mut state.settings.parallel).range(1..=MOST_PARALLEL);
        ui.add(at_once).labelled_by(label.id);
        ui.add_space(space::S);
        let label = widgets::remark(ui, tr("Speed limit"));
        let mut limit = state.settings.limit;
        let shown = |value: f64, _: std::ops::RangeInclusive<usize>| {
            if value < 1.0 { tr("none").to_owned() } else { format!("{value:.0} kB/s") }
        };
        let read = |text: &str| {
            let number = text.trim().trim_end_matches("kB/s").trim();
            if number == tr("none") { Some(0.0) } else { number.parse().ok() }
        };
        let field = egui::DragValue::new(&mut limit).range(0..=10_000_000).speed(20.0);
        let response = ui.add(field.custom_formatter(shown).custom_parser(read)).labelled_by(label.id);
        let why = tr!("Kilobytes a second for all uploads together, at least {0}; 0 is none", LEAST_LIMIT);
        if response.on_hover_text(why).changed() {
            out.push(Action::Limit(limit));
        }
    });
}

/// Draws the rows, at most `height` points of them.
pub fn list(ui: &mut Ui, state: &State, height: f32, out: &mut Vec<Action>) {
    let count = state.queue.items.len();
    egui::Frame::new().fill(palette(ui).well).corner_radius(8).inner_margin(4).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let area = ScrollArea::vertical().id_salt("queue").max_height(height).auto_shrink([false, true]);
        area.show_rows(ui, ROW, count, |ui, rows| {
            for item in &state.queue.items[rows] {
                row(ui, state, item, out);
            }
        });
    });
}

fn row(ui: &mut Ui, state: &State, item: &Item, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    let chosen = state.queue.selected().is_some_and(|selected| selected.id == item.id);
    let (icon, color, words) = look(ui, item);
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::ListItem, true, chosen, format!("{}: {words}", item.file.name))
    });
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 6.0, if chosen { colors.accent_soft } else { colors.card });
    }
    widgets::focus_ring(ui, &response);
    let inside = rect.shrink2(Vec2::new(10.0, 4.0));
    let buttons = buttons_of(item);
    let icon_at = Rect::from_center_size(pos2(inside.left() + 8.0, inside.center().y), Vec2::splat(15.0));
    icons::paint(ui.painter(), icon, icon_at, color);
    let right = inside.right() - buttons.len() as f32 * (BUTTON + 2.0) - space::S;
    let text = Rect::from_min_max(pos2(inside.left() + 26.0, inside.top()), pos2(right, inside.bottom()));
    let sizes = format!("{}   {words}", format::bytes(item.file.bytes));
    line(ui, &item.file.name, TextStyle::Body, colors.text, text, text.top());
    let below = if matches!(item.upload, Upload::Failed(_)) { color } else { colors.muted };
    line(ui, &sizes, TextStyle::Small, below, text, text.top() + 18.5);
    if let Some(share) = share(item) {
        let bar =
            Rect::from_min_max(pos2(text.left(), inside.bottom() + 1.0), pos2(text.right(), inside.bottom() + 3.5));
        ui.painter().rect_filled(bar, 1.0, colors.line);
        let filled = Rect::from_min_size(bar.min, Vec2::new(bar.width() * share, bar.height()));
        ui.painter().rect_filled(filled, 1.0, colors.accent);
    }
    if response.clicked() {
        out.push(Action::Queue(QueueAction::Select(item.id)));
    }
    let place = Rect::from_min_max(pos2(right + space::S, rect.top()), pos2(inside.right(), rect.bottom()));
    let mut ui =
        ui.new_child(UiBuilder::new().id_salt(item.id.0).max_rect(place).layout(Layout::left_to_right(Align::Center)));
    ui.spacing_mut().item_spacing.x = 2.0;
    for (icon, name, action) in buttons {
        if widgets::small_icon_button(&mut ui, icon, &fill(tr(name), &[&item.file.name]), BUTTON).clicked() {
            out.push(Action::Queue(action));
        }
    }
}

/// One line that ends in dots where it does not fit.
pub fn line(ui: &Ui, words: &str, style: TextStyle, color: egui::Color32, room: Rect, top: f32) {
    let mut job = LayoutJob::simple_singleline(words.to_owned(), style.resolve(ui.style()), color);
    job.wrap = TextWrapping::truncate_at_width(room.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(room.left(), top), galley, color);
}

/// The icon of a file, its colour, and its state in words.
fn look(ui: &Ui, item: &Item) -> (Icon, egui::Color32, String) {
    let colors = palette(ui);
    match &item.upload {
        Upload::Idle => (Icon::Picture, colors.muted, tr("not begun").to_owned()),
        Upload::Waiting => (Icon::Dots, colors.muted, tr("waits for its turn").to_owned()),
        Upload::Running { stopping: true, .. } => (Icon::Dots, colors.warn, tr("stopping").to_owned()),
        Upload::Running { progress, samples, .. } => {
            let words = match pace(progress, samples) {
                _ if progress.total > 0 && progress.sent == progress.total => tr("waiting for OSS").to_owned(),
                Some((speed, left)) => speed_and_left(speed, left),
                None => tr("begins").to_owned(),
            };
            (Icon::Upload, colors.accent, words)
        }
        Upload::Done(receipt) if receipt.crc64_at_oss.is_some_and(|crc64| crc64 != receipt.crc64) => {
            (Icon::Warning, colors.warn, tr("replaced since").to_owned())
        }
        Upload::Done(_) => (Icon::Check, colors.good, tr("uploaded").to_owned()),
        Upload::Cancelled => (Icon::Cross, colors.warn, tr("cancelled").to_owned()),
        Upload::Paused => (Icon::Pause, colors.warn, tr("paused").to_owned()),
        Upload::Failed(problem) => (Icon::Cross, colors.bad, format!("{} ({})", problem.title, problem.code)),
    }
}

fn share(item: &Item) -> Option<f32> {
    match &item.upload {
        Upload::Running { progress, .. } if progress.total > 0 => Some(progress.sent as f32 / progress.total as f32),
        _ => None,
    }
}

fn buttons_of(item: &Item) -> Vec<(Icon, &'static str, QueueAction)> {
    let id = item.id;
    let remove = (Icon::Cross, word("Remove {0}"), QueueAction::Remove(id));
    match &item.upload {
        Upload::Running { stopping: true, .. } => Vec::new(),
        Upload::Running { .. } | Upload::Waiting => {
            vec![
                (Icon::Pause, word("Pause {0}"), QueueAction::Pause(id)),
                (Icon::Cross, word("Cancel {0}"), QueueAction::Cancel(id)),
            ]
        }
        Upload::Idle => vec![(Icon::Play, word("Begin {0}"), QueueAction::Start(id)), remove],
        Upload::Paused => {
            vec![
                (Icon::Play, word("Go on with {0}"), QueueAction::Start(id)),
                (Icon::Cross, word("Cancel {0}"), QueueAction::Cancel(id)),
            ]
        }
        Upload::Cancelled | Upload::Failed(_) => {
            vec![(Icon::Again, word("Try again with {0}"), QueueAction::Start(id)), remove]
        }
        Upload::Done(_) => vec![remove],
    }
}
