//! The flow from left to right: where one is, what is done, what comes next.

use egui::{Align2, Color32, FontId, Rect, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, pos2};

use crate::action::{Action, Step};
use crate::icons::{self, Icon};
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

const CIRCLE: f32 = 26.0;
const HEIGHT: f32 = 36.0;
/// With less than this between the steps, only the one that is shown has its words.
const LEAST_GAP: f32 = 28.0;

/// Draws the four steps; each can be clicked.
pub fn show(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let (whole, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::hover());
    let font = TextStyle::Body.resolve(ui.style());
    let mut widths = Step::ALL.map(|step| item_width(ui, step, &font));
    let gap_of = |widths: &[f32; 4]| (whole.width() - widths.iter().sum::<f32>()) / 3.0;
    if gap_of(&widths) < LEAST_GAP {
        for step in Step::ALL.into_iter().filter(|step| *step != state.step) {
            widths[step.number() - 1] = CIRCLE;
        }
    }
    let gap = gap_of(&widths);
    let mut left = whole.left();
    for (step, width) in Step::ALL.into_iter().zip(widths) {
        let rect = Rect::from_min_size(pos2(left, whole.top()), Vec2::new(width, HEIGHT));
        item(ui, state, step, rect, &font, out);
        if step != Step::Thumbnail {
            let color = if state.is_done(step) { palette(ui).accent } else { palette(ui).line };
            let line = left + width + space::S..=left + width + gap - space::S;
            ui.painter().hline(line, whole.center().y, Stroke::new(1.5, color));
        }
        left += width + gap;
    }
}

fn item_width(ui: &Ui, step: Step, font: &FontId) -> f32 {
    let words = ui.painter().layout_no_wrap(tr(step.label()).to_owned(), font.clone(), Color32::WHITE);
    CIRCLE + space::S + words.size().x + space::XS
}

fn item(ui: &mut Ui, state: &State, step: Step, rect: Rect, font: &FontId, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let (current, done) = (state.step == step, state.is_done(step));
    let response = ui.interact(rect, ui.scope_id().with(step.number()), Sense::click());
    response.widget_info(|| {
        let (number, label) = (step.number(), tr(step.label()));
        let name = if done {
            tr!("Step {0} of 4: {1}, done", number, label)
        } else {
            tr!("Step {0} of 4: {1}", number, label)
        };
        WidgetInfo::selected(egui::Role::Tab, true, current, name)
    });
    let center = pos2(rect.left() + CIRCLE / 2.0, rect.center().y);
    let (fill, line, ink) = match (current, done) {
        (true, _) => (colors.accent, colors.accent, colors.on_accent),
        (false, true) => (colors.accent_soft, colors.accent_soft, colors.accent),
        (false, false) => (colors.card, colors.line, colors.muted),
    };
    ui.painter().circle(center, CIRCLE / 2.0, fill, Stroke::new(1.5, line));
    if done {
        icons::paint(ui.painter(), Icon::Check, Rect::from_center_size(center, Vec2::splat(14.0)), ink);
    } else {
        let number = FontId::new(font.size - 0.5, font.family.clone());
        ui.painter().text(center, Align2::CENTER_CENTER, step.number(), number, ink);
    }
    let words = if current || response.hovered() { colors.text } else { colors.muted };
    if rect.width() > CIRCLE {
        let at = pos2(rect.left() + CIRCLE + space::S, rect.center().y);
        ui.painter().text(at, Align2::LEFT_CENTER, tr(step.label()), font.clone(), words);
    }
    widgets::focus_ring(ui, &response);
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        out.push(Action::GoTo(step));
    }
}
