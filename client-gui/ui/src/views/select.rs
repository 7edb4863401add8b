//! Step 2: choose a picture: with the dialog, by dropping it, or by its path.

use egui::{Align, Layout, RichText, Shape, Stroke, TextStyle, Ui, Vec2};

use super::configure::submitted;
use super::problem;
use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::Picture;
use crate::format;
use crate::icons::Icon;
use crate::state::{Selection, State};
use crate::theme::{palette, space};
use crate::widgets;

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(
            ui,
            "Which picture",
            "JPEG, PNG, WebP, GIF, BMP or TIFF. It stays on this computer until you press Upload.",
        );
        match &state.picture {
            Selection::Ready(picture) => chosen(ui, picture, art, out),
            Selection::Loading(_, path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                drop_zone(ui, &format!("Reading {name}"), out);
            }
            Selection::Failed(error) => {
                problem::show(ui, error, out);
                ui.add_space(space::XS);
                drop_zone(ui, "Drop another picture here", out);
            }
            Selection::None => drop_zone(ui, "Drop a picture here", out),
        }
        ui.add_space(space::S);
        path_row(ui, &mut state.path_field, out);
    });
}

fn drop_zone(ui: &mut Ui, words: &str, out: &mut Vec<Action>) {
    const HEIGHT: f32 = 208.0;
    let colors = palette(ui);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), egui::Sense::hover());
    ui.painter().rect_filled(rect, 12.0, colors.well);
    dashed_frame(ui, rect.shrink(1.0), Stroke::new(1.5, colors.muted.gamma_multiply(0.55)));
    let inside = egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center));
    let mut inside = ui.new_child(inside);
    inside.add_space(26.0);
    widgets::icon(&mut inside, Icon::Picture, 46.0, colors.accent);
    inside.add_space(space::XS);
    inside.label(RichText::new(words).text_style(TextStyle::Heading));
    widgets::remark(&mut inside, "or");
    select_button(&mut inside, out);
}

fn select_button(ui: &mut Ui, out: &mut Vec<Action>) {
    if widgets::primary(ui, true, "Select Image").on_hover_text("Open the file dialog (Ctrl+O)").clicked() {
        out.push(Action::PickImage);
    }
}

fn dashed_frame(ui: &Ui, rect: egui::Rect, stroke: Stroke) {
    const RADIUS: f32 = 12.0;
    let corner = |center: egui::Pos2, from: f32| {
        (0..=6).map(move |i| {
            let angle = (from + 90.0 * i as f32 / 6.0).to_radians();
            center + RADIUS * Vec2::angled(angle)
        })
    };
    let inner = rect.shrink(RADIUS);
    let mut path: Vec<egui::Pos2> = Vec::new();
    path.extend(corner(inner.right_top(), -90.0));
    path.extend(corner(inner.right_bottom(), 0.0));
    path.extend(corner(inner.left_bottom(), 90.0));
    path.extend(corner(inner.left_top(), 180.0));
    path.extend(path.first().copied());
    ui.painter().extend(Shape::dashed_line(&path, stroke, 7.0, 5.0));
}

fn chosen(ui: &mut Ui, picture: &Picture, art: &mut Art, out: &mut Vec<Action>) {
    const PREVIEW: f32 = 260.0;
    let [mut left, mut right] = widgets::split(ui, PREVIEW, space::L);
    art.show(&mut left, Slot::Original, &picture.preview, Vec2::new(PREVIEW, 240.0), &picture.name);
    describe(&mut right, picture);
    right.add_space(space::M);
    right.horizontal_wrapped(|ui| {
        if widgets::primary(ui, true, "Continue to Upload").clicked() {
            out.push(Action::GoTo(Step::Upload));
        }
        if widgets::secondary(ui, true, "Select Image").on_hover_text("Another one (Ctrl+O)").clicked() {
            out.push(Action::PickImage);
        }
    });
    widgets::join(ui, &[left, right]);
}

/// Name, size and format of a picture.
pub fn describe(ui: &mut Ui, picture: &Picture) {
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.add(egui::Label::new(RichText::new(&picture.name).text_style(TextStyle::Heading)).wrap());
    let size = format!("{} pixels, {}", format::pixels(picture.size), picture.format);
    ui.label(RichText::new(size).color(palette(ui).muted));
    let bytes = format!("{} ({})", format::bytes(picture.bytes), format::exact_bytes(picture.bytes));
    ui.label(RichText::new(bytes).color(palette(ui).muted));
}

fn path_row(ui: &mut Ui, path: &mut String, out: &mut Vec<Action>) {
    const BUTTON: f32 = 84.0;
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let field = widgets::field(&mut left, "Or type its path", path, "/home/me/Pictures/photo.jpg");
    let label_height = field.rect.top() - left.min_rect().top();
    right.add_space(label_height);
    let typed = !path.trim().is_empty();
    if widgets::wide(&mut right, typed, "Open").clicked() || (submitted(&field) && typed) {
        out.push(Action::TakeImage(path.trim().into()));
    }
    widgets::join(ui, &[left, right]);
}
