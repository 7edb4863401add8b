//! The process as text: typed or made by the controls, copied in several forms, kept as an object of its own.

use egui::{RichText, TextEdit, TextStyle, Ui};

use crate::action::Action;
use crate::command::Presigned;
use crate::playground::{self, PlaygroundAction};
use crate::recipe::Code;
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// Draws the field of the process and the buttons that copy it.
pub fn show(ui: &mut Ui, state: &mut State, out: &mut Vec<Action>) {
    state.playground.follow(&state.settings.recipe);
    let mut typed = state.playground.typed.clone();
    let label = widgets::remark(ui, "x-oss-process");
    let edit = TextEdit::multiline(&mut typed)
        .hint_text(tr("the object as it is"))
        .font(TextStyle::Monospace)
        .desired_rows(1)
        .return_key(None)
        .desired_width(ui.available_width());
    let response = ui.add(edit).labelled_by(label.id);
    if response.changed() {
        out.push(Action::Playground(PlaygroundAction::Type(typed)));
    } else if response.lost_focus() {
        out.push(Action::Playground(PlaygroundAction::Typed));
    }
    if let Some(wrong) = &state.playground.wrong {
        widgets::say(ui, Tone::Bad, tr!("IMG would refuse this: {0}", wrong));
    }
    copies(ui, state, out);
}

fn copies(ui: &mut Ui, state: &State, out: &mut Vec<Action>) {
    let free = !state.playground.is_busy();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        widgets::remark(ui, tr("Copy as"));
        for (code, name) in Code::ALL {
            if widgets::small_button(ui, tr(name)).clicked() {
                out.push(Action::Playground(PlaygroundAction::Code(code)));
            }
        }
        for (how, name) in [(Presigned::Url, tr("Presigned URL")), (Presigned::Curl, "curl")] {
            let response = widgets::small_button_if(ui, free, name);
            if response.on_hover_text(tr("Signed with this token: anybody may open it until it ends")).clicked() {
                out.push(Action::Playground(PlaygroundAction::Presign(how)));
            }
        }
    });
}

/// Draws the field and the button that keep the picture at OSS.
pub fn save_as(ui: &mut Ui, state: &mut State, key: &str, out: &mut Vec<Action>) {
    const BUTTON: f32 = 92.0;
    let hint = playground::beside(key, &state.settings.recipe);
    let can = !state.playground.is_busy() && state.playground.wrong.is_none() && !state.playground.typed.is_empty();
    ui.add_space(space::XS);
    let width = ui.available_width() - BUTTON - space::S;
    let caption = ui.label(RichText::new(tr("Save as")).text_style(TextStyle::Small).color(palette(ui).muted));
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let edit = TextEdit::singleline(&mut state.playground.target).hint_text(hint).desired_width(left.available_width());
    left.add(edit).labelled_by(caption.id);
    let words = tr("OSS keeps the result as an object of its own (sys/saveas)");
    if widgets::wide(&mut right, can, tr("Save")).on_hover_text(words).clicked() {
        out.push(Action::Playground(PlaygroundAction::SaveAs));
    }
    widgets::join(ui, &[left, right]);
}
