//! Object names: a template such as `{prefix}{name}` becomes the key of one picture.

use shared::object_key::ObjectKey;
use time::OffsetDateTime;

/// The template that an empty setting means.
pub const DEFAULT_TEMPLATE: &str = "{prefix}{name}";

/// The placeholders, for the hint below the field.
pub const PLACEHOLDERS: &str = "{prefix} {name} {path} {stem} {ext} {n} {date} {time}";

/// What a template is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The prefix that the token covers; empty when unknown.
    pub prefix: &'a str,
    /// The file's name, such as `cat.jpg`.
    pub file_name: &'a str,
    /// The file's path within the folder that was given, such as `trip/cat.jpg`; its name alone when no folder was.
    pub relative: &'a str,
    /// The file's number in the queue.
    pub number: u64,
    /// When the picture was selected.
    pub at: OffsetDateTime,
}

/// Replaces the placeholders: `{prefix}`, `{name}` (`cat.jpg`), `{path}` (`trip/cat.jpg`), `{n}` (`7`), `{stem}` (`cat`), `{ext}` (`.jpg`), `{date}` (`20171212`), `{time}` (`074909`).
/// Other braces stay as they are.
pub fn object_name(template: &str, filling: &Filling<'_>) -> String {
    let template = if template.trim().is_empty() { DEFAULT_TEMPLATE } else { template.trim() };
    let (stem, ext) = match filling.file_name.rfind('.') {
        Some(dot) if dot > 0 => filling.file_name.split_at(dot),
        _ => (filling.file_name, ""),
    };
    let stamp = shared::timefmt::iso_basic(filling.at);
    let (date, time) = stamp.trim_end_matches('Z').split_once('T').unwrap_or_default();
    let number = filling.number.to_string();
    let values = [
        ("{prefix}", filling.prefix),
        ("{name}", filling.file_name),
        ("{path}", filling.relative),
        ("{n}", &number),
        ("{stem}", stem),
        ("{ext}", ext),
        ("{date}", date),
        ("{time}", time),
    ];
    // One walk from left to right, so that a file called "{prefix}.jpg" stays what it is.
    let (mut name, mut rest) = (String::new(), template);
    while let Some(open) = rest.find('{') {
        name.push_str(&rest[..open]);
        rest = &rest[open..];
        match values.iter().find(|(placeholder, _)| rest.starts_with(placeholder)) {
            Some((placeholder, value)) => {
                name.push_str(value);
                rest = &rest[placeholder.len()..];
            }
            None => {
                name.push('{');
                rest = &rest[1..];
            }
        }
    }
    name.push_str(rest);
    name
}

/// What is doubtful about an object's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// OSS would refuse it whatever the policy; the rule that it breaks.
    Invalid(&'static str),
    /// It lies outside the prefix that the token covers.
    OutsidePrefix,
}

/// Checks `key` against OSS's naming rules and the token's prefix.
pub fn doubt(key: &str, prefix: Option<&str>) -> Option<Doubt> {
    if let Err(error) = ObjectKey::parse(key) {
        return Some(Doubt::Invalid(error.rule));
    }
    prefix.filter(|prefix| !key.starts_with(prefix)).map(|_| Doubt::OutsidePrefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn templates_are_filled() {
        let at = datetime!(2017-12-12 07:49:09 UTC);
        for (template, file_name, key) in [
            ("{prefix}{name}", "cat.jpg", "users/alice/cat.jpg"),
            ("", "猫.jpg", "users/alice/猫.jpg"),
            ("{prefix}{stem}-{date}T{time}{ext}", "a.b.png", "users/alice/a.b-20171212T074909.png"),
            ("fixed{ext}", ".hidden", "fixed"),
            ("{prefix}{path}-{n}", "a.png", "users/alice/trip/a.png-7"),
            ("{prefix}{name}", "{prefix}.jpg", "users/alice/{prefix}.jpg"),
            ("{other}/{name", "x", "{other}/{name"),
        ] {
            let relative = format!("trip/{file_name}");
            let filling = Filling { prefix: "users/alice/", file_name, relative: &relative, number: 7, at };
            assert_eq!(object_name(template, &filling), key, "{template}");
        }
    }

    #[test]
    fn names_outside_the_token_are_doubted() {
        for (key, prefix, doubt_) in [
            ("users/alice/x", Some("users/alice/"), None),
            ("users/bob/x", Some("users/alice/"), Some(Doubt::OutsidePrefix)),
            ("anything", None, None),
        ] {
            assert_eq!(doubt(key, prefix), doubt_, "{key}");
        }
        assert!(matches!(doubt("/x", None), Some(Doubt::Invalid(_))));
    }
}
