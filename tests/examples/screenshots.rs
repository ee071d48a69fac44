//! Writes a picture of every screen, in light and dark, on a small screen and on a desk, into the folder
//! that is its one argument.

use std::path::{Path, PathBuf};

use e2e::{Browser, Look, Person, Result, Server, Settings};

#[tokio::main]
async fn main() -> Result<()> {
    let folder =
        std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let server = Server::start(Settings::default(), folder.join("server.log")).await?;
    let person = server.owner("Ada Owner").await?;
    let browser = Browser::start(server.url()).await?;

    browser.open("/login").await?;
    browser.sees("#sign-in", "Sign in").await?;
    take(&browser, &folder, "sign-in").await?;
    browser.open("/login?reason=session_expired").await?;
    browser.sees("#banner", "expired").await?;
    take(&browser, &folder, "banner").await?;
    browser.submit(&person.email, "not the password").await?;
    browser.sees("#sign-in-alert", "not right").await?;
    take(&browser, &folder, "refused").await?;
    browser.sign_in(&person).await?;
    take(&browser, &folder, "home").await?;
    browser.set_offline(true).await?;
    browser.sees("#connection", "offline").await?;
    take(&browser, &folder, "offline").await?;
    browser.set_offline(false).await?;
    browser.open("/nowhere").await?;
    browser.sees("h1", "There is nothing here").await?;
    take(&browser, &folder, "not-found").await?;

    browser.close().await;
    settings(&server, &person, &folder).await?;
    for (idle, name) in [("5", "warning-absolute"), ("4", "warning-idle")] {
        let settings = Settings::default()
            .with("CURFEW_IDLE_MINUTES_DEFAULT", idle)
            .with("CURFEW_ABSOLUTE_MINUTES_DEFAULT", "5");
        let server = Server::start(settings, folder.join("server.log")).await?;
        let person = server.owner("Ada Owner").await?;
        let browser = Browser::start(server.url()).await?;
        browser.open("/login").await?;
        browser.sign_in(&person).await?;
        browser.sees("#session-expiry-message", "Your session").await?;
        take(&browser, &folder, name).await?;
        browser.close().await;
    }
    eprintln!("The pictures are in {}", folder.display());
    Ok(())
}

/// The account's settings, as an owner sees them.
async fn settings(server: &Server, person: &Person, folder: &Path) -> Result<()> {
    let browser = Browser::start(server.url()).await?;
    // Once it has been said, a message stays until its picture is taken.
    let messages_stay = "const wait = window.setTimeout;
        window.setTimeout = (call, time, ...rest) => time === 10000 ? 0 : wait(call, time, ...rest)";
    browser.at_every_start(messages_stay).await?;
    browser.open("/login").await?;
    browser.sign_in(person).await?;
    browser.open("/account").await?;
    browser.sees(".row-link", "Session security").await?;
    take(&browser, folder, "account").await?;
    browser.open("/account/security").await?;
    browser.sees("#active-users-summary", "signed in").await?;
    take(&browser, folder, "security-strict").await?;
    browser.click("#preset-custom").await?;
    browser.fill("#idle_minutes", "5").await?;
    browser.fill("#absolute_minutes", "soon").await?;
    browser.click("#policy-save").await?;
    browser.sees("#policy-alert", "Nothing has been saved").await?;
    take(&browser, folder, "security-errors").await?;
    browser.click("#preset-standard").await?;
    browser.click("#policy-save").await?;
    browser.sees("#policy-saved", "Saved").await?;
    take(&browser, folder, "security-saved").await?;

    let api = server.direct()?;
    for number in 1..=6 {
        let member = server.member(person, &format!("Member {number}"), "viewer").await?;
        api.sign_in(&member).await?;
    }
    browser.reload().await?;
    browser.sees("#active-users-summary", "7 people").await?;
    take(&browser, folder, "security-many").await?;
    for (button, scope) in [("#revoke-all", "all"), ("#revoke-others", "others")] {
        browser.click(button).await?;
        browser.sees("#revoke-sessions-title", "Sign out").await?;
        take(&browser, folder, &format!("modal-{scope}")).await?;
        browser
            .click(if scope == "all" { "#revoke-sessions-cancel" } else { "#revoke-sessions-confirm" })
            .await?;
    }
    browser.sees("#toast", "6 sessions signed out").await?;
    take(&browser, folder, "message").await?;
    browser.open("/account/audit").await?;
    browser.sees("#audit-summary", "that is all").await?;
    take(&browser, folder, "audit").await?;
    browser.close().await;
    Ok(())
}

async fn take(browser: &Browser, folder: &Path, screen: &str) -> Result<()> {
    for look in Look::ALL {
        browser.put_on(look).await?;
        browser.picture(&folder.join(format!("{screen}-{look}.png"))).await?;
    }
    Ok(())
}
