//! A processed picture as text to copy: the parameter, a URL, a command, and code for the SDKs of the reference document.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::bucket::BucketName;
use shared::region::Endpoint;

use crate::words::word;

/// In which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `x-oss-process=…`
    Parameter,
    /// The URL, for objects that everybody may read.
    Url,
    /// Java, for the Android SDK.
    Android,
    /// Objective-C, for the iOS SDK.
    Ios,
    /// JavaScript, for ali-oss.
    JavaScript,
}

impl Code {
    /// All of them, with what they are called on the screen.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Parameter, word("Parameter")),
        (Self::Url, word("URL (public objects)")),
        (Self::Android, word("Android (Java)")),
        (Self::Ios, word("iOS (Objective-C)")),
        (Self::JavaScript, word("JavaScript (ali-oss)")),
    ];
}

/// The picture in question.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Where OSS listens.
    pub endpoint: &'a Endpoint,
    /// The bucket.
    pub bucket: &'a BucketName,
    /// The object key.
    pub key: &'a str,
    /// The value of `x-oss-process`.
    pub process: &'a str,
}

impl Subject<'_> {
    /// It in that language.
    pub fn code(&self, code: Code) -> String {
        let [bucket, key, process] = [self.bucket.as_str(), self.key, self.process].map(quoted);
        match code {
            Code::Parameter => format!("x-oss-process={}", self.process),
            Code::Url => {
                let url = self.endpoint.url(Some(self.bucket), Some(self.key));
                format!("{url}?x-oss-process={}", utf8_percent_encode(self.process, NON_ALPHANUMERIC))
            }
            Code::Android => format!(
                "GetObjectRequest get = new GetObjectRequest({bucket}, {key});\n\
                 get.setxOssProcess({process});\n\
                 oss.asyncGetObject(get, callback);"
            ),
            Code::Ios => format!(
                "OSSGetObjectRequest *get = [OSSGetObjectRequest new];\n\
                 get.bucketName = @{bucket};\n\
                 get.objectKey = @{key};\n\
                 get.xOssProcess = @{process};\n\
                 OSSTask *task = [client getObject:get];"
            ),
            Code::JavaScript => {
                format!("const result = await client.get({key}, null, {{ process: {process} }});")
            }
        }
    }
}

/// In quotation marks, as all three languages take it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
