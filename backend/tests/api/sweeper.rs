//! The sweeper.

use chrono::TimeDelta;
use curfew::jobs::sweeper::{self, Swept};

use crate::test_app::TestApp;

#[tokio::test]
async fn a_session_is_deleted_a_day_after_its_last_possible_moment_and_not_before() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let old = app.sign_in(&owner).await;
    app.advance(TimeDelta::days(1));
    app.sign_in(&owner).await;
    app.set_time(old.absolute_expires_at + TimeDelta::days(1));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap().deleted, 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), Swept { closed: 0, deleted: 1 });
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn sweeping_goes_on_until_nothing_is_left() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    app.sign_in(&owner).await;
    let random =
        if app.database_url.starts_with("postgres") { "gen_random_uuid()" } else { "randomblob(16)" };
    let sql = format!(
        "INSERT INTO sessions (id, account_id, user_id, generation, rotations, auth_time, idle_max, abs_max, \
         idle_expires_at, absolute_expires_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201) \
         SELECT {random}, account_id, user_id, 0, '', auth_time, 1, 1, idle_expires_at, absolute_expires_at \
         FROM sessions, n"
    );
    app.execute(&sql).await.unwrap();
    app.advance(TimeDelta::days(60));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), Swept { closed: 1_202, deleted: 1_202 });
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn an_idle_expiry_is_audited_once_and_still_explained() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    app.set_time(tokens.idle_expires_at - TimeDelta::milliseconds(1));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap().closed, 0);
    app.set_time(tokens.idle_expires_at);
    assert_eq!(sweeper::sweep(&app.app).await.unwrap().closed, 1);
    assert_eq!(sweeper::sweep(&app.app).await.unwrap().closed, 0);
    assert_eq!(app.audit_count("session.expired").await, 1);
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_idle");
}

#[tokio::test]
async fn the_sweeper_leaves_absolute_expiry_to_the_next_request() {
    let app =
        TestApp::with_flags(&["--idle-minutes-default", "60", "--absolute-minutes-default", "60"]).await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    app.advance(TimeDelta::minutes(30));
    let tokens = app.refresh(&begun.refresh).await.tokens();
    app.set_time(begun.absolute_expires_at);
    assert_eq!(sweeper::sweep(&app.app).await.unwrap().closed, 0);
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_absolute");
    assert_eq!(app.audit_count("session.expired").await, 1);
}

#[tokio::test]
async fn an_absolute_expiry_is_audited_before_the_session_is_deleted() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let begun = app.sign_in(&owner).await;
    let mut tokens = begun.clone();
    for _ in 0..5 {
        app.set_time(tokens.idle_expires_at - TimeDelta::hours(6));
        tokens = app.refresh(&tokens.refresh).await.tokens();
        sweeper::sweep(&app.app).await.unwrap();
    }
    assert!(tokens.idle_expires_at > begun.absolute_expires_at + TimeDelta::hours(40));
    // A day and a half after its end, a request still learns the reason.
    app.set_time(begun.absolute_expires_at + TimeDelta::hours(36));
    sweeper::sweep(&app.app).await.unwrap();
    app.refresh(&tokens.refresh).await.assert_problem("session_expired_absolute");
    assert_eq!(app.audit_count("session.expired").await, 1);
    app.set_time(tokens.idle_expires_at + TimeDelta::days(2));
    sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(app.query_value::<i64>("SELECT count(*) FROM sessions").await, 0);
    assert_eq!(app.audit_count("session.expired").await, 1, "once");
}

#[tokio::test]
async fn a_sweep_ends_no_session_that_was_just_refreshed() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    for _ in 0..5 {
        let tokens = app.sign_in(&owner).await;
        app.set_time(tokens.idle_expires_at - TimeDelta::milliseconds(1));
        let (refreshed, swept) = tokio::join!(app.refresh(&tokens.refresh), async {
            tokio::task::yield_now().await;
            app.advance(TimeDelta::milliseconds(1));
            sweeper::sweep(&app.app).await
        });
        swept.unwrap();
        if refreshed.status == 200 {
            assert_eq!(app.refresh(&refreshed.tokens().refresh).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_expired_invitation_is_kept_for_ninety_days() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let tokens = app.sign_in(&owner).await;
    let invitation = serde_json::json!({"email": "bob@example.com", "role": "viewer"});
    app.post("/api/v1/accounts/me/invites").bearer(&tokens.access).json(&invitation).send().await;
    let count = || app.query_value::<i64>("SELECT count(*) FROM invites");
    app.advance(TimeDelta::days(97));
    sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(count().await, 1);
    app.advance(TimeDelta::seconds(1));
    sweeper::sweep(&app.app).await.unwrap();
    assert_eq!(count().await, 0);
}
