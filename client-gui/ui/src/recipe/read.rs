//! From a typed `x-oss-process` back to the controls, as far as they can show it.

use shared::img::{Action, Crop, Format, Gravity, Process, Quality, Resize, ResizeMode, Watermark};

use super::{Corner, Cropping, Fit, Marking, Measure, Output, Position, Recipe, Resizing};
use crate::words::tr;

/// What a parameter is called in a request.
const PARAMETER: &str = "x-oss-process=";
/// Processes that OSS keeps under a name; only OSS knows what is in them.
const STYLE: &str = "style/";

impl Recipe {
    /// Makes the controls say what `text` says. What they cannot say is kept as it was typed.
    ///
    /// # Errors
    /// Why IMG would refuse it, in a sentence to show; the recipe is then as before.
    pub fn adopt(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        let text = text.strip_prefix(PARAMETER).unwrap_or(text);
        let mut wanted = self.all_off();
        if text.strip_prefix(STYLE).is_some_and(|name| !name.is_empty()) {
            wanted = self.kept_as(text);
        } else if !text.is_empty() {
            let process = Process::parse(text).map_err(|error| error.to_string())?;
            if process.is_question() {
                return Err(tr("It asks for facts, and what is shown here are pictures.").to_owned());
            }
            let shown = process.actions.iter().all(|action| wanted.take(action).is_some());
            // What the controls print must mean the same, in the same order.
            if !shown || wanted.process() != process.to_string() {
                wanted = self.kept_as(text);
            }
        }
        *self = wanted;
        Ok(())
    }

    /// The controls as they are, with `text` in their place.
    fn kept_as(&self, text: &str) -> Self {
        Self { by_hand: Some(text.to_owned()), ..self.clone() }
    }

    fn all_off(&self) -> Self {
        let mut off = self.clone();
        off.by_hand = None;
        off.output = Output { convert: false, compress: false, progressive: false, ..off.output };
        let switches =
            [&mut off.crop.on, &mut off.resize.on, &mut off.rotate.on, &mut off.corners.on, &mut off.watermark.on];
        switches.into_iter().for_each(|on| *on = false);
        off.tone = super::Toning::default();
        off
    }

    /// Sets the controls of one action; `None` where they have no place for it.
    fn take(&mut self, action: &Action) -> Option<()> {
        match action {
            Action::Crop(crop) => self.crop = cropping(crop)?,
            Action::Resize(resize) => self.resize = resizing(resize, &self.resize)?,
            Action::Rotate(degrees) => {
                self.rotate.on = true;
                self.rotate.degrees = u32::try_from(*degrees).ok()?;
            }
            Action::Circle(radius) | Action::RoundedCorners(radius) => {
                let circle = matches!(action, Action::Circle(_));
                self.corners = super::Rounding { on: true, circle, radius: *radius };
            }
            Action::Bright(value) => (self.tone.on, self.tone.bright) = (true, *value),
            Action::Contrast(value) => (self.tone.on, self.tone.contrast) = (true, *value),
            Action::Sharpen(value) => (self.tone.on, self.tone.sharpen) = (true, *value),
            Action::Blur(blur) => (self.tone.on, self.tone.blur) = (true, blur.radius),
            Action::Watermark(mark) => self.watermark = marking(mark, &self.watermark)?,
            Action::Format(format) => {
                (self.output.convert, self.output.format) = (true, Format::name(*format).to_owned());
            }
            Action::Quality(quality) => {
                let (value, relative) = match quality {
                    Quality::Relative(value) => (*value, true),
                    Quality::Absolute(value) => (*value, false),
                };
                self.output = Output { compress: true, quality: value, relative, ..self.output.clone() };
            }
            Action::Interlace(progressive) => self.output.progressive = *progressive,
            Action::IndexCrop(_) | Action::AutoOrient(_) | Action::Info | Action::AverageHue => return None,
        }
        Some(())
    }
}

fn cropping(crop: &Crop) -> Option<Cropping> {
    let Crop { w, h, x, y, gravity } = *crop;
    let from = Corner(position(gravity)?);
    Some(Cropping { on: true, width: w.unwrap_or(0), height: h.unwrap_or(0), x, y, from })
}

fn resizing(resize: &Resize, before: &Resizing) -> Option<Resizing> {
    let (by, width, height) = match (resize.w, resize.h, resize.l, resize.s, resize.p) {
        (Some(w), None, None, None, None) => (Measure::Width, w, before.height),
        (None, Some(h), None, None, None) => (Measure::Height, before.width, h),
        (Some(w), Some(h), None, None, None) => (Measure::Box, w, h),
        (None, None, Some(l), None, None) => (Measure::Longer, l, before.height),
        (None, None, None, Some(s), None) => (Measure::Shorter, s, before.height),
        (None, None, None, None, Some(_)) => (Measure::Percent, before.width, before.height),
        _ => return None,
    };
    let percent = resize.p.unwrap_or(before.percent);
    let color = resize.color.0;
    Some(Resizing { on: true, by, width, height, percent, fit: fit(resize.mode), enlarge: !resize.limit, color })
}

fn fit(mode: ResizeMode) -> Fit {
    Fit::ALL.into_iter().find(|(_, it, _)| *it == mode).map_or(Fit::Inside, |(fit, ..)| fit)
}

fn position(gravity: Gravity) -> Option<Position> {
    Position::ALL.into_iter().find(|(_, it, _)| *it == gravity).map(|(position, ..)| position)
}

fn marking(mark: &Watermark, before: &Marking) -> Option<Marking> {
    let place = Marking {
        on: true,
        position: position(mark.gravity)?,
        x: mark.x,
        y: mark.y,
        opacity: mark.opacity,
        tile: mark.fill,
        ..before.clone()
    };
    match (&mark.text, &mark.image) {
        (Some(text), None) => Some(Marking {
            picture: false,
            text: text.text.clone(),
            font: text.font.name().to_owned(),
            size: text.size,
            color: text.color.0,
            shadow: text.shadow,
            rotate: text.rotate,
            ..place
        }),
        (None, Some(image)) => {
            let percent = match &image.process {
                None => 0,
                Some(process) => match process.actions.as_slice() {
                    [Action::Resize(resize)] => resize.main_percent?,
                    _ => return None,
                },
            };
            Some(Marking { picture: true, object: image.object.clone(), percent, ..place })
        }
        _ => None,
    }
}
