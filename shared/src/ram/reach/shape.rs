//! What names may look like: buckets, objects in buckets, actions and prefixes, as automata.

use super::automaton::Shape;

/// Characters that may stand for those that a policy does not name: first those that may stand in buckets and actions, too.
pub(in crate::ram) const SPARE: &str = "xyzabcdefghijklmnopqrstuvw0123456789_~!()ÄÖÜäöüß中文图片照";

/// Where in `bucket/key` a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ram) enum Within {
    /// So many characters of the bucket, 3 standing for more; whether it may end here.
    Bucket(u8, bool),
    /// At the first character of the key.
    KeyStart,
    Key,
}

fn bucket_step(length: u8, c: char) -> Option<Within> {
    let alphanumeric = c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = alphanumeric || (c == '-' && length > 0);
    allowed.then_some(Within::Bucket((length + 1).min(3), alphanumeric))
}

/// A bucket's name: 3 or more of `a-z0-9-`, first and last no hyphen. (The upper limit of 63 hides no shorter escape.)
pub(in crate::ram) struct BucketShape;

impl Shape for BucketShape {
    type State = Within;

    fn start(&self) -> Within {
        Within::Bucket(0, false)
    }

    fn step(&self, state: &Within, c: char) -> Option<Within> {
        match *state {
            Within::Bucket(length, _) => bucket_step(length, c),
            _ => None,
        }
    }

    fn marks(&self) -> &'static [char] {
        &[]
    }

    fn complete(&self, state: &Within) -> bool {
        *state == Within::Bucket(3, true)
    }
}

/// `bucket/key`; a key begins with neither `/` nor `\`, and has at least one character.
pub(in crate::ram) struct ObjectShape;

impl Shape for ObjectShape {
    type State = Within;

    fn start(&self) -> Within {
        Within::Bucket(0, false)
    }

    fn step(&self, state: &Within, c: char) -> Option<Within> {
        match *state {
            Within::Bucket(3, true) if c == '/' => Some(Within::KeyStart),
            Within::Bucket(length, _) => bucket_step(length, c),
            Within::KeyStart => (!matches!(c, '/' | '\\' | '\0')).then_some(Within::Key),
            Within::Key => (c != '\0').then_some(Within::Key),
        }
    }

    fn marks(&self) -> &'static [char] {
        &['/']
    }

    fn complete(&self, state: &Within) -> bool {
        *state == Within::Key
    }
}

/// Any text: what a listing may be limited to.
pub(in crate::ram) struct PrefixShape;

impl Shape for PrefixShape {
    type State = ();

    fn start(&self) {}

    fn step(&self, (): &(), c: char) -> Option<()> {
        (c != '\0').then_some(())
    }

    fn marks(&self) -> &'static [char] {
        &[]
    }

    fn complete(&self, (): &()) -> bool {
        true
    }
}

/// `service:name`, letters in lower case, as actions are compared.
pub(in crate::ram) struct ActionShape;

/// Where in `service:name` a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ram) enum WithinAction {
    Start,
    Service,
    Colon,
    Name,
}

impl Shape for ActionShape {
    type State = WithinAction;

    fn start(&self) -> WithinAction {
        WithinAction::Start
    }

    fn step(&self, state: &WithinAction, c: char) -> Option<WithinAction> {
        let letter = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match state {
            WithinAction::Start if letter => Some(WithinAction::Service),
            WithinAction::Service if c == ':' => Some(WithinAction::Colon),
            WithinAction::Service if letter => Some(WithinAction::Service),
            WithinAction::Colon | WithinAction::Name if letter => Some(WithinAction::Name),
            _ => None,
        }
    }

    fn marks(&self) -> &'static [char] {
        &[':']
    }

    fn complete(&self, state: &WithinAction) -> bool {
        *state == WithinAction::Name
    }
}
