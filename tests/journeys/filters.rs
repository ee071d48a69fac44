//! The filters of the audit trail.

use e2e::{Settings, TestResult, run};

#[tokio::test]
async fn a_cleared_filter_shows_no_value() -> TestResult {
    const KIND: &str = "session.replay_detected";
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.open("/account/audit").await?;
        // Selecting by hand first: after that, the `selected` attribute has no effect.
        for kind in [KIND, "", KIND] {
            browser.click(&format!("#audit-kind option[value='{kind}']")).await?;
            browser.sees("#audit-summary", if kind.is_empty() { "that is all" } else { "Nothing" }).await?;
        }
        browser.click("#audit-clear").await?;
        browser.sees("#audit-summary", "that is all").await?;
        browser.has_value("#audit-kind", "").await?;
        Ok(())
    })
    .await
}
