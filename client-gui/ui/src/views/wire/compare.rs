//! Two texts that should be one, side by side, with the first difference marked.

use egui::text::LayoutJob;
use egui::{Label, TextFormat, TextStyle, Ui};

use crate::theme::{self, palette, space};
use crate::widgets::{self, Tone};
use crate::wire::{Difference, difference};
use crate::words::tr;

/// From this width on, they stand side by side.
const SIDE_BY_SIDE: f32 = 520.0;

/// Draws what this app signed and what OSS computed.
pub fn show(ui: &mut Ui, ours: &str, theirs: &str) {
    let found = difference(ours, theirs);
    match found {
        None => widgets::say(ui, Tone::Good, tr("Both are the same: the secrets differ.")),
        Some(found) => widgets::say(ui, Tone::Bad, tr!("They differ first in line {0}.", found.line + 1)),
    }
    ui.add_space(space::XS);
    let (mine, its) = (tr("This app signed"), tr("OSS computed"));
    if ui.available_width() < SIDE_BY_SIDE {
        for (title, text) in [(mine, ours), (its, theirs)] {
            widgets::remark(ui, title);
            block(ui, text, found);
        }
        return;
    }
    let [mut left, mut right] = widgets::halves(ui, space::S);
    for (ui, title, text) in [(&mut left, mine, ours), (&mut right, its, theirs)] {
        widgets::remark(ui, title);
        block(ui, text, found);
    }
    widgets::join(ui, &[left, right]);
}

/// Draws one text; from `marked` to the end of that line it is marked.
pub fn block(ui: &mut Ui, text: &str, marked: Option<Difference>) {
    theme::well(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let colors = palette(ui);
        let plain = TextFormat::simple(TextStyle::Monospace.resolve(ui.style()), colors.text);
        let lit = TextFormat { background: colors.bad_soft, color: colors.bad, ..plain.clone() };
        let mut job = LayoutJob::default();
        job.wrap.max_width = ui.available_width();
        job.wrap.break_anywhere = true;
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                job.append("\n", 0.0, plain.clone());
            }
            let column = marked.filter(|marked| marked.line == number).map(|marked| marked.column);
            let (alike, rest) = line.split_at_checked(column.unwrap_or(line.len())).unwrap_or((line, ""));
            job.append(alike, 0.0, plain.clone());
            // A line that ends where the other goes on is marked by a blank.
            job.append(if column.is_some() && rest.is_empty() { " " } else { rest }, 0.0, lit.clone());
        }
        ui.add(Label::new(job).selectable(true));
    });
}
