//! A photo-like landscape, generated: a lake under hills at a low sun. It stands in for the photos of a phone.

use std::thread;

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

type Colour = [f32; 3];

/// Where the water begins, as a share of the height.
const WATERLINE: f32 = 0.64;
const HILLS: usize = 5;
const JPEG_QUALITY: u8 = 93;
/// Strength of the grain, of 255: what makes the file as large as a camera's.
const GRAIN: f32 = 15.0;

/// A JPEG of `width` by `height` pixels (each at least 1). The same arguments give the same bytes; another `seed` gives another
/// hour, sun and range of hills. 12 megapixels make 3 to 6 MB.
pub fn photo(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let picture = paint(width, height, seed);
    let mut jpeg = Vec::with_capacity(picture.as_raw().len() / 6);
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode_image(&picture);
    debug_assert!(encoded.is_ok(), "a JPEG of 1 to 65535 pixels a side into memory");
    jpeg
}

/// The pixels of such a photo.
pub fn paint(width: u32, height: u32, seed: u64) -> RgbImage {
    let (width, height) = (width.clamp(1, 65_535), height.clamp(1, 65_535));
    let scene = Scene::new(width, height, (seed ^ (seed >> 32)) as u32);
    let row_bytes = width as usize * 3;
    let mut picture = RgbImage::new(width, height);
    let shore = ((WATERLINE * height as f32).round() as usize).max(1);
    let (land, water) = picture.split_at_mut(shore * row_bytes);
    in_parallel(land, row_bytes, |y, row| scene.paint_land(y, row));
    // The water mirrors what is painted by now.
    let land = &*land;
    in_parallel(water, row_bytes, |y, row| scene.paint_water(shore + y, row, land));
    picture
}

/// Paints all rows of `pixels`, each with its number, on all processors.
fn in_parallel(pixels: &mut [u8], row_bytes: usize, paint: impl Fn(usize, &mut [u8]) + Sync) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let rows_each = (pixels.len() / row_bytes).div_ceil(workers).max(1);
    thread::scope(|scope| {
        for (band, rows) in pixels.chunks_mut(rows_each * row_bytes).enumerate() {
            let paint = &paint;
            scope.spawn(move || {
                for (y, row) in (band * rows_each..).zip(rows.chunks_exact_mut(row_bytes)) {
                    paint(y, row);
                }
            });
        }
    });
}

/// Colours of one hour of the day.
struct Palette {
    zenith: Colour,
    middle: Colour,
    horizon: Colour,
    sun: Colour,
    cloud: Colour,
    far_hill: Colour,
    near_hill: Colour,
    deep_water: Colour,
}

const PALETTES: [Palette; 3] = [
    // a golden evening
    Palette {
        zenith: [60.0, 100.0, 156.0],
        middle: [150.0, 172.0, 190.0],
        horizon: [250.0, 206.0, 150.0],
        sun: [255.0, 240.0, 205.0],
        cloud: [255.0, 214.0, 178.0],
        far_hill: [146.0, 152.0, 172.0],
        near_hill: [30.0, 42.0, 34.0],
        deep_water: [20.0, 46.0, 66.0],
    },
    // a clear morning
    Palette {
        zenith: [38.0, 104.0, 180.0],
        middle: [112.0, 170.0, 218.0],
        horizon: [226.0, 234.0, 230.0],
        sun: [255.0, 252.0, 236.0],
        cloud: [255.0, 255.0, 252.0],
        far_hill: [140.0, 168.0, 194.0],
        near_hill: [34.0, 66.0, 38.0],
        deep_water: [12.0, 62.0, 88.0],
    },
    // a rose dawn
    Palette {
        zenith: [72.0, 78.0, 138.0],
        middle: [176.0, 144.0, 178.0],
        horizon: [255.0, 192.0, 160.0],
        sun: [255.0, 232.0, 210.0],
        cloud: [255.0, 190.0, 180.0],
        far_hill: [150.0, 138.0, 172.0],
        near_hill: [36.0, 36.0, 48.0],
        deep_water: [34.0, 40.0, 76.0],
    },
];

/// One range of hills.
struct Hill {
    /// Height of the ridge above the waterline for each column, as a share of the picture's height.
    ridge: Vec<f32>,
    /// 0 (far) to 1 (near).
    nearness: f32,
}

