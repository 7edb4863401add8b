//! `config.json`: what is taken, and what each mistake is called.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use server::config::Config;
use server::error::{ConfigError, Problem, StartError};
use shared::clock::SystemClock;
use tempfile::TempDir;

use crate::support::{KEY_ID, KEY_SECRET, ROLE_ARN};

/// A folder with the repository's policies and a few broken ones.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("write.txt", include_str!("../../../policy/bucket_write_policy.txt")),
        (
            "bom.txt",
            "\u{feff}{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"oss:*\",\"Resource\":\"*\"}]}",
        ),
        ("html.txt", "<html>"),
        ("effect.txt", r#"{"Version":"1","Statement":[{"Effect":"Maybe","Action":"oss:*","Resource":"*"}]}"#),
        ("other.txt", r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"$PREFIX*"}]}"#),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A good configuration of the document's five keys, with some keys changed; a null takes the key away.
fn settings(changes: &Value) -> String {
    let mut settings = json!({
        "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN,
        "TokenExpireTime": "900", "PolicyFile": "",
    });
    for (key, value) in changes.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    settings.to_string()
}

fn parse(folder: &TempDir, text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, &folder.path().join("config.json"))
}

#[test]
fn the_five_keys_are_enough_and_the_rest_has_defaults() {
    let folder = folder();
    let config = parse(&folder, &settings(&json!({}))).unwrap();
    assert_eq!(config.credentials.access_key_id, KEY_ID);
    assert_eq!(config.token_expire_time, 900);
    assert_eq!(config.listen.to_string(), "127.0.0.1:7080");
    assert_eq!(config.sts_endpoint.to_string(), "https://sts.aliyuncs.com");
    assert_eq!((config.policy.clone(), config.bucket.clone(), config.told_endpoint()), (None, None, None));
    let warnings = config.warnings().join("\n");
    assert!(warnings.contains("callers are not told apart") && warnings.contains("PolicyFile is empty"), "{warnings}");
    assert!(!format!("{config:?}").contains(KEY_SECRET) && !format!("{config:?}").contains(KEY_ID));
}

#[test]
fn other_spellings_and_kinds_are_taken() {
    let folder = folder();
    for (changes, check) in [
        (json!({"AccessKeyID": null, "AccessKeyId": "LTAIother"}), "LTAIother 900 -"),
        (json!({"TokenExpireTime": 43200}), "LTAI5tExampleKeyId00 43200 -"),
        (json!({"TokenExpireTime": ""}), "LTAI5tExampleKeyId00 900 -"),
        (json!({"PolicyFile": "bom.txt"}), "LTAI5tExampleKeyId00 900 -"),
        (json!({"Region": "oss-cn-beijing"}), "LTAI5tExampleKeyId00 900 https://oss-cn-beijing.aliyuncs.com"),
        (
            json!({"Region": "cn-beijing", "OssEndpoint": "http://127.0.0.1:9000"}),
            "LTAI5tExampleKeyId00 900 http://127.0.0.1:9000",
        ),
    ] {
        let config = parse(&folder, &format!("\u{feff}{}", settings(&changes))).unwrap();
        let endpoint = config.told_endpoint().unwrap_or("-".to_owned());
        assert_eq!(format!("{} {} {endpoint}", config.credentials.access_key_id, config.token_expire_time), check);
    }
}

#[test]
fn an_empty_prefix_must_be_written_down_and_is_warned_of() {
    let folder = folder();
    let whole_bucket = json!({"PolicyFile": "write.txt", "Bucket": "photos", "ObjectPrefix": ""});
    let config = parse(&folder, &settings(&whole_bucket)).unwrap();
    assert!(config.session_policy().unwrap().unwrap().contains("acs:oss:*:*:photos/*"));
    assert!(config.warnings().iter().any(|warning| warning.contains("every object of the bucket")));
}

