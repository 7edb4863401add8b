//! One request on its way through the operations, and what it may ask of policies and ACLs.

use std::net::IpAddr;
use std::sync::Arc;

use shared::error::OssError;
use shared::ram::PolicyDocument;
use shared::sign::Request;
use time::OffsetDateTime;

use crate::accounts::Accounts;
use crate::authenticate::Caller;
use crate::authorize::{Circumstances, Question, Ruling, authorize};
use crate::operation::Plane;
use crate::ops::Failure;
use crate::oss::{World, no_such_bucket};
use crate::rules;
use crate::settings::acl::Acl;
use crate::settings::tagging::Tag;
use crate::store::{BucketRecord, Found, ObjectRecord, run};

/// One request on its way through the operations.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The world it happens in.
    pub world: &'a Arc<World>,
    /// The accounts as they were at arrival.
    pub accounts: &'a Accounts,
    /// Who asks.
    pub caller: &'a Caller<'a>,
    /// The request as it was signed.
    pub request: &'a Request,
    /// The host it was sent to.
    pub host: &'a str,
    /// The client's address.
    pub source_ip: IpAddr,
    /// Whether it came by TLS.
    pub secure: bool,
    /// The emulator's time at arrival.
    pub now: OffsetDateTime,
    /// Its id.
    pub request_id: &'a str,
    /// The tags that its body brings, where that is what it asks for.
    pub body_tags: &'a [Tag],
    /// Whether a fault keeps its callback from being made.
    pub callback_fails: bool,
}

impl Call<'_> {
    /// The bucket; empty for the service, where no operation asks.
    pub fn bucket(&self) -> &str {
        self.request.bucket.as_deref().unwrap_or_default()
    }

    /// The key; empty for a bucket, where no operation asks.
    pub fn key(&self) -> &str {
        self.request.key.as_deref().unwrap_or_default()
    }

    /// `http://host`, as the request was sent.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host)
    }

    /// The version that is asked for; `None` for the current one.
    pub fn version(&self) -> Option<&str> {
        self.request.param("versionId").filter(|id| !id.is_empty())
    }

    /// The bucket's record.
    ///
    /// # Errors
    /// 404 when it has been deleted in the meantime.
    pub fn bucket_record(&self) -> Result<Arc<BucketRecord>, OssError> {
        self.world.store.index.bucket(self.bucket()).ok_or_else(|| no_such_bucket(self.bucket()))
    }

    /// Asks for a further right that the operation needs.
    ///
    /// # Errors
    /// 403 when policies and ACLs do not give it; 404 for a bucket that is not there.
    pub async fn require(&self, question: Question<'_>) -> Result<(), Failure> {
        match self.rule(question).await?.refusal {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Asks for the right to tag, where the request brings tags for the object of `question`.
    ///
    /// # Errors
    /// As [`Call::require`].
    pub async fn require_tagging(&self, question: Question<'_>) -> Result<(), Failure> {
        if self.request.header("x-oss-tagging").is_none_or(str::is_empty) {
            return Ok(());
        }
        self.require(Question { action: "oss:PutObjectTagging", plane: Plane::Owner, ..question }).await
    }

    /// Asks policies, then ACLs.
    ///
    /// # Errors
    /// 403 where the bucket's policy cannot be read.
    pub async fn rule(&self, question: Question<'_>) -> Result<Ruling, Failure> {
        let bucket = match question.bucket {
            // A bucket that is about to be made has no record, and no policy.
            Some(name) => self.world.store.index.bucket(name),
            None => None,
        };
        let policy = match &bucket {
            Some(bucket) => rules::bucket_policy(bucket, question.action)?,
            None => None,
        };
        let circumstances = self.circumstances(question, bucket.as_deref(), policy.as_ref()).await?;
        let mut ruling = authorize(self.accounts, self.caller, question, policy.as_ref(), &circumstances);
        if ruling.undecided
            && matches!(question.plane, Plane::Read | Plane::Write)
            && let (Some(bucket), Some(record), Some(key)) = (question.bucket, &bucket, question.key)
        {
            let own = self.object_record((bucket, key), question.version).await?.map(|record| record.attributes.acl);
            let (acl, whose) = match own {
                Some(acl) if acl != Acl::Default => (acl, "object"),
                _ => (record.acl, "bucket"),
            };
            let acl = if rules::blocks_public_access(record) { Acl::Private } else { acl };
            ruling.ask_acl(question.plane, acl, whose);
        }
        Ok(ruling)
    }

    async fn object_record(
        &self,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> Result<Option<ObjectRecord>, Failure> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let version = version.map(str::to_owned);
        let found = run(&self.world.store, move |store| store.index.find(&bucket, &key, version.as_deref())).await?;
        Ok(match found {
            Found::Object(record) => Some(*record),
            Found::DeleteMarker(_) | Found::Nothing => None,
        })
    }

    async fn circumstances(
        &self,
        question: Question<'_>,
        bucket: Option<&BucketRecord>,
        bucket_policy: Option<&PolicyDocument>,
    ) -> Result<Circumstances, Failure> {
        let mut keys = rules::request_keys(self.request, question, bucket);
        keys.extend(self.body_tags.iter().cloned().map(rules::request_tag));
        let identity = self.caller.identity_policies(self.accounts);
        let policies = identity.into_iter().chain(self.caller.session_policy()).chain(bucket_policy);
        // A look at the object's tags costs a read, which few policies are worth.
        if rules::mention(policies, "oss:ExistingObjectTag/")
            && let (Some(bucket), Some(key)) = (question.bucket, question.key)
            && let Some(record) = self.object_record((bucket, key), question.version).await?
        {
            let tags = record.attributes.tags.into_iter();
            keys.extend(tags.map(|tag| (format!("oss:ExistingObjectTag/{}", tag.key), tag.value)));
        }
        Ok(Circumstances {
            source_ip: self.source_ip,
            secure: self.secure,
            user_agent: self.request.header("user-agent").unwrap_or_default().to_owned(),
            now: self.now,
            keys,
        })
    }
}
