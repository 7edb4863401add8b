//! Step 2: choose pictures: with the dialog, by dropping or pasting them, by a path, or test pictures of our own.

use ::samples::Set;
use egui::{Align, Layout, RichText, Shape, Stroke, TextStyle, Ui, Vec2};

use super::configure::submitted;
use super::{problem, queue};
use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::Picture;
use crate::format;
use crate::icons::Icon;
use crate::queue::QueueAction;
use crate::state::{Selection, State};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::{look_up, tr, word};

/// How much of the list is in sight, in points.
const LIST: f32 = 240.0;

/// Draws the step.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        widgets::heading(
            ui,
            tr("Which pictures"),
            tr(
                "JPEG, PNG, WebP, GIF, BMP or TIFF, as many as you like. They stay on this computer until you press Upload.",
            ),
        );
        match (&state.picture, state.queue.gathering) {
            (_, Some((_, words))) if state.queue.items.is_empty() => drop_zone(ui, tr(words), out),
            (Selection::Ready(picture), _) => chosen(ui, picture, art, out),
            (Selection::Loading(_, path), _) if !state.queue.is_list() => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                drop_zone(ui, &tr!("Reading {0}", name), out);
            }
            (Selection::Loading(..), _) => {
                describe_file(ui, state);
                ui.add_space(space::M);
                go_on(ui, out);
            }
            (Selection::Failed(error), _) => {
                problem::show(ui, error, out);
                ui.add_space(space::XS);
                widgets::remark(ui, tr("There is no preview, but the file can be uploaded as it is."));
                go_on(ui, out);
            }
            (Selection::None, _) => drop_zone(ui, tr("Drop pictures here"), out),
        }
        if state.queue.is_list() {
            ui.add_space(space::M);
            let sum = state.queue.overall();
            let words = tr!("{0} files, {1}", state.queue.items.len(), format::bytes(sum.total));
            ui.label(RichText::new(words).text_style(TextStyle::Heading));
            queue::list(ui, state, LIST, out);
        }
        if let Some((_, words)) = state.queue.gathering.filter(|_| !state.queue.items.is_empty()) {
            widgets::line(ui, Icon::Dots, palette(ui).muted, tr(words));
        }
        ui.add_space(space::S);
        path_row(ui, &mut state.path_field, out);
        ui.add_space(space::XS);
        test_pictures(ui, state.queue.gathering.is_none(), out);
    });
}

/// Buttons that take pictures which the app paints itself.
fn test_pictures(ui: &mut Ui, enabled: bool, out: &mut Vec<Action>) {
    widgets::remark(ui, tr("Or take test pictures"));
    ui.add_enabled_ui(enabled, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::splat(space::XS);
            for set in Set::ALL {
                let (name, about) = set_in_words(set);
                if widgets::small_button(ui, tr(name)).on_hover_text(tr(about)).clicked() {
                    out.push(Action::Queue(QueueAction::Samples(set)));
                }
            }
        });
    });
}

fn set_in_words(set: Set) -> (&'static str, &'static str) {
    match set {
        Set::Photos => (word("Photos"), word("From one pixel to 12 megapixels, wide and tall")),
        Set::Formats => {
            (word("Formats"), word("JPEG, PNG, WebP, GIF, BMP, TIFF; CMYK, grey, 16 bits, transparent, animated"))
        }
        Set::Orientations => {
            (word("Orientations"), word("The eight EXIF orientations; all look the same where they are respected"))
        }
        Set::OddNames => (word("Odd names"), word("Names that are hard to encode, to sign and to show")),
        Set::Broken => (word("Broken"), word("Empty, cut off, damaged, no picture at all")),
        Set::Large => (word("Large"), word("Files of many parts")),
        Set::Many => (word("200 small"), word("Two hundred small pictures")),
    }
}