#[test]
fn every_mistake_names_its_key_what_was_found_and_what_is_expected() {
    let folder = folder();
    let cases: &[(Value, &[&str])] = &[
        (json!({"AccessKeyID": ""}), &["AccessKeyID is empty", "fill in the AccessKey ID"]),
        (json!({"AccessKeySecret": null}), &["AccessKeySecret is empty", "fill in"]),
        (json!({"AccessKeySecret": 5}), &["AccessKeySecret: found a number", "a text in quotes"]),
        (json!({"AccessKeySecret": "two words"}), &["AccessKeySecret: found a text with blanks"]),
        (json!({"AccessKeyId": "LTAIx"}), &["AccessKeyID and AccessKeyId", "keep one"]),
        (
            json!({"RoleArn": KEY_SECRET}),
            &["RoleArn: found a text that does not begin", "acs:ram::1234567890123456:role/"],
        ),
        (json!({"RoleArn": "acs:ram::12:user/x"}), &["RoleArn: found \"acs:ram::12:user/x\"", "the ARN of a RAM role"]),
        (json!({"TokenExpireTime": "899"}), &["TokenExpireTime: found \"899\"", "from 900 to 43200"]),
        (json!({"TokenExpireTime": 43201}), &["TokenExpireTime: found 43201"]),
        (json!({"TokenExpireTime": "15 min"}), &["TokenExpireTime: found \"15 min\""]),
        (json!({"TokenExpireTime": -1}), &["TokenExpireTime: found -1"]),
        (json!({"TokenExpireTime": 900.5}), &["TokenExpireTime: found 900.5"]),
        (json!({"TokenExpireTime": true}), &["TokenExpireTime: found true or false"]),
        (
            json!({"TokenExpiryTime": "900"}),
            &[
                "TokenExpiryTime is not a setting",
                "AccessKeyID, AccessKeySecret, RoleArn, TokenExpireTime, PolicyFile, Listen",
            ],
        ),
        (json!({"Listen": "7080"}), &["Listen: found \"7080\"", "such as 127.0.0.1:7080"]),
        (json!({"StsEndpoint": "ftp://sts"}), &["StsEndpoint: \"ftp://sts\" is not a valid endpoint", "https://"]),
        (json!({"Bucket": "No_Bucket"}), &["Bucket: \"No_Bucket\" is not a valid bucket name", "lower-case"]),
        (json!({"ObjectPrefix": "user1"}), &["ObjectPrefix: \"user1\" is not a valid object prefix", "end in '/'"]),
        (json!({"ObjectPrefix": "*/"}), &["ObjectPrefix: \"*/\"", "wildcards"]),
        (json!({"Region": "Hangzhou!"}), &["Region: \"Hangzhou!\"", "cn-hangzhou"]),
        (json!({"OssEndpoint": "http://h/path"}), &["OssEndpoint: \"http://h/path\""]),
        (json!({"PolicyFile": "absent.txt"}), &["PolicyFile: ", "absent.txt cannot be read", "relative to the folder"]),
        (json!({"PolicyFile": "html.txt"}), &["PolicyFile: ", "html.txt is not a session policy", "not JSON"]),
        (
            json!({"PolicyFile": "effect.txt"}),
            &["effect.txt is not a session policy", "Statement[0].Effect", "\"Maybe\""],
        ),
        (json!({"PolicyFile": "other.txt"}), &["other.txt is not a session policy", "$PREFIX"]),
        (
            json!({"PolicyFile": "write.txt", "ObjectPrefix": "a/"}),
            &["Bucket is empty", "write.txt contains $BUCKET_NAME"],
        ),
        (
            json!({"PolicyFile": "write.txt", "Bucket": "photos"}),
            &["ObjectPrefix is empty", "write.txt contains $OBJECT_PREFIX"],
        ),
        (
            json!({"AccessKeyID": "DEMO0123456789"}),
            &["AccessKeyID: DEMO01…789 is a demo key", "sts.aliyuncs.com", "local StsEndpoint"],
        ),
    ];
    for (changes, parts) in cases {
        let error = parse(&folder, &settings(changes)).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{changes}: {error}");
        let message = error.to_string();
        let file = folder.path().join("config.json");
        assert!(message.contains(&*file.to_string_lossy()), "{message} does not name the file");
        for part in *parts {
            assert!(message.contains(part), "{changes}: {message} lacks {part}");
        }
        assert!(!message.contains(KEY_SECRET) && !message.contains("two words"), "{message} tells a secret");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error =
        parse(&folder(), r#"{"RoleArn": "x", "Bucket": "B", "Listen": 1, "Typo": KEY}"#.replace("KEY", "2").as_str());
    let keys: Vec<String> = error.unwrap_err().problems.iter().map(ToString::to_string).collect();
    for key in ["Typo", "AccessKeyID", "AccessKeySecret", "RoleArn", "Bucket", "Listen"] {
        assert_eq!(keys.iter().filter(|problem| problem.starts_with(key)).count(), 1, "{key} in {keys:?}");
    }
}

#[test]
fn what_is_no_object_is_refused_with_its_place_and_without_its_content() {
    let twice = settings(&json!({})).replacen('{', r#"{"RoleArn":"x","#, 1);
    for (text, part) in [
        (format!("{{\"AccessKeySecret\": \"{KEY_SECRET}\",}}"), "line 1 column"),
        (format!("\"{KEY_SECRET}\""), "found a text"),
        (String::new(), "EOF"),
        (twice, "\"RoleArn\" is given twice"),
    ] {
        let message = parse(&folder(), &text).unwrap_err().to_string();
        assert!(message.contains("it must be one JSON object") && message.contains(part), "{message}");
        assert!(!message.contains(KEY_SECRET), "{message}");
    }
    let absent = Config::load(&PathBuf::from("/nowhere/config.json")).unwrap_err();
    assert!(matches!(absent.problems[..], [Problem::Unreadable { .. }]), "{absent}");
}

#[test]
fn files_in_another_encoding_are_to_be_saved_as_utf_8() {
    let folder = folder();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let file = folder.path().join("config.json");
    fs::write(folder.path().join("utf16.txt"), [&[0xff, 0xfe], &*utf_16("{}")].concat()).unwrap();
    let good = settings(&json!({"PolicyFile": "utf16.txt"}));
    for (bytes, named) in [([&[0xff, 0xfe], &*utf_16(&good)].concat(), "config.json"), (good.into_bytes(), "utf16.txt")]
    {
        fs::write(&file, bytes).unwrap();
        let message = Config::load(&file).unwrap_err().to_string();
        assert!(message.contains(named) && message.contains("save it as UTF-8"), "{message}");
    }
}

#[test]
fn settings_built_in_code_are_checked_too() {
    let mut config = parse(&folder(), &settings(&json!({}))).unwrap();
    config.role_arn = "acs:ram::1:role/".to_owned();
    config.token_expire_time = 60;
    config.credentials.access_key_id = "DEMO0123456789".to_owned();
    let error = server::App::new(config, std::sync::Arc::new(SystemClock)).unwrap_err();
    let StartError::Config(error) = error else { panic!("{error}") };
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[test]
fn the_repository_s_own_config_tells_a_newcomer_what_to_fill_in() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config.json");
    let error = Config::load(&file).unwrap_err();
    let keys: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    for (problem, key) in keys.iter().zip(["AccessKeyID", "AccessKeySecret", "RoleArn", "Bucket"]) {
        assert!(problem.starts_with(&format!("{key} is empty")), "{problem}");
    }
    assert_eq!(keys.len(), 4, "{error}");
}
