//! A profile as it travels: JSON that names its version, and holds no secret.

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::words::word;

/// The version that is written, and the one that is read.
const VERSION: u32 = 1;
/// More than any profile has, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The longest name, in characters.
pub const MAX_NAME: usize = 80;
/// What may stay in the app server's query: it narrows what is asked for, and is no secret. All else may be a key, a ticket or a signature.
const HARMLESS: [&str; 3] = ["grant", "folder", "seconds"];

#[derive(Serialize, Deserialize)]
struct Document {
    direct_transfer_profile: u32,
    #[serde(flatten)]
    profile: Profile,
}

/// Why a text is no profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// It is none at all; words for a person.
    Foreign(&'static str),
    /// It is not JSON of this form; what the parser says.
    Json(String),
}

/// The profile as text, without what may be secret in the app server's address.
pub fn write(profile: &Profile) -> String {
    let profile = Profile { app_server: without_secrets(&profile.app_server), ..profile.clone() };
    serde_json::to_string(&Document { direct_transfer_profile: VERSION, profile }).unwrap_or_default()
}

/// The profile in `text`.
///
/// # Errors
/// [`Broken`] when it is none, or one of another version.
pub fn read(text: &str) -> Result<Profile, Broken> {
    if text.trim().is_empty() {
        return Err(Broken::Foreign(word("There is nothing in it.")));
    }
    if text.len() > MAX_BYTES {
        return Err(Broken::Foreign(word("It is too large for a profile.")));
    }
    let value: serde_json::Value =
        serde_json::from_str(text.trim()).map_err(|error| Broken::Json(error.to_string()))?;
    match value.get("direct_transfer_profile").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(_) => return Err(Broken::Foreign(word("It comes from a newer version of this app."))),
        None => return Err(Broken::Foreign(word("It is no profile: direct_transfer_profile is missing."))),
    }
    let Document { mut profile, .. } =
        serde_json::from_value(value).map_err(|error| Broken::Json(error.to_string()))?;
    // Fields are of one line; what a text has beyond that would be drawn over others.
    for field in [
        &mut profile.name,
        &mut profile.app_server,
        &mut profile.bucket,
        &mut profile.region,
        &mut profile.endpoint,
        &mut profile.object_name,
    ] {
        field.retain(|letter| !letter.is_control());
    }
    profile.name = profile.name.trim().chars().take(MAX_NAME).collect();
    profile.app_server = without_secrets(&profile.app_server);
    Ok(profile)
}

/// Whether the address carries what may be a secret, and would lose it on the way.
pub fn has_secrets(address: &str) -> bool {
    without_secrets(address) != address.trim()
}

/// The address without userinfo, fragment and those parameters that may be secret.
fn without_secrets(address: &str) -> String {
    let address = address.trim().split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let (scheme, rest) = path.split_once("://").map_or(("", path), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let harmless = |pair: &&str| HARMLESS.contains(&pair.split('=').next().unwrap_or_default());
    let query: Vec<&str> = query.split('&').filter(harmless).collect();
    let separator = if scheme.is_empty() { "" } else { "://" };
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}{separator}{host}{path}{mark}{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Identity;

    fn profile() -> Profile {
        Profile {
            name: "假期".to_owned(),
            app_server: "https://app.example.com/sts?grant=read".to_owned(),
            identity: Identity::Query("key".to_owned()),
            bucket: "photos".to_owned(),
            region: "cn-hangzhou".to_owned(),
            endpoint: "https://img.example.com".to_owned(),
            cname: true,
            object_name: "{prefix}{name}".to_owned(),
        }
    }

    #[test]
    fn a_profile_comes_back_from_its_text() {
        let text = write(&profile());
        assert_eq!(read(&text), Ok(profile()));
        assert_eq!(read(&format!("\n {text} ")), Ok(profile()), "as pasted");
    }

    #[test]
    fn no_secret_leaves_in_the_address() {
        for (address, shared) in [
            ("https://user:pw@app.example.com/sts?key=s3cret&grant=read#x", "https://app.example.com/sts?grant=read"),
            ("http://a?dt-signature=s3cret", "http://a"),
            ("http://a/sts?grants=s3cret&seconds=900&folder=2026", "http://a/sts?seconds=900&folder=2026"),
            ("s3cret@host", "host"),
            ("", ""),
        ] {
            let text = write(&Profile { app_server: address.to_owned(), ..profile() });
            assert!(!text.contains("s3cret") && !text.contains("pw@"), "{text}");
            assert_eq!(read(&text).unwrap().app_server, shared, "{address}");
            assert_eq!(has_secrets(address), address != shared, "{address}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let large = format!(r#"{{"direct_transfer_profile":1,"name":"{}"}}"#, "x".repeat(MAX_BYTES));
        for text in ["", "{", "7", r#"{"AccessKeySecret":"x"}"#, r#"{"direct_transfer_profile":2}"#, &large] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(matches!(read(r#"{"direct_transfer_profile":1,"cname":"yes"}"#), Err(Broken::Json(_))));
        let odd = read("{\"direct_transfer_profile\":1,\"name\":\" a\\nb \",\"future\":1}").unwrap();
        assert_eq!(odd, Profile { name: "ab".to_owned(), ..Profile::default() });
    }
}
