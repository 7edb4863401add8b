//! One object more closely: what OSS tells of it, and what can be done with it.

use egui::{RichText, TextEdit, TextStyle, Ui};
use shared::timefmt;
use time::OffsetDateTime;
use transfer::ObjectMeta;

use super::super::{problem, qr};
use super::records;
use crate::action::Action;
use crate::art::Art;
use crate::format;
use crate::icons::Icon;
use crate::objects::{Detail, Objects, ObjectsAction, copy_of};
use crate::theme::{self, palette, space};
use crate::widgets::{self, Tone};
use crate::words::tr;

const NAMES: f32 = 104.0;

/// Draws the selected object; `now` is the time.
pub fn show(ui: &mut Ui, objects: &mut Objects, art: &mut Art, now: OffsetDateTime, out: &mut Vec<Action>) {
    let Some(detail) = &mut objects.detail else {
        ui.vertical_centered(|ui| {
            ui.add_space(space::XL);
            widgets::icon(ui, Icon::Picture, 36.0, palette(ui).muted);
            ui.add_space(space::S);
            widgets::remark(ui, tr("Press an object to see what OSS knows of it."));
            ui.add_space(space::XL);
        });
        return;
    };
    let name = detail.key.rsplit('/').next().unwrap_or(&detail.key);
    ui.add(egui::Label::new(RichText::new(name).text_style(TextStyle::Heading)).wrap());
    if let Some(pixels) = objects.thumbs.get(&detail.key) {
        let texture = art.tile(ui.ctx(), &detail.key, pixels);
        let natural = texture.size_vec2();
        let scale = (ui.available_width() / natural.x).min(160.0 / natural.y).min(1.0);
        ui.add(egui::Image::from_texture((texture.id(), natural * scale)).corner_radius(6).alt_text(name));
    }
    if let Some(failed) = &detail.failed {
        problem::show(ui, failed, out);
    }
    match &detail.told {
        Some(meta) => facts(ui, &detail.key, meta, detail.tags.as_deref()),
        None if detail.failed.is_none() => {
            widgets::remark(ui, tr("OSS is being asked"));
        }
        None => {}
    }
    if let Some(record) = objects.records.of(&detail.key) {
        ui.add_space(space::XS);
        let told = format!("{}, {}", records::by(record), records::when(record));
        let vars = record.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        widgets::facts(ui, NAMES, [(tr("Record"), told.as_str())].into_iter().chain(vars));
    }
    ui.add_space(space::S);
    buttons(ui, detail, out);
    copy(ui, detail, out);
    link(ui, detail, now, out);
}

fn facts(ui: &mut Ui, key: &str, meta: &ObjectMeta, tags: Option<&[(String, String)]>) {
    let mut rows = vec![
        (tr("Name").to_owned(), key.to_owned()),
        (tr("Size").to_owned(), format::exact_bytes(meta.size)),
        ("ETag".to_owned(), meta.etag.clone()),
    ];
    let optional = [
        ("Content-Type", meta.content_type.clone()),
        ("CRC64", meta.crc64.map(|crc| crc.to_string())),
        (tr("Written"), meta.last_modified.map(timefmt::iso8601)),
        (tr("Kind"), meta.object_type.clone()),
    ];
    rows.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    rows.extend(meta.metadata.iter().map(|(name, value)| (format!("x-oss-meta-{name}"), value.clone())));
    let tags = match tags {
        None => tr("may not be read with this token").to_owned(),
        Some([]) => tr("no tags").to_owned(),
        Some(tags) => tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", "),
    };
    rows.push((tr("Tags").to_owned(), tags));
    ui.spacing_mut().item_spacing.y = space::XS;
    widgets::facts(ui, NAMES, rows.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    ui.spacing_mut().item_spacing.y = space::S;
}

fn buttons(ui: &mut Ui, detail: &Detail, out: &mut Vec<Action>) {
    let mut push = |action| out.push(Action::Objects(action));
    if detail.deleting {
        widgets::say(ui, Tone::Warn, tr!("Delete {0}? It cannot be brought back.", detail.key));
        ui.horizontal_wrapped(|ui| {
            if widgets::secondary(ui, true, tr("Keep it")).clicked() {
                push(ObjectsAction::KeepIt);
            }
            if widgets::secondary(ui, true, tr("Delete it")).clicked() {
                push(ObjectsAction::Delete);
            }
        });
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for (name, words, action) in [
            (tr("Download"), tr("Into the folder of downloads, checked by CRC64"), ObjectsAction::Download),
            (tr("Share"), tr("A URL with which anybody may read it, for 15 minutes"), ObjectsAction::Share),
            (tr("Delete"), tr("Asks once more"), ObjectsAction::AskDelete),
        ] {
            if widgets::secondary(ui, true, name).on_hover_text(words).clicked() {
                push(action);
            }
        }
    });
}

fn copy(ui: &mut Ui, detail: &mut Detail, out: &mut Vec<Action>) {
    const BUTTON: f32 = 84.0;
    let caption = widgets::remark(ui, tr("Copy to"));
    let width = ui.available_width() - BUTTON - space::S;
    let [mut left, mut right] = widgets::split(ui, width, space::S);
    let hint = copy_of(&detail.key);
    let edit = TextEdit::singleline(&mut detail.copy_to).hint_text(hint).desired_width(left.available_width());
    left.add(edit).labelled_by(caption.id);
    if widgets::wide(&mut right, true, tr("Copy")).clicked() {
        out.push(Action::Objects(ObjectsAction::Copy));
    }
    widgets::join(ui, &[left, right]);
}

fn link(ui: &mut Ui, detail: &Detail, now: OffsetDateTime, out: &mut Vec<Action>) {
    let Some(link) = &detail.link else { return };
    let left = (link.until - now).whole_seconds();
    ui.add_space(space::S);
    theme::well(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        if left <= 0 {
            widgets::remark(ui, tr("The shared URL has ended."));
            return;
        }
        ui.horizontal(|ui| {
            ui.label(RichText::new(format::countdown(left)).text_style(TextStyle::Heading).color(palette(ui).accent));
            widgets::remark(ui, tr("left: anybody with this URL may read the object"));
        });
        if widgets::small_button(ui, tr("Copy URL")).clicked() {
            out.push(Action::Copy(link.url.clone()));
        }
        if let Some(code) = &link.code {
            ui.add_space(space::XS);
            qr::show(ui, code, tr("QR code of this URL"));
        }
    });
}
