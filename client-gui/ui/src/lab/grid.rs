//! The grid of the policy lab: operations down, places across, and the request that each cell stands for.

use shared::ram::{Context, Request};
use transfer::Probe;

use crate::words::tr;

/// The account in the requests that are evaluated; policies name accounts by `*`.
pub const ACCOUNT: &str = "1000000000000001";
/// The role and the session in them.
pub const ROLE: &str = "direct-transfer";
pub const SESSION: &str = "policy-lab";
/// The object that requests are about: one that nobody has, for the probes ask OSS for it.
const OBJECT: &str = "policy-lab-probe.jpg";

/// What the requests of the grid depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The bucket that the app uploads to.
    pub bucket: String,
    /// The folder of the token; empty for the whole bucket.
    pub prefix: String,
    /// A bucket of somebody else.
    pub other_bucket: String,
    /// Whether requests go by TLS.
    pub secure: bool,
    /// The client's address, where it is known.
    pub source_ip: Option<String>,
    /// The time, as conditions see it.
    pub time: String,
}

/// A place that a request may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spot {
    /// The token's folder.
    Own,
    /// A folder whose name begins alike: `user10/` beside `user1/`.
    Sibling,
    /// Another user's folder.
    Other,
    /// Outside of all folders; of listings, the whole bucket.
    Root,
    /// Another bucket.
    Elsewhere,
}

impl Spot {
    /// All, from left to right.
    pub const ALL: [Self; 5] = [Self::Own, Self::Sibling, Self::Other, Self::Root, Self::Elsewhere];

    /// The head of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Own => tr("Own folder"),
            Self::Sibling => tr("Sibling"),
            Self::Other => tr("Other user"),
            Self::Root => tr("Bucket root"),
            Self::Elsewhere => tr("Other bucket"),
        }
    }

    /// Which folder or bucket that is, for below the head.
    pub fn place(self, scene: &Scene) -> String {
        match self {
            Self::Elsewhere => scene.other_bucket.clone(),
            Self::Root => scene.bucket.clone(),
            _ => self.folder(scene).unwrap_or_else(|| "—".to_owned()),
        }
    }

    /// The folder, ending in `/`; `None` where the token's folder is the whole bucket and there is no such folder.
    fn folder(self, scene: &Scene) -> Option<String> {
        let prefix = scene.prefix.as_str();
        let name = prefix.trim_end_matches('/');
        match self {
            Self::Own => Some(prefix.to_owned()),
            Self::Root | Self::Elsewhere => Some(String::new()),
            _ if name.is_empty() => None,
            Self::Sibling => Some(format!("{name}0/")),
            Self::Other => {
                let parent = name.rfind('/').map_or("", |slash| &name[..=slash]);
                Some(format!("{parent}somebody-else/"))
            }
        }
    }
}

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Object,
    /// A bucket, narrowed by a prefix.
    Listing,
    Bucket,
    /// All buckets.
    Service,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name in OSS's API.
    pub operation: &'static str,
    /// The RAM action that it needs.
    pub action: &'static str,
    pub target: Target,
    /// How OSS is asked about it.
    pub probe: Probe,
}

const fn row(operation: &'static str, action: &'static str, target: Target, probe: Probe) -> Row {
    Row { operation, action, target, probe }
}

/// The operations, from top to bottom.
pub const ROWS: [Row; 14] = [
    row("PutObject", "oss:PutObject", Target::Object, Probe::PutObject),
    row("GetObject", "oss:GetObject", Target::Object, Probe::GetObject),
    row("DeleteObject", "oss:DeleteObject", Target::Object, Probe::DeleteObject),
    row("GetObjectAcl", "oss:GetObjectAcl", Target::Object, Probe::GetObjectAcl),
    row("PutObjectAcl", "oss:PutObjectAcl", Target::Object, Probe::PutObjectAcl),
    row("UploadPart", "oss:PutObject", Target::Object, Probe::UploadPart),
    row("ListParts", "oss:ListParts", Target::Object, Probe::ListParts),
    row("AbortMultipartUpload", "oss:AbortMultipartUpload", Target::Object, Probe::AbortMultipartUpload),
    row("ListObjects", "oss:ListObjects", Target::Listing, Probe::ListObjects),
    row("ListMultipartUploads", "oss:ListMultipartUploads", Target::Listing, Probe::ListMultipartUploads),
    row("GetBucketInfo", "oss:GetBucketInfo", Target::Bucket, Probe::GetBucketInfo),
    row("GetBucketAcl", "oss:GetBucketAcl", Target::Bucket, Probe::GetBucketAcl),
    row("PutBucketAcl", "oss:PutBucketAcl", Target::Bucket, Probe::PutBucketAcl),
    row("ListBuckets", "oss:ListBuckets", Target::Service, Probe::ListBuckets),
];

/// The rows that begin a new group.
pub const GROUP_STARTS: [usize; 3] = [5, 8, 10];

