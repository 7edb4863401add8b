//! `resize`: its parameters, and the size of its result as a pure function (`img-and-ram.md` §1.2, §1.3).

use super::value::Rgb;

/// How a picture meets a box of `w` by `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResizeMode {
    /// The largest size inside the box.
    #[default]
    Lfit,
    /// The smallest size that covers the box.
    Mfit,
    /// Covers the box, then loses what sticks out, equally on both sides.
    Fill,
    /// Inside the box, then centred on a canvas of the box's size.
    Pad,
    /// Stretched to the box.
    Fixed,
}

impl ResizeMode {
    /// All modes, with the names that they have in `m_…`.
    pub const NAMES: [(Self, &'static str); 5] =
        [(Self::Lfit, "lfit"), (Self::Mfit, "mfit"), (Self::Fill, "fill"), (Self::Pad, "pad"), (Self::Fixed, "fixed")];

    /// Its name in `m_…`.
    pub fn name(self) -> &'static str {
        super::value::name_of(&Self::NAMES, self)
    }
}

/// The parameters of `resize`. At least one of `w h l s p` must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resize {
    /// `m`
    pub mode: ResizeMode,
    /// `w`: width in pixels, 1 to 16384.
    pub w: Option<u32>,
    /// `h`: height in pixels, 1 to 16384.
    pub h: Option<u32>,
    /// `l`: the longer side in pixels, 1 to 16384; ignored beside `w` or `h`.
    pub l: Option<u32>,
    /// `s`: the shorter side in pixels, 1 to 16384; ignored beside `w` or `h`.
    pub s: Option<u32>,
    /// `p`: percent of the source, 1 to 1000; may enlarge whatever `limit` says; ignored beside any of the above.
    pub p: Option<u32>,
    /// `P`: percent of the picture that is being marked, 1 to 100; only inside an image watermark. Wins over all others.
    pub main_percent: Option<u32>,
    /// `limit`: whether a result larger than the source is refused in favour of the source's own size.
    pub limit: bool,
    /// `color`: what [`ResizeMode::Pad`] fills with.
    pub color: Rgb,
}

impl Default for Resize {
    fn default() -> Self {
        Self {
            mode: ResizeMode::Lfit,
            w: None,
            h: None,
            l: None,
            s: None,
            p: None,
            main_percent: None,
            limit: true,
            color: Rgb::WHITE,
        }
    }
}

/// What a resize does to one picture. All sizes are (width, height) in pixels, each side at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The size that the whole source is scaled to.
    pub scaled: (u32, u32),
    /// The size of the result: what `scaled` is centred in. Smaller than `scaled` crops, larger pads.
    pub canvas: (u32, u32),
}

impl Target {
    fn plain(size: (u32, u32)) -> Self {
        Self { scaled: size, canvas: size }
    }
}

impl Resize {
    /// What happens to a picture of `source_w` by `source_h` pixels. Derived sides round half-up.
    pub fn target(&self, source_w: u32, source_h: u32) -> Target {
        let source = (source_w.max(1), source_h.max(1));
        let wanted = self.unlimited(source);
        let by_percent = self.p.is_some() && (self.w, self.h, self.l, self.s) == (None, None, None, None);
        let canvas = wanted.canvas;
        // Sources are silent on a box that is larger on one side and smaller on the other; it shrinks something, so it is made.
        let shrinks_nothing = canvas.0 >= source.0 && canvas.1 >= source.1;
        if self.limit && shrinks_nothing && !by_percent { Target::plain(source) } else { wanted }
    }

    /// The same resize with `P` turned into the box that it means, for a watermark on a picture of `main` pixels.
    ///
    /// The watermark keeps its proportions inside that box and may be enlarged to it.
    #[must_use]
    pub fn against(&self, main: (u32, u32)) -> Self {
        match self.main_percent {
            None => self.clone(),
            Some(percent) => Self {
                w: Some(scale(main.0, percent, 100)),
                h: Some(scale(main.1, percent, 100)),
                limit: false,
                ..Self::default()
            },
        }
    }

    fn unlimited(&self, source: (u32, u32)) -> Target {
        let (source_w, source_h) = source;
        if let Some(boxed) = self.box_for(source) {
            return self.meet(source, boxed);
        }
        let (numerator, denominator) = match (self.w, self.h, self.l, self.s, self.p) {
            (Some(w), ..) => return Target::plain((w, scale(source_h, w, source_w))),
            (_, Some(h), ..) => return Target::plain((scale(source_w, h, source_h), h)),
            (.., Some(l), _, _) => (l, source_w.max(source_h)),
            (.., Some(s), _) => (s, source_w.min(source_h)),
            (.., Some(p)) => (p, 100),
            _ => return Target::plain(source),
        };
        Target::plain((scale(source_w, numerator, denominator), scale(source_h, numerator, denominator)))
    }

    /// The box that the mode applies to, where both sides are known.
    fn box_for(&self, (source_w, source_h): (u32, u32)) -> Option<(u32, u32)> {
        let square_alone = matches!(self.mode, ResizeMode::Pad | ResizeMode::Fill);
        match (self.w, self.h, self.l, self.s) {
            (Some(w), Some(h), ..) => Some((w, h)),
            (Some(side), None, ..) | (None, Some(side), ..) => square_alone.then_some((side, side)),
            (None, None, Some(l), Some(s)) => Some(if source_w >= source_h { (l, s) } else { (s, l) }),
            _ => None,
        }
    }

    fn meet(&self, source: (u32, u32), boxed: (u32, u32)) -> Target {
        match self.mode {
            ResizeMode::Fixed => Target::plain(boxed),
            ResizeMode::Lfit => Target::plain(fit(source, boxed, false)),
            ResizeMode::Mfit => Target::plain(fit(source, boxed, true)),
            ResizeMode::Fill => Target { scaled: fit(source, boxed, true), canvas: boxed },
            ResizeMode::Pad => Target { scaled: fit(source, boxed, false), canvas: boxed },
        }
    }
}

/// `source` scaled, in its own proportions, to lie inside `boxed` or to cover it.
fn fit(source: (u32, u32), boxed: (u32, u32), cover: bool) -> (u32, u32) {
    let (source_w, source_h) = source;
    let wider_than_box = u64::from(source_w) * u64::from(boxed.1) >= u64::from(source_h) * u64::from(boxed.0);
    if wider_than_box != cover {
        (boxed.0, scale(source_h, boxed.0, source_w))
    } else {
        (scale(source_w, boxed.1, source_h), boxed.1)
    }
}

/// `side × numerator / denominator`, half-up, at least 1.
fn scale(side: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator.max(1));
    let scaled = (2 * u64::from(side) * u64::from(numerator) + denominator) / (2 * denominator);
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}
