//! Constraints that the database enforces.

use crate::test_app::TestApp;

#[tokio::test]
async fn the_database_refuses_a_policy_out_of_bounds() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let set = |idle: &str, absolute: &str| {
        let sql = format!(
            "UPDATE accounts SET session_idle_minutes = {idle}, session_absolute_minutes = {absolute}"
        );
        let app = &app;
        async move { app.execute(&sql).await.is_ok() }
    };
    for (idle, absolute, allowed) in [
        ("NULL", "NULL", true),
        ("15", "NULL", true),
        ("14", "NULL", false),
        ("43200", "NULL", true),
        ("43201", "NULL", false),
        ("NULL", "60", true),
        ("NULL", "59", false),
        ("NULL", "129600", true),
        ("NULL", "129601", false),
        ("240", "240", true),
        ("241", "240", false),
    ] {
        assert_eq!(set(idle, absolute).await, allowed, "{idle}, {absolute}");
    }
}

#[tokio::test]
async fn an_address_is_unique_in_the_whole_system() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let taken = app.execute(
        "INSERT INTO users (id, account_id, email, name, role, is_active, created_at) \
         SELECT account_id, account_id, email, name, role, is_active, created_at FROM users",
    );
    assert!(curfew::store::is_taken(&taken.await.unwrap_err()));
}

#[tokio::test]
async fn migrating_again_and_by_several_at_once_changes_nothing() {
    let app = TestApp::new().await;
    app.owner("ada@example.com").await;
    let migrate = || app.app.database.migrate(&app.database_url);
    let (a, b, c) = tokio::join!(migrate(), migrate(), migrate());
    a.and(b).and(c).unwrap();
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM users").await, 1);
}

/// The columns that a rotation may set.
const ROTATED: [&str; 7] = [
    "generation",
    "rotations",
    "rotation_key",
    "idle_expires_at",
    "old_generation",
    "mark_generation",
    "mark_at",
];

#[tokio::test]
async fn a_rotation_touches_no_index() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let mut tokens = app.sign_in(&owner).await;
    for _ in 0..10 {
        tokens = app.refresh(&tokens.refresh).await.tokens();
    }
    if app.database_url.starts_with("postgres") {
        let indexed: String = app
            .query_value("SELECT string_agg(indexdef, '; ') FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'sessions'")
            .await;
        for column in ROTATED {
            assert!(!indexed.contains(column), "{indexed}");
        }
    } else {
        let indexed: String = app
            .query_value("SELECT group_concat(sql, '; ') FROM sqlite_master WHERE type = 'index' AND tbl_name = 'sessions'")
            .await;
        for column in ROTATED {
            assert!(!indexed.contains(column), "{indexed}");
        }
    }
    assert_eq!(app.query_value::<String>("SELECT rotations FROM sessions").await.len(), 64, "bounded");
}

#[tokio::test]
async fn a_response_is_sent_after_the_data_is_on_disk() {
    let app = TestApp::new().await;
    if app.database_url.starts_with("sqlite") {
        assert_eq!(app.query_value::<String>("PRAGMA journal_mode").await, "wal");
        assert_eq!(
            app.query_value::<i64>("PRAGMA synchronous").await,
            2,
            "FULL: a revocation survives a power cut"
        );
        assert_eq!(app.query_value::<i64>("PRAGMA foreign_keys").await, 1);
        assert_eq!(app.query_value::<i64>("PRAGMA busy_timeout").await, 5_000);
    } else {
        let weakened = "SELECT count(*) FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync') AND setting <> boot_val \
                        AND source NOT IN ('configuration file', 'command line')";
        assert_eq!(
            app.query_value::<i64>(weakened).await,
            0,
            "durability is as the server's operator set it"
        );
    }
}

#[tokio::test]
async fn an_entry_of_the_audit_trail_is_neither_changed_nor_deleted() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.sign_in(&owner).await;
    assert!(app.execute("UPDATE audit_events SET address = 'elsewhere'").await.is_err());
    assert!(app.execute("DELETE FROM audit_events").await.is_err());
    assert_eq!(app.audit_count("session.signed_in").await, 1);
}
