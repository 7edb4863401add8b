//! What a caller asks for beyond "a token": from the query of a URL, or from JSON.

use std::str::FromStr;

use serde::Deserialize;

use crate::refusal::Refusal;

/// The question. Everything in it narrows what the caller would get; nothing can widen it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// A named grant.
    pub grant: Option<String>,
    /// A folder inside of the caller's own.
    pub folder: Option<String>,
    /// A shorter life, in seconds.
    pub seconds: Option<u32>,
    /// The extension of the file that will be uploaded; where the server chooses the key.
    pub extension: Option<String>,
    /// The size of that file in bytes.
    pub size: Option<u64>,
}

impl Asked {
    /// Reads `grant`, `folder`, `seconds`, `extension` and `size`; other parameters are not ours. Of two the first counts.
    ///
    /// # Errors
    /// [`Refusal`] 400 for a number that is none.
    pub fn from_query(query: Option<&str>) -> Result<Self, Refusal> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "grant" => put(&mut asked.grant, value.into_owned()),
                "folder" => put(&mut asked.folder, value.into_owned()),
                "extension" => put(&mut asked.extension, value.into_owned()),
                "seconds" => put(&mut asked.seconds, number(&name, &value)?),
                "size" => put(&mut asked.size, number(&name, &value)?),
                _ => {}
            }
        }
        Ok(asked)
    }
}

fn put<T>(field: &mut Option<T>, value: T) {
    field.get_or_insert(value);
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| Refusal::bad_request("InvalidParameter", format!("{name} must be a whole number.")))
}
