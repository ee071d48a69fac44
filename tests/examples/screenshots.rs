//! Writes a picture of every screen, in light and dark, on a small screen and on a desk, into the folder
//! that is its one argument.

use std::path::{Path, PathBuf};

use e2e::{Browser, Look, Mailbox, Person, Provider, Result, Server, Settings};

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
    people(&folder).await?;
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

/// How people come, what they see of themselves and of each other.
async fn people(folder: &Path) -> Result<()> {
    let (mail, provider) = (Mailbox::open().await?, Provider::start().await?);
    let settings = provider.known_to(Settings::default()).with("CURFEW_SMTP_URL", mail.url());
    let server = Server::start(settings, folder.join("server.log")).await?;
    let (ada, api) = (server.owner("Ada Owner").await?, server.direct()?);
    let browser = Browser::start(server.url()).await?;
    browser.open("/login").await?;
    browser.sees(".providers", " ").await?;
    take(&browser, folder, "sign-in-providers").await?;
    browser.open("/register").await?;
    browser.click("#register-submit").await?;
    browser.sees("#password-error", "Choose a password").await?;
    take(&browser, folder, "register-errors").await?;
    let grace = Person::new("Grace Newcomer");
    for (input, text) in [
        ("#account_name", "Acme"),
        ("#name", &grace.name),
        ("#email", &grace.email),
        ("#password", &grace.password),
    ] {
        browser.fill(input, text).await?;
    }
    browser.click("#register-submit").await?;
    browser.sees("#register-sent", &grace.email).await?;
    take(&browser, folder, "register-sent").await?;
    browser.open("/404").await?;
    browser.open(&mail.receives(&grace.email, "Verify your e-mail address").await?.link()?).await?;
    browser.sees("#verify", "Verify").await?;
    take(&browser, folder, "verify").await?;
    browser.click("#verify").await?;
    browser.sees("#verified", "is verified").await?;
    take(&browser, folder, "verified").await?;
    browser.open("/forgot-password").await?;
    browser.fill("#email", &ada.email).await?;
    browser.click("#forgot-submit").await?;
    browser.sees("#forgot-sent", &ada.email).await?;
    take(&browser, folder, "forgot-sent").await?;
    browser.open("/404").await?;
    browser.open(&mail.receives(&ada.email, "Set a new password").await?.link()?).await?;
    browser.fill("#password", "password1234").await?;
    browser.click("#reset-submit").await?;
    browser.sees("#password-error", "too easy").await?;
    take(&browser, folder, "reset-errors").await?;
    browser.open("/oauth/callback/foreign?error=access_denied&state=gone").await?;
    browser.sees("#oauth-alert", " ").await?;
    take(&browser, folder, "callback-refused").await?;

    for (name, role) in [("Bob Builder", "engineer"), ("Grace With A Name That Takes Its Room", "viewer")] {
        api.sign_in(&server.member(&ada, name, role).await?).await?;
    }
    api.sign_in(&ada).await?;
    browser.open("/login").await?;
    browser.sign_in(&ada).await?;
    browser.open("/account/profile").await?;
    browser.sees(".providers", " ").await?;
    take(&browser, folder, "profile").await?;
    browser.open("/account/sessions").await?;
    browser.sees("#sessions", "this device").await?;
    take(&browser, folder, "sessions").await?;
    browser.open("/account/members").await?;
    browser.fill("#invite_email", "grace@journey.example").await?;
    browser.click("#invite-submit").await?;
    browser.sees("#invites", "grace@journey.example").await?;
    take(&browser, folder, "members").await?;
    browser.click("button[aria-label='Remove: Bob Builder']").await?;
    browser.sees("#member-deed-title", "Remove Bob Builder").await?;
    take(&browser, folder, "member-question").await?;
    browser.close().await;

    let link =
        mail.receives("grace@journey.example", "Ada Owner invites you to “Ada Owner's”").await?.link()?;
    let browser = Browser::start(server.url()).await?;
    browser.open(&link).await?;
    browser.sees("#accept", "Join").await?;
    take(&browser, folder, "invite").await?;
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
