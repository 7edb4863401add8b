//! The credential of a request: the bearer of its `Authorization` header, or a parameter of its query.

use std::borrow::Cow;
use std::net::IpAddr;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::refusal::Refusal;

/// No credential is longer; so much is kept out of hashes and parsers.
const MAX_BYTES: usize = 16 * 1024;

/// What of a request tells who sends it.
#[derive(Debug)]
pub(super) struct Presented<'a> {
    bearer: Option<&'a str>,
    query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

impl<'a> Presented<'a> {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// [`Refusal`] for two `Authorization` headers, or one that is no bearer.
    pub(super) fn of(head: &'a Parts, address: Option<IpAddr>) -> Result<Self, Refusal> {
        let mut headers = head.headers.get_all(AUTHORIZATION).iter();
        let bearer = match (headers.next(), headers.next()) {
            (None, _) => None,
            (Some(_), Some(_)) => return Err(ambiguous("there are two Authorization headers.")),
            (Some(value), None) => {
                let text = value.to_str().unwrap_or_default();
                let credential = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                let message = "expected \"Authorization: Bearer\" and the credential.";
                let refusal = || Refusal::unauthorized("CredentialMalformed", message);
                Some(credential.map(|(_, credential)| credential.trim()).ok_or_else(refusal)?)
            }
        };
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).collect();
        let presented = Self { bearer, query, address };
        let lengths = presented.query.iter().map(|(_, value)| value.len()).chain(presented.bearer.map(str::len));
        match lengths.max() {
            Some(length) if length > MAX_BYTES => {
                Err(Refusal::unauthorized("CredentialMalformed", "the credential is too long."))
            }
            _ => Ok(presented),
        }
    }

    /// The bearer, or else the parameter `name`.
    ///
    /// # Errors
    /// [`Refusal`] when it is given twice: two readers might each take another.
    pub(super) fn credential(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let in_query = self.parameter(name)?;
        match (self.bearer, in_query) {
            (Some(_), Some(_)) => Err(ambiguous("there is one in the header and one in the URL.")),
            (bearer, in_query) => Ok(bearer.or(in_query).filter(|credential| !credential.is_empty())),
        }
    }

    /// The parameter `name`.
    ///
    /// # Errors
    /// [`Refusal`] when it is given twice.
    pub(super) fn parameter(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.query.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(ambiguous("a parameter of the URL is given twice.")),
            (value, _) => Ok(value),
        }
    }

    /// Every parameter of the query, decoded.
    pub(super) fn query(&self) -> &[(Cow<'a, str>, Cow<'a, str>)] {
        &self.query
    }

    /// Whether there is a header with a credential.
    pub(super) fn has_bearer(&self) -> bool {
        self.bearer.is_some()
    }
}

fn ambiguous(what: &str) -> Refusal {
    Refusal::bad_request("CredentialAmbiguous", format!("Give one credential: {what}"))
}
