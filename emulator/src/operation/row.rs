//! One row of the table of operations.

use super::Op;

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `/`
    Service,
    /// `/bucket`
    Bucket,
    /// `/bucket/key`
    Object,
}

/// Who may, when no policy decides (`img-and-ram.md` §2.5, step 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Nobody: about the service or a bucket.
    Management,
    /// Whom the ACLs let read.
    Read,
    /// Whom the ACLs let write.
    Write,
    /// Nobody: about an object, but beyond what an ACL gives.
    Owner,
    /// Anyone: the preflight request of a browser, which cannot sign.
    Open,
}

/// How far an operation is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does what OSS does; shown by this test.
    Works(&'static str),
    /// What is put is validated, kept and returned, and has no further effect; shown by this test.
    Kept(&'static str),
    /// 501.
    Missing,
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name in the API reference.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// What it is about.
    pub place: Place,
    /// The query parameters that choose it, sorted; of `comp` and `list-type` with their value. `x-oss-copy-source`
    /// stands for the header, `form` for a multipart form.
    pub selectors: &'static [&'static str],
    /// The RAM action that it needs.
    pub action: &'static str,
    /// The one that it needs instead when a version is named; without one, no version can be.
    pub version_action: Option<&'static str>,
    /// Who may, when no policy decides.
    pub plane: Plane,
    /// How far it is implemented.
    pub state: State,
    /// What performs it.
    pub op: Option<Op>,
}

/// An operation that is missing, unless the row goes on.
pub const fn row(
    name: &'static str,
    method: &'static str,
    place: Place,
    selectors: &'static [&'static str],
    action: &'static str,
    plane: Plane,
) -> Row {
    Row { name, method, place, selectors, action, version_action: None, plane, state: State::Missing, op: None }
}

impl Row {
    /// The action when a version is named.
    pub const fn on_version(mut self, action: &'static str) -> Self {
        self.version_action = Some(action);
        self
    }

    /// It works, as `proof` shows.
    pub const fn does(mut self, op: Op, proof: &'static str) -> Self {
        self.op = Some(op);
        self.state = State::Works(proof);
        self
    }

    /// It is kept and returned, as `proof` shows.
    pub const fn keeps(mut self, op: Op, proof: &'static str) -> Self {
        self.op = Some(op);
        self.state = State::Kept(proof);
        self
    }
}
