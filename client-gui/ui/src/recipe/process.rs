//! From the controls to IMG's typed grammar.

use shared::img::{
    Action, Blur, Crop, Font, Format, Gravity, ImageWatermark, MAX_TEXT_BYTES, Process, Quality, Resize, ResizeMode,
    Rgb, TextWatermark, Watermark,
};

use super::{Cropping, Fit, Marking, Measure, Output, Position, Recipe, Resizing, Rounding, Toning};

impl Recipe {
    /// The value of `x-oss-process`; empty when the object is wanted as it is.
    pub fn process(&self) -> String {
        if let Some(typed) = &self.by_hand {
            return typed.clone();
        }
        let actions = self.actions();
        if actions.is_empty() { String::new() } else { Process::new(actions).to_string() }
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        actions.extend(crop(&self.crop).map(Action::Crop));
        actions.extend(self.resize.on.then(|| Action::Resize(resize(&self.resize))));
        actions
            .extend((self.rotate.on && self.rotate.degrees > 0).then_some(Action::Rotate(self.rotate.degrees as i32)));
        actions.extend(self.corners.on.then(|| corners(&self.corners)));
        actions.extend(tone(&self.tone));
        actions.extend(watermark(&self.watermark).map(Action::from));
        actions.extend(output(&self.output));
        actions
    }
}

impl Marking {
    /// Whether IMG takes words of this length.
    pub fn fits(&self) -> bool {
        self.text.trim().len() <= MAX_TEXT_BYTES
    }
}

fn crop(crop: &Cropping) -> Option<Crop> {
    let side = |pixels: u32| Some(pixels).filter(|pixels| *pixels > 0);
    let (w, h) = (side(crop.width), side(crop.height));
    (crop.on && (w.is_some() || h.is_some())).then(|| Crop {
        w,
        h,
        x: crop.x,
        y: crop.y,
        gravity: gravity(crop.from.0),
    })
}

fn resize(resize: &Resizing) -> Resize {
    let (wide, high) = (Some(resize.width), Some(resize.height));
    let plain = Resize { limit: !resize.enlarge, ..Resize::default() };
    match resize.by {
        Measure::Width => Resize { w: wide, ..plain },
        Measure::Height => Resize { h: high, ..plain },
        Measure::Longer => Resize { l: wide, ..plain },
        Measure::Shorter => Resize { s: wide, ..plain },
        // IMG enlarges by percent whatever the limit says.
        Measure::Percent => Resize { p: Some(resize.percent), ..Resize::default() },
        Measure::Box => {
            let color = if resize.fit == Fit::Pad { Rgb(resize.color) } else { plain.color };
            Resize { mode: mode(resize.fit), w: wide, h: high, color, ..plain }
        }
    }
}

fn mode(fit: Fit) -> ResizeMode {
    Fit::ALL.into_iter().find(|(it, ..)| *it == fit).map_or(ResizeMode::Lfit, |(_, mode, _)| mode)
}

fn corners(corners: &Rounding) -> Action {
    if corners.circle { Action::Circle(corners.radius) } else { Action::RoundedCorners(corners.radius) }
}

fn tone(tone: &Toning) -> impl Iterator<Item = Action> {
    let blur = Blur { radius: tone.blur, sigma: tone.blur };
    let all = [
        (tone.bright != 0, Action::Bright(tone.bright)),
        (tone.contrast != 0, Action::Contrast(tone.contrast)),
        (tone.sharpen != 0, Action::Sharpen(tone.sharpen)),
        (tone.blur != 0, Action::Blur(blur)),
    ];
    let on = tone.on;
    all.into_iter().filter(move |(wanted, _)| on && *wanted).map(|(_, action)| action)
}

fn watermark(mark: &Marking) -> Option<Watermark> {
    let (text, object) = (mark.text.trim(), mark.object.trim());
    let drawn = if mark.picture {
        let size = Resize { main_percent: Some(mark.percent), ..Resize::default() };
        let process = (mark.percent > 0).then(|| Process::new([Action::Resize(size)]));
        (!object.is_empty()).then(|| Watermark::of_image(ImageWatermark { object: object.to_owned(), process }))
    } else {
        let font =
            Font::NAMES.into_iter().find(|(_, name)| *name == mark.font).map_or(Font::WqyZenhei, |(font, _)| font);
        let look = TextWatermark {
            text: text.to_owned(),
            font,
            color: Rgb(mark.color),
            size: mark.size,
            shadow: mark.shadow,
            rotate: mark.rotate,
        };
        (!text.is_empty() && mark.fits()).then(|| Watermark::of_text(look))
    };
    let gravity = gravity(mark.position);
    let place =
        |it: Watermark| Watermark { gravity, x: mark.x, y: mark.y, opacity: mark.opacity, fill: mark.tile, ..it };
    drawn.filter(|_| mark.on).map(place)
}

fn gravity(position: Position) -> Gravity {
    Position::ALL.into_iter().find(|(it, ..)| *it == position).map_or(Gravity::SouthEast, |(_, gravity, _)| gravity)
}

fn output(output: &Output) -> impl Iterator<Item = Action> {
    let format = Format::NAMES.into_iter().find(|(_, name)| *name == output.format).map(|(format, _)| format);
    let quality = if output.relative { Quality::Relative } else { Quality::Absolute }(output.quality);
    let convert = format.filter(|_| output.convert).map(Action::Format);
    let compress = output.compress.then_some(Action::Quality(quality));
    let progressive = output.progressive.then_some(Action::Interlace(true));
    [convert, compress, progressive].into_iter().flatten()
}
