//! Migrations are applied one after the other, each over the sample data of those before it, as they are to a
//! database in use, on SQLite and on PostgreSQL. A migration without sample data or without its twin, or one whose
//! data does not survive the next, fails here.

mod harness;

use harness::Postgres;
use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    store::{Store, contents, messages, outbox, reports},
};
use sqlx::{
    AnyConnection, AssertSqlSafe, Connection, Row,
    any::install_default_drivers,
    migrate::{Migration, Migrator},
};
use std::path::{Path, PathBuf};

static ON_SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static ON_POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/samples")
}

/// Applies every migration with its sample data to a new database.
async fn grown(url: &str, migrations: &Migrator, after_sample: &str) -> AnyConnection {
    install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    for migration in migrations.iter() {
        let version = migration.version;
        migrations.run_to(version, &mut connection).await.unwrap_or_else(|error| panic!("{version}: {error}"));
        let sample = samples().join(format!("{version:04}.sql"));
        let sample = std::fs::read_to_string(&sample).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        for statements in [sample, after_sample.to_owned()] {
            sqlx::raw_sql(AssertSqlSafe(statements))
                .execute(&mut connection)
                .await
                .unwrap_or_else(|error| panic!("the sample data of {version}: {error}"));
        }
    }
    connection
}

/// Samples name their ids, which an identity column does not notice.
const BEHIND_SAMPLES: &str = "
    DO $$
    DECLARE held record; last bigint;
    BEGIN
        FOR held IN
            SELECT table_name, column_name
            FROM information_schema.columns
            WHERE table_schema = 'public' AND is_identity = 'YES'
        LOOP
            EXECUTE format('SELECT max(%I) FROM %I', held.column_name, held.table_name) INTO last;
            IF last IS NOT NULL THEN
                PERFORM setval(pg_get_serial_sequence(held.table_name, held.column_name), last);
            END IF;
        END LOOP;
    END
    $$;
";

#[tokio::test]
async fn each_migration_keeps_the_data_of_those_before_it_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("phuluc.db");
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let mut connection = grown(&url, &ON_SQLITE, "PRAGMA foreign_keys = ON").await;
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(broken.is_empty());
    let whole = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(whole.get::<String, _>(0), "ok");
    connection.close().await.unwrap();
    the_samples_are_read(&format!("sqlite:{}", file.display())).await;
}

#[tokio::test]
async fn each_migration_keeps_the_data_of_those_before_it_on_postgres() {
    let url = Postgres::shared().empty_database();
    grown(&url, &ON_POSTGRES, BEHIND_SAMPLES).await.close().await.unwrap();
    the_samples_are_read(&url).await;
}

async fn the_samples_are_read(url: &str) {
    let store = Store::open(url).await.unwrap();
    assert_eq!(store.instance_key()[..2], [0x00, 0x11]);
    let (campaign, ha_noi) = (CampaignId::parse("1552").unwrap(), AgencyId::parse("ha-noi").unwrap());
    let states = reports::agency_states(&store, &campaign).await.unwrap();
    assert_eq!(states.len(), 2);
    assert_eq!((states[0].versions, states[0].verdict), (1, Some(reports::Verdict::Accepted)));
    assert_eq!(messages::list(&store).await.unwrap().len(), 2);
    assert_eq!(phuluc::store::filing::watermark(&store, "INBOX").await.unwrap(), Some((7, 102)));
    assert_eq!(outbox::list(&store).await.unwrap().len(), 2);
    let kept = reports::reports_of(&store, &campaign, &ha_noi).await.unwrap();
    assert_eq!(contents::findings_of(&store, kept[0].id).await.unwrap().len(), 1);

    // What is new comes after what was there.
    let mail = messages::KeptMail {
        folder: "INBOX",
        validity: 7,
        uid: "9999",
        raw: b"x",
        sha256: "ff",
        size: 1,
        received_at: "2023-02-20T01:00:00Z".parse().unwrap(),
    };
    let mut tx = store.begin().await.unwrap();
    let kept = messages::keep(&mut tx, &mail, mail.received_at).await.unwrap();
    assert!(matches!(kept, messages::Kept::New(id) if id > 2), "{kept:?}");
    tx.commit().await.unwrap();
}

/// Tables and columns, in SQLite's words for types.
fn columns(migrations: &Migrator) -> String {
    let up = |migration: &Migration| migration.sql.as_str().to_owned();
    let text: String = migrations.iter().map(up).collect();
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let plain = lines.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let plain = plain
        .replace("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT")
        .replace("BIGINT", "INTEGER")
        // Each has its own word for the present.
        .replace(
            "CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS INTEGER)",
            "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
        )
        .replace("BYTEA", "BLOB")
        .replace(") STRICT;", ");");
    // Triggers are each database's own, and so is how bytes lie on the disk.
    let own = ["TRIGGER", "FUNCTION", "SET STORAGE"];
    let statements = plain.split(";\n").filter(|one| own.iter().all(|word| !one.contains(word)));
    let statements = statements
        .filter(|one| ["CREATE", "ALTER", "INSERT", "UPDATE"].iter().any(|word| one.trim_start().starts_with(word)));
    statements.map(|one| one.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn both_databases_have_the_same_tables() {
    assert_eq!(columns(&ON_SQLITE), columns(&ON_POSTGRES));
    let steps = |migrations: &Migrator| {
        migrations.iter().map(|step| (step.version, step.description.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(steps(&ON_SQLITE), steps(&ON_POSTGRES));
}

#[test]
fn every_sample_belongs_to_a_migration() {
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let version = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        assert!(version.is_some_and(|version| ON_SQLITE.version_exists(version)), "{}", path.display());
    }
}
