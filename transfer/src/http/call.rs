//! One request to OSS as the operations word it, before it is signed.

use std::sync::Arc;

use shared::object_key::ObjectKey;

use super::payload::Payload;
use crate::upload::progress::Progress;

/// One request, before it is signed. May be sent more than once.
pub(crate) struct Call<'a> {
    /// The OSS operation, for events and errors.
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    /// `None` addresses the bucket.
    pub(crate) key: Option<&'a ObjectKey>,
    /// Addresses the service instead.
    pub(crate) of_service: bool,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Payload,
    /// Whether OSS answers with the CRC64 of the payload, which then must agree.
    pub(crate) checked: bool,
    /// Whether it carries its signature elsewhere than in its headers.
    pub(crate) unsigned: bool,
    /// Counts the payload's bytes as they go out.
    pub(crate) progress: Option<Arc<Progress>>,
}

impl<'a> Call<'a> {
    /// A request without query, headers and body.
    pub(crate) fn new(operation: &'static str, method: &'static str, key: Option<&'a ObjectKey>) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        Self {
            operation,
            method,
            key,
            of_service: false,
            query,
            headers,
            payload: Payload::Empty,
            checked: false,
            unsigned: false,
            progress: None,
        }
    }

    /// Adds a query parameter.
    pub(crate) fn param(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