fn drop_zone(ui: &mut Ui, words: &str, out: &mut Vec<Action>) {
    const HEIGHT: f32 = 208.0;
    let colors = palette(ui);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), egui::Sense::hover());
    ui.painter().rect_filled(rect, 12.0, colors.well);
    dashed_frame(ui, rect.shrink(1.0), Stroke::new(1.5, colors.muted.gamma_multiply(0.55)));
    let inside = egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center));
    let mut inside = ui.new_child(inside);
    inside.add_space(20.0);
    widgets::icon(&mut inside, Icon::Picture, 46.0, colors.accent);
    inside.add_space(space::XS);
    inside.label(RichText::new(words).text_style(TextStyle::Heading));
    widgets::remark(&mut inside, tr("or paste with Ctrl+V, or"));
    // Two buttons in the middle: as wide as they come out.
    let width = 268.0_f32.min(inside.available_width());
    inside.allocate_ui_with_layout(Vec2::new(width, 36.0), Layout::left_to_right(Align::Center), |ui| {
        select_button(ui, out);
        folder_button(ui, out);
    });
}

fn folder_button(ui: &mut Ui, out: &mut Vec<Action>) {
    if widgets::secondary(ui, true, tr("Select Folder")).on_hover_text(tr("All pictures of a folder")).clicked() {
        out.push(Action::PickFolder);
    }
}

/// On to the next step, or more files.
fn go_on(ui: &mut Ui, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        if widgets::primary(ui, true, tr("Continue to Upload")).clicked() {
            out.push(Action::GoTo(Step::Upload));
        }
        if widgets::secondary(ui, true, tr("Select Image")).on_hover_text(tr("More of them (Ctrl+O)")).clicked() {
            out.push(Action::PickImage);
        }
        folder_button(ui, out);
    });
}

fn select_button(ui: &mut Ui, out: &mut Vec<Action>) {
    if widgets::primary(ui, true, tr("Select Image")).on_hover_text(tr("Open the file dialog (Ctrl+O)")).clicked() {
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
    if ui.available_width() < 1.8 * PREVIEW {
        // One below the other in a narrow window.
        let room = Vec2::new(ui.available_width(), 200.0);
        art.show(ui, Slot::Original, &picture.preview, room, &picture.name);
        describe(ui, picture);
        ui.add_space(space::S);
        return go_on(ui, out);
    }
    let [mut left, mut right] = widgets::split(ui, PREVIEW, space::L);
    art.show(&mut left, Slot::Original, &picture.preview, Vec2::new(PREVIEW, 240.0), &picture.name);
    describe(&mut right, picture);
    right.add_space(space::M);
    go_on(&mut right, out);
    widgets::join(ui, &[left, right]);
}

/// Name, size and format of a picture.
pub fn describe(ui: &mut Ui, picture: &Picture) {
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.add(egui::Label::new(RichText::new(&picture.name).text_style(TextStyle::Heading)).wrap());
    let size = tr!("{0} pixels, {1}", format::pixels(picture.size), look_up(&picture.format));
    ui.label(RichText::new(size).color(palette(ui).muted));
    let bytes = format!("{} ({})", format::bytes(picture.bytes), format::exact_bytes(picture.bytes));
    ui.label(RichText::new(bytes).color(palette(ui).muted));
}

/// Name and size of the selected file, whatever it is.
pub fn describe_file(ui: &mut Ui, state: &State) {
    let Some(item) = state.queue.selected() else { return };
    ui.spacing_mut().item_spacing.y = space::XS;
    ui.add(egui::Label::new(RichText::new(&item.file.name).text_style(TextStyle::Heading)).wrap());
    let bytes = format!("{} ({})", format::bytes(item.file.bytes), format::exact_bytes(item.file.bytes));
    ui.label(RichText::new(bytes).color(palette(ui).muted));
    let words =
        if matches!(state.picture, Selection::Failed(_)) { tr("no preview") } else { tr("reading it for the preview") };
    widgets::remark(ui, words);
}

fn path_row(ui: &mut Ui, path: &mut String, out: &mut Vec<Action>) {
    const BUTTON: f32 = 84.0;
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let field = widgets::field(&mut left, tr("Or type its path"), path, tr("/home/me/Pictures/photo.jpg"));
    let label_height = field.rect.top() - left.min_rect().top();
    right.add_space(label_height);
    let typed = !path.trim().is_empty();
    if widgets::wide(&mut right, typed, tr("Open")).clicked() || (submitted(&field) && typed) {
        out.push(Action::Queue(QueueAction::Take(vec![path.trim().into()])));
    }
    widgets::join(ui, &[left, right]);
}
