//! The four roles of the reference document, and what passes between them: an arrow lights up as a message passes.

use egui::{
    Align2, Color32, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::command::Place;
use crate::theme::{Palette, palette, space};
use crate::widgets;
use crate::wire::{Lane, Traffic, Wire};
use crate::words::tr;

const HEIGHT: f32 = 168.0;
/// A role's box: as wide as there is room, within these bounds.
const BOX: std::ops::RangeInclusive<f32> = 84.0..=150.0;
const BOX_HEIGHT: f32 = 60.0;
/// How long the light on an arrow is on its way, in seconds.
const JOURNEY: f64 = 0.9;
/// Half the distance between the arrows there and back.
const APART: f32 = 7.0;

/// Draws it in a card.
pub fn show(ui: &mut Ui, place: &Place, wire: &mut Wire) {
    widgets::card(ui, |ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, in_words(wire)));
        let width = (rect.width() * 0.16).clamp(*BOX.start(), *BOX.end());
        let (top, bottom) = (rect.top() + BOX_HEIGHT / 2.0 + 4.0, rect.bottom() - BOX_HEIGHT / 2.0 - 4.0);
        let at = |x: f32, y: f32| Rect::from_center_size(pos2(x, y), vec2(width, BOX_HEIGHT));
        let app = Rect::from_min_max(rect.min, pos2(rect.left() + width, rect.bottom())).shrink2(vec2(0.0, 4.0));
        let server = at(rect.center().x, top);
        let sts = at(rect.right() - width / 2.0, top);
        let oss = at(rect.right() - width / 2.0, bottom);
        role(ui, app, tr("This app"), "");
        role(ui, server, tr("App server"), host(&place.app_server));
        role(ui, sts, "RAM / STS", "");
        role(ui, oss, "OSS", &place.bucket);
        let ends = |from: Rect, to: Rect, y: f32| (pos2(from.right() + 6.0, y), pos2(to.left() - 6.0, y));
        let (left, right) = ends(app, server, top);
        pair(
            ui,
            wire,
            [left, right],
            [(Lane::AskToken, tr("asks for a token")), (Lane::GiveToken, tr("token"))],
            false,
        );
        let (left, right) = ends(server, sts, top);
        pair(
            ui,
            wire,
            [left, right],
            [(Lane::AssumeRole, "AssumeRole"), (Lane::Credentials, tr("credentials"))],
            !wire.sees_sts(),
        );
        let (left, right) = ends(app, oss, bottom);
        let straight = tr("requests, and files straight to OSS");
        pair(ui, wire, [left, right], [(Lane::AskOss, straight), (Lane::OssAnswers, tr("answers"))], false);
    });
    ui.add_space(space::XS);
    widgets::remark(
        ui,
        if wire.sees_sts() {
            tr("The emulator tells what it decided as STS and as OSS.")
        } else {
            tr("Dashed: out of this app's sight; a new key tells that it took place.")
        },
    );
}

/// `127.0.0.1:8080` of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// For those who cannot see it.
fn in_words(wire: &Wire) -> String {
    let [tokens, roles, requests] =
        [Lane::GiveToken, Lane::AssumeRole, Lane::AskOss].map(|lane| wire.traffic(lane).count);
    tr!("{0} tokens from the app server, {1} keys from STS, {2} requests to OSS", tokens, roles, requests)
}

fn role(ui: &Ui, rect: Rect, name: &str, more: &str) {
    let colors = palette(ui);
    ui.painter().rect(rect, 10.0, colors.well, Stroke::new(1.0, colors.line), StrokeKind::Inside);
    let up = if more.is_empty() { 0.0 } else { 9.0 };
    text(
        ui,
        rect.center() - vec2(0.0, up),
        Align2::CENTER_CENTER,
        name,
        TextStyle::Body,
        colors.text,
        rect.width() - 8.0,
    );
    let at = rect.center() + vec2(0.0, 11.0);
    text(ui, at, Align2::CENTER_CENTER, more, TextStyle::Small, colors.muted, rect.width() - 8.0);
}

/// The arrows there and back between two ends.
fn pair(ui: &Ui, wire: &mut Wire, [left, right]: [Pos2; 2], lanes: [(Lane, &str); 2], dashed: bool) {
    for ((lane, words), there) in lanes.into_iter().zip([true, false]) {
        let side = if there { -APART } else { APART };
        let (from, to) = if there { (left, right) } else { (right, left) };
        let (from, to) = (from + vec2(0.0, side), to + vec2(0.0, side));
        let traffic = &mut wire.lanes[lane as usize];
        let count = traffic.count;
        arrow(ui, [from, to], traffic, dashed);
        let middle = pos2((left.x + right.x) / 2.0, from.y + if there { -4.0 } else { 4.0 });
        let align = if there { Align2::CENTER_BOTTOM } else { Align2::CENTER_TOP };
        let room = right.x - left.x;
        let counted = if count == 0 { words.to_owned() } else { format!("{words} · {count}") };
        // The number tells more than half a word.
        let short = if count == 0 { String::new() } else { count.to_string() };
        let shown = if width(ui, &counted) <= room { counted } else { short };
        text(ui, middle, align, &shown, TextStyle::Small, palette(ui).muted, room);
    }
}

fn ink(traffic: &Traffic, colors: &Palette) -> Color32 {
    match (traffic.count, traffic.failed) {
        (0, _) => colors.line,
        (_, true) => colors.bad,
        (_, false) => colors.accent,
    }
}

fn arrow(ui: &Ui, [from, to]: [Pos2; 2], traffic: &mut Traffic, dashed: bool) {
    let colors = palette(ui);
    let now = ui.input(|input| input.time);
    if std::mem::take(&mut traffic.fresh) {
        traffic.lit = Some(now);
    }
    let color = ink(traffic, colors);
    let stroke = Stroke::new(1.5, color);
    let painter = ui.painter();
    if dashed {
        painter.extend(Shape::dashed_line(&[from, to], stroke, 5.0, 4.0));
    } else {
        painter.line_segment([from, to], stroke);
    }
    let back = (from - to).normalized() * 7.0;
    let aside = Vec2::new(-back.y, back.x) * 0.55;
    painter.add(Shape::convex_polygon(vec![to, to + back + aside, to + back - aside], color, Stroke::NONE));
    // Still once the light has arrived: an idle window is not drawn.
    let Some(began) = traffic.lit else { return };
    let share = ((now - began) / JOURNEY) as f32;
    if share >= 1.0 {
        traffic.lit = None;
        return;
    }
    let at = from + (to - from) * share;
    painter.circle_filled(at, 8.0, color.gamma_multiply(0.25));
    painter.circle_filled(at, 4.0, color);
    ui.ctx().request_repaint();
}

fn width(ui: &Ui, words: &str) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().layout_no_wrap(words.to_owned(), font, Color32::WHITE).size().x
}

/// One line, cut off where there is no more room.
fn text(ui: &Ui, at: Pos2, align: Align2, words: &str, style: TextStyle, color: Color32, room: f32) {
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), style.resolve(ui.style()), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room);
    let galley = ui.painter().layout_job(job);
    let rect = align.anchor_size(at, galley.size());
    ui.painter().galley(rect.min, galley, color);
}
