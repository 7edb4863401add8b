//! The CPU painter: turns egui's tessellated meshes into pixels, so that pictures of the app need neither window nor GPU.

use std::collections::{HashMap, HashSet};

use egui::epaint::{ClippedPrimitive, ImageData, ImageDelta, Mesh, Primitive, Vertex};
use egui::{Color32, Pos2, Rect, TextureFilter, TextureId, TexturesDelta};
use image::RgbaImage;

/// Holds the textures between frames and paints frames with them. Paint callbacks, wrap modes and mipmaps are not supported: the app uses none of them.
#[derive(Default)]
pub struct Painter {
    textures: HashMap<TextureId, Texture>,
    // egui frees a texture after the frame that still shows it, so the removal waits for the next delta.
    doomed: HashSet<TextureId>,
}

struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
    smooth: bool,
}

impl Painter {
    /// Takes over the texture changes of one frame; leaves `delta` empty.
    pub fn apply(&mut self, delta: &mut TexturesDelta) {
        for id in self.doomed.drain() {
            self.textures.remove(&id);
        }
        for (id, changes) in delta.set.drain() {
            for change in changes {
                self.change(id, change);
            }
        }
        self.doomed.extend(delta.free.drain());
    }

    fn change(&mut self, id: TextureId, delta: ImageDelta) {
        let ImageData::Color(image) = &delta.image;
        let smooth = delta.options.magnification == TextureFilter::Linear;
        let Some([left, top]) = delta.pos else {
            self.textures.insert(id, Texture { size: image.size, pixels: image.pixels.clone(), smooth });
            return;
        };
        let Some(texture) = self.textures.get_mut(&id) else { return };
        for (y, row) in image.pixels.chunks_exact(image.size[0].max(1)).enumerate() {
            let start = (top + y) * texture.size[0] + left;
            if let Some(target) = texture.pixels.get_mut(start..start + row.len()) {
                target.copy_from_slice(row);
            }
        }
    }

    /// Paints one frame. `size` is in pixels, `scale` in pixels per point; `background` shows where nothing is drawn.
    pub fn paint(&self, primitives: &[ClippedPrimitive], size: [u32; 2], scale: f32, background: Color32) -> RgbaImage {
        let mut canvas = Canvas::new(size, background);
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            if let Primitive::Mesh(mesh) = primitive
                && let Some(texture) = self.textures.get(&mesh.texture_id)
            {
                canvas.draw(mesh, texture, canvas.clip(*clip_rect, scale), scale);
            }
        }
        canvas.into_image()
    }
}

impl Texture {
    fn texel(&self, x: i64, y: i64) -> [f32; 4] {
        let clamp = |v: i64, n: usize| v.clamp(0, n as i64 - 1) as usize;
        let index = clamp(y, self.size[1]) * self.size[0] + clamp(x, self.size[0]);
        let [r, g, b, a] = self.pixels.get(index).map_or([0; 4], Color32::to_array);
        [f32::from(r), f32::from(g), f32::from(b), f32::from(a)]
    }

    fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        let (x, y) = (u * self.size[0] as f32, v * self.size[1] as f32);
        if !self.smooth {
            return self.texel(x.floor() as i64, y.floor() as i64);
        }
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        let (a, b) = (self.texel(left, top), self.texel(left + 1, top));
        let (c, d) = (self.texel(left, top + 1), self.texel(left + 1, top + 1));
        let channel = |i: usize| {
            let upper = a[i] + (b[i] - a[i]) * dx;
            let lower = c[i] + (d[i] - c[i]) * dx;
            upper + (lower - upper) * dy
        };
        [channel(0), channel(1), channel(2), channel(3)]
    }
}

/// A rectangle of whole pixels: from `left`/`top` up to, not including, `right`/`bottom`.
#[derive(Clone, Copy)]
struct PixelRect {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

struct Canvas {
    size: [i64; 2],
    /// Premultiplied, gamma-encoded, 0 to 255: egui blends in gamma space.
    pixels: Vec<[f32; 4]>,
}

impl Canvas {
    fn new(size: [u32; 2], background: Color32) -> Self {
        let fill = background.to_array().map(f32::from);
        Self { size: size.map(i64::from), pixels: vec![fill; size[0] as usize * size[1] as usize] }
    }

    fn clip(&self, rect: Rect, scale: f32) -> PixelRect {
        let pixel = |v: f32, limit: i64| ((v * scale).round() as i64).clamp(0, limit);
        PixelRect {
            left: pixel(rect.min.x, self.size[0]),
            top: pixel(rect.min.y, self.size[1]),
            right: pixel(rect.max.x, self.size[0]),
            bottom: pixel(rect.max.y, self.size[1]),
        }
    }

    fn draw(&mut self, mesh: &Mesh, texture: &Texture, clip: PixelRect, scale: f32) {
        for [a, b, c] in mesh.triangles() {
            let corner = |index: u32| mesh.vertices.get(index as usize);
            if let (Some(a), Some(b), Some(c)) = (corner(a), corner(b), corner(c)) {
                self.triangle([a, b, c], texture, clip, scale);
            }
        }
    }

