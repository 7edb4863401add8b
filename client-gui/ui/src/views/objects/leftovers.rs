//! Uploads that were begun and have not ended: their parts are stored, and paid for.

use egui::{Label, RichText, TextStyle, Ui};
use transfer::OpenUpload;

use crate::action::Action;
use crate::format;
use crate::objects::ObjectsAction;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// Draws them.
pub fn show(ui: &mut Ui, uploads: &[OpenUpload], out: &mut Vec<Action>) {
    widgets::heading(
        ui,
        tr("Unfinished uploads"),
        tr("Their parts are stored at OSS until they are given up or go on."),
    );
    if uploads.is_empty() {
        widgets::remark(ui, tr("There are none."));
    }
    for upload in uploads {
        ui.add(Label::new(&upload.key).wrap());
        ui.horizontal(|ui| {
            let begun = upload.initiated.map(|at| format!("{} {}", at.date(), format::clock(at))).unwrap_or_default();
            let id: String = upload.upload_id.chars().take(12).collect();
            let words = RichText::new(format!("{begun}  {id}…")).text_style(TextStyle::Small).color(palette(ui).muted);
            ui.label(words);
            if widgets::small_button(ui, tr("Give up")).on_hover_text(tr("AbortMultipartUpload")).clicked() {
                out.push(Action::Objects(ObjectsAction::Abort(upload.clone())));
            }
        });
        ui.add_space(space::XS);
    }
}