struct Scene {
    width: f32,
    height: f32,
    seed: u32,
    palette: &'static Palette,
    noise: Noise,
    /// Where the sun stands, in shares of width and height.
    sun: (f32, f32),
    hills: Vec<Hill>,
}

/// What is the same for all of a row of sky.
struct SkyRow {
    v: f32,
    air: Colour,
    /// Clouds lie closer together towards the horizon.
    cloud_x: f32,
    cloud_y: f32,
    /// How much of the clouds is seen.
    veil: f32,
}

impl Scene {
    fn new(width: u32, height: u32, seed: u32) -> Self {
        let pick = |salt: i32| hash(salt, 77, seed);
        let noise = Noise::new(seed);
        let aspect = width as f32 / height as f32;
        let hills = (0..HILLS).map(|layer| Hill {
            ridge: (0..width).map(|x| ridge(&noise, layer, x as f32 / width as f32 * aspect, seed)).collect(),
            nearness: layer as f32 / (HILLS - 1) as f32,
        });
        Self {
            width: width as f32,
            height: height as f32,
            seed,
            palette: &PALETTES[seed as usize % PALETTES.len()],
            sun: (0.58 + 0.22 * pick(1), 0.34 + 0.06 * pick(2)),
            hills: hills.collect(),
            noise,
        }
    }

