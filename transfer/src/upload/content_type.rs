//! The content type of an object whose uploader names none, by the ending of its key, as the mobile SDKs choose it.

/// `image/jpeg` and the like; `application/octet-stream` when the ending says nothing.
pub(crate) fn of(key: &str) -> &'static str {
    let name = key.rsplit('/').next().unwrap_or(key);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "heic" => "image/heic",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_last_segment_decides() {
        for (key, content_type) in [
            ("users/alice/IMG_1.JPG", "image/jpeg"),
            ("a.png/b", "application/octet-stream"),
            ("png", "application/octet-stream"),
            ("a.tar.zip", "application/zip"),
            ("a.", "application/octet-stream"),
        ] {
            assert_eq!(of(key), content_type, "{key}");
        }
    }
}
