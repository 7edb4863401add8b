//! The step `info`: JSON about the source (`img-and-ram.md` §1.6).

use std::collections::BTreeMap;

use serde_json::json;

use super::header::Header;

/// Flat JSON with sorted keys, every value `{"value": "<text>"}`. Width and height are as stored: orientation does not swap them.
pub(super) fn json(header: &Header, file_size: u64) -> Vec<u8> {
    let mut fields = BTreeMap::from([
        ("FileSize", file_size.to_string()),
        ("Format", header.format.name().to_owned()),
        ("ImageHeight", header.height.to_string()),
        ("ImageWidth", header.width.to_string()),
    ]);
    if let Some(orientation) = header.orientation {
        fields.insert("Orientation", orientation.to_exif().to_string());
    }
    let object: serde_json::Map<_, _> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), json!({ "value": value }))).collect();
    format!("{:#}", serde_json::Value::Object(object)).into_bytes()
}
