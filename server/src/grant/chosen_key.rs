//! Object keys that the server chooses: a date, so that people find things, and 128 random bits, so that nobody guesses
//! or overwrites them.

use axum::http::StatusCode;
use shared::object_key::Prefix;
use time::OffsetDateTime;

use super::Asked;
use crate::config::ObjectKeySection;
use crate::refusal::Refusal;

/// A new key in `folder` for what is asked: `<folder>YYYY/MM/DD/<32 hexadecimal digits>.<extension>`.
///
/// # Errors
/// [`Refusal`] for a missing or forbidden extension, a missing or too large size, or no randomness.
pub(super) fn choose(
    section: &ObjectKeySection,
    folder: &Prefix,
    asked: &Asked,
    now: OffsetDateTime,
) -> Result<String, Refusal> {
    let allowed = || section.extensions.join(", ");
    let Some(extension) = asked.extension.as_deref().filter(|extension| !extension.is_empty()) else {
        let message = format!("name the file's extension, as in ?extension=jpg; allowed are {}.", allowed());
        return Err(Refusal::bad_request("ExtensionMissing", message));
    };
    let extension = extension.trim_start_matches('.').to_ascii_lowercase();
    if !section.extensions.iter().any(|allowed| allowed.eq_ignore_ascii_case(&extension)) {
        let message = format!("files of this kind cannot be uploaded; allowed are {}.", allowed());
        return Err(Refusal::forbidden("ExtensionNotAllowed", message));
    }
    check_size(section.max_bytes, asked.size)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        let message = format!("the app server's machine has no randomness for a key: {error}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    })?;
    let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
    Ok(format!("{folder}{year:04}/{month:02}/{day:02}/{}.{extension}", hex::encode(random)))
}

fn check_size(max_bytes: Option<u64>, size: Option<u64>) -> Result<(), Refusal> {
    match (max_bytes, size) {
        (Some(max), None) => {
            let message = format!("name the file's size in bytes, as in &size=1024; at most {max}.");
            Err(Refusal::bad_request("SizeMissing", message))
        }
        (Some(max), Some(size)) if size > max => {
            Err(Refusal::forbidden("SizeNotAllowed", format!("a file may have at most {max} bytes.")))
        }
        _ => Ok(()),
    }
}
