//! Toasts at the lower edge of the window.

use egui::{Align2, Area, Frame, Label, Margin, Order, RichText, Stroke, Ui, Vec2};
use time::OffsetDateTime;

use crate::action::Action;
use crate::icons::Icon;
use crate::theme::{palette, space};
use crate::toasts::{Toast, Toasts};
use crate::widgets::{self, Tone};
use crate::words::tr;

const WIDTH: f32 = 340.0;

/// Draws them, and wakes the window when the next one is to go; `now` is the time.
pub fn show(ui: &Ui, toasts: &mut Toasts, now: OffsetDateTime, out: &mut Vec<Action>) {
    let Some(next) = toasts.tick(now) else { return };
    ui.ctx().request_repaint_after(next);
    let mut up = super::nav::above_edge(ui);
    for toast in toasts.iter().rev() {
        let area = Area::new(egui::Id::unique("toast").with(toast.id))
            .order(Order::Foreground)
            .role(if toast.failed { egui::Role::Alert } else { egui::Role::Status })
            .accessible_name(&toast.text)
            .anchor(Align2::RIGHT_BOTTOM, Vec2::new(-space::M, -up))
            .fade_in(false);
        let height = area.show(ui.ctx(), |ui| draw(ui, toast, out)).response.rect.height();
        up += height + space::S;
    }
}

fn draw(ui: &mut Ui, toast: &Toast, out: &mut Vec<Action>) {
    let colors = palette(ui);
    let tone = if toast.failed { Tone::Bad } else { Tone::Good };
    let (color, soft) = tone.colors(ui);
    let frame = Frame::new().fill(colors.card).stroke(Stroke::new(1.0, color.gamma_multiply(0.5))).corner_radius(10);
    frame.inner_margin(Margin::symmetric(12, 8)).shadow(ui.visuals().popup_shadow).show(ui, |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 60.0));
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(22.0), egui::Sense::hover());
            ui.painter().circle_filled(rect.center(), 11.0, soft);
            let icon = if toast.failed { Icon::Cross } else { Icon::Check };
            crate::icons::paint(ui.painter(), icon, rect.shrink(5.0), color);
            let room = ui.available_width() - 30.0;
            ui.scope(|ui| {
                ui.set_width(room);
                ui.add(Label::new(RichText::new(&toast.text).text_style(egui::TextStyle::Small)).wrap());
            });
            if widgets::small_icon_button(ui, Icon::Cross, tr("Close this message"), 22.0).clicked() {
                out.push(Action::DismissToast(toast.id));
            }
        });
    });
}
