//! A question to STS as it goes over the wire, in either of the two signatures.

use reqwest::header::{CONTENT_TYPE, DATE};
use reqwest::{RequestBuilder, Response};
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::sign::{Request, acs3, encode, rpc};
use shared::timefmt;
use time::OffsetDateTime;

const FORM: &str = "application/x-www-form-urlencoded";

/// How a question is signed (`token-server.md` §3.4, §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signature {
    /// RPC, signature V1: HMAC-SHA1 over the parameters.
    #[default]
    Rpc,
    /// ACS3: HMAC-SHA256 over headers and the hash of the body.
    Acs3,
}

/// The `Date` of an answer.
pub fn date(response: &Response) -> Option<OffsetDateTime> {
    timefmt::parse_http_date(response.headers().get(DATE)?.to_str().ok()?)
}

/// What a question is signed with.
pub struct Signing<'a> {
    /// By whom.
    pub key: &'a Credentials,
    /// STS refuses one that it has seen.
    pub nonce: &'a str,
    /// By STS's clock.
    pub now: OffsetDateTime,
}

impl Signing<'_> {
    /// Puts the parameters of `question` into `request`, signed.
    pub fn sign(
        &self,
        signature: Signature,
        question: &[(String, String)],
        endpoint: &Endpoint,
        request: RequestBuilder,
    ) -> RequestBuilder {
        match signature {
            Signature::Rpc => request.header(CONTENT_TYPE, FORM).body(self.rpc_form(question)),
            Signature::Acs3 => {
                let body = form(question.iter().filter(|(name, _)| name != "Action" && name != "Version"));
                let headers = self.acs3_headers(question, endpoint, &body);
                headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)).body(body)
            }
        }
    }

    /// Every parameter and their signature.
    fn rpc_form(&self, question: &[(String, String)]) -> String {
        let timestamp = timefmt::iso8601(self.now);
        let mut parameters = question.to_vec();
        let mut push = |name: &str, value: &str| parameters.push((name.to_owned(), value.to_owned()));
        push("Format", "JSON");
        push("AccessKeyId", &self.key.access_key_id);
        push("SignatureMethod", "HMAC-SHA1");
        push("SignatureVersion", "1.0");
        push("SignatureNonce", self.nonce);
        push("Timestamp", &timestamp);
        if let Some(token) = &self.key.security_token {
            push("SecurityToken", token.expose());
        }
        let signature = rpc::sign(&self.key.access_key_secret, "POST", &parameters);
        parameters.push(("Signature".to_owned(), signature));
        form(parameters.iter())
    }

    /// All headers but `Host`, which the HTTP client writes; it is signed too.
    fn acs3_headers(&self, question: &[(String, String)], endpoint: &Endpoint, body: &str) -> Vec<(String, String)> {
        let parameter = |name: &str| question.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
        let hash = acs3::body_hash(body.as_bytes());
        let mut request = Request::new("POST", None, None)
            .with_header("accept", "application/json")
            .with_header("content-type", FORM)
            .with_header("x-acs-action", parameter("Action"))
            .with_header("x-acs-content-sha256", &hash)
            .with_header("x-acs-date", &timefmt::iso8601(self.now))
            .with_header("x-acs-signature-nonce", self.nonce)
            .with_header("x-acs-version", parameter("Version"));
        if let Some(token) = &self.key.security_token {
            request = request.with_header("x-acs-security-token", token.expose());
        }
        request = request.with_header("host", &endpoint.authority(None));
        let mut signed: Vec<String> = request.headers.iter().map(|(name, _)| name.clone()).collect();
        signed.sort();
        let signature = acs3::sign(&self.key.access_key_secret, &acs3::string_to_sign(&request, &signed, &hash));
        let (id, signed) = (&self.key.access_key_id, signed.join(";"));
        let authorization = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={signed},Signature={signature}");
        request.headers.retain(|(name, _)| name != "host");
        request.with_header("authorization", &authorization).headers
    }
}

fn form<'a>(parameters: impl Iterator<Item = &'a (String, String)>) -> String {
    let pairs: Vec<String> = parameters.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
