//! A page whose clock can be set ahead.

use crate::{Browser, Result, TIMEOUT};

/// Adds `advance`, which sets the page's clock ahead; the page then notices, as when a device wakes.
pub const CLOCK: &str = "
    const now = Date.now.bind(Date);
    let ahead = 0;
    Date.now = () => now() + ahead;
    window.advance = seconds => {
        ahead += seconds * 1000;
        document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
    };
";

/// Waits for the next second of the real clock. Deadlines are whole seconds, so only then is a new deadline a
/// different one.
pub async fn next_second(browser: &Browser) -> Result<()> {
    let second = "return Math.floor((performance.timeOrigin + performance.now()) / 1000)";
    let now = browser.run(second, vec![]).await?;
    browser.until_within(TIMEOUT, "the next second", &format!("{second} > arguments[0]"), vec![now]).await
}

pub async fn advance(browser: &Browser, seconds: u32) -> Result<()> {
    browser.run("window.advance(arguments[0])", vec![seconds.into()]).await.map(drop)
}
