//! What a caller asks for beyond "a token": from the query of a URL, or from JSON.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::refusal::Refusal;

/// The question. Everything in it narrows what the caller would get; nothing can widen it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams, ToSchema)]
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
    /// The parameters that are read.
    pub const NAMES: [&str; 5] = ["grant", "folder", "seconds", "extension", "size"];

    /// Reads `grant`, `folder`, `seconds`, `extension` and `size`; other parameters are not ours.
    ///
    /// # Errors
    /// [`Refusal`] 400 for a number that is none, and for two values of one: readers might each take another.
    pub fn from_query(query: Option<&str>) -> Result<Self, Refusal> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "grant" => put(&name, &mut asked.grant, value.into_owned())?,
                "folder" => put(&name, &mut asked.folder, value.into_owned())?,
                "extension" => put(&name, &mut asked.extension, value.into_owned())?,
                "seconds" => put(&name, &mut asked.seconds, number(&name, &value)?)?,
                "size" => put(&name, &mut asked.size, number(&name, &value)?)?,
                _ => {}
            }
        }
        Ok(asked)
    }

    /// What the query asks, and what `body` asks besides. A URL may be signed for less than its user may have, so nothing that
    /// stands in it gives way.
    ///
    /// # Errors
    /// [`Refusal`] 400 for a number that is none, and for a body that contradicts the URL.
    pub fn from_query_and(query: Option<&str>, body: Self) -> Result<Self, Refusal> {
        let url = Self::from_query(query)?;
        Ok(Self {
            grant: one("grant", url.grant, body.grant)?,
            folder: one("folder", url.folder, body.folder)?,
            seconds: one("seconds", url.seconds, body.seconds)?,
            extension: one("extension", url.extension, body.extension)?,
            size: one("size", url.size, body.size)?,
        })
    }
}

fn one<T: PartialEq>(name: &str, url: Option<T>, body: Option<T>) -> Result<Option<T>, Refusal> {
    match (url, body) {
        (Some(url), Some(body)) if url != body => Err(Refusal::bad_request(
            "QuestionAmbiguous",
            format!("the URL asks for one {name}, and the body for another."),
        )),
        (url, body) => Ok(url.or(body)),
    }
}

fn put<T>(name: &str, field: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::bad_request("QuestionAmbiguous", format!("{name} is given twice in the URL."))),
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|_| Refusal::bad_request("InvalidParameter", format!("{name} must be a whole number.")))
}
