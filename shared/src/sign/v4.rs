//! Signature V4: OSS4-HMAC-SHA256 (`oss-rest.md` §1.4, §1.5).

use super::canonical::{Request, encode, encode_path, header_block};
use super::hash::{hmac_sha256, sha256_hex};
use crate::secret::Secret;

/// The name of the algorithm, as it stands in headers and queries.
pub const ALGORITHM: &str = "OSS4-HMAC-SHA256";
/// What every SDK sends as the hash of the body.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What a V4 signature is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `yyyymmdd`, UTC.
    pub date: String,
    /// `cn-hangzhou`.
    pub region: String,
    /// `oss`; `oss-cloudbox` for CloudBox.
    pub product: String,
}

impl Scope {
    /// The scope of a signature made at `timestamp` (`yyyymmddThhmmssZ`) for OSS in `region`.
    pub fn new(timestamp: &str, region: &str) -> Self {
        Self {
            date: timestamp.get(..8).unwrap_or_default().to_owned(),
            region: region.to_owned(),
            product: "oss".to_owned(),
        }
    }

    /// Reads `date/region/product/aliyun_v4_request`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split('/').collect::<Vec<_>>()[..] {
            [date, region, product, "aliyun_v4_request"] => {
                Some(Self { date: date.to_owned(), region: region.to_owned(), product: product.to_owned() })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/aliyun_v4_request", self.date, self.region, self.product)
    }
}

fn signed_by_default(name: &str) -> bool {
    name.starts_with("x-oss-") || name == "content-type" || name == "content-md5"
}

/// The additional headers that count: lower-case, sorted, present in the request, and not signed anyway.
pub fn effective_additional(request: &Request, named: &[String]) -> Vec<String> {
    let mut names: Vec<String> = named
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !signed_by_default(name) && request.header(name).is_some())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The canonical request. `additional` as [`effective_additional`] returns them.
pub fn canonical_request(request: &Request, additional: &[String]) -> String {
    let mut query: Vec<(String, String)> = request
        .query
        .iter()
        .filter(|(name, _)| name != "x-oss-signature")
        .map(|(k, v)| (encode(k), encode(v)))
        .collect();
    query.sort();
    let query: Vec<String> =
        query.into_iter().map(|(k, v)| if v.is_empty() { k } else { format!("{k}={v}") }).collect();
    format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        request.method,
        encode_path(&request.resource_path()),
        query.join("&"),
        header_block(request, |name| signed_by_default(name) || additional.iter().any(|a| a == name)),
        additional.join(";"),
        request.header("x-oss-content-sha256").unwrap_or(UNSIGNED_PAYLOAD),
    )
}

/// The text that is signed. `timestamp` is `yyyymmddThhmmssZ`.
pub fn string_to_sign(timestamp: &str, scope: &Scope, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{timestamp}\n{scope}\n{}", sha256_hex(canonical_request.as_bytes()))
}

/// Lower-case hex of HMAC-SHA256 with the key derived for `scope`.
pub fn sign(secret: &Secret, scope: &Scope, string_to_sign: &str) -> String {
    let seed = format!("aliyun_v4{}", secret.expose());
    let date_key = hmac_sha256(seed.as_bytes(), scope.date.as_bytes());
    let region_key = hmac_sha256(&date_key, scope.region.as_bytes());
    let product_key = hmac_sha256(&region_key, scope.product.as_bytes());
    let signing_key = hmac_sha256(&product_key, b"aliyun_v4_request");
    hex::encode(hmac_sha256(&signing_key, string_to_sign.as_bytes()))
}
