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
        self.pixels.get(index).map_or([0.0; 4], |p| p.to_array().map(f32::from))
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
        std::array::from_fn(|i| {
            let upper = a[i] + (b[i] - a[i]) * dx;
            let lower = c[i] + (d[i] - c[i]) * dx;
            upper + (lower - upper) * dy
        })
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
        let mut corners = corners;
        let mut points = corners.map(|v| v.pos * scale);
        let mut area = cross(points[0], points[1], points[2]);
        if area < 0.0 {
            corners.swap(1, 2);
            points.swap(1, 2);
            area = -area;
        }
        if area <= f32::EPSILON {
            return;
        }
        let colors = corners.map(|v| v.color.to_array().map(f32::from));
        let edges = [(1, 2), (2, 0), (0, 1)].map(|(from, to)| (points[from], points[to]));
        // Most triangles are of one colour and take one texel: reading it once is several times quicker.
        let plain = (colors[0] == colors[1] && colors[1] == colors[2] && same_uv(corners)).then(|| {
            let texel = texture.sample(corners[0].uv.x, corners[0].uv.y);
            std::array::from_fn(|i| colors[0][i] * texel[i] / 255.0)
        });
        let (low, high) = bounds(points.map(|p| p.y), clip.top, clip.bottom);
        for y in low..high {
            let (left, right) = span(edges, points, y, clip);
            for x in left..right {
                let at = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let weights = edges.map(|(from, to)| cross(from, to, at));
                let outside =
                    |(weight, edge): (f32, (Pos2, Pos2))| weight < 0.0 || (weight == 0.0 && !is_top_left(edge));
                if weights.into_iter().zip(edges).any(outside) {
                    continue;
                }
                let color = plain.unwrap_or_else(|| shade(corners, colors, texture, weights.map(|w| w / area)));
                self.blend(x, y, color);
            }
        }
    }

    fn blend(&mut self, x: i64, y: i64, color: [f32; 4]) {
        if let Some(pixel) = self.pixels.get_mut((y * self.size[0] + x) as usize) {
            let keep = 1.0 - color[3] / 255.0;
            for (under, over) in pixel.iter_mut().zip(color) {
                *under = over + *under * keep;
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

/// The colour inside a triangle where its corners weigh `weights`, which add up to 1.
fn shade(corners: [&Vertex; 3], colors: [[f32; 4]; 3], texture: &Texture, weights: [f32; 3]) -> [f32; 4] {
    let mix = |a: f32, b: f32, c: f32| a * weights[0] + b * weights[1] + c * weights[2];
    let [a, b, c] = corners;
    let texel = texture.sample(mix(a.uv.x, b.uv.x, c.uv.x), mix(a.uv.y, b.uv.y, c.uv.y));
    std::array::from_fn(|i| mix(colors[0][i], colors[1][i], colors[2][i]) * texel[i] / 255.0)
}

/// The whole pixels that three coordinates touch, within `from..to`.
fn bounds([a, b, c]: [f32; 3], from: i64, to: i64) -> (i64, i64) {
    let (low, high) = (a.min(b).min(c), a.max(b).max(c));
    ((low.floor() as i64).max(from), (high.ceil() as i64).min(to))
}

/// The pixels of row `y` that may lie inside: where the row's middle crosses the edges, give or take one.
fn span(edges: [(Pos2, Pos2); 3], points: [Pos2; 3], y: i64, clip: PixelRect) -> (i64, i64) {
    let middle = y as f32 + 0.5;
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for (from, to) in edges {
        if (from.y <= middle) != (to.y <= middle) {
            let x = from.x + (to.x - from.x) * (middle - from.y) / (to.y - from.y);
            low = low.min(x);
            high = high.max(x);
        }
    }
    if low > high {
        return (0, 0);
    }
    let (left, right) = bounds(points.map(|p| p.x), clip.left, clip.right);
    ((low.floor() as i64 - 1).max(left), (high.ceil() as i64 + 1).min(right))
}

fn cross(a: Pos2, b: Pos2, p: Pos2) -> f32 {
    (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
}

/// Pixel centres exactly on a shared edge belong to one triangle alone: the one whose top or left edge it is.
fn is_top_left((from, to): (Pos2, Pos2)) -> bool {
    to.y < from.y || (to.y == from.y && to.x > from.x)
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
