//! The small files that settings name: policies, keys and secrets, read as text.

use std::io::{ErrorKind, Read};
use std::path::Path;

use shared::secret::Secret;

use crate::config::section::wrong;
use crate::error::Problem;

/// No policy, key set or list of devices is longer.
const MAX_BYTES: u64 = 64 << 20;

/// The text of the file at `path`, relative to `folder`; `None` with a problem at the setting `at`. Blocks.
pub(crate) fn read(folder: &Path, path: &str, at: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let full = folder.join(path);
    let shown = full.display();
    let mut text = String::new();
    let read = std::fs::File::open(&full).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => return Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            wrong(problems, at, format!("{shown} is not UTF-8 text; save it as UTF-8"));
        }
        Err(error) => {
            wrong(problems, at, format!("{shown} cannot be read: {error}; paths are relative to the configuration"));
        }
    }
    None
}

/// A secret that is written down or in a file of its own; `None` with a problem when it is neither, or too short.
pub(crate) fn secret(
    folder: &Path,
    written: Option<&Secret>,
    file: Option<&str>,
    at: &str,
    at_least: usize,
    problems: &mut Vec<Problem>,
) -> Option<Secret> {
    let secret = match (written, file) {
        (Some(secret), None) => secret.clone(),
        (None, Some(path)) => {
            Secret::new(read(folder, path, &format!("{at}.SecretFile"), problems).map(Secret::new)?.expose().trim())
        }
        _ => {
            wrong(problems, at, "expected one of Secret and SecretFile");
            return None;
        }
    };
    if secret.expose().len() < at_least {
        wrong(problems, at, format!("the secret has fewer than {at_least} bytes: make a longer one"));
        return None;
    }
    Some(secret)
}
