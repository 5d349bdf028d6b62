//! Migrations are applied one after the other, each over the sample data of those before it, as they are to a
//! database in use. A migration without sample data, or one whose data does not survive the next, fails here.

use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    store::{Store, messages, outbox, reports},
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};
use std::path::{Path, PathBuf};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/samples")
}

/// Applies every migration with its sample data to a new database.
async fn grown(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for migration in MIGRATIONS.iter() {
        let version = migration.version;
        MIGRATIONS.run_to(version, &mut connection).await.unwrap_or_else(|error| panic!("{version}: {error}"));
        let sample = samples().join(format!("{version:04}.sql"));
        let sample = std::fs::read_to_string(&sample).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        sqlx::raw_sql(AssertSqlSafe(sample))
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("the sample data of {version}: {error}"));
    }
    connection
}

#[tokio::test]
async fn each_migration_keeps_the_data_of_those_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("phuluc.db");
    let mut connection = grown(&file).await;
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(broken.is_empty());
    let whole = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(whole.get::<String, _>(0), "ok");
    connection.close().await.unwrap();

    let store = Store::open(&format!("sqlite:{}", file.display())).await.unwrap();
    assert_eq!(store.instance_key()[..2], [0x00, 0x11]);
    let (campaign, ha_noi) = (CampaignId::parse("1552").unwrap(), AgencyId::parse("ha-noi").unwrap());
    let states = reports::agency_states(&store, &campaign).await.unwrap();
    assert_eq!(states.len(), 2);
    assert_eq!((states[0].versions, states[0].verdict), (1, Some(reports::Verdict::Accepted)));
    assert_eq!(messages::list(&store).await.unwrap().len(), 2);
    assert_eq!(phuluc::store::filing::watermark(&store, "INBOX").await.unwrap(), Some((7, 102)));
    assert_eq!(outbox::list(&store).await.unwrap().len(), 2);
    let kept = reports::reports_of(&store, &campaign, &ha_noi).await.unwrap();
    assert_eq!(reports::findings_of(&store, kept[0].id).await.unwrap().len(), 1);
}

#[test]
fn every_sample_belongs_to_a_migration() {
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let version = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        assert!(version.is_some_and(|version| MIGRATIONS.version_exists(version)), "{}", path.display());
    }
}