/// One request that policies are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// `PutObject`.
    pub operation: String,
    /// `oss:PutObject`.
    pub action: String,
    /// `None` for the service.
    pub bucket: Option<String>,
    /// `None` for the bucket itself.
    pub key: Option<String>,
    /// Of a listing; empty where it has none.
    pub prefix: Option<String>,
}

impl Question {
    /// The request of a cell; `None` where there is none.
    pub fn of(row: &Row, spot: Spot, scene: &Scene) -> Option<Self> {
        let folder = spot.folder(scene)?;
        let bucket = if spot == Spot::Elsewhere { &scene.other_bucket } else { &scene.bucket };
        if bucket.is_empty() || (spot == Spot::Root && scene.prefix.is_empty() && row.target == Target::Object) {
            return None;
        }
        let (mut bucket, mut key, mut prefix) = (Some(bucket.clone()), None, None);
        match row.target {
            Target::Object => key = Some(format!("{folder}{OBJECT}")),
            Target::Listing => prefix = Some(folder),
            Target::Bucket if matches!(spot, Spot::Root | Spot::Elsewhere) => {}
            Target::Service if spot == Spot::Elsewhere => bucket = None,
            Target::Bucket | Target::Service => return None,
        }
        Some(Self { operation: row.operation.to_owned(), action: row.action.to_owned(), bucket, key, prefix })
    }

    /// As the evaluator is asked, and as OSS asks it for a client of this scene.
    pub fn request(&self, scene: &Scene) -> Request {
        let id = match (&self.bucket, &self.key) {
            (None, _) => "*".to_owned(),
            (Some(bucket), None) => bucket.clone(),
            (Some(bucket), Some(key)) => format!("{bucket}/{key}"),
        };
        let arn = format!("acs:ram::{ACCOUNT}:role/{ROLE}");
        let mut context = Context::new()
            .with("acs:CurrentTime", scene.time.as_str())
            .with("acs:SecureTransport", scene.secure.to_string());
        if let Some(address) = &scene.source_ip {
            context.insert("acs:SourceIp", address.as_str());
        }
        if let Some(prefix) = &self.prefix {
            // A listing without a prefix is evaluated with an empty one.
            context.insert("oss:Prefix", prefix.as_str());
            context.insert("oss:Delimiter", "");
        }
        Request {
            action: self.action.clone(),
            resource: format!("acs:oss:*:{ACCOUNT}:{id}"),
            principals: vec![arn.clone(), format!("{arn}/{SESSION}")],
            context,
        }
    }

    /// Whether it is about a bucket or the service, so that no ACL decides.
    pub fn is_management(&self) -> bool {
        self.key.is_none()
    }

    /// `bucket/key`, `bucket, prefix "a/"`, `all buckets`.
    pub fn subject(&self) -> String {
        match (&self.bucket, &self.key, &self.prefix) {
            (None, ..) => tr("all buckets").to_owned(),
            (Some(bucket), Some(key), _) => format!("{bucket}/{key}"),
            (Some(bucket), None, Some(prefix)) if prefix.is_empty() => tr!("{0}, no prefix", bucket),
            (Some(bucket), None, Some(prefix)) => tr!("{0}, prefix {1}", bucket, prefix),
            (Some(bucket), None, None) => bucket.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_stands_for_the_request_that_its_head_says() {
        let scene = Scene {
            bucket: "photos".to_owned(),
            prefix: "users/alice/".to_owned(),
            other_bucket: "others".to_owned(),
            ..Scene::default()
        };
        let subject = |operation: &str, spot: Spot| {
            let row = ROWS.iter().find(|row| row.operation == operation).unwrap();
            Question::of(row, spot, &scene).map(|question| question.subject()).unwrap_or_default()
        };
        for (operation, spot, wanted) in [
            ("PutObject", Spot::Own, "photos/users/alice/policy-lab-probe.jpg"),
            ("PutObject", Spot::Sibling, "photos/users/alice0/policy-lab-probe.jpg"),
            ("GetObject", Spot::Other, "photos/users/somebody-else/policy-lab-probe.jpg"),
            ("GetObject", Spot::Root, "photos/policy-lab-probe.jpg"),
            ("GetObject", Spot::Elsewhere, "others/policy-lab-probe.jpg"),
            ("ListObjects", Spot::Own, "photos, prefix users/alice/"),
            ("ListObjects", Spot::Root, "photos, no prefix"),
            ("GetBucketInfo", Spot::Own, ""),
            ("GetBucketInfo", Spot::Elsewhere, "others"),
            ("ListBuckets", Spot::Elsewhere, "all buckets"),
        ] {
            assert_eq!(subject(operation, spot), wanted, "{operation} {spot:?}");
        }
        let whole = Scene { prefix: String::new(), ..scene };
        assert!(Question::of(&ROWS[0], Spot::Sibling, &whole).is_none(), "the whole bucket has no sibling");
    }
}
