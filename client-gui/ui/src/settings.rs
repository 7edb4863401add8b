//! What the app remembers between starts: a JSON file, written atomically. It never holds a secret.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::command::Place;
use crate::files::{set_aside, write_whole};
use crate::profiles::{Identity, Profile};
use crate::recipe::Recipe;
use crate::words::{LanguageChoice, Text};

/// The settings. A missing field has its default, an unknown one is ignored, so that files of other versions stay readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The app server's URL.
    pub app_server: String,
    /// The bucket.
    pub bucket: String,
    /// The region, such as `cn-hangzhou`.
    pub region: String,
    /// The OSS endpoint; empty means the region's public one.
    pub endpoint: String,
    /// Whether the endpoint is the bucket's own domain, a CNAME.
    pub cname: bool,
    /// How the app server learns who asks; the key itself is kept nowhere.
    pub identity: Identity,
    /// The name of the profile in the fields; empty for none.
    pub profile: String,
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// The URL of an emulator's control port; empty where there is none, as with the cloud.
    pub control: String,
    /// The template of object names, such as `{prefix}{name}`.
    pub object_name: String,
    /// How to upload.
    pub mode: UploadMode,
    /// How many files go up at once, 1 to [`MOST_PARALLEL`].
    pub parallel: u8,
    /// The most kilobytes (1000 bytes) a second that all uploads together send; 0 sets no limit.
    pub limit: u32,
    /// Light, dark, or as the system is.
    pub theme: ThemeChoice,
    /// The language of the screen.
    pub language: LanguageChoice,
    /// Size of all text and controls; 1 is normal.
    pub zoom: f32,
    /// Width and height of the window, in points; `None` until it has been open once.
    pub window: Option<[f32; 2]>,
    /// What IMG is to make.
    pub recipe: Recipe,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            app_server: String::new(),
            bucket: String::new(),
            region: String::new(),
            endpoint: String::new(),
            cname: false,
            identity: Identity::default(),
            profile: String::new(),
            profiles: Vec::new(),
            control: String::new(),
            object_name: crate::naming::DEFAULT_TEMPLATE.to_owned(),
            mode: UploadMode::default(),
            parallel: 3,
            limit: 0,
            theme: ThemeChoice::default(),
            language: LanguageChoice::default(),
            zoom: 1.0,
            window: None,
            recipe: Recipe::default(),
        }
    }
}

/// The most files that may go up at once.
pub const MOST_PARALLEL: u8 = 8;
/// The least limit that means something, in kilobytes a second: with less, a connection would seem dead.
pub const LEAST_LIMIT: u32 = 11;

/// How to upload: the two ways of the reference app, or whichever suits the file's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadMode {
    /// One PutObject for small files, parts for large ones.
    #[default]
    Auto,
    /// One PutObject.
    Simple,
    /// Parts, each retried by itself.
    Resumable,
}

/// Which theme to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// As the system is.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Why settings could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file or its folder refused.
    #[error("the settings file {path} cannot be used: {source}; check that its folder exists and may be written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what this app wrote.
    #[error("the settings file {path} is not valid: {source}; correct or delete it", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
}

impl SettingsError {
    /// As a sentence that can be shown in any language.
    pub fn told(&self) -> Text {
        match self {
            Self::File { path, source } => said!(
                "The settings file {0} cannot be used: {1}; check that its folder exists and may be written.",
                path.display().to_string(),
                source.to_string(),
            ),
            Self::Content { path, source } => said!(
                "The settings file {0} is not valid: {1}; correct or delete it.",
                path.display().to_string(),
                source.to_string(),
            ),
        }
    }
}

impl Settings {
    /// Where to get tokens and upload to, without the key that the app server may want.
    pub fn place(&self) -> Place {
        let trimmed = |text: &str| text.trim().to_owned();
        Place {
            app_server: trimmed(&self.app_server),
            bucket: trimmed(&self.bucket),
            region: trimmed(&self.region),
            endpoint: trimmed(&self.endpoint),
            cname: self.cname,
            identity: self.identity.clone(),
            key: None,
        }
    }

    /// Reads `path`; a file that does not exist yields the defaults. Blocking.
    ///
    /// # Errors
    /// [`SettingsError`] when the file cannot be read or is not valid.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(SettingsError::File { path: path.to_owned(), source }),
        };
        serde_json::from_str(&text).map_err(|source| SettingsError::Content { path: path.to_owned(), source })
    }

    /// As [`load`](Self::load); a file that is not valid is set aside and named in the words that come with the defaults. Blocking.
    ///
    /// # Errors
    /// [`SettingsError::File`] when the file can neither be used nor be set aside.
    pub fn load_or_set_aside(path: &Path) -> Result<(Self, Option<Text>), SettingsError> {
        match Self::load(path) {
            Ok(settings) => Ok((settings, None)),
            Err(SettingsError::Content { source, .. }) => {
                let aside = set_aside(path).map_err(|source| SettingsError::File { path: path.to_owned(), source })?;
                let (path, aside) = (path.display().to_string(), aside.display().to_string());
                let lost = said!("{0} is not valid: {1}; it was set aside as {2}.", path, source.to_string(), aside);
                Ok((Self::default(), Some(lost)))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes `path` so that a crash leaves the old file or the new one, never half of one. Blocking.
    ///
    /// # Errors
    /// [`SettingsError`] when the folder cannot be created or written.
    pub fn save(&self, path: &Path) -> Result<(), SettingsError> {
        let fail = |source| SettingsError::File { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| SettingsError::Content { path: path.to_owned(), source })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(fail)?;
        write_whole(path, text.as_bytes()).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new folder").join("settings.json");
        assert_eq!(Settings::load(&path).unwrap(), Settings::default());
        let settings = Settings { bucket: "照片".to_owned(), zoom: 1.25, ..Settings::default() };
        settings.save(&path).unwrap();
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path).unwrap(), settings);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file may stay");
    }

    #[test]
    fn files_of_other_versions_are_read_and_broken_ones_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, r#"{"bucket":"photos","future":1}"#).unwrap();
        assert_eq!(Settings::load(&path).unwrap().bucket, "photos");
        std::fs::write(&path, "{").unwrap();
        assert!(Settings::load(&path).unwrap_err().to_string().contains("settings.json"));
        let (settings, lost) = Settings::load_or_set_aside(&path).unwrap();
        assert_eq!(settings, Settings::default());
        assert!(lost.unwrap().to_string().contains("settings.json.broken-1"));
        assert_eq!(std::fs::read_to_string(folder.path().join("settings.json.broken-1")).unwrap(), "{");
    }
}
