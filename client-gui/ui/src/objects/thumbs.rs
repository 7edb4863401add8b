//! Small pictures of objects: the newest few hundred, a few asked for at once.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::command::Pixels;

/// Pictures that are kept.
const MOST: usize = 300;
/// Pictures that are asked for at once.
pub const AT_ONCE: usize = 4;

/// The pictures, oldest first; `None` of an object that has none.
#[derive(Debug, Default)]
pub struct Thumbs(VecDeque<(String, Option<Arc<Pixels>>)>);

impl Thumbs {
    /// The picture of the object of this key.
    pub fn get(&self, key: &str) -> Option<&Arc<Pixels>> {
        self.find(key)?.as_ref()
    }

    /// Whether it has been asked for.
    pub fn knows(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    pub(super) fn keep(&mut self, key: String, picture: Option<Arc<Pixels>>) {
        self.0.retain(|(known, _)| *known != key);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((key, picture));
    }

    pub(super) fn forget(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    fn find(&self, key: &str) -> Option<&Option<Arc<Pixels>>> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, picture)| picture)
    }
}
