//! Writes a picture of every screen, in light and dark, on a small screen and on a desk, into the folder
//! that is its one argument.

use std::path::{Path, PathBuf};

use e2e::{Browser, Look, Result, Server, Settings};

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
    eprintln!("The pictures are in {}", folder.display());
    Ok(())
}

async fn take(browser: &Browser, folder: &Path, screen: &str) -> Result<()> {
    for look in Look::ALL {
        browser.put_on(look).await?;
        browser.picture(&folder.join(format!("{screen}-{look}.png"))).await?;
    }
    Ok(())
}