    fn triangle(&mut self, corners: [&Vertex; 3], texture: &Texture, clip: PixelRect, scale: f32) {
        let points = corners.map(|v| v.pos * scale);
        let area = cross(points[0], points[1], points[2]);
        if area.abs() <= f32::EPSILON {
            return;
        }
        let colors = corners.map(|v| v.color.to_array().map(f32::from));
        // Most triangles are of one colour and take one texel: reading it once is several times quicker.
        let plain = (colors[0] == colors[1] && colors[1] == colors[2] && same_uv(corners))
            .then(|| modulate(colors[0], texture.sample(corners[0].uv.x, corners[0].uv.y)));
        for y in rows(points, clip) {
            let (left, right) = span(points, y, clip);
            let start = (y * self.size[0] + left) as usize;
            let Some(row) = self.pixels.get_mut(start..start + (right - left).max(0) as usize) else { continue };
            if let Some(color) = plain {
                for pixel in row {
                    blend(pixel, color);
                }
                continue;
            }
            for (pixel, x) in row.iter_mut().zip(left..) {
                let at = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let weights = [cross(points[1], points[2], at) / area, cross(points[2], points[0], at) / area];
                blend(pixel, shade(corners, colors, texture, weights));
            }
        }
    }

    fn into_image(self) -> RgbaImage {
        let [width, height] = self.size.map(|n| n as u32);
        let mut image = RgbaImage::new(width, height);
        for (target, [r, g, b, a]) in image.pixels_mut().zip(&self.pixels) {
            let byte = |v: f32| v.round().clamp(0.0, 255.0) as u8;
            let straight = |v: f32| if *a > 0.0 { byte(v * 255.0 / a) } else { 0 };
            *target = image::Rgba([straight(*r), straight(*g), straight(*b), byte(*a)]);
        }
        image
    }
}

fn same_uv([a, b, c]: [&Vertex; 3]) -> bool {
    a.uv == b.uv && b.uv == c.uv
}

// The two functions below are spelled out: they run once a pixel, and unoptimised test builds do not inline iterators.

fn modulate(color: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    const ONE: f32 = 1.0 / 255.0;
    [color[0] * texel[0] * ONE, color[1] * texel[1] * ONE, color[2] * texel[2] * ONE, color[3] * texel[3] * ONE]
}

/// Puts a premultiplied colour over a pixel.
fn blend(pixel: &mut [f32; 4], over: [f32; 4]) {
    let keep = 1.0 - over[3] / 255.0;
    pixel[0] = over[0] + pixel[0] * keep;
    pixel[1] = over[1] + pixel[1] * keep;
    pixel[2] = over[2] + pixel[2] * keep;
    pixel[3] = over[3] + pixel[3] * keep;
}

/// The colour inside a triangle where its first two corners weigh `weights`; the third weighs what is left of 1.
fn shade([a, b, c]: [&Vertex; 3], colors: [[f32; 4]; 3], texture: &Texture, weights: [f32; 2]) -> [f32; 4] {
    let third = 1.0 - weights[0] - weights[1];
    let mix = |a: f32, b: f32, c: f32| a * weights[0] + b * weights[1] + c * third;
    let texel = texture.sample(mix(a.uv.x, b.uv.x, c.uv.x), mix(a.uv.y, b.uv.y, c.uv.y));
    let channel = |i: usize| mix(colors[0][i], colors[1][i], colors[2][i]);
    modulate([channel(0), channel(1), channel(2), channel(3)], texel)
}

/// The rows that a triangle touches.
fn rows([a, b, c]: [Pos2; 3], clip: PixelRect) -> std::ops::Range<i64> {
    let (top, bottom) = (a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y));
    (top.floor() as i64).max(clip.top)..(bottom.ceil() as i64).min(clip.bottom)
}

/// The pixels of row `y` whose centres lie inside, from the first up to, not including, the second. A centre exactly on an edge that two
/// triangles share belongs to the right one alone: no pixel is painted twice, none is left out.
fn span([a, b, c]: [Pos2; 3], y: i64, clip: PixelRect) -> (i64, i64) {
    let middle = y as f32 + 0.5;
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for (from, to) in [(a, b), (b, c), (c, a)] {
        // Both triangles at an edge must compute the same crossing, so its ends are put in order.
        let (upper, lower) = if from.y <= to.y { (from, to) } else { (to, from) };
        if upper.y <= middle && middle < lower.y {
            let x = upper.x + (lower.x - upper.x) * (middle - upper.y) / (lower.y - upper.y);
            low = low.min(x);
            high = high.max(x);
        }
    }
    let first_centre = |x: f32| ((x - 0.5).ceil() as i64).clamp(clip.left, clip.right);
    if low > high { (clip.left, clip.left) } else { (first_centre(low), first_centre(high)) }
}

fn cross(a: Pos2, b: Pos2, p: Pos2) -> f32 {
    (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::epaint::{ColorImage, textures::TextureOptions};
    use std::sync::Arc;

    #[test]
    fn a_half_transparent_square_covers_its_pixels_once() {
        let mut painter = Painter::default();
        let mut delta = TexturesDelta::default();
        let white = ColorImage::filled([1, 1], Color32::WHITE);
        delta.push(TextureId::default(), ImageDelta::full(Arc::new(white), TextureOptions::LINEAR));
        painter.apply(&mut delta);
        let mut mesh = Mesh::default();
        let half_black = Color32::from_black_alpha(128);
        mesh.add_colored_rect(Rect::from_min_max(Pos2::new(1.0, 1.0), Pos2::new(3.0, 3.0)), half_black);
        let clip_rect = Rect::from_min_max(Pos2::ZERO, Pos2::new(4.0, 2.0));
        let shapes = [ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) }];
        let image = painter.paint(&shapes, [4, 4], 1.0, Color32::WHITE);
        for (x, y, level) in [(0, 0, 255), (1, 1, 127), (2, 1, 127), (3, 1, 255), (1, 2, 255)] {
            assert_eq!(image.get_pixel(x, y).0, [level, level, level, 255], "pixel {x},{y}");
        }
    }
}
