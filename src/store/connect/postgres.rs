//! What only PostgreSQL understands: its URL, with what is secret in it kept out of every message, the settings of
//! a connection, its migrations, the lock of a daemon, and which of its errors pass.

use super::{Kind, Prepared, key_of, settle};
use crate::store::{StoreError, columns::Columns};
use sqlx::{AnyConnection, AnyPool, Connection, error::DatabaseError, migrate::Migrator, postgres::PgDatabaseError};
use std::{io, net::IpAddr, time::Duration};
use url::Url;

/// The schema, step for step that of SQLite.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A kept mail must outlive a power cut, so a commit waits for the disk even where the server's default does not. A
/// daemon that hangs or whose machine is gone must not hold the others up for long: its locks go with its session,
/// which the server ends after a minute of silence in a transaction or on the line.
pub const SETTINGS: &str = "
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
";

/// How long a server may take to let us in; a host that is not there answers nothing at all.
const CONNECTING: Duration = Duration::from_secs(20);

/// How long a session may take to answer before it is taken for lost.
const ANSWERING: Duration = Duration::from_secs(10);

/// The first number of the advisory locks by which daemons see each other; the second is the daemon's.
pub const DAEMON: i64 = 1_885_893_985;
/// The same for the reader of the mailbox; the second number is the folder's.
pub const MAILBOX: i64 = 1_885_893_986;

/// Of a row of `daemon`: that nobody holds its lock. A lock of two numbers shows them as `classid` and `objid`.
pub const HAS_NO_LOCK: &str = "
    NOT EXISTS (
        SELECT 1
        FROM pg_locks
        WHERE locktype = 'advisory'
          AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND CAST(classid AS BIGINT) = 1885893985
          AND CAST(objid AS BIGINT) = daemon.id
          AND objsubid = 2
    )";

pub fn is_ours(url: &str) -> bool {
    ["postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme))
}

/// The URL without password and options, as errors and `check` show it.
pub fn name(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "postgres:…".to_owned() };
    // Refused only by a URL without a host, which then has no password either.
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// The URL as the driver gets it: named after this program, and beyond this machine nothing goes unencrypted or to a
/// server whose certificate does not prove its name, unless `sslmode` says so.
pub fn whole(url: &str) -> Result<String, StoreError> {
    let mut url = Url::parse(url).map_err(|_| StoreError::Url(name(url)))?;
    let given = |url: &Url, keys: &[&str]| url.query_pairs().any(|(key, _)| keys.contains(&&*key));
    if !stays_here(&url) && !given(&url, &["sslmode", "ssl-mode"]) {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    if !given(&url, &["application_name"]) {
        url.query_pairs_mut().append_pair("application_name", "phuluc");
    }
    Ok(url.into())
}

/// Whether the server is written as this machine: a socket's folder, loopback, or no host at all.
fn stays_here(url: &Url) -> bool {
    let query = url.query_pairs().find(|(key, _)| ["host", "hostaddr"].contains(&&**key));
    let host = query.map_or_else(|| url.host_str().unwrap_or_default().to_owned(), |(_, host)| host.into_owned());
    let host = host.trim_matches(['[', ']']);
    let socket = host.starts_with('/') || host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"));
    host.is_empty() || socket || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Connects and brings the database to this program's schema. The connection may serve a daemon as its session.
pub async fn prepare(kind: Kind, url: String, pool: &AnyPool) -> Result<Prepared, StoreError> {
    let mut first = connect(&kind, AnyConnection::connect(&url)).await?;
    // Since the server lets us in, the first connection of the pool comes about while this one looks at the schema.
    let pool = pool.clone();
    tokio::spawn(async move { drop(pool.acquire().await) });
    let encoding = server_encoding(&mut first).await?;
    if encoding != "UTF8" {
        return Err(StoreError::Encoding { name: kind.name(), encoding });
    }
    // The migrator holds a lock of its own, so of two programs that start at once the second finds all done.
    MIGRATIONS.run(&mut first).await.map_err(|error| kind.refused(error))?;
    let instance_key = key_of(&mut first, &kind.name()).await?;
    Ok(Prepared { kind, url, instance_key, first: Some(first) })
}

async fn connect(
    kind: &Kind,
    connecting: impl Future<Output = Result<AnyConnection, sqlx::Error>>,
) -> Result<AnyConnection, StoreError> {
    let late = || sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
    let connected = tokio::time::timeout(CONNECTING, connecting).await.unwrap_or_else(|_| Err(late()));
    connected.map_err(|source| StoreError::Connect { name: kind.name(), source })
}

async fn server_encoding(connection: &mut AnyConnection) -> Result<String, StoreError> {
    let row = sqlx::query(
        "
        SELECT current_setting('server_encoding') AS encoding
        ",
    )
    .fetch_one(connection)
    .await?;
    Columns(&row).text("encoding")
}

/// A connection of a daemon's own, apart from those its work uses: its locks end with it, however it ends. The `first`
/// will do, while it lives.
pub async fn session(kind: &Kind, pool: &AnyPool, first: Option<AnyConnection>) -> Result<AnyConnection, StoreError> {
    if let Some(mut first) = first
        && tokio::time::timeout(ANSWERING, settle(&mut first, SETTINGS)).await.is_ok_and(|settled| settled.is_ok())
    {
        return Ok(first);
    }
    let options = pool.connect_options();
    let mut connection = connect(kind, AnyConnection::connect_with(&options)).await?;
    settle(&mut connection, SETTINGS).await?;
    Ok(connection)
}

/// Whether the session is there.
pub async fn answers(connection: &mut AnyConnection) -> bool {
    tokio::time::timeout(ANSWERING, connection.ping()).await.is_ok_and(|answered| answered.is_ok())
}

pub async fn try_lock(connection: &mut AnyConnection, what: i64, which: i64) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "
        SELECT CASE WHEN pg_try_advisory_lock(CAST($1 AS INTEGER), CAST($2 AS INTEGER)) THEN 1 ELSE 0 END AS got
        ",
    )
    .bind(what)
    .bind(which)
    .fetch_one(connection)
    .await?;
    Columns(&row).flag("got")
}

pub async fn unlock(connection: &mut AnyConnection, what: i64, which: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        SELECT pg_advisory_unlock(CAST($1 AS INTEGER), CAST($2 AS INTEGER))
        ",
    )
    .bind(what)
    .bind(which)
    .execute(connection)
    .await?;
    Ok(())
}

