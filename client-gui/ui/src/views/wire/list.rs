//! The list of exchanges, newest first; only the rows in sight are laid out.

use egui::{
    Align2, Color32, EventFilter, Id, Key, Modifiers, Rect, ScrollArea, Sense, StrokeKind, TextStyle, Ui, WidgetInfo,
    pos2, vec2,
};
use transfer::{ExchangeId, Peer};

use crate::action::Action;
use crate::format;
use crate::theme::{self, palette, space};
use crate::widgets;
use crate::wire::{Ending, Exchange, Filter, Wire, WireAction};
use crate::words::tr;

const ROW: f32 = 44.0;
/// What stands above the rows, in points.
const HEAD: f32 = 96.0;
const STATUS: f32 = 64.0;

/// Draws it `height` points high.
pub fn show(ui: &mut Ui, wire: &Wire, height: f32, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        head(ui, wire, out);
        let listed = wire.listed();
        if listed.is_empty() {
            let words = if wire.exchanges.is_empty() {
                tr("Nothing has been said yet. Press Configure, and watch.")
            } else {
                tr("None of the requests is of this kind.")
            };
            ui.add_space(space::M);
            widgets::remark(ui, words);
        }
        let room = (height - HEAD).max(2.0 * ROW);
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().id_salt("exchanges").max_height(room).auto_shrink([false, true]);
        let next = by_keys(ui, &listed, wire.selected);
        area.show_rows(ui, ROW, listed.len(), |ui, rows| {
            if let Some((index, id)) = next {
                let down = ROW * (index as f32 - rows.start as f32);
                let rect = Rect::from_min_size(ui.cursor().min + vec2(0.0, down), vec2(1.0, ROW));
                ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
                ui.memory_mut(|memory| {
                    memory.request_focus(row_id(id));
                    // These keys move the focus by themselves, and would once more.
                    memory.move_focus(egui::FocusDirection::None);
                });
                out.push(Action::Wire(WireAction::Select(id)));
            }
            for exchange in listed.get(rows).unwrap_or_default() {
                if row(ui, exchange, wire.selected == Some(exchange.id)) {
                    out.push(Action::Wire(WireAction::Select(exchange.id)));
                }
            }
        });
    });
}

fn head(ui: &mut Ui, wire: &Wire, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new(tr("Requests")).text_style(TextStyle::Heading));
        ui.add_space(space::S);
        for (filter, name) in Filter::ALL {
            if widgets::tab(ui, wire.filter == filter, tr(name), false).clicked() {
                out.push(Action::Wire(WireAction::Filter(filter)));
            }
        }
        if !wire.exchanges.is_empty() && widgets::small_button(ui, tr("Clear")).clicked() {
            out.push(Action::Wire(WireAction::Clear));
        }
    });
    ui.add_space(space::S);
}

/// Where Up and Down lead to from the row that has the focus, or from what is selected while nothing has it: its place in
/// the list, and its name.
fn by_keys(ui: &Ui, listed: &[&Exchange], selected: Option<ExchangeId>) -> Option<(usize, ExchangeId)> {
    let focused = ui.memory(|memory| memory.allows_interaction(ui.layer_id()).then(|| memory.focused()))?;
    let from = match focused {
        Some(focused) => Some(listed.iter().position(|exchange| row_id(exchange.id) == focused)?),
        None => listed.iter().position(|exchange| Some(exchange.id) == selected),
    };
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let to = match (pressed(Key::ArrowUp), pressed(Key::ArrowDown), from) {
        (_, true, None) => 0,
        (_, true, Some(from)) => from + 1,
        (true, false, Some(from)) => from.checked_sub(1)?,
        _ => return None,
    };
    listed.get(to).map(|exchange| (to, exchange.id))
}

/// A row keeps its focus while others come in above it.
fn row_id(exchange: ExchangeId) -> Id {
    Id::unique("exchange").with(exchange)
}

/// One exchange; whether it was pressed.
fn row(ui: &mut Ui, exchange: &Exchange, chosen: bool) -> bool {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let response = ui.interact(rect, row_id(exchange.id), Sense::click());
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let subject = subject(exchange);
    let (status, color) = status(ui, exchange);
    let name = format!("{} {subject}: {status}", exchange.operation);
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, &name));
    let colors = palette(ui);
    if chosen || response.hovered() {
        let fill = if chosen { colors.accent_soft } else { colors.well };
        ui.painter().rect(rect, 8.0, fill, egui::Stroke::NONE, StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(8.0, 5.0));
    let left = Rect::from_min_max(inner.min, pos2(inner.right() - STATUS, inner.bottom()));
    line(ui, left, 0.0, exchange.operation, TextStyle::Body, colors.text);
    let when = format::clock(exchange.at);
    let to = if exchange.peer == Peer::Oss { "OSS" } else { tr("App server") };
    line(ui, left, 19.0, &format!("{when}  {to}  {subject}"), TextStyle::Small, colors.muted);
    let font = TextStyle::Body.resolve(ui.style());
    ui.painter().text(inner.right_top(), Align2::RIGHT_TOP, status, font, color);
    if let Some((_, elapsed)) = &exchange.ending {
        let font = TextStyle::Small.resolve(ui.style());
        let at = inner.right_top() + vec2(0.0, 19.0);
        ui.painter().text(at, Align2::RIGHT_TOP, format::elapsed(*elapsed), font, colors.muted);
    }
    widgets::focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn line(ui: &Ui, rect: Rect, down: f32, words: &str, style: TextStyle, color: Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), style.resolve(ui.style()), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(rect.min + vec2(0.0, down), galley, color);
}

/// What it is about: the object, or the query.
fn subject(exchange: &Exchange) -> String {
    match &exchange.key {
        Some(key) => key.clone(),
        None => {
            let query = exchange.query();
            query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        }
    }
}

/// `200`, `403`, or what became of it, and its colour.
pub(super) fn status(ui: &Ui, exchange: &Exchange) -> (String, Color32) {
    let colors = theme::palette(ui);
    match (&exchange.answer, &exchange.ending) {
        (_, Some((Ending::Broken(_), _))) => (tr("broken off").to_owned(), colors.bad),
        (Some(answer), _) if exchange.failed() => (answer.status.to_string(), colors.bad),
        (Some(answer), _) => (answer.status.to_string(), colors.good),
        (None, _) => ("…".to_owned(), colors.muted),
    }
}
