//! The receipt of a finished upload.

use egui::{RichText, TextStyle, Ui, Vec2};

use crate::action::{Action, Step};
use crate::art::{Art, Slot};
use crate::command::{Picture, Receipt};
use crate::format;
use crate::icons::{self, Icon};
use crate::theme::{palette, space};
use crate::widgets;
use crate::words::tr;

/// Draws `receipt`, beside its picture where there is room.
pub fn show(ui: &mut Ui, receipt: &Receipt, picture: Option<&Picture>, art: &mut Art, out: &mut Vec<Action>) {
    const PREVIEW: f32 = 200.0;
    const NAMES: f32 = 118.0;
    title(ui, receipt);
    ui.add_space(space::S);
    let rows = rows(receipt);
    let facts = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        widgets::facts(ui, NAMES, rows.iter().map(|(name, value)| (*name, value.as_str())));
    };
    match picture {
        Some(picture) if ui.available_width() > 620.0 => {
            let width = ui.available_width() - PREVIEW - space::L;
            let [mut left, mut right] = widgets::split(ui, width, space::L);
            facts(&mut left);
            art.show(&mut right, Slot::Original, &picture.preview, Vec2::splat(PREVIEW), &picture.name);
            widgets::join(ui, &[left, right]);
        }
        _ => facts(ui),
    }
    ui.add_space(space::M);
    ui.horizontal_wrapped(|ui| {
        if widgets::primary(ui, true, tr("Make a thumbnail")).clicked() {
            out.push(Action::GoTo(Step::Thumbnail));
        }
        let again = widgets::secondary(ui, true, tr("Upload again"));
        if again.on_hover_text(tr("Under another name, or in another way")).clicked() {
            out.push(Action::UploadAgain);
        }
        if widgets::secondary(ui, true, tr("Select another")).clicked() {
            out.push(Action::GoTo(Step::Select));
        }
        if widgets::secondary(ui, true, tr("Copy result")).clicked() {
            let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            out.push(Action::Copy(lines.join("\n")));
        }
    });
}

fn title(ui: &mut Ui, receipt: &Receipt) {
    let colors = palette(ui);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(40.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 20.0, colors.good_soft);
        icons::paint(ui.painter(), Icon::Check, rect.shrink(11.0), colors.good);
        ui.add_space(space::XS);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.label(RichText::new(tr("Uploaded")).text_style(TextStyle::Heading));
            let speed = receipt.size as f64 / receipt.elapsed.as_secs_f64().max(0.001);
            let words = tr!(
                "{0} in {1}, {2}; straight to OSS",
                format::bytes(receipt.size),
                format::elapsed(receipt.elapsed),
                format::speed(speed)
            );
            ui.label(RichText::new(words).color(colors.muted));
        });
    });
}

fn rows(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let way = if receipt.parts > 1 { tr!("in {0} parts", receipt.parts) } else { tr("in one request").to_owned() };
    let at_oss = match receipt.crc64_at_oss {
        Some(crc64) if crc64 == receipt.crc64 => tr!("{0}, equal", crc64),
        Some(crc64) => tr!("{0}, different: the object was replaced since", crc64),
        None => tr("this token may not read it").to_owned(),
    };
    let again = if receipt.held > 0 {
        tr!("{0}; {1} were at OSS before", format::exact_bytes(receipt.resent), format::bytes(receipt.held))
    } else {
        format::exact_bytes(receipt.resent)
    };
    vec![
        (tr("Object"), format!("oss://{}/{}", receipt.bucket, receipt.key)),
        (tr("Size"), [format::exact_bytes(receipt.size), way].join(tr(", "))),
        (tr("Sent again"), again),
        ("ETag", receipt.etag.clone()),
        (tr("CRC64, here"), receipt.crc64.to_string()),
        (tr("CRC64, at OSS"), at_oss),
        ("RequestId", receipt.request_id.clone()),
    ]
}
