//! The picture before and after, with its size in pixels and bytes.

use egui::{TextStyle, Ui, Vec2};

use crate::art::{Art, Slot};
use crate::command::{Picture, Processed};
use crate::format;
use crate::state::State;
use crate::theme::{self, palette, space};
use crate::widgets;
use crate::words::{look_up, tr};

/// From this width on, before and after stand side by side.
const SIDE_BY_SIDE: f32 = 460.0;

/// Draws them.
pub fn show(ui: &mut Ui, state: &State, art: &mut Art) {
    if ui.available_width() < SIDE_BY_SIDE {
        after(ui, state, art);
        ui.add_space(space::S);
        before(ui, state, art);
        return;
    }
    let [mut left, mut right] = widgets::halves(ui, space::M);
    before(&mut left, state, art);
    after(&mut right, state, art);
    widgets::join(ui, &[left, right]);
}

fn before(ui: &mut Ui, state: &State, art: &mut Art) {
    let Some(picture) = state.selected() else { return };
    caption(ui, tr("Before"), &measures(picture), tr("the file on this computer"));
    frame(ui, |ui, room| art.show(ui, Slot::Original, &picture.preview, room, tr("The original")));
}

fn measures(picture: &Picture) -> String {
    format!("{} px, {}, {}", format::pixels(picture.size), look_up(&picture.format), format::bytes(picture.bytes))
}

fn after(ui: &mut Ui, state: &State, art: &mut Art) {
    match &state.processed.ready {
        Some(processed) => made(ui, processed, state, art),
        None => {
            let words = if state.processed.running.is_some() { tr("OSS is making it") } else { tr("There is none.") };
            caption(ui, tr("After"), words, "");
        }
    }
}

fn made(ui: &mut Ui, processed: &Processed, state: &State, art: &mut Art) {
    let size = format!(
        "{} px, {}, {}",
        format::pixels(processed.size),
        look_up(&processed.format),
        format::bytes(processed.bytes)
    );
    let more = if state.processed.running.is_some() {
        tr("making the next one").to_owned()
    } else {
        let share =
            state.selected().map_or(0.0, |picture| 100.0 * processed.bytes as f64 / picture.bytes.max(1) as f64);
        tr!("{0} % of the bytes, in {1}", format!("{share:.1}"), format::elapsed(processed.elapsed))
    };
    caption(ui, tr("After"), &size, &more);
    frame(ui, |ui, room| art.show(ui, Slot::Processed, &processed.preview, room, tr("The thumbnail")));
}

fn caption(ui: &mut Ui, name: &str, size: &str, more: &str) {
    ui.spacing_mut().item_spacing.y = 1.0;
    let mut job = egui::text::LayoutJob::default();
    let format = |style: TextStyle, color| egui::TextFormat::simple(style.resolve(ui.style()), color);
    job.append(name, 0.0, format(TextStyle::Body, palette(ui).text));
    job.append(size, 8.0, format(TextStyle::Small, palette(ui).muted));
    ui.add(egui::Label::new(job).wrap());
    widgets::remark(ui, more);
    ui.add_space(space::XS);
}

/// A sunken frame with a picture in its middle.
fn frame(ui: &mut Ui, add: impl FnOnce(&mut Ui, Vec2)) {
    const HIGHEST: f32 = 320.0;
    theme::well(ui).inner_margin(8).show(ui, |ui| {
        let width = ui.available_width();
        let room = Vec2::new(width, (width * 0.75).min(HIGHEST));
        ui.allocate_ui_with_layout(room, egui::Layout::centered_and_justified(egui::Direction::TopDown), |ui| {
            add(ui, room)
        });
    });
}
