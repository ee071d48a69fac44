//! Sessions that ended long ago.

use chrono::TimeDelta;
use curfew::jobs::sweeper;

use crate::test_app::TestApp;

#[tokio::test]
async fn a_session_is_deleted_a_day_after_its_last_possible_moment_and_not_before() {
    let app = TestApp::new().await;
    let owner = app.owner("ada@example.com").await;
    let old = app.sign_in(&owner).await;
    app.wait(TimeDelta::days(1));
    app.sign_in(&owner).await;
    app.wait_until(old.absolute_expires_at + TimeDelta::days(1));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), 0);
    app.wait(TimeDelta::seconds(1));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), 1);
    assert_eq!(app.value::<i64>("SELECT count(*) FROM sessions").await, 1);
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
    app.wait(TimeDelta::days(60));
    assert_eq!(sweeper::sweep(&app.app).await.unwrap(), 1_202);
    assert_eq!(app.value::<i64>("SELECT count(*) FROM sessions").await, 0);
}
