//! Profiles: where to upload, under a name; kept with the settings, and shared as text, as a file or as a QR code, never with a secret in them.

mod changes;
pub mod check;
pub mod document;
pub mod presets;

use serde::{Deserialize, Serialize};
use shared::region::Region;

use crate::qr::Code;
use crate::settings::Settings;

pub use changes::ProfileAction;

/// The most profiles that are kept.
pub const MOST: usize = 100;

/// How the app server learns who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Not at all.
    #[default]
    Nobody,
    /// A key or a token as `Authorization: Bearer`.
    Bearer,
    /// A key in this parameter of the query.
    Query(String),
}

impl Identity {
    /// Whether a key is sent.
    pub fn has_key(&self) -> bool {
        *self != Self::Nobody
    }
}

/// Where to upload, under a name. The key that the app server may want is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// The app server's URL.
    pub app_server: String,
    /// How the app server learns who asks.
    pub identity: Identity,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// The OSS endpoint.
    pub endpoint: String,
    /// Whether the endpoint is the bucket's own domain.
    pub cname: bool,
    /// The template of object names.
    pub object_name: String,
}

impl Profile {
    /// What stands in the fields, called `name`.
    pub fn of(settings: &Settings, name: &str) -> Self {
        Self {
            name: name.trim().to_owned(),
            app_server: settings.app_server.trim().to_owned(),
            identity: settings.identity.clone(),
            bucket: settings.bucket.trim().to_owned(),
            region: settings.region.trim().to_owned(),
            endpoint: settings.endpoint.trim().to_owned(),
            cname: settings.cname,
            object_name: settings.object_name.clone(),
        }
    }

    /// Puts it into the fields.
    pub fn fill(&self, settings: &mut Settings) {
        let Self { name, app_server, identity, bucket, region, endpoint, cname, object_name } = self.clone();
        settings.profile = name;
        settings.app_server = app_server;
        settings.identity = identity;
        settings.bucket = bucket;
        settings.region = region;
        settings.endpoint = endpoint;
        settings.cname = cname;
        settings.object_name = object_name;
    }
}

/// Whether files go to OSS by HTTPS; they do unless the endpoint says otherwise.
pub fn is_https(settings: &Settings) -> bool {
    !settings.endpoint.trim().starts_with("http://")
}

/// Says in the endpoint whether to use HTTPS; an empty one is first filled with the region's.
pub fn set_https(settings: &mut Settings, https: bool) {
    let region = Region::parse(settings.region.trim()).map(|region| region.public_endpoint());
    let endpoint = match settings.endpoint.trim() {
        "" => region.unwrap_or_default(),
        endpoint => endpoint.to_owned(),
    };
    let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
    settings.endpoint = format!("{}://{host}", if https { "https" } else { "http" });
}

/// The sheet of profiles, beside what the settings hold.
#[derive(Debug, Default)]
pub struct Profiles {
    /// Under which name to save.
    pub name: String,
    /// The text that was pasted.
    pub pasted: String,
    /// The path of a file to write or to read.
    pub file: String,
    /// What became of the last import or export, and whether it went well.
    pub said: Option<(bool, String)>,
    /// The QR code of the text that it was made of.
    code: Option<(String, Option<Code>)>,
}

impl Profiles {
    /// The QR code of `text`; `None` when that is too long for one.
    pub fn code(&mut self, text: &str) -> Option<&Code> {
        if self.code.as_ref().is_none_or(|(known, _)| known != text) {
            self.code = Some((text.to_owned(), Code::of(text)));
        }
        self.code.as_ref()?.1.as_ref()
    }
}
