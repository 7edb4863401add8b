//! The card of the policies: one sheet at a time, with its templates and its file.

use egui::{RichText, ScrollArea, TextEdit, TextStyle, Ui};

use super::highlight;
use crate::action::Action;
use crate::lab::{Lab, LabAction, Sheet, TEMPLATES};
use crate::theme::{palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

/// The editor's height, in points.
const HEIGHT: f32 = 400.0;

/// Draws the card.
pub fn show(ui: &mut Ui, lab: &mut Lab, out: &mut Vec<Action>) {
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        ui.label(RichText::new(tr("Policies")).text_style(TextStyle::Heading));
        tabs(ui, lab, out);
        templates(ui, lab, out);
        text(ui, lab);
        placeholders(ui, lab);
        file(ui, lab, out);
    });
}

fn tabs(ui: &mut Ui, lab: &Lab, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for sheet in Sheet::ALL {
            if widgets::tab(ui, lab.shown == sheet, sheet.title(), lab.analysis.unreadable[sheet.index()]).clicked() {
                out.push(Action::Lab(LabAction::Show(sheet)));
            }
        }
    });
}

fn templates(ui: &mut Ui, lab: &Lab, out: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.spacing_mut().button_padding.x = space::S;
        widgets::remark(ui, tr("Template:"));
        for (index, template) in TEMPLATES.iter().enumerate().filter(|(_, template)| template.sheet == lab.shown) {
            if widgets::small_button(ui, tr(template.name)).clicked() {
                out.push(Action::Lab(LabAction::Template(index)));
            }
        }
    });
}

fn text(ui: &mut Ui, lab: &mut Lab) {
    let colors = palette(ui);
    let font = egui::FontId::monospace(11.5);
    let shown = lab.shown;
    let allows = lab.picked().is_some_and(|cell| cell.verdict.is_allow());
    let lit = lab.lit().filter(|(sheet, _)| *sheet == shown).map(|(_, range)| (range, allows));
    let lints = &lab.analysis.lints[shown.index()];
    let editor = &mut lab.editors[shown.index()];
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, width: f32| {
        let job = highlight::job(buffer.as_str(), &font, colors, lints, lit.as_ref(), width);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    ScrollArea::vertical().id_salt(shown.index()).max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        let hint = match shown {
            Sheet::Role => tr("empty: a role without rights"),
            Sheet::Session => tr("empty: no session policy, so that a token is the whole role"),
            Sheet::Bucket => tr("empty: the bucket has no policy"),
        };
        let edit = TextEdit::multiline(&mut editor.text)
            .font(font.clone())
            .hint_text(hint)
            .desired_width(f32::INFINITY)
            .desired_rows(12)
            .layouter(&mut layouter);
        let response = ui.add(edit);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, tr!("Text of the {0}", shown.words()))
        });
    });
}

fn placeholders(ui: &mut Ui, lab: &Lab) {
    let (bucket, prefix) = (&lab.scene.bucket, &lab.scene.prefix);
    let prefix = if prefix.is_empty() { tr("empty: the whole bucket") } else { prefix };
    widgets::facts(ui, 118.0, [("$BUCKET_NAME", bucket.as_str()), ("$OBJECT_PREFIX", prefix)].into_iter());
}

fn file(ui: &mut Ui, lab: &mut Lab, out: &mut Vec<Action>) {
    const BUTTONS: f32 = 150.0;
    let shown = lab.shown;
    let [mut left, mut right] = widgets::split(ui, (ui.available_width() - BUTTONS).max(80.0), space::S);
    let editor = &mut lab.editors[shown.index()];
    widgets::field(&mut left, tr("Policy file"), &mut editor.file, "policy/bucket_write_policy.txt");
    right.add_space(20.0);
    right.horizontal(|ui| {
        let named = !editor.file.trim().is_empty();
        if widgets::secondary(ui, named, tr("Load")).clicked() {
            out.push(Action::Lab(LabAction::Load(shown)));
        }
        if widgets::secondary(ui, named, tr("Save")).clicked() {
            out.push(Action::Lab(LabAction::Save(shown)));
        }
    });
    widgets::join(ui, &[left, right]);
    if let Some(path) = &lab.saved {
        widgets::say(ui, Tone::Good, tr!("Saved to {0}.", path.display()));
    }
}
