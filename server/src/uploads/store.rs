//! The database of uploads: SQLite in a file or PostgreSQL over the network, by the same statements.

use std::collections::HashSet;
use std::sync::Once;
use std::time::Duration;

use shared::secret::Secret;
use sqlx::any::{AnyArguments, AnyPoolOptions, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::query::Query;
use sqlx::{Any, AnyPool, Executor, Row, SqlSafeStr};
use time::OffsetDateTime;
use tokio::sync::OnceCell;

use super::record::{Source, Upload};

/// The whole time for one statement, a connection for it included: a callback has 5 s in all.
const BUDGET: Duration = Duration::from_millis(1000);
/// The same for what nobody waits for.
const MANY_BUDGET: Duration = Duration::from_secs(20);
/// The time for the tables to be made or changed, once.
const MIGRATION_BUDGET: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: u32 = 8;
/// The most that one page holds.
pub const MAX_PAGE: u32 = 1000;

const SQLITE_TABLES: &str = include_str!("../../migrations/sqlite/0001_uploads.sql");
const POSTGRES_TABLES: &str = include_str!("../../migrations/postgres/0001_uploads.sql");

/// What was known stays; what was not is filled in, and what was only claimed gives way to what was checked.
const PUT: &str = "INSERT INTO uploads (id, bucket, object, etag, size, mime_type, crc64, width, height, identity, vars, source, verified, request_id, uploaded_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
     ON CONFLICT (id) DO UPDATE SET \
     size = CASE WHEN uploads.verified < excluded.verified THEN excluded.size ELSE uploads.size END, \
     mime_type = CASE WHEN uploads.verified < excluded.verified THEN COALESCE(excluded.mime_type, uploads.mime_type) \
         ELSE COALESCE(uploads.mime_type, excluded.mime_type) END, \
     crc64 = CASE WHEN uploads.verified < excluded.verified THEN COALESCE(excluded.crc64, uploads.crc64) \
         ELSE COALESCE(uploads.crc64, excluded.crc64) END, \
     width = COALESCE(uploads.width, excluded.width), \
     height = COALESCE(uploads.height, excluded.height), \
     identity = COALESCE(uploads.identity, excluded.identity), \
     vars = CASE WHEN uploads.vars = '{}' THEN excluded.vars ELSE uploads.vars END, \
     verified = CASE WHEN uploads.verified < excluded.verified THEN excluded.verified ELSE uploads.verified END, \
     request_id = COALESCE(uploads.request_id, excluded.request_id) \
     RETURNING *";

/// An empty text means no limit.
const PAGE: &str = "SELECT * FROM uploads \
     WHERE bucket = $1 AND object >= $2 AND ($3 = '' OR object < $3) AND ($4 = '' OR identity = $4) \
     AND uploaded_ms >= $5 AND uploaded_ms < $6 AND (uploaded_ms < $7 OR (uploaded_ms = $7 AND id < $8)) \
     ORDER BY uploaded_ms DESC, id DESC LIMIT $9";

const VERIFIED: &str = "SELECT id FROM uploads WHERE bucket = $1 AND object >= $2 AND object <= $3 AND verified = 1";

/// Taken by whoever comes first once the time of the last one is over.
const LEASE: &str = "INSERT INTO leases (name, until_ms) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms WHERE leases.until_ms <= $3";

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or failed.
    #[error("the database of uploads failed: {0}. Check Uploads.Database, and that it runs")]
    Database(#[from] sqlx::Error),
    /// It did not answer in time.
    #[error("the database of uploads did not answer within {0:?}. Check Uploads.Database, and its load")]
    Timeout(Duration),
    /// Its tables are not ours.
    #[error("the tables of the database of uploads cannot be made or brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether the database refuses this one record, and always will: another attempt would not help, and another record may do.
    pub fn is_about_the_record(&self) -> bool {
        /// TOOBIG, CONSTRAINT and MISMATCH (sqlite3.h).
        const SQLITE: [u32; 3] = [18, 19, 20];
        /// Data exceptions, broken constraints and program limits (PostgreSQL's appendix A).
        const POSTGRES: [&str; 3] = ["22", "23", "54"];
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        let code = error.code().unwrap_or_default();
        // SQLite's are numbers with the particular kind above the lowest byte; PostgreSQL's have five characters.
        match code.len() {
            5 => POSTGRES.iter().any(|class| code.starts_with(class)),
            _ => code.parse::<u32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff))),
        }
    }
}

