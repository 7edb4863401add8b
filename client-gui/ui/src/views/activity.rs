//! The activity card: what was said to whom, so that one sees the picture bypass the app server.

use egui::{RichText, ScrollArea, TextStyle, Ui};

use crate::command::{Activity, Hop};
use crate::format;
use crate::state::State;
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// Draws the card.
pub fn show(ui: &mut Ui, state: &State) {
    widgets::card(ui, |ui| {
        ui.label(RichText::new(tr("Activity")).text_style(TextStyle::Heading));
        if state.activity.is_empty() {
            widgets::remark(ui, tr("Nothing yet. Requests to the app server and to OSS are listed here."));
            return;
        }
        ScrollArea::vertical().max_height(240.0).stick_to_bottom(true).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::S;
            for line in &state.activity {
                show_line(ui, line);
            }
        });
    });
}

fn show_line(ui: &mut Ui, line: &Activity) {
    let colors = palette(ui);
    let with = if line.with == Hop::Oss { "OSS" } else { tr("App server") };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        widgets::remark(ui, format!("{} UTC  {with}", format::clock(line.at)));
        let color = if line.failed { colors.bad } else { colors.text };
        ui.add(egui::Label::new(RichText::new(line.text.to_string()).text_style(TextStyle::Small).color(color)).wrap());
    });
}
