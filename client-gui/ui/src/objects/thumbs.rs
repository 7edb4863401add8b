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
    /// The picture of an object of this key and ETag.
    pub fn get(&self, name: &str) -> Option<&Arc<Pixels>> {
        self.find(name)?.as_ref()
    }

    /// Whether it has been asked for.
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn keep(&mut self, name: String, picture: Option<Arc<Pixels>>) {
        self.0.retain(|(known, _)| *known != name);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((name, picture));
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    fn find(&self, name: &str) -> Option<&Option<Arc<Pixels>>> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, picture)| picture)
    }
}