    fn paint_land(&self, y: usize, row: &mut [u8]) {
        let v = (y as f32 + 0.5) / self.height;
        let sky = self.sky_row(v);
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let u = (x as f32 + 0.5) / self.width;
            let nearest = self.hills.iter().rev().find(|hill| v > WATERLINE - hill.ridge[x]);
            let colour = match nearest {
                Some(hill) => self.hill(hill, x, u, v),
                None => self.sky(u, &sky),
            };
            self.expose(colour, (x, y), pixel);
        }
    }

    fn paint_water(&self, y: usize, row: &mut [u8], land: &[u8]) {
        let v = (y as f32 + 0.5) / self.height;
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let colour = self.water((x as f32 + 0.5) / self.width, v, land);
            self.expose(colour, (x, y), pixel);
        }
    }

    /// What the camera adds: darker corners, and grain that is stronger in the shade.
    fn expose(&self, colour: Colour, (x, y): (usize, usize), pixel: &mut [u8]) {
        let (from_x, from_y) = (x as f32 / self.width - 0.5, y as f32 / self.height - 0.5);
        let vignette = 1.0 - 0.4 * (from_x * from_x + from_y * from_y);
        let brightness = (colour[0] + colour[1] + colour[2]) / 765.0;
        let bytes = mix_bits(x as i32, y as i32, self.seed ^ 0x51ed).to_le_bytes().map(f32::from);
        let bell = (bytes[0] + bytes[1] + bytes[2] + bytes[3]) / 510.0 - 1.0;
        let grain = GRAIN * (1.1 - 0.6 * brightness) * bell;
        for (byte, channel) in pixel.iter_mut().zip(colour) {
            *byte = (channel * vignette + grain).clamp(0.0, 255.0) as u8;
        }
    }

    fn sky_row(&self, v: f32) -> SkyRow {
        let palette = self.palette;
        let down = v / WATERLINE;
        let depth = 1.0 / (1.12 - down).max(0.05);
        let upper = mix(palette.zenith, palette.middle, (down / 0.6).min(1.0));
        let air = mix(upper, palette.horizon, smooth(0.4, 0.97, down));
        SkyRow {
            v,
            air,
            cloud_x: depth.sqrt() * 2.2,
            cloud_y: v * 5.0 * depth.powf(0.35),
            veil: 0.85 * smooth(0.0, 0.25, down) * (1.0 - 0.5 * smooth(0.8, 1.0, down)),
        }
    }

    fn sky(&self, u: f32, row: &SkyRow) -> Colour {
        let palette = self.palette;
        let aspect = self.width / self.height;
        let (over, up) = ((u - self.sun.0) * aspect, row.v - self.sun.1);
        let from_sun = (over * over + up * up).sqrt();
        let glow = 0.5 / (1.0 + 30.0 * from_sun * from_sun) + 0.45 / (1.0 + 500.0 * from_sun * from_sun);
        let lit = mix(row.air, palette.sun, glow);
        let (x, y) = ((u * aspect - 0.6) * row.cloud_x, row.cloud_y);
        let bend = self.noise.fbm(x * 0.8, y * 1.4, 2);
        let density = self.noise.fbm(x + bend * 1.4 + 40.0, y * 2.6 + bend, 5);
        let shade = mix(mix(palette.middle, [255.0; 3], 0.45), palette.cloud, (1.25 - from_sun).clamp(0.0, 1.0));
        let clouded = mix(lit, shade, row.veil * smooth(0.5, 0.8, density));
        mix(palette.sun, clouded, smooth(0.026, 0.034, from_sun))
    }

    fn hill(&self, hill: &Hill, column: usize, u: f32, v: f32) -> Colour {
        let palette = self.palette;
        let x = u * self.width / self.height;
        let below_ridge = v - (WATERLINE - hill.ridge[column]);
        let scale = 50.0 + 110.0 * (1.0 - hill.nearness);
        let own = hill.nearness * 50.0;
        let woods = self.noise.fbm(x * scale + own, v * scale * 1.5, 5) - 0.5;
        let slopes = self.noise.fbm(x * 9.0 + below_ridge * 14.0 + own, v * 3.0 - below_ridge * 9.0, 3) - 0.5;
        let light = 1.0 + woods * (0.16 + 1.25 * hill.nearness) + slopes * (0.2 + 0.25 * hill.nearness);
        let body = mix(palette.far_hill, palette.near_hill, hill.nearness.sqrt()).map(|channel| channel * light);
        let to_sun = (x - self.sun.0 * self.width / self.height).abs();
        let rim = (0.5 - 0.3 * hill.nearness) / ((1.0 + 60.0 * below_ridge) * (1.0 + 4.0 * to_sun * to_sun));
        let haze = mix(palette.far_hill, palette.horizon, 0.35 + 0.4 / (1.0 + 6.0 * to_sun * to_sun));
        let mist = 0.85 * smooth(0.1, 0.0, WATERLINE - v) * (1.0 - hill.nearness);
        mix(mix(body, palette.sun, rim), haze, mist)
    }

    /// The land mirrored in ripples, darker where the eye looks down into the water, with a path of light below the sun.
    fn water(&self, u: f32, v: f32, land: &[u8]) -> Colour {
        let near = (v - WATERLINE) / (1.0 - WATERLINE);
        let away = 1.0 / (near.max(0.0) + 0.07);
        let aspect = self.width / self.height;
        let (x, y) = ((u - 0.5) * aspect * away, away);
        let swell = self.noise.fbm(x * 2.6, y * 9.0, 3) - 0.5;
        let ripple = self.noise.fbm(x * 13.0, y * 42.0, 3) - 0.5;
        let tilt = swell * 0.05 + ripple * 0.07;
        let mirrored = WATERLINE - (v - WATERLINE) * 0.92 + tilt * (0.15 + near);
        let seen = self.painted(land, u + tilt * 0.05, mirrored);
        let depth = (0.12 + 0.5 * near + ripple * 0.7).clamp(0.05, 0.85);
        let surface = mix(seen, self.palette.deep_water, depth);
        let path = ((u - self.sun.0) * aspect / (0.05 + 0.17 * near)).powi(2);
        let sparkle = smooth(0.05, 0.3, ripple + swell * 0.5) * (-path).exp();
        mix(surface, self.palette.sun, 0.85 * sparkle)
    }

    /// The colour of the painted land at a point, which is first brought inside.
    fn painted(&self, land: &[u8], u: f32, v: f32) -> Colour {
        let last_row = land.len() / (self.width as usize * 3) - 1;
        let x = ((u * self.width).max(0.0) as usize).min(self.width as usize - 1);
        let y = ((v * self.height).max(0.0) as usize).min(last_row);
        let at = (y * self.width as usize + x) * 3;
        [0, 1, 2].map(|channel| f32::from(land[at + channel]))
    }
}

