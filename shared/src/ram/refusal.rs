//! How OSS says no: the message, the finer code and the detail of a request that policies do not allow.

use super::evaluate::{Layer, Outcome, Request, Verdict};
use crate::error::{OssCode, OssError};

/// Who asked, as a refusal names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker<'a> {
    /// Nobody, or the account itself: RAM's policies are not about them.
    Anonymous,
    Root,
    /// A RAM user, by its id.
    User {
        account: &'a str,
        id: &'a str,
    },
    /// A token, by its role's name and the session's.
    Role {
        account: &'a str,
        role: &'a str,
        session: &'a str,
    },
}

/// The answer to `request` after `verdict`, which is not to allow it. `management`: about a bucket or the service, where no
/// ACL decides.
///
/// Source: the pages of the finer codes (EC) of OSS.
pub fn refusal(verdict: &Verdict, request: &Request, management: bool, asker: &Asker<'_>) -> OssError {
    let denied = |message: &str, ec: &str| OssError::new(OssCode::AccessDenied, message).ec(ec);
    let anonymous = *asker == Asker::Anonymous;
    let bucket = bucket_of(&request.resource);
    let error = match (verdict.because.layer, verdict.effect) {
        // OSS prints no words of its own for it.
        (Layer::Control, _) => denied("Access denied by control policy.", "0003-00000201"),
        (Layer::Session, _) => denied("Access denied by authorizer's policy.", "0003-00000301"),
        // OSS's own words, also where it was an identity policy that denied.
        (_, Outcome::ExplicitDeny) => denied("Access denied by bucket policy.", "0003-00000201"),
        _ if anonymous && management && !request.action.starts_with("oss:ListObject") => {
            denied("Anonymous access is forbidden for this operation.", "0003-00001201")
        }
        _ if bucket.is_none() => denied("You are forbidden to list buckets.", "0003-00000202"),
        _ if management && !anonymous => denied("The bucket you access does not belong to you.", "0003-00000202"),
        _ => match request.action.as_str() {
            "oss:GetObjectAcl" | "oss:GetObjectVersionAcl" => {
                denied("You do not have read acl permission on this object.", "0003-00000202")
            }
            "oss:PutObjectAcl" | "oss:PutObjectVersionAcl" => {
                denied("You do not have write acl permission on this object.", "0003-00000202")
            }
            _ => denied("You have no right to access this object because of bucket acl.", "0003-00000001"),
        },
    };
    let (account, kind, name) = match *asker {
        Asker::Role { account, role, session } => (account, "AssumedRoleUser", format!("{role}:{session}")),
        Asker::User { account, id } => (account, "SubUser", id.to_owned()),
        // The detail is about RAM, which neither of them has to do with.
        Asker::Anonymous | Asker::Root => return error,
    };
    let policy_type = match verdict.because.layer {
        Layer::Control => "ControlPolicy",
        Layer::Session => "SessionPolicy",
        Layer::Identity => "AccountLevelIdentityBasedPolicy",
        // The detail speaks of RAM's policies alone.
        Layer::Bucket => return error,
    };
    let mut error = error
        .detail("AccessDeniedDetail/PolicyType", policy_type)
        .detail("AccessDeniedDetail/AuthPrincipalOwnerId", account)
        .detail("AccessDeniedDetail/AuthPrincipalType", kind)
        .detail("AccessDeniedDetail/AuthPrincipalDisplayName", name.as_str())
        .detail("AccessDeniedDetail/NoPermissionType", format!("{:?}", verdict.effect))
        .detail("AccessDeniedDetail/AuthAction", &request.action);
    if let (Outcome::ExplicitDeny, Layer::Identity, Some(bucket)) = (verdict.effect, verdict.because.layer, bucket) {
        error = error.detail("Bucket", bucket).detail("User", name);
    }
    error
}

/// The bucket in `acs:oss:REGION:ACCOUNT:BUCKET/KEY`; none where it is `*`, the service itself.
fn bucket_of(resource: &str) -> Option<&str> {
    let name = resource.splitn(5, ':').nth(4)?.split('/').next()?;
    (name != "*").then_some(name)
}