/// Which uploads are asked for, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of this bucket.
    pub bucket: String,
    /// Whose keys begin so; empty for all.
    pub prefix: String,
    /// Of this identity; `None` for all.
    pub identity: Option<String>,
    /// Not older than this.
    pub since: Option<OffsetDateTime>,
    /// Older than this.
    pub until: Option<OffsetDateTime>,
    /// Behind the upload with this time and id.
    pub after: Option<Cursor>,
    /// How many at most, 1 to [`MAX_PAGE`].
    pub limit: u32,
}

/// The place of an upload in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// The upload's id.
    pub id: String,
}

/// The uploads, in a database that may be away for a while: it is connected to when it is needed.
#[derive(Debug)]
pub struct Store {
    pool: AnyPool,
    tables: &'static str,
    ready: OnceCell<()>,
}

impl Store {
    /// A store at `url`: `sqlite:` and a path, or `postgres://…`. Connects to nothing yet. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the text is no such URL.
    pub fn new(url: &Secret) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let sqlite = url.expose().starts_with("sqlite:");
        let pool = AnyPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(BUDGET)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        // What was acknowledged is on the disk; readers do not wait for writers; other servers may write too.
                        connection.execute("PRAGMA busy_timeout = 1000").await?;
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = FULL").await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy(url.expose())?;
        let tables = if sqlite { SQLITE_TABLES } else { POSTGRES_TABLES };
        Ok(Self { pool, tables, ready: OnceCell::new() })
    }

    #[cfg(test)]
    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Keeps an upload, or adds to what is known of it; returns what is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put(&self, upload: &Upload) -> Result<Upload, StoreError> {
        let row = self.within(BUDGET, async { Ok(put(upload).fetch_one(&self.pool).await?) }).await?;
        Ok(upload_of(&row)?)
    }

    /// As [`Store::put`] for many, all or none; 20 s at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_all(&self, uploads: &[Upload]) -> Result<(), StoreError> {
        let all = async {
            let mut transaction = self.pool.begin().await?;
            for upload in uploads {
                put(upload).execute(&mut *transaction).await?;
            }
            Ok(transaction.commit().await?)
        };
        self.within(MANY_BUDGET, all).await
    }

    /// The ids of the verified uploads of `bucket` whose keys lie between `first` and `last`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verified(&self, bucket: &str, first: &str, last: &str) -> Result<HashSet<String>, StoreError> {
        let query = sqlx::query(VERIFIED).bind(bucket).bind(first).bind(last);
        let rows = self.within(MANY_BUDGET, async { Ok(query.fetch_all(&self.pool).await?) }).await?;
        Ok(rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?)
    }

    /// The newest uploads that `filter` lets through.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(&self, filter: &Filter) -> Result<Vec<Upload>, StoreError> {
        let (ms, id) = filter.after.as_ref().map_or((i64::MAX, ""), |after| (after.ms, &after.id));
        let query = sqlx::query(PAGE)
            .bind(&filter.bucket)
            .bind(&filter.prefix)
            .bind(end_of(&filter.prefix))
            .bind(filter.identity.as_deref().unwrap_or_default())
            .bind(filter.since.map_or(i64::MIN, millis))
            .bind(filter.until.map_or(i64::MAX, millis))
            .bind(ms)
            .bind(id)
            .bind(i64::from(filter.limit.clamp(1, MAX_PAGE)));
        let rows = self.within(BUDGET, async { Ok(query.fetch_all(&self.pool).await?) }).await?;
        Ok(rows.iter().map(upload_of).collect::<Result<_, _>>()?)
    }

    /// Takes the turn called `name` until `until`, unless another server's lasts beyond `now`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_turn(&self, name: &str, now: OffsetDateTime, until: OffsetDateTime) -> Result<bool, StoreError> {
        let query = sqlx::query(LEASE).bind(name).bind(millis(until)).bind(millis(now));
        let done = self.within(BUDGET, async { Ok(query.execute(&self.pool).await?) }).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Connects, and makes the tables or brings them up to date, with all the time that this may take.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let prepared = self.ready.get_or_try_init(|| self.migrate());
        tokio::time::timeout(MIGRATION_BUDGET, prepared)
            .await
            .map_err(|_| StoreError::Timeout(MIGRATION_BUDGET))?
            .map(|_| ())
    }

    /// Runs `work` on tables that are up to date, all within `budget`.
    async fn within<T>(
        &self,
        budget: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let all = async {
            self.ready.get_or_try_init(|| self.migrate()).await?;
            work.await
        };
        tokio::time::timeout(budget, all).await.unwrap_or(Err(StoreError::Timeout(budget)))
    }

    /// Servers that start at once take turns, where the database has locks.
    async fn migrate(&self) -> Result<(), StoreError> {
        let migration = Migration::new(1, "uploads".into(), MigrationType::Simple, self.tables.into_sql_str(), false);
        Ok(Migrator::with_migrations(vec![migration]).run(&self.pool).await?)
    }
}