/// Height of a ridge above the waterline at `x` (in picture heights). Far hills are high and smooth, near ones low and wooded.
fn ridge(noise: &Noise, layer: usize, x: f32, seed: u32) -> f32 {
    let near = layer as f32 / (HILLS - 1) as f32;
    let salt = seed.wrapping_mul(31) ^ (layer as u32 * 977);
    let shape = noise.fbm(x * (1.6 + 1.5 * near) + 31.0 * layer as f32, 3.7 * layer as f32, 6);
    let peak = 0.30 * (1.0 - near).powf(0.8) + 0.06;
    // The nearest hill slopes into the water towards the sun, so that the lake is seen.
    let shore = if layer + 1 == HILLS { smooth(0.75, 0.2, x) * 0.16 - 0.05 } else { 0.0 };
    let height = peak * (shape * 1.5 - 0.22) + shore;
    height + near.powi(2) * trees(x, salt) * smooth(-0.01, 0.03, height)
}

/// The jagged line of conifers on a ridge.
fn trees(x: f32, salt: u32) -> f32 {
    [(190.0, 0.020), (310.0, 0.014)].iter().fold(0.0, |tallest: f32, (per_height, height)| {
        let at = x * per_height;
        let cell = at.floor();
        let tree = hash(cell as i32, 9, salt ^ *per_height as u32);
        let side = ((at - cell - 0.5).abs() * 2.0).min(1.0);
        let boughs = 0.12 * hash((at * 7.0) as i32, 4, salt);
        tallest.max(height * (0.2 + 0.8 * tree) * (1.0 - side - boughs).max(0.0))
    })
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|channel: usize| from[channel] + (to[channel] - from[channel]) * share)
}

/// 0 at `from`, 1 at `to` and beyond, smooth between; `from` may be the larger.
fn smooth(from: f32, to: f32, at: f32) -> f32 {
    let t = ((at - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Smooth random fields over the plane, from a table of random values.
struct Noise(Vec<f32>);

impl Noise {
    /// Values in a row of the table, and rows; the field repeats after so many units.
    const SIDE: usize = 256;

    fn new(seed: u32) -> Self {
        let side = Self::SIDE as i32;
        Self((0..side * side).map(|at| hash(at % side, at / side, seed)).collect())
    }

    /// Layers of noise, each twice as fine and half as strong; 0 to 1, mostly near the middle.
    fn fbm(&self, x: f32, y: f32, octaves: i32) -> f32 {
        let (mut sum, mut total, mut strength, mut scale) = (0.0, 0.0, 1.0, 1.0);
        for octave in 0..octaves {
            sum += strength * self.at(x * scale + octave as f32 * 17.3, y * scale + octave as f32 * 9.1);
            total += strength;
            strength *= 0.5;
            scale *= 2.03;
        }
        sum / total
    }

    /// Random values at whole coordinates, smoothly joined.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (floor(x), floor(y));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
        let mask = Self::SIDE - 1;
        let columns = [left as usize & mask, (left + 1) as usize & mask];
        let rows = [(top as usize & mask) * Self::SIDE, ((top + 1) as usize & mask) * Self::SIDE];
        let [upper, lower] = rows.map(|row| {
            let (a, b) = (self.0[row + columns[0]], self.0[row + columns[1]]);
            a + (b - a) * sx
        });
        upper + (lower - upper) * sy
    }
}

/// The whole number at or below `x`; quicker than `f32::floor` where the processor's own rounding may not be assumed.
fn floor(x: f32) -> i32 {
    let whole = x as i32;
    if x < whole as f32 { whole - 1 } else { whole }
}

fn hash(x: i32, y: i32, salt: u32) -> f32 {
    (mix_bits(x, y, salt) >> 8) as f32 / (1 << 24) as f32
}

fn mix_bits(x: i32, y: i32, salt: u32) -> u32 {
    let mut bits =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ salt.wrapping_mul(0xc2b2_ae3d);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    bits ^ (bits >> 15)
}

#[cfg(test)]
mod tests {
    use super::photo;

    #[test]
    fn a_photo_decodes_to_its_size_and_repeats() {
        let jpeg = photo(96, 64, 7);
        let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (96, 64));
        assert_eq!(jpeg, photo(96, 64, 7));
        assert_ne!(jpeg, photo(96, 64, 8));
        let blue = |y: u32| (0..96).map(|x| u32::from(picture.get_pixel(x, y)[2])).sum::<u32>();
        assert!(blue(8) > blue(60), "the sky is brighter than the water at one's feet");
    }

    #[test]
    fn the_smallest_photo_is_a_photo() {
        assert!(image::load_from_memory(&photo(1, 1, 0)).is_ok());
    }
}
