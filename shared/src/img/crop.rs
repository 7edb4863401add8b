//! `crop`, `indexcrop`, `circle` and `rounded-corners`: which part of a picture stays, as pure functions (`img-and-ram.md` §1.3).

use super::value::Gravity;

/// A part of a picture, in pixels. Never empty, never outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Columns left of it.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
    /// Its columns, at least 1.
    pub width: u32,
    /// Its rows, at least 1.
    pub height: u32,
}

/// The parameters of `crop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// `w`: columns to keep; `None` (or 0 on the wire) as many as there are.
    pub w: Option<u32>,
    /// `h`: rows to keep; `None` (or 0 on the wire) as many as there are.
    pub h: Option<u32>,
    /// `x`: columns right of the origin.
    pub x: u32,
    /// `y`: rows below the origin.
    pub y: u32,
    /// `g`: where the origin is.
    pub gravity: Gravity,
}

impl Default for Crop {
    fn default() -> Self {
        Self { w: None, h: None, x: 0, y: 0, gravity: Gravity::NorthWest }
    }
}

impl Crop {
    /// What stays of a picture of `source_w` by `source_h` pixels: the box at its gravity's origin, moved by `x` and `y`, cut at
    /// the picture's edge. `None` if it begins outside.
    pub fn area(&self, source_w: u32, source_h: u32) -> Option<Area> {
        use Gravity::{Center, East, North, NorthEast, South, SouthEast, SouthWest, West};
        let width = self.w.unwrap_or(source_w).min(source_w);
        let height = self.h.unwrap_or(source_h).min(source_h);
        let origin_x = match self.gravity {
            North | Center | South => (source_w - width) / 2,
            NorthEast | East | SouthEast => source_w - width,
            _ => 0,
        };
        let origin_y = match self.gravity {
            West | Center | East => (source_h - height) / 2,
            SouthWest | South | SouthEast => source_h - height,
            _ => 0,
        };
        let (left, top) = (origin_x.checked_add(self.x)?, origin_y.checked_add(self.y)?);
        let (right, bottom) = (source_w.checked_sub(left)?, source_h.checked_sub(top)?);
        let area = Area { left, top, width: width.min(right), height: height.min(bottom) };
        (area.width > 0 && area.height > 0).then_some(area)
    }
}

/// The direction in which `indexcrop` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// `x`: strips from left to right.
    X,
    /// `y`: strips from top to bottom.
    Y,
}

/// The parameters of `indexcrop`: the picture is cut into strips, one of them stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexCrop {
    /// `x` or `y`; of both, OSS takes `y`.
    pub axis: Axis,
    /// The length of a strip along the axis in pixels, at least 1.
    pub length: u32,
    /// `i`: which strip, counted from 0.
    pub index: u32,
}

impl IndexCrop {
    /// The strip of a picture of `width` by `height` pixels; the whole picture where there is no such strip. The last strip is what
    /// is left, which sources do not settle.
    pub fn area(&self, width: u32, height: u32) -> Area {
        let side = if self.axis == Axis::X { width } else { height };
        let start = u64::from(self.length) * u64::from(self.index);
        let whole = Area { left: 0, top: 0, width, height };
        let Some(start) = u32::try_from(start).ok().filter(|start| *start < side) else { return whole };
        let length = self.length.min(side - start);
        match self.axis {
            Axis::X => Area { left: start, width: length, ..whole },
            Axis::Y => Area { top: start, height: length, ..whole },
        }
    }
}

/// The square that `circle,r_…` keeps, centred, and the radius that really is used: 2r + 1 pixels a side, as far as they go.
pub fn circle(radius: u32, width: u32, height: u32) -> (Area, u32) {
    let radius = radius.min(width.min(height).saturating_sub(1) / 2);
    let side = 2 * radius + 1;
    let middle = |length: u32| length.saturating_sub(side) / 2;
    (Area { left: middle(width), top: middle(height), width: side, height: side }, radius)
}

/// The radius that `rounded-corners,r_…` really uses: at most half the shorter side.
pub fn corner_radius(radius: u32, width: u32, height: u32) -> u32 {
    radius.min(width.min(height) / 2)
}