/// What can be done about it, by the class of its SQLSTATE.
pub fn advice(error: &PgDatabaseError) -> &'static str {
    match error.code() {
        "53100" => "; the server's disk is full: make room, nothing is lost meanwhile",
        "53300" => "; the server takes no more connections: raise max_connections or end others",
        "25006" => "; the server takes no writes: is it a standby?",
        "42501" => "; this user lacks rights: make it the owner of the database",
        code if code.starts_with("57P") => "; the server is stopping or starting: start it if nobody does",
        _ => "",
    }
}

/// Whether the same may succeed later (https://www.postgresql.org/docs/current/errcodes-appendix.html).
pub fn passing(error: &PgDatabaseError) -> bool {
    let code = DatabaseError::code(error).unwrap_or_default().into_owned();
    // No connection, too few resources, an operator's doing, the server's own trouble with files.
    let whole_class = ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    // Two transactions in each other's way, a lock that was waited for too long, a session ended while it idled in a
    // transaction, a server that only reads because another one took its place, and the lock of a dropped object.
    let one = ["40001", "40P01", "40003", "55P03", "55006", "25P02", "25P03", "25006"].contains(&code.as_str());
    whole_class || one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, tests::server::Postgres};

    #[tokio::test]
    async fn a_database_that_keeps_no_vietnamese_is_refused() {
        let server = Postgres::shared();
        server.sql(
            "postgres",
            "CREATE DATABASE test_latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0",
        );
        let error = Store::open(&server.url("test_latin")).await.unwrap_err();
        assert!(error.to_string().contains("keeps text as LATIN1") && !error.passing(), "{error}");
    }

    #[tokio::test]
    async fn who_is_not_let_in_hears_why() {
        let server = Postgres::shared();
        let database = server.database();
        server.sql("postgres", "CREATE ROLE phuluc LOGIN SUPERUSER PASSWORD 'b\u{ed} m\u{1ead}t'");
        let right = server.url_over_tcp("phuluc:b%C3%AD%20m%E1%BA%ADt", &database);
        Store::open(&right).await.unwrap().close().await;
        let wrong = Store::open(&server.url_over_tcp("phuluc:secret", &database)).await.unwrap_err();
        assert!(wrong.to_string().contains("password authentication failed for user \"phuluc\""), "{wrong}");
        assert!(!wrong.to_string().contains("secret") && !wrong.passing(), "{wrong}");
        let away = Store::open("postgres://phuluc:secret@127.0.0.1:1/phuluc").await.unwrap_err();
        assert!(away.passing() && away.to_string().contains("postgres://phuluc@127.0.0.1:1/phuluc"), "{away}");
        assert!(away.to_string().contains("refused") && !away.to_string().contains("secret"), "{away}");
    }

    #[tokio::test]
    async fn a_cut_session_is_passing_trouble_and_the_next_is_fine() {
        let server = Postgres::shared();
        let store = Store::open(&server.database()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let pid: i64 =
            sqlx::query_scalar("SELECT CAST(pg_backend_pid() AS BIGINT)").fetch_one(tx.connection()).await.unwrap();
        server.sql("postgres", &format!("SELECT pg_terminate_backend({pid})"));
        let cut = sqlx::query("SELECT 1").execute(tx.connection()).await.unwrap_err();
        assert!(StoreError::from(cut).passing());
        drop(tx);
        assert!(crate::store::messages::list(&store).await.unwrap().is_empty());
    }

    #[test]
    fn nothing_secret_stands_in_the_name() {
        for (url, shown) in [
            (
                "postgres://phuluc:secret@db.mic.example/phuluc?sslmode=require",
                "postgres://phuluc@db.mic.example/phuluc",
            ),
            ("postgresql://u@localhost:5433/d?password=secret", "postgresql://u@localhost:5433/d"),
            ("postgres:///phuluc?host=/run/postgresql&password=secret", "postgres:///phuluc"),
            ("postgres://u:secret@[broken/x", "postgres:…"),
        ] {
            assert_eq!(name(url), shown);
        }
    }

    #[test]
    fn beyond_this_machine_the_certificate_must_prove_the_server() {
        for (url, proved) in [
            ("postgres://u@db.mic.example/d", true),
            ("postgres://u@10.0.0.7/d", true),
            ("postgres://u@localhost/d?host=db.mic.example", true),
            ("postgres://u@db.mic.example/d?sslmode=require", false),
            ("postgres://u@localhost/d", false),
            ("postgres://u@127.0.0.1:5433/d", false),
            ("postgres://u@[::1]/d", false),
            ("postgres:///d", false),
            ("postgres://u@%2Frun%2Fpostgresql/d", false),
            ("postgres://u@localhost/d?host=/run/postgresql", false),
        ] {
            let whole = whole(url).unwrap();
            assert_eq!(whole.contains("sslmode=verify-full"), proved, "{whole}");
            assert!(whole.contains("application_name=phuluc"), "{whole}");
        }
    }
}
