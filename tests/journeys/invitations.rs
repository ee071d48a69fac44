//! Invitations that are revoked, sent again, or opened while somebody is signed in.

use std::time::Duration;

use e2e::{
    Browser, Error, Mailbox, Person, Result, Server, Settings, TestContext, TestResult,
    run_on_both_databases,
    steps::{accept_invitation, invite, open_link},
};
use serde_json::json;

/// An owner on the members page, and the mailbox.
async fn owner_among_members(
    context: &TestContext,
    settings: Settings,
) -> Result<(Mailbox, Server, Person, Browser)> {
    let mail = Mailbox::start().await?;
    let server = context.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
    let ada = server.owner("Ada Owner").await?;
    let browser = context.signed_in(server.url(), &ada).await?;
    browser.open("/account/members").await?;
    Ok((mail, server, ada, browser))
}

/// Confirms whatever dialog opens until the invitation is gone.
async fn take_back(browser: &Browser, person: &Person) -> Result<()> {
    let row = format!("#invites li[data-email='{}']", person.email);
    browser.click(&format!("{row} button[aria-label^='Revoke']")).await?;
    let script = "
        document.querySelector('dialog[open] [id$=-confirm]:not([aria-disabled])')?.click();
        return !document.querySelector(arguments[0])";
    browser.until_within(e2e::TIMEOUT, "the invitation to be gone", script, vec![row.into()]).await
}

#[tokio::test]
async fn a_revoked_invitation_admits_nobody() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (mail, server, ada, browser) = owner_among_members(context, settings).await?;
        let bob = Person::new("Bob Builder");
        let link = invite(&browser, &mail, &bob).await?;
        // The invitation's page is already open in a browser.
        let (early, late) = (context.browser(server.url()).await?, context.browser(server.url()).await?);
        open_link(&early, &link).await?;
        early.sees("h1", "Join").await?;
        take_back(&browser, &bob).await?;
        browser.sees("#toast", "revoked").await?;

        accept_invitation(&early, &bob).await?;
        early.sees("main", "no longer good").await?;
        open_link(&late, &link).await?;
        late.sees("#invite-alert", "no longer good").await?;
        assert_eq!(server.direct_api()?.sign_in(&bob).await?.problem(), "invalid_credentials");
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_the_last_link_of_a_resent_invitation_works() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (mail, server, _, browser) = owner_among_members(context, settings).await?;
        let bob = Person::new("Bob Builder");
        let first = invite(&browser, &mail, &bob).await?;
        let row = format!("#invites li[data-email='{}']", bob.email);
        browser.click(&format!("{row} button[aria-label^='Send again']")).await?;
        browser.sees("#toast", "sent again").await?;
        let last = mail.wait_for(&bob.email, "Ada Owner invites you to “Ada Owner's”").await?.link()?;

        let guest = context.browser(server.url()).await?;
        open_link(&guest, &first).await?;
        guest.sees("#invite-alert", "no longer good").await?;
        open_link(&guest, &last).await?;
        accept_invitation(&guest, &bob).await?;
        guest.is_signed_in(&bob).await?;
        // The link works once.
        let other = context.browser(server.url()).await?;
        open_link(&other, &last).await?;
        other.sees("#invite-alert", "no longer good").await?;
        browser.reload().await?;
        browser.sees("#members", "Bob Builder").await?;
        browser.sees("#invites-empty", "no open invitations").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_owner_sees_a_bounced_invitation_and_copies_its_link() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (_mail, server, _, browser) = owner_among_members(context, settings).await?;
        let bob = Person::new("Unknown Bob");
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        let row = format!("#invites li[data-email='{}']", bob.email);
        // The page polls after two, ten and sixty seconds.
        let refused = "The mail server refused the address or the message. We keep trying.";
        browser.sees_within(Duration::from_secs(90), &format!("{row} [role=status]"), refused).await?;

        let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        browser.devtools("Browser.grantPermissions", permissions).await?;
        browser.click(&format!("{row} button[aria-label='Copy link: {}']", bob.email)).await?;
        browser.sees("#toast", "Link copied").await?;
        let copied = browser.run_async("return navigator.clipboard.readText()", vec![]).await?;
        let link = copied.as_str().and_then(|url| url.strip_prefix(&server.url()));
        let link = link.ok_or_else(|| Error(format!("not a link of this server: {copied}")))?;

        let guest = context.browser(server.url()).await?;
        open_link(&guest, link).await?;
        accept_invitation(&guest, &bob).await?;
        guest.is_signed_in(&bob).await?;
        assert_eq!(server.sessions(&bob).await?.len(), 1);
        // Bob can sign in anywhere, although nobody has verified his address.
        let other = context.browser(server.url()).await?;
        other.open("/login").await?;
        other.sign_in(&bob).await?;
        other.is_signed_in(&bob).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn joining_replaces_the_user_who_is_signed_in_in_that_browser() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let (mail, server, ada, browser) = owner_among_members(context, settings).await?;
        let bob = Person::new("Bob Builder");
        let link = invite(&browser, &mail, &bob).await?;
        open_link(&browser, &link).await?;
        browser.sees("main .banner", "signed in as").await?;
        // Opening the page has no effect.
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        accept_invitation(&browser, &bob).await?;
        browser.is_signed_in(&bob).await?;
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new(), "no ghost stays behind");
        assert_eq!(server.sessions(&bob).await?.len(), 1);
        browser.open("/account/members").await?;
        browser.sees("#owners-only", "owners").await?;
        Ok(())
    })
    .await
}
