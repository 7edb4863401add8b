//! The objects' screen: where one is, what lies there as lines or as small pictures; beside it one object more closely, unfinished
//! uploads, or what the app server knows of uploads.

mod detail;
mod grid;
mod leftovers;
mod list;
mod records;

use egui::{RichText, ScrollArea, TextEdit, TextStyle, Ui};
use time::OffsetDateTime;

use super::{page, problem};
use crate::action::{Action, Step};
use crate::art::Art;
use crate::icons::Icon;
use crate::objects::{Beside, ObjectsAction};
use crate::state::{Connection, State};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// From this width on, the object stands beside the folder.
const TWO_COLUMNS: f32 = 860.0;
/// The width of the object, as a share of the page.
const DETAIL_SHARE: f32 = 0.38;
/// What stands above the lines, in points.
const HEAD: f32 = 150.0;
/// The height of the lines where all stands in one column, in points.
const LINES_HEIGHT: f32 = 420.0;

/// Draws the screen; `now` is the time.
pub fn show(ui: &mut Ui, state: &mut State, art: &mut Art, now: OffsetDateTime, out: &mut Vec<Action>) {
    page::centred(ui, |ui| {
        if state.connection != Connection::Works && state.token.is_none() {
            ui.add_space(space::L);
            widgets::card(ui, |ui| {
                let words = tr("First fill in step 1 and press Configure: a token says what may be seen.");
                if widgets::empty(ui, Icon::Folder, tr("No token yet"), words, tr("Go to step 1")).clicked() {
                    out.push(Action::GoTo(Step::Configure));
                }
            });
            return;
        }
        if state.objects.prefix.is_none() {
            let prefix = state.prefix().unwrap_or_default().to_owned();
            out.push(Action::Objects(ObjectsAction::Open(prefix)));
        }
        if ui.available_width() < TWO_COLUMNS {
            ScrollArea::vertical().id_salt("objects").auto_shrink(false).show(ui, |ui| {
                ui.add_space(space::M);
                folder(ui, state, art, LINES_HEIGHT, out);
                ui.add_space(space::M);
                beside(ui, state, art, LINES_HEIGHT, now, out);
                ui.add_space(space::L);
            });
            return;
        }
        ui.add_space(space::M);
        let left = (ui.available_width() * (1.0 - DETAIL_SHARE)).round();
        let [mut main, mut side] = widgets::split(ui, left, space::M);
        let room = main.available_height() - HEAD - space::L;
        folder(&mut main, state, art, room, out);
        let room = side.available_height() - records::AROUND;
        ScrollArea::vertical().id_salt("object").auto_shrink(false).show(&mut side, |ui| {
            beside(ui, state, art, room, now, out);
            ui.add_space(space::L);
        });
        widgets::join(ui, &[main, side]);
    });
}

fn folder(ui: &mut Ui, state: &mut State, art: &mut Art, height: f32, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        crumbs(ui, &state.place.bucket, state.objects.prefix.as_deref().unwrap_or_default(), out);
        tools(ui, state, out);
        ui.add_space(space::XS);
        let objects = &state.objects;
        if let Some(failed) = &objects.failed {
            problem::show(ui, failed, out);
            return;
        }
        let lines = objects.lines();
        if lines.is_empty() {
            let words = match (objects.is_listing(), objects.search.is_empty()) {
                (true, _) => tr("OSS is being asked"),
                (false, true) => tr("There is nothing in this folder."),
                (false, false) => tr("No name here contains that."),
            };
            ui.add_space(space::M);
            widgets::remark(ui, words);
            return;
        }
        if objects.grid {
            grid::show(ui, objects, &lines, art, height, out);
        } else {
            list::show(ui, objects, &lines, height, out);
        }
        footer(ui, state, lines.len());
    });
}

/// The way to where one is: each part leads there.
fn crumbs(ui: &mut Ui, bucket: &str, prefix: &str, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let mut open = |ui: &mut Ui, name: &str, whole: &str| {
            if widgets::small_button(ui, name).clicked() {
                out.push(Action::Objects(ObjectsAction::Open(whole.to_owned())));
            }
        };
        open(ui, bucket, "");
        let ends = prefix.match_indices('/').map(|(at, _)| at + 1);
        let mut begin = 0;
        for end in ends.chain((!prefix.ends_with('/') && !prefix.is_empty()).then_some(prefix.len())) {
            let (Some(name), Some(whole)) = (prefix.get(begin..end), prefix.get(..end)) else { break };
            ui.label(RichText::new("/").color(palette(ui).muted));
            open(ui, name.trim_end_matches('/'), whole);
            begin = end;
        }
    });
}

fn tools(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    const SEARCH: f32 = 190.0;
    ui.horizontal_wrapped(|ui| {
        ui.add(
            TextEdit::singleline(&mut state.objects.search)
                .hint_text(tr("Search in this folder"))
                .desired_width(SEARCH),
        )
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Search in this folder")));
        for (grid, name) in [(false, tr("Lines")), (true, tr("Pictures"))] {
            if widgets::tab(ui, state.objects.grid == grid, name, false).clicked() {
                out.push(Action::Objects(ObjectsAction::Grid(grid)));
            }
        }
        for (name, action) in
            [(tr("Refresh"), ObjectsAction::Refresh), (tr("Unfinished uploads"), ObjectsAction::Leftovers)]
        {
            if widgets::small_button(ui, name).clicked() {
                out.push(Action::Objects(action));
            }
        }
    });
}

fn footer(ui: &mut Ui, state: &State, shown: usize) {
    ui.add_space(space::XS);
    let more = if state.objects.is_listing() {
        tr("the next page is coming")
    } else if state.objects.has_more() {
        tr("more as you scroll")
    } else {
        tr("that is all")
    };
    widgets::remark(ui, tr!("{0} shown, {1}", shown, more));
}

fn beside(ui: &mut Ui, state: &mut State, art: &mut Art, height: f32, now: OffsetDateTime, out: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = space::M;
    ui.horizontal(|ui| {
        for (beside, name) in [(Beside::Object, tr("Object")), (Beside::Records, tr("Upload records"))] {
            if widgets::tab(ui, state.objects.beside == beside, name, false).clicked() {
                out.push(Action::Objects(ObjectsAction::Beside(beside)));
            }
        }
    });
    if state.objects.beside == Beside::Records {
        if state.objects.wants_records() {
            out.push(Action::Objects(ObjectsAction::Records));
        }
        widgets::card(ui, |ui| records::show(ui, &state.objects, height, out));
        return;
    }
    widgets::card(ui, |ui| detail::show(ui, &mut state.objects, art, now, out));
    if let Some(uploads) = &state.objects.leftovers {
        widgets::card(ui, |ui| leftovers::show(ui, uploads, out));
    }
}

/// One line of text, cut off where there is no more room.
fn cut(ui: &Ui, words: &str, style: TextStyle, color: egui::Color32, room: f32) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), style.resolve(ui.style()), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room);
    ui.painter().layout_job(job)
}
