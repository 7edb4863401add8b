//! The settings of a bucket: what each may say, and what it answers. Pure; the store keeps them as text, by the name of
//! their sub-resource, and one piece of code puts, gets and deletes them all ([`Setting`]).

pub mod acl;
pub mod channel;
pub mod choice;
pub mod cors;
pub mod create_bucket;
pub mod encryption;
pub mod fault;
pub mod https_config;
pub mod lifecycle;
pub mod logging;
pub mod policy;
pub mod referer;
pub mod storage_class;
pub mod style;
pub mod tagging;
pub mod tree;
pub mod website;

#[cfg(test)]
mod tests;

use shared::error::OssError;

use choice::Choice;

/// The longest body that a setting may have, in bytes.
pub const MAX_BODY: usize = tree::MAX_BYTES;

/// A setting that is stored as text and returned as it is stored.
#[derive(Debug)]
pub struct Setting {
    /// The sub-resource: `cors` of `PUT /bucket?cors`.
    pub name: &'static str,
    /// The type of what GET returns.
    pub content_type: &'static str,
    normalise: fn(&str, &Put<'_>) -> Result<String, OssError>,
    unset: fn() -> Result<String, OssError>,
}

/// What besides its body a PUT says.
pub struct Put<'a> {
    /// `x-oss-allow-same-action-overlap: true`, of PutBucketLifecycle.
    pub allow_overlap: bool,
    /// Names lifecycle rules that come without an ID.
    pub new_id: &'a dyn Fn() -> String,
}

impl Setting {
    /// The setting of a sub-resource. Styles (`style`, many in a bucket) and ACLs (`acl`, by header) are none.
    pub fn of(sub_resource: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == sub_resource)
    }

    /// The text to store for the body of a PUT.
    ///
    /// # Errors
    /// As OSS refuses it.
    pub fn put(&self, body: &str, put: &Put<'_>) -> Result<String, OssError> {
        (self.normalise)(body, put)
    }

    /// The answer to GET, given what is stored.
    ///
    /// # Errors
    /// 404 where nothing is stored and OSS has an error for that.
    pub fn get(&self, stored: Option<&str>) -> Result<String, OssError> {
        stored.map_or_else(self.unset, |stored| Ok(stored.to_owned()))
    }
}

/// A setting in XML.
const fn xml(
    name: &'static str,
    normalise: fn(&str, &Put<'_>) -> Result<String, OssError>,
    unset: fn() -> Result<String, OssError>,
) -> Setting {
    Setting { name, content_type: "application/xml", normalise, unset }
}

fn put_choice(choice: &Choice, body: &str) -> Result<String, OssError> {
    choice.parse(body).map(|value| choice.to_xml(&value))
}

/// Every such setting, by name.
pub static SETTINGS: [Setting; 18] = [
    xml("accessmonitor", |b, _| put_choice(&choice::ACCESS_MONITOR, b), || choice::ACCESS_MONITOR.unset()),
    xml(
        "bucketArchiveDirectRead",
        |b, _| put_choice(&choice::ARCHIVE_DIRECT_READ, b),
        || choice::ARCHIVE_DIRECT_READ.unset(),
    ),
    xml("cors", |b, _| cors::Cors::parse(b).map(|c| c.to_xml()), || Err(cors::missing())),
    xml("encryption", |b, _| encryption::Encryption::parse(b).map(|e| e.to_xml()), || Err(encryption::missing())),
    xml(
        "httpsConfig",
        |b, _| https_config::HttpsConfig::parse(b).map(|h| h.to_xml()),
        || Ok(https_config::HttpsConfig::default().to_xml()),
    ),
    xml("img", |b, _| channel::Channel::parse(b).map(|c| c.to_xml()), || Ok(channel::Channel::default().to_xml())),
    xml(
        "lifecycle",
        |b, put| lifecycle::Lifecycle::parse(b, put.allow_overlap, put.new_id).map(|l| l.to_xml()),
        || Err(lifecycle::missing()),
    ),
    xml("logging", |b, _| logging::Logging::parse(b).map(|l| l.to_xml()), || Ok(logging::Logging::default().to_xml())),
    Setting {
        name: "policy",
        content_type: "application/json",
        normalise: |b, _| policy::BucketPolicy::parse(b).map(|p| p.text().to_owned()),
        unset: || Err(policy::missing()),
    },
    xml(
        "publicAccessBlock",
        |b, _| put_choice(&choice::PUBLIC_ACCESS_BLOCK, b),
        || choice::PUBLIC_ACCESS_BLOCK.unset(),
    ),
    xml(
        "referer",
        |b, _| referer::Referers::parse(b).map(|r| r.to_xml()),
        || Ok(referer::Referers::default().to_xml()),
    ),
    xml("requestPayment", |b, _| put_choice(&choice::REQUEST_PAYMENT, b), || choice::REQUEST_PAYMENT.unset()),
    xml("resourceGroup", |b, _| put_choice(&choice::RESOURCE_GROUP, b), || choice::RESOURCE_GROUP.unset()),
    xml("tagging", |b, _| tagging::parse_bucket(b).map(|t| tagging::to_xml(&t)), || Ok(tagging::to_xml(&[]))),
    xml(
        "transferAcceleration",
        |b, _| put_choice(&choice::TRANSFER_ACCELERATION, b),
        || choice::TRANSFER_ACCELERATION.unset(),
    ),
    xml(
        "userDefinedLogFieldsConfig",
        |b, _| logging::LogFields::parse(b).map(|f| f.to_xml()),
        || Err(logging::missing_fields()),
    ),
    xml("versioning", |b, _| put_choice(&choice::VERSIONING, b), || choice::VERSIONING.unset()),
    xml("website", |b, _| website::Website::parse(b).map(|w| w.to_xml()), || Err(website::missing())),
];
