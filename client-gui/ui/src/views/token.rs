//! The token card: which key, for which folder, and how long it still lives.

use egui::{RichText, TextStyle, Ui, Vec2};
use time::OffsetDateTime;

use crate::action::Action;
use crate::command::TokenView;
use crate::format;
use crate::state::{Connection, State};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// Below this many seconds the life is shown as running out; the client then asks for a new token by itself.
const SHORT_LIFE: i64 = 60;

/// Draws the card; `now` is the time.
pub fn show(ui: &mut Ui, state: &State, now: OffsetDateTime, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| match &state.token {
        Some(token) => filled(ui, state, token, now, out),
        None => {
            widgets::heading(ui, tr("Token"), "");
            widgets::remark(
                ui,
                tr(
                    "None yet. The app server hands one out when you press Configure. Its secrets never reach the screen.",
                ),
            );
        }
    });
}

fn filled(ui: &mut Ui, state: &State, token: &TokenView, now: OffsetDateTime, out: &mut Vec<Action>) {
    ui.label(RichText::new(tr("Token")).text_style(TextStyle::Heading));
    if let Some(end) = token.expiration {
        life(ui, token.obtained, end, now);
    }
    ui.add_space(space::XS);
    let place = &token.place;
    let rows = [
        (tr("Key id"), Some(token.access_key_id.as_str())),
        (tr("Folder"), place.object_prefix.as_deref()),
        ("Bucket", place.bucket.as_deref()),
    ];
    widgets::facts(ui, 56.0, rows.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
    ui.add_space(space::S);
    let idle = !matches!(state.connection, Connection::Trying(..));
    if widgets::secondary(ui, idle, tr("Refresh token")).clicked() {
        out.push(Action::NewToken);
    }
}

fn life(ui: &mut Ui, obtained: OffsetDateTime, end: OffsetDateTime, now: OffsetDateTime) {
    let colors = palette(ui);
    let left = (end - now).whole_seconds();
    let (color, words) = match left {
        ..=0 => (colors.bad, tr("ended")),
        1..=SHORT_LIFE => (colors.warn, tr("left, then a new one is fetched")),
        _ => (colors.accent, tr("left")),
    };
    ui.horizontal(|ui| {
        let digits = RichText::new(format::countdown(left)).size(26.0).color(color);
        ui.label(digits);
        ui.label(RichText::new(words).color(colors.muted));
    });
    let whole = (end - obtained).as_seconds_f32().max(1.0);
    let share = ((end - now).as_seconds_f32() / whole).clamp(0.0, 1.0);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 5.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 2.5, colors.line);
    let mut filled = rect;
    filled.set_width(rect.width() * share);
    ui.painter().rect_filled(filled, 2.5, color);
}
