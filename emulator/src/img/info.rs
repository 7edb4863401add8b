//! The step `info`: JSON about the source (`img-and-ram.md` §1.6).

use std::collections::BTreeMap;
use std::io::Cursor;

use exif::{Field, Tag, Value};
use serde_json::json;

use super::header::Header;

/// Longer values of EXIF (notes of a camera's maker) are left out, in bytes of the printed text.
const MAX_VALUE: usize = 1024;

/// Flat JSON with sorted keys, every value `{"value": "<text>"}`. Width and height are as stored: orientation does not swap them.
pub(super) fn json(source: &[u8], header: &Header, file_size: u64) -> Vec<u8> {
    let mut fields = exif_fields(source);
    let own = [
        ("FileSize", file_size.to_string()),
        ("Format", header.format.name().to_owned()),
        ("ImageHeight", header.height.to_string()),
        ("ImageWidth", header.width.to_string()),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if let Some(orientation) = header.orientation {
        fields.insert("Orientation".to_owned(), orientation.to_exif().to_string());
    }
    let object: serde_json::Map<_, _> =
        fields.into_iter().map(|(name, value)| (name, json!({ "value": value }))).collect();
    format!("{:#}", serde_json::Value::Object(object)).into_bytes()
}

/// What EXIF says, by the names of its tags; of a tag that the embedded thumbnail has, too, the picture's own.
fn exif_fields(source: &[u8]) -> BTreeMap<String, String> {
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut Cursor::new(source));
    let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) else { return BTreeMap::new() };
    let mut fields = pointers(exif.buf(), exif.little_endian());
    for field in exif.fields() {
        // Tags without a name, and blocks that only their maker reads.
        if field.tag.description().is_none() || field.tag == Tag::MakerNote {
            continue;
        }
        let value = printed(field);
        if !value.is_empty() && value.len() <= MAX_VALUE {
            fields.entry(field.tag.to_string()).or_insert(value);
        }
    }
    fields
}

/// Where the blocks of EXIF and GPS begin, in bytes: OSS tells of these tags as of any other, the reader follows them alone.
fn pointers(tiff: &[u8], little_endian: bool) -> BTreeMap<String, String> {
    let number = |at: usize, length: usize| {
        let bytes = tiff.get(at..at.checked_add(length)?)?;
        let join = |value, byte: &u8| value << 8 | usize::from(*byte);
        Some(if little_endian { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    // The first block: the number of its entries of twelve bytes; in each a tag, a type, a count, and the value.
    let Some((first, count)) = number(4, 4).and_then(|first| Some((first, number(first, 2)?))) else {
        return BTreeMap::new();
    };
    let entries = (0..count).map(|entry| first + 2 + entry * 12);
    let told = entries.filter_map(|at| {
        let name = match number(at, 2)? {
            0x8769 => "ExifTag",
            0x8825 => "GPSTag",
            _ => return None,
        };
        Some((name.to_owned(), number(at + 8, 4)?.to_string()))
    });
    told.collect()
}

/// As OSS prints it: numbers apart by spaces, fractions as `96/1`, the hemispheres in words.
fn printed(field: &Field) -> String {
    let join = |parts: Vec<String>| parts.join(" ");
    match (&field.value, field.tag) {
        (Value::Rational(parts), Tag::GPSLatitude | Tag::GPSLongitude) => {
            let unit = ["deg", "'", "\""];
            let named = parts.iter().zip(unit).filter(|(part, _)| part.denom != 0);
            join(named.map(|(part, unit)| format!("{}{unit}", part.to_f64())).collect())
        }
        (Value::Ascii(lines), tag) => {
            let text = lines.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect::<Vec<_>>();
            match (tag, text.first().map(String::as_str)) {
                (Tag::GPSLatitudeRef, Some("N")) => "North".to_owned(),
                (Tag::GPSLatitudeRef, Some("S")) => "South".to_owned(),
                (Tag::GPSLongitudeRef, Some("E")) => "East".to_owned(),
                (Tag::GPSLongitudeRef, Some("W")) => "West".to_owned(),
                _ => join(text),
            }
        }
        (Value::Rational(parts), _) => join(parts.iter().map(|part| format!("{}/{}", part.num, part.denom)).collect()),
        (Value::SRational(parts), _) => join(parts.iter().map(|part| format!("{}/{}", part.num, part.denom)).collect()),
        (Value::Byte(bytes) | Value::Undefined(bytes, _), _) => join(bytes.iter().map(u8::to_string).collect()),
        (Value::SByte(numbers), _) => join(numbers.iter().map(i8::to_string).collect()),
        (Value::Short(numbers), _) => join(numbers.iter().map(u16::to_string).collect()),
        (Value::SShort(numbers), _) => join(numbers.iter().map(i16::to_string).collect()),
        (Value::Long(numbers), _) => join(numbers.iter().map(u32::to_string).collect()),
        (Value::SLong(numbers), _) => join(numbers.iter().map(i32::to_string).collect()),
        (Value::Float(numbers), _) => join(numbers.iter().map(f32::to_string).collect()),
        (Value::Double(numbers), _) => join(numbers.iter().map(f64::to_string).collect()),
        (Value::Unknown(..), _) => String::new(),
    }
}
