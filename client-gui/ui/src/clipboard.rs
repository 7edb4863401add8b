//! What was pasted outside of a text field: a picture, or the paths of files.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{ColorImage, Context, Event};

use crate::action::Action;
use crate::command::Pixels;
use crate::queue::QueueAction;

/// The action that the frame's paste asks for, if it was a picture or paths.
pub fn pasted(ctx: &Context) -> Option<Action> {
    ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::PasteImage(image) => Some(QueueAction::Paste(pixels(image))),
            Event::Paste(text) => Some(paths(text)).filter(|paths| !paths.is_empty()).map(QueueAction::Take),
            _ => None,
        })
    })
    .map(Action::Queue)
}

fn pixels(image: &ColorImage) -> Arc<Pixels> {
    let rgba = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied()).collect();
    Arc::new(Pixels { size: image.size, rgba })
}

/// The paths that a text names, one a line, as file managers put them on the clipboard; none if any line is something else.
fn paths(text: &str) -> Vec<PathBuf> {
    let line = |line: &str| match line.strip_prefix("file://") {
        Some(path) => Some(PathBuf::from(unescaped(path.strip_prefix("localhost").unwrap_or(path))?)),
        None => Some(PathBuf::from(line)).filter(|path| path.is_absolute()),
    };
    let lines = text.lines().map(str::trim).filter(|text| !text.is_empty());
    lines.map(line).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// The path of a file URI; `None` when its percent signs are wrong.
fn unescaped(path: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?.into_owned();
    // file:///C:/pictures
    let drive = decoded.strip_prefix('/').filter(|path| path.as_bytes().get(1) == Some(&b':'));
    Some(drive.map_or(decoded.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn paths_are_told_from_other_words() {
        for (text, expected) in [
            ("file:///a/%E7%8C%AB%20b.png\r\nfile://localhost/c.png\n", vec!["/a/猫 b.png", "/c.png"]),
            ("/a b.png", vec!["/a b.png"]),
            ("hello", vec![]),
            ("/a.png\nhello", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(paths(text), expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{text:?}");
        }
    }
}
