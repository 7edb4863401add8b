//! AVIF: `zenavif-parse` reads the container, `re_rav1d` (dav1d in Rust) decodes what it holds, `ravif` writes both. Of a sequence
//! the first picture counts; a grid of tiles is put together.

mod colour;
mod decode;
mod encode;

use std::borrow::Cow;

use image::metadata::Orientation;
use shared::error::OssError;
use shared::img::{Format, ImgError};
use zenavif_parse::{AV1Metadata, AvifParser, ColorInformation, DecodeConfig, Unstoppable};

use super::header::{self, Header};
use super::{icc, limits};

pub(super) use decode::decode;
pub(super) use encode::{ENCODER_BYTES, encode};

/// Phones write about 50 tiles.
const MAX_TILES: u32 = 1_000;

/// What begins with a box of brands (ISO/IEC 14496-12 §4.3) may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// An AVIF, or a sequence of AV1 pictures.
    Avif,
    /// A picture that is coded otherwise, as HEIC is.
    OtherPicture,
}

/// What a file says in its first box that it is; `None` for what is no picture, such as a film.
pub(super) fn family(source: &[u8]) -> Option<Family> {
    let (size, rest) = source.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    if kind != b"ftyp" {
        return None;
    }
    // The major brand, its version, and the brands that it is compatible with.
    let mut brands = source.get(8..size.min(source.len()))?.chunks_exact(4);
    let major = brands.next()?;
    match major {
        b"avif" | b"avis" => Some(Family::Avif),
        b"mif1" | b"msf1" if brands.any(is_ours) => Some(Family::Avif),
        b"mif1" | b"msf1" | b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Family::OtherPicture),
        _ => None,
    }
}

fn is_ours(brand: &[u8]) -> bool {
    matches!(brand, b"avif" | b"avis")
}

/// The head of an AVIF.
pub(super) fn header(source: &[u8]) -> Result<Header, OssError> {
    let file = File::read(source)?;
    limits::avif_source(file.size)?;
    // A tile may be larger than what is seen of it.
    limits::avif_source(file.tile_size())?;
    let first = &file.coded;
    let samples: u64 = match (first.monochrome, first.chroma_subsampling.into()) {
        (true, _) => 1,
        (false, (true, true)) => 2,
        (false, _) => 3,
    };
    let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
    let planes = (samples + u64::from(file.has_alpha())) * if first.bit_depth > 8 { 2 } else { 1 };
    Ok(Header {
        format: Format::Avif,
        width: file.size.0,
        height: file.size.1,
        orientation: file.orientation(),
        icc: file.profile(),
        animated: false,
        pixels: area(file.tile_size()) * u64::from(file.grid.0) * u64::from(file.grid.1),
        // Of one tile: the planes, and what the decoder notes of each block.
        decoder_bytes: area(file.tile_size()) * (planes + 4),
    })
}

/// A parsed file: one picture, or tiles of one size in rows from the top left, of which the last may stick out.
struct File<'a> {
    container: AvifParser<'a>,
    /// What the first tile says of itself.
    coded: AV1Metadata,
    /// (columns, rows).
    grid: (u32, u32),
    /// (width, height) of the whole picture in pixels, as stored.
    size: (u32, u32),
}

