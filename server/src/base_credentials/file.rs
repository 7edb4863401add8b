//! The files in which the official tools keep keys: one profile of them, read strictly.

use serde::Deserialize;
use shared::credentials::Credentials;

use super::key;

const DEFAULT_PROFILE: &str = "default";

/// `~/.alibabacloud/credentials`: sections in brackets, `name = value` below them.
///
/// # Errors
/// What is wrong, and with which profile.
pub fn credentials_file(text: &str, profile: Option<&str>) -> Result<Credentials, String> {
    let profile = profile.unwrap_or(DEFAULT_PROFILE);
    let header = format!("[{profile}]");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let section: Vec<(&str, &str)> = lines
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.trim(), value.trim())))
        .collect();
    if section.is_empty() {
        return Err(format!("it has no profile {header}, or an empty one"));
    }
    let value = |name: &str| section.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    let kind = value("type").unwrap_or_default();
    let token = match kind.as_str() {
        "access_key" => None,
        "sts" => Some(present(value("security_token"), profile, "security_token")?),
        _ => return Err(format!("the profile {profile} has the type {kind:?}; access_key and sts are read here")),
    };
    let id = present(value("access_key_id"), profile, "access_key_id")?;
    let secret = present(value("access_key_secret"), profile, "access_key_secret")?;
    Ok(key(id, secret, token))
}

#[derive(Deserialize)]
struct AliyunConfig {
    #[serde(default)]
    current: String,
    profiles: Vec<AliyunProfile>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct AliyunProfile {
    name: String,
    mode: String,
    access_key_id: String,
    access_key_secret: String,
    sts_token: String,
}

/// `~/.aliyun/config.json`, which the command-line tool writes.
///
/// # Errors
/// What is wrong, and with which profile.
pub fn aliyun_config(text: &str, profile: Option<&str>) -> Result<Credentials, String> {
    // The parser's words would repeat parts of the file.
    let config: AliyunConfig = serde_json::from_str(text)
        .map_err(|error| format!("it is not the file of aliyun configure: line {}", error.line()))?;
    let current = Some(config.current.as_str()).filter(|name| !name.is_empty());
    let wanted = profile.or(current).unwrap_or(DEFAULT_PROFILE);
    let found = config.profiles.into_iter().find(|profile| profile.name == wanted);
    let found = found.ok_or_else(|| format!("it has no profile {wanted}"))?;
    let token = match found.mode.as_str() {
        "AK" => None,
        "StsToken" => Some(present(Some(found.sts_token), wanted, "sts_token")?),
        mode => return Err(format!("the profile {wanted} has the mode {mode:?}; AK and StsToken are read here")),
    };
    let id = present(Some(found.access_key_id), wanted, "access_key_id")?;
    let secret = present(Some(found.access_key_secret), wanted, "access_key_secret")?;
    Ok(key(id, secret, token))
}

fn present(value: Option<String>, profile: &str, name: &str) -> Result<String, String> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| format!("the profile {profile} has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_and_what_they_lack_is_named() {
        let ini = "# mine\n[default]\ntype = access_key\naccess_key_id=LTAIa\naccess_key_secret = b=c\n\n\
                   [short]\ntype=sts\naccess_key_id=STS.a\naccess_key_secret=b\n[bare]\ntype=access_key\n[odd]\ntype=ecs_ram_role\n";
        let json = r#"{"current":"work","profiles":[{"name":"work","mode":"AK","access_key_id":"LTAIa","access_key_secret":"b=c"},
            {"name":"short","mode":"StsToken","access_key_id":"STS.a","access_key_secret":"b"},{"name":"odd","mode":"EcsRamRole"}]}"#;
        type Read = fn(&str, Option<&str>) -> Result<Credentials, String>;
        let cases: [(Read, &str, Option<&str>, &str); 9] = [
            (credentials_file, ini, None, ""),
            (credentials_file, ini, Some("short"), "no security_token"),
            (credentials_file, ini, Some("bare"), "no access_key_id"),
            (credentials_file, ini, Some("odd"), "\"ecs_ram_role\"; access_key and sts"),
            (credentials_file, ini, Some("gone"), "no profile [gone]"),
            (aliyun_config, json, None, ""),
            (aliyun_config, json, Some("short"), "no sts_token"),
            (aliyun_config, json, Some("odd"), "\"EcsRamRole\"; AK and StsToken"),
            (aliyun_config, "{\"access_key_secret\":\"hidden\"", None, "line 1"),
        ];
        for (read, text, profile, problem) in cases {
            match read(text, profile) {
                Ok(found) => {
                    assert_eq!(
                        (found.access_key_id.as_str(), found.access_key_secret.expose(), problem),
                        ("LTAIa", "b=c", "")
                    );
                }
                Err(reason) => {
                    assert!(!problem.is_empty() && reason.contains(problem) && !reason.contains("hidden"), "{reason}")
                }
            }
        }
    }
}
