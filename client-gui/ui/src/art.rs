//! Textures of the pictures on the screen, made once for each picture.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{ColorImage, Context, Image, Sense, TextureHandle, TextureOptions, Ui, Vec2};

use crate::command::Pixels;

/// The textures in use.
#[derive(Default)]
pub struct Art {
    slots: [Option<(Arc<Pixels>, TextureHandle)>; 2],
    tiles: HashMap<String, (Arc<Pixels>, TextureHandle)>,
}

/// Textures of tiles that are kept; more than a screen shows.
const TILES: usize = 400;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The selected one.
    Original,
    /// What IMG made of it.
    Processed,
}

impl Art {
    /// Draws `pixels` as large as fits into `room`, never larger than they are, with rounded corners; `name` is for screen readers.
    pub fn show(&mut self, ui: &mut Ui, slot: Slot, pixels: &Arc<Pixels>, room: Vec2, name: &str) {
        let texture = self.texture(ui.ctx(), slot, pixels);
        let natural = texture.size_vec2();
        let scale = (room.x / natural.x).min(room.y / natural.y).min(1.0);
        let image = Image::from_texture((texture.id(), natural * scale));
        ui.add(image.corner_radius(6).alt_text(name).sense(Sense::hover()));
    }

    /// The texture of the tile `name`.
    pub fn tile(&mut self, ctx: &Context, name: &str, pixels: &Arc<Pixels>) -> TextureHandle {
        if let Some((known, texture)) = self.tiles.get(name)
            && Arc::ptr_eq(known, pixels)
        {
            return texture.clone();
        }
        if self.tiles.len() == TILES {
            // Those in sight are made anew at once.
            self.tiles.clear();
        }
        let image = ColorImage::from_rgba_unmultiplied(pixels.size, &pixels.rgba);
        let texture = ctx.load_texture(name, image, TextureOptions::LINEAR);
        self.tiles.insert(name.to_owned(), (Arc::clone(pixels), texture.clone()));
        texture
    }

    fn texture(&mut self, ctx: &Context, slot: Slot, pixels: &Arc<Pixels>) -> TextureHandle {
        let kept = &mut self.slots[slot as usize];
        if let Some((known, texture)) = kept
            && Arc::ptr_eq(known, pixels)
        {
            return texture.clone();
        }
        let image = ColorImage::from_rgba_unmultiplied(pixels.size, &pixels.rgba);
        let options = TextureOptions::LINEAR.with_mipmap_mode(Some(egui::TextureFilter::Linear));
        let texture = ctx.load_texture(format!("{slot:?}"), image, options);
        *kept = Some((Arc::clone(pixels), texture.clone()));
        texture
    }
}