impl<'a> File<'a> {
    fn read(source: &'a [u8]) -> Result<Self, OssError> {
        let bounds = DecodeConfig::default().with_max_grid_tiles(MAX_TILES);
        let container = if source.get(8..12).is_some_and(is_ours) {
            AvifParser::from_bytes_with_config(source, &bounds, &Unstoppable)
        } else {
            // The parser wants the brand in the first place.
            let mut named = source.to_vec();
            named[8..12].copy_from_slice(b"avif");
            AvifParser::from_owned_with_config(named, &bounds, &Unstoppable)
        };
        let container = container.map_err(damage)?;
        let coded = AV1Metadata::parse_av1_bitstream(&tile(&container, 0)?).map_err(damage)?;
        let one = (coded.max_frame_width.get(), coded.max_frame_height.get());
        let Some(grid) = container.grid_config() else {
            return Ok(Self { container, coded, grid: (1, 1), size: one });
        };
        let (columns, rows) = (u32::from(grid.columns), u32::from(grid.rows));
        let whole = (one.0.saturating_mul(columns), one.1.saturating_mul(rows));
        // 0 stands for what the tiles cover.
        let or_whole = |side: u32, whole: u32| if side == 0 { whole } else { side };
        let size = (or_whole(grid.output_width, whole.0), or_whole(grid.output_height, whole.1));
        if columns * rows != container.grid_tile_count() as u32 || size.0 > whole.0 || size.1 > whole.1 {
            return Err(header::damage(Format::Avif));
        }
        Ok(Self { container, coded, grid: (columns, rows), size })
    }

    /// The size of a tile.
    fn tile_size(&self) -> (u32, u32) {
        (self.coded.max_frame_width.get(), self.coded.max_frame_height.get())
    }

    fn has_alpha(&self) -> bool {
        self.container.alpha_data().is_some() || self.container.animation_info().is_some_and(|info| info.has_alpha)
    }

    /// The AV1 data of the alpha channel, which is one picture.
    ///
    /// # Errors
    /// `NotImplemented` for tiles of alpha, which nobody is known to write.
    fn alpha(&self) -> Result<Option<Cow<'_, [u8]>>, OssError> {
        if !self.has_alpha() {
            return Ok(None);
        }
        if self.grid != (1, 1) {
            return Err(ImgError::NotImplemented("an AVIF source of tiles with alpha".to_owned()).into());
        }
        if self.container.animation_info().is_some() {
            return Ok(self.container.frame(0).map_err(damage)?.alpha_data);
        }
        self.container.alpha_data().transpose().map_err(damage)
    }

    /// What `irot` and `imir` say, the mirror after the turn (ISO/IEC 23008-12 §6.5.10, §6.5.12); as everywhere, not what EXIF says.
    fn orientation(&self) -> Option<Orientation> {
        let turned = self.container.rotation().map_or(0, |rotation| rotation.angle);
        let mirrored = self.container.mirror().map(|mirror| mirror.axis);
        // Turned counter-clockwise; axis 0 swaps top and bottom, 1 left and right.
        let orientation = match (turned, mirrored) {
            (90, None) => Orientation::Rotate270,
            (180, None) => Orientation::Rotate180,
            (270, None) => Orientation::Rotate90,
            (0, Some(0)) | (180, Some(1)) => Orientation::FlipVertical,
            (0, Some(1)) | (180, Some(0)) => Orientation::FlipHorizontal,
            (90, Some(0)) | (270, Some(1)) => Orientation::Rotate90FlipH,
            (90, Some(1)) | (270, Some(0)) => Orientation::Rotate270FlipH,
            _ => return None,
        };
        Some(orientation)
    }

    /// The profile that the file carries, or one of the colours that it names, where these are wider than sRGB's.
    fn profile(&self) -> Option<Vec<u8>> {
        match self.container.color_info()? {
            ColorInformation::IccProfile(profile) => {
                Some(profile.clone()).filter(|profile| icc::describes(profile, self.coded.monochrome))
            }
            ColorInformation::Nclx { color_primaries, transfer_characteristics, .. } => {
                icc::of_code_points(*color_primaries, *transfer_characteristics)
            }
        }
    }
}

/// The AV1 data of a tile; of the picture itself where there are none.
fn tile<'a>(container: &'a AvifParser<'_>, index: usize) -> Result<Cow<'a, [u8]>, OssError> {
    if container.grid_config().is_some() {
        return container.tile_data(index).map_err(damage);
    }
    if container.animation_info().is_some() {
        return container.frame(0).map(|frame| frame.data).map_err(damage);
    }
    container.primary_data().map_err(damage)
}

fn damage(_: zenavif_parse::Error) -> OssError {
    header::damage(Format::Avif)
}
