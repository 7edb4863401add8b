//! The time line: the lives of the last tokens, what was sent under each, what was refused, and the time on both sides.

use egui::{Align2, Color32, Pos2, Rect, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};
use time::{Duration, OffsetDateTime};
use transfer::Peer;

use crate::conditions::{Life, Seen};
use crate::format;
use crate::state::State;
use crate::theme::{Palette, palette};
use crate::wire::Exchange;
use crate::words::tr;

const LANE: f32 = 30.0;
const BAR: f32 = 10.0;
/// Above and below the lanes, for words.
const HEAD: f32 = 18.0;
const FOOT: f32 = 34.0;
/// Room at both ends, as a share of all.
const EDGE: f32 = 0.04;

/// Points of a moment.
struct Scale {
    from: OffsetDateTime,
    seconds: f32,
    left: f32,
    width: f32,
}

impl Scale {
    fn of(lives: &[&Life], moments: [OffsetDateTime; 2], rect: Rect) -> Self {
        let begins = lives.iter().map(|life| life.obtained).chain(moments);
        let ends = lives.iter().map(|life| life.end).chain(moments);
        let from = begins.min().unwrap_or(moments[0]);
        let to = ends.max().unwrap_or(moments[1]);
        let seconds = (to - from).as_seconds_f32().max(1.0);
        let edge = rect.width() * EDGE;
        Self { from, seconds, left: rect.left() + edge, width: rect.width() - 2.0 * edge }
    }

    fn x(&self, at: OffsetDateTime) -> f32 {
        self.left + self.width * ((at - self.from).as_seconds_f32() / self.seconds).clamp(0.0, 1.0)
    }
}

/// Draws it; `now` is the app's time.
pub fn show(ui: &mut Ui, state: &State, seen: &Seen, now: OffsetDateTime) {
    let lives: Vec<&Life> = state.conditions.lives.iter().collect();
    let height = HEAD + LANE * lives.len() as f32 + FOOT;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let sent = |life: &Life, next: Option<&&Life>| {
        let until = next.map_or(now.saturating_add(Duration::SECOND), |next| next.obtained);
        let under = move |exchange: &&Exchange| {
            exchange.peer == Peer::Oss && exchange.at >= life.obtained && exchange.at < until
        };
        state.wire.exchanges.iter().filter(under).collect::<Vec<_>>()
    };
    let lanes: Vec<(&Life, Vec<&Exchange>)> =
        lives.iter().enumerate().map(|(at, life)| (*life, sent(life, lives.get(at + 1)))).collect();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, in_words(&lanes)));
    let there = seen.server_time(now);
    let scale = Scale::of(&lives, [now, there], rect);
    let colors = palette(ui);
    for (at, (life, sent)) in lanes.iter().enumerate() {
        let middle = rect.top() + HEAD + LANE * (at as f32 + 0.5);
        lane(ui, life, sent, &scale, middle);
    }
    let (top, bottom) = (rect.top() + HEAD - 4.0, rect.bottom() - FOOT + 2.0);
    let apart = !seen.ahead(now).is_zero();
    if apart {
        moment(ui, pos2(scale.x(there), top), bottom + 13.0, (tr("OSS and STS"), colors.warn), rect);
    }
    moment(ui, pos2(scale.x(now), top), bottom, (if apart { tr("This app") } else { tr("now") }, colors.accent), rect);
}

/// For those who cannot see it.
fn in_words(lanes: &[(&Life, Vec<&Exchange>)]) -> String {
    let of = |(life, sent): &(&Life, Vec<&Exchange>)| {
        let refused = sent.iter().filter(|exchange| is_refused(exchange)).count();
        let parts = sent.iter().filter(|exchange| exchange.operation == "UploadPart").count();
        let (from, prefetch, to) =
            (format::clock(life.obtained), format::clock(life.prefetch), format::clock(life.end));
        tr!(
            "{0}: issued {1}, replaced from {2} on, ends {3}; {4} requests, {5} of them parts, {6} refused",
            life.access_key_id,
            from,
            prefetch,
            to,
            sent.len(),
            parts,
            refused
        )
    };
    lanes.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn lane(ui: &Ui, life: &Life, sent: &[&Exchange], scale: &Scale, middle: f32) {
    let colors = palette(ui);
    let painter = ui.painter();
    let span =
        |from, to| Rect::from_min_max(pos2(scale.x(from), middle - BAR / 2.0), pos2(scale.x(to), middle + BAR / 2.0));
    painter.rect_filled(span(life.obtained, life.end), 4.0, colors.accent_soft);
    // From here on the app asks for another token.
    painter.rect_filled(span(life.prefetch, life.end), 4.0, colors.warn_soft);
    painter.rect_stroke(span(life.obtained, life.end), 4.0, Stroke::new(1.0, colors.line), egui::StrokeKind::Inside);
    let at = pos2(scale.x(life.obtained) + 5.0, middle - BAR / 2.0 - 1.0);
    let font = TextStyle::Small.resolve(ui.style());
    let name = format!("{}  {} – {}", life.access_key_id, format::clock(life.obtained), format::clock(life.end));
    painter.text(at, Align2::LEFT_BOTTOM, name, egui::FontId::new(10.5, font.family), colors.muted);
    for exchange in sent {
        mark(ui, exchange, pos2(scale.x(exchange.at), middle), colors);
    }
}

/// An object that is not there is an answer, too.
fn is_refused(exchange: &Exchange) -> bool {
    exchange.failed() && exchange.answer.as_ref().is_none_or(|answer| answer.status != 404)
}

/// A part is a stroke, any other request a point; what was refused is red and larger.
fn mark(ui: &Ui, exchange: &Exchange, at: Pos2, colors: &Palette) {
    let color = if is_refused(exchange) { colors.bad } else { colors.good };
    if is_refused(exchange) {
        ui.painter().circle_filled(at, 4.5, color);
    } else if exchange.operation == "UploadPart" {
        ui.painter().vline(at.x, at.y - BAR / 2.0..=at.y + BAR / 2.0, Stroke::new(1.5, color));
    } else {
        ui.painter().circle_filled(at, 2.5, color);
    }
}

fn moment(ui: &Ui, top: Pos2, bottom: f32, (words, color): (&str, Color32), within: Rect) {
    ui.painter().vline(top.x, top.y..=bottom, Stroke::new(1.5, color));
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, color);
    let half = galley.size().x / 2.0;
    let x = top.x.clamp(within.left() + half, (within.right() - half).max(within.left() + half));
    let place = Align2::CENTER_TOP.anchor_size(pos2(x, bottom), galley.size());
    ui.painter().galley(place.min, galley, color);
}
