//! From the Thumbnail card's controls to the value of `x-oss-process`, through the typed grammar that OSS's IMG shares.

use shared::img::{Action, Gravity, MAX_TEXT_BYTES, Process, Resize, Rgb, TextWatermark, Watermark};

use crate::settings::{Position, Thumbnail};

/// Opacity of the watermark's shadow in percent: bright words stay legible on a bright sky.
const SHADOW: u8 = 40;

/// The value of `x-oss-process`; empty when neither Resize nor Watermark is on.
pub fn process(thumbnail: &Thumbnail) -> String {
    let mut actions: Vec<Action> = Vec::new();
    if thumbnail.resize {
        actions.push(Resize { w: Some(thumbnail.width), ..Resize::default() }.into());
    }
    let text = thumbnail.text.trim();
    if thumbnail.watermark && !text.is_empty() && text_fits(text) {
        let text = TextWatermark {
            text: text.to_owned(),
            color: Rgb(thumbnail.color),
            size: thumbnail.size,
            shadow: SHADOW,
            ..TextWatermark::default()
        };
        actions.push(Watermark { gravity: gravity(thumbnail.position), ..Watermark::of_text(text) }.into());
    }
    if actions.is_empty() { String::new() } else { Process::new(actions).to_string() }
}

/// Whether IMG takes a watermark of this length.
pub fn text_fits(text: &str) -> bool {
    text.trim().len() <= MAX_TEXT_BYTES
}

fn gravity(position: Position) -> Gravity {
    match position {
        Position::NorthWest => Gravity::NorthWest,
        Position::North => Gravity::North,
        Position::NorthEast => Gravity::NorthEast,
        Position::West => Gravity::West,
        Position::Center => Gravity::Center,
        Position::East => Gravity::East,
        Position::SouthWest => Gravity::SouthWest,
        Position::South => Gravity::South,
        Position::SouthEast => Gravity::SouthEast,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_a_process() {
        let resize = Thumbnail { resize: true, width: 200, ..Thumbnail::default() };
        let both = Thumbnail {
            watermark: true,
            text: " 图片 ".to_owned(),
            position: Position::North,
            color: [255, 0, 16],
            ..resize.clone()
        };
        let neither = Thumbnail { resize: false, ..Thumbnail::default() };
        let too_long = Thumbnail { watermark: true, text: "字".repeat(22), ..neither.clone() };
        for (thumbnail, text) in [
            (resize, "image/resize,w_200"),
            (both, "image/resize,w_200/watermark,text_5Zu-54mH,color_FF0010,size_32,shadow_40,g_north"),
            (neither, ""),
            (too_long, ""),
        ] {
            assert_eq!(process(&thumbnail), text);
        }
    }
}
