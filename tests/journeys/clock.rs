//! A device whose clock can be set.

use e2e::{Browser, Result, SOON};

/// Sets the clock ahead on demand; the page then looks at it, as when the device wakes.
pub const CLOCK: &str = "
    const now = Date.now.bind(Date);
    let ahead = 0;
    Date.now = () => now() + ahead;
    window.advance = seconds => {
        ahead += seconds * 1000;
        document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
    };
";

/// Waits for the next second of the world's own clock: sessions end on whole seconds, so only then has a
/// new deadline another name.
pub async fn next_second(browser: &Browser) -> Result<()> {
    let second = "return Math.floor((performance.timeOrigin + performance.now()) / 1000)";
    let now = browser.run(second, vec![]).await?;
    browser.until_within(SOON, "the next second", &format!("{second} > arguments[0]"), vec![now]).await
}

/// Sets it ahead.
pub async fn advance(browser: &Browser, seconds: u32) -> Result<()> {
    browser.run("window.advance(arguments[0])", vec![seconds.into()]).await.map(drop)
}
