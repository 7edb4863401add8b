//! The step `watermark`: where a mark stands, and drawing it there once or all over the picture (`img-and-ram.md` §1.4).

mod fonts;
mod image;
mod text;

use shared::error::OssError;
use shared::img::{Align, Gravity, Watermark};

use super::picture::Picture;
use super::{Fetch, icc};
use text::LaidText;

/// Something that can be drawn.
enum Mark {
    Text(LaidText),
    Image(Picture),
}

impl Mark {
    fn size(&self) -> (u32, u32) {
        match self {
            Self::Text(text) => text.size(),
            Self::Image(picture) => picture.size(),
        }
    }

    fn draw(&self, on: &mut Picture, at: (i64, i64), opacity: f32) {
        match self {
            Self::Text(text) => text.draw(on, at, opacity),
            Self::Image(picture) => image::draw(picture, on, at, opacity),
        }
    }
}

/// Draws `mark` on `picture`. What sticks out of the picture is cut.
pub(super) fn apply(picture: &mut Picture, mark: &Watermark, fetch: Fetch<'_>) -> Result<(), OssError> {
    // The colours of marks are sRGB's.
    icc::to_srgb(picture);
    let image = mark.image.as_ref().map(|image| image::load(image, picture.size(), fetch)).transpose()?;
    let text = mark.text.as_ref().map(text::lay_out).transpose()?;
    let mut marks: Vec<Mark> = image.map(Mark::Image).into_iter().chain(text.map(Mark::Text)).collect();
    if mark.text_first {
        marks.reverse();
    }
    let group = Group::line_up(marks, mark);
    let opacity = f32::from(mark.opacity) / 100.0;
    if mark.fill {
        group.tile(picture, mark, opacity);
    } else {
        let at = place(picture.size(), group.size, mark);
        group.draw(picture, at, opacity);
    }
    Ok(())
}

/// Where the top left corner of a mark of `size` pixels stands.
fn place(picture: (u32, u32), size: (u32, u32), mark: &Watermark) -> (i64, i64) {
    use Gravity::{Center, East, North, NorthEast, NorthWest, South, SouthEast, SouthWest, West};
    let free_x = i64::from(picture.0) - i64::from(size.0);
    let free_y = i64::from(picture.1) - i64::from(size.1);
    let x = match mark.gravity {
        NorthWest | West | SouthWest => i64::from(mark.x),
        North | Center | South => free_x / 2,
        NorthEast | East | SouthEast => free_x - i64::from(mark.x),
    };
    let y = match mark.gravity {
        NorthWest | North | NorthEast => i64::from(mark.y),
        West | Center | East => free_y / 2 + i64::from(mark.voffset),
        SouthWest | South | SouthEast => free_y - i64::from(mark.y),
    };
    (x, y)
}

/// The marks of one watermark side by side, each with its offset in the group.
struct Group {
    marks: Vec<(Mark, (i64, i64))>,
    size: (u32, u32),
}

impl Group {
    fn line_up(marks: Vec<Mark>, mark: &Watermark) -> Self {
        let height = marks.iter().map(|m| m.size().1).max().unwrap_or(0);
        let (mut placed, mut x) = (Vec::new(), 0);
        for part in marks {
            let (width, own) = part.size();
            if !placed.is_empty() {
                x += mark.interval;
            }
            let y = match mark.align {
                Align::Top => 0,
                Align::Middle => (height - own) / 2,
                Align::Bottom => height - own,
            };
            placed.push((part, (i64::from(x), i64::from(y))));
            x += width;
        }
        Self { marks: placed, size: (x, height) }
    }

    fn draw(&self, on: &mut Picture, at: (i64, i64), opacity: f32) {
        for (mark, offset) in &self.marks {
            mark.draw(on, (at.0 + offset.0, at.1 + offset.1), opacity);
        }
    }

    /// Repeats the group from the top left corner on. It is drawn once, on a tile no larger than the picture, and copied from there.
    fn tile(&self, on: &mut Picture, mark: &Watermark, opacity: f32) {
        let tile_size = (self.size.0.clamp(1, on.width), self.size.1.clamp(1, on.height));
        let mut tile = Picture::filled(tile_size, 4, [0; 4]);
        self.draw(&mut tile, (0, 0), opacity);
        let step_x = self.size.0.max(1) as usize + mark.padx as usize;
        let step_y = self.size.1.max(1) as usize + mark.pady as usize;
        for y in (0..i64::from(on.height)).step_by(step_y) {
            for x in (0..i64::from(on.width)).step_by(step_x) {
                image::draw(&tile, on, (x, y), 1.0);
            }
        }
    }
}
