//! The filters of the audit trail show what they filter by.

use e2e::{Outcome, Settings, play};

#[tokio::test]
async fn a_filter_that_was_cleared_no_longer_shows_what_it_was() -> Outcome {
    const KIND: &str = "session.replay_detected";
    play(async |stage| {
        let server = stage.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.open("/account/audit").await?;
        // By hand there and back first: what somebody has chosen, an attribute does not choose.
        for kind in [KIND, "", KIND] {
            browser.click(&format!("#audit-kind option[value='{kind}']")).await?;
            browser.sees("#audit-summary", if kind.is_empty() { "that is all" } else { "Nothing" }).await?;
        }
        browser.click("#audit-clear").await?;
        browser.sees("#audit-summary", "that is all").await?;
        browser.holds("#audit-kind", "").await?;
        Ok(())
    })
    .await
}
