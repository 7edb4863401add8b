//! Names from outside made safe: parts of object keys that mean nothing to policies and paths, and session names of STS.
//! Different names stay different.

use sha2::{Digest, Sha256};

/// Longer names are hashed; a policy has 2048 characters for its prefix and all else.
const MAX_NAME: usize = 64;
/// So much of a hashed name stays readable.
const READABLE: usize = 16;
/// Before the hash in a part of a key. No name that is kept as it is contains it.
const HASH_MARK: char = '~';
/// Session names had at most 32 characters for years, and older tools still cut them there.
const MAX_SESSION: usize = 32;
/// Before the hash in a session name; a name that looks hashed is hashed.
const SESSION_MARK: &str = "@h";
const SESSION_HASH_DIGITS: usize = 20;

/// Whether `name` can be one whole part of a key as it is: 1 to 64 of `A-Za-z0-9._@-`, and neither `.` nor `..`.
pub fn is_safe(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(is_safe_char) && name != "." && name != ".."
}

fn is_safe_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '-')
}

/// `name` if it is safe, else what is safe of it, `~`, and 128 bits of its SHA-256.
pub fn reduced(name: &str) -> String {
    match is_safe(name) {
        true => name.to_owned(),
        false => format!("{}{HASH_MARK}{}", readable(name, READABLE), hash(name, 32)),
    }
}

/// A RoleSessionName for `identity`: itself where STS takes it, else the beginning of it and a hash.
pub fn session(identity: &str) -> String {
    let fits = (2..=MAX_SESSION).contains(&identity.len()) && shared::sts::is_session_name(identity);
    if fits && !identity.contains(SESSION_MARK) {
        return identity.to_owned();
    }
    let head = readable(identity, MAX_SESSION - SESSION_MARK.len() - SESSION_HASH_DIGITS);
    format!("{head}{SESSION_MARK}{}", hash(identity, SESSION_HASH_DIGITS))
}

fn readable(name: &str, length: usize) -> String {
    name.chars().filter(|c| is_safe_char(*c)).take(length).collect()
}

fn hash(name: &str, digits: usize) -> String {
    let mut hash = hex::encode(Sha256::digest(name.as_bytes()));
    hash.truncate(digits);
    hash
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_become_safe_and_stay_apart() {
        let long = "x".repeat(65);
        let names = [
            "alice",
            "Alice",
            "alice@example.com",
            "a/b",
            "a-b",
            "ab",
            "a*b",
            "a?b",
            "..",
            ".",
            "../bob",
            "bob/",
            "/bob",
            "${user}",
            "爱丽丝",
            "ali ce",
            "alice\0",
            "alice\n",
            "%2e%2e",
            "\\bob",
            &long,
            "alice~2bd806c97f0e00af1a1fc3328fa763a9",
        ];
        let mut parts = HashSet::new();
        let mut sessions = HashSet::new();
        for name in names {
            let part = reduced(name);
            assert!(part.chars().all(|c| is_safe_char(c) || c == HASH_MARK), "{name:?} became {part:?}");
            assert!(!part.is_empty() && part.len() <= 64 && part != "." && part != "..", "{part:?}");
            assert!(parts.insert(part), "{name:?} became another's part");
            let session = session(name);
            assert!(shared::sts::is_session_name(&session) && session.len() <= 32, "{session}");
            assert!(sessions.insert(session), "{name:?} became another's session");
        }
        assert_eq!((reduced("alice@example.com").as_str(), session("alice").as_str()), ("alice@example.com", "alice"));
        assert_eq!(reduced("a*b"), "ab~".to_owned() + &hash("a*b", 32));
        let forged = session("a*b");
        assert_ne!(session(&forged), forged, "a name that looks hashed is hashed");
    }
}
