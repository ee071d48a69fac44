//! Steps that several journeys share.

use crate::{Browser, Mailbox, Person, Result, Server};

/// Keeps messages and pending requests on the page while they are examined: a toast stays, and requests time
/// out later.
pub const EXTEND_TIMEOUTS: &str = "
    const limit = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = ms => limit(Math.max(ms, 120000));
    const wait = window.setTimeout;
    window.setTimeout = (call, time, ...rest) => time === 10000 ? 0 : wait(call, time, ...rest);
";

/// Registers an account and waits for the notice that a message was sent.
pub async fn register(browser: &Browser, person: &Person, account: &str) -> Result<()> {
    browser.open("/login").await?;
    browser.click("a[href='/register']").await?;
    browser.fill("#account_name", account).await?;
    browser.fill("#name", &person.name).await?;
    browser.fill("#email", &person.email).await?;
    browser.fill("#password", &person.password).await?;
    browser.click("#register-submit").await?;
    browser.sees("#register-sent", &person.email).await
}

/// Opens a link in a new document, as a mail program does.
pub async fn open_link(browser: &Browser, link: &str) -> Result<()> {
    browser.open("/404").await?;
    browser.open(link).await
}

/// Invites somebody from the members page and returns the link in the message.
pub async fn invite(browser: &Browser, mail: &Mailbox, person: &Person) -> Result<String> {
    browser.fill("#invite_email", &person.email).await?;
    browser.click("#invite-submit").await?;
    browser.sees("#invites", &person.email).await?;
    mail.wait_for(&person.email, "Ada Owner invites you to “Ada Owner's”").await?.link()
}

/// Accepts an invitation on its page.
pub async fn accept_invitation(browser: &Browser, person: &Person) -> Result<()> {
    browser.fill("#name", &person.name).await?;
    browser.fill("#password", &person.password).await?;
    browser.click("#accept-submit").await
}

/// Signs in on the provider's pages, which lead back to Curfew.
pub async fn approve_at_provider(browser: &Browser, login: &str) -> Result<()> {
    browser.fill("input[name=login]", login).await?;
    browser.fill("input[name=password]", "of no matter there").await?;
    browser.click("button[type=submit]").await?;
    // The provider asks for consent unless it has before.
    let asks = "!!document.querySelector('input[value=consent]')";
    let is_back = "location.pathname.startsWith('/oauth/callback/') || !!document.querySelector('main#main')";
    browser.until("the provider to be done", &format!("return {asks} || {is_back}")).await?;
    if browser.run(&format!("return {asks}"), vec![]).await? == true {
        browser.click("button[type=submit]").await?;
    }
    Ok(())
}

/// Signs in on a second device and returns the link in the message about it.
pub async fn new_device_link(
    server: &Server,
    mail: &Mailbox,
    browser: &Browser,
    person: &Person,
) -> Result<String> {
    server.direct_api()?.sign_in(person).await?;
    browser.open("/login").await?;
    browser.sign_in(person).await?;
    mail.wait_for(&person.email, "You signed in on a new device").await?.link()
}

/// The list row of a user or an invitation.
#[must_use]
pub fn row_of(list: &str, person: &Person) -> String {
    format!("{list} li[data-email='{}']", person.email)
}