/// The statement that keeps `upload`.
fn put(upload: &Upload) -> Query<'static, Any, AnyArguments> {
    sqlx::query(PUT)
        .bind(upload.id.clone())
        .bind(upload.bucket.clone())
        .bind(upload.object.clone())
        .bind(upload.etag.clone())
        .bind(i64::try_from(upload.size).unwrap_or(i64::MAX))
        .bind(upload.mime_type.clone())
        .bind(upload.crc64.clone())
        .bind(upload.width.map(i64::from))
        .bind(upload.height.map(i64::from))
        .bind(upload.identity.clone())
        .bind(serde_json::to_string(&upload.vars).unwrap_or_else(|_| "{}".to_owned()))
        .bind(upload.source.as_str())
        .bind(i64::from(upload.verified))
        .bind(upload.request_id.clone())
        .bind(millis(upload.uploaded_at))
}

fn upload_of(row: &AnyRow) -> Result<Upload, sqlx::Error> {
    let pixels = |name| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(name)?.and_then(|n| u32::try_from(n).ok()));
    Ok(Upload {
        id: row.try_get("id")?,
        bucket: row.try_get("bucket")?,
        object: row.try_get("object")?,
        etag: row.try_get("etag")?,
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
        mime_type: row.try_get("mime_type")?,
        crc64: row.try_get("crc64")?,
        width: pixels("width")?,
        height: pixels("height")?,
        identity: row.try_get("identity")?,
        vars: serde_json::from_str(row.try_get("vars")?).unwrap_or_default(),
        source: Source::of(row.try_get("source")?),
        verified: row.try_get::<i64, _>("verified")? != 0,
        request_id: row.try_get("request_id")?,
        uploaded_at: moment(row.try_get("uploaded_ms")?),
    })
}

/// Milliseconds since 1970.
pub(super) fn millis(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The least text that is greater than every text that begins with `prefix`; empty when there is none.
fn end_of(prefix: &str) -> String {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        // Behind U+D7FF comes U+E000.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            break;
        }
    }
    end.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range() {
        for (prefix, end) in
            [("users/a/", "users/a0"), ("", ""), ("a\u{d7ff}", "a\u{e000}"), ("b\u{10ffff}", "c"), ("\u{10ffff}", "")]
        {
            assert_eq!(end_of(prefix), end, "{prefix:?}");
        }
    }
}
