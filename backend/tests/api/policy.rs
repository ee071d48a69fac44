//! The system's default policy, set by the operator.

use crate::test_app::{TestApp, claims};

#[tokio::test]
async fn the_operator_sets_the_default() {
    let app =
        TestApp::with_flags(&["--idle-minutes-default", "30", "--absolute-minutes-default", "600"]).await;
    let owner = app.owner("ada@example.com").await;
    let refresh = claims(&app.sign_in(&owner).await.refresh);
    assert_eq!(refresh["idle_max"], 1_800);
    assert_eq!(refresh["abs_max"], 36_000);
}
