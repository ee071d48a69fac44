//! Invitations that are taken back, sent again, or opened by somebody who is signed in already.

use std::time::Duration;

use e2e::{Browser, Error, Mailbox, Outcome, Person, Result, Server, Settings, Stage, play_on_both};
use serde_json::json;

use crate::people::follow;

/// An owner on the page of the members, and where messages go.
async fn owner_among_members(
    stage: &Stage,
    settings: Settings,
) -> Result<(Mailbox, Server, Person, Browser)> {
    let mail = Mailbox::open().await?;
    let server = stage.server(settings.with("CURFEW_SMTP_URL", mail.url())).await?;
    let ada = server.owner("Ada Owner").await?;
    let browser = stage.signed_in(server.url(), &ada).await?;
    browser.open("/account/members").await?;
    Ok((mail, server, ada, browser))
}

/// Invites somebody, and answers the link of the message.
pub async fn invite(browser: &Browser, mail: &Mailbox, person: &Person) -> Result<String> {
    browser.fill("#invite_email", &person.email).await?;
    browser.click("#invite-submit").await?;
    browser.sees("#invites", &person.email).await?;
    mail.receives(&person.email, "Ada Owner invites you to “Ada Owner's”").await?.link()
}

/// Presses what is asked for, if anything is, until there is no such invitation.
async fn take_back(browser: &Browser, person: &Person) -> Result<()> {
    let row = format!("#invites li[data-email='{}']", person.email);
    browser.click(&format!("{row} button[aria-label^='Take back']")).await?;
    let script = "
        document.querySelector('dialog[open] [id$=-confirm]:not([aria-disabled])')?.click();
        return !document.querySelector(arguments[0])";
    browser.until_within(e2e::SOON, "the invitation to be gone", script, vec![row.into()]).await
}

/// The person fills in what there is to fill in.
pub async fn join(browser: &Browser, person: &Person) -> Result<()> {
    browser.fill("#name", &person.name).await?;
    browser.fill("#password", &person.password).await?;
    browser.click("#accept-submit").await
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_lets_nobody_in() -> Outcome {
    play_on_both(async |stage, settings| {
        let (mail, server, ada, browser) = owner_among_members(stage, settings).await?;
        let bob = Person::new("Bob Builder");
        let link = invite(&browser, &mail, &bob).await?;
        // One has the page open already.
        let (early, late) = (stage.browser(server.url()).await?, stage.browser(server.url()).await?);
        follow(&early, &link).await?;
        early.sees("h1", "Join").await?;
        take_back(&browser, &bob).await?;
        browser.sees("#toast", "taken back").await?;

        join(&early, &bob).await?;
        early.sees("main", "no longer good").await?;
        follow(&late, &link).await?;
        late.sees("#invite-alert", "no longer good").await?;
        assert_eq!(server.direct()?.sign_in(&bob).await?.problem(), "invalid_credentials");
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn of_an_invitation_that_was_sent_again_only_the_last_link_is_good() -> Outcome {
    play_on_both(async |stage, settings| {
        let (mail, server, _, browser) = owner_among_members(stage, settings).await?;
        let bob = Person::new("Bob Builder");
        let first = invite(&browser, &mail, &bob).await?;
        let row = format!("#invites li[data-email='{}']", bob.email);
        browser.click(&format!("{row} button[aria-label^='Send again']")).await?;
        browser.sees("#toast", "sent again").await?;
        let last = mail.receives(&bob.email, "Ada Owner invites you to “Ada Owner's”").await?.link()?;

        let guest = stage.browser(server.url()).await?;
        follow(&guest, &first).await?;
        guest.sees("#invite-alert", "no longer good").await?;
        follow(&guest, &last).await?;
        join(&guest, &bob).await?;
        guest.is_in(&bob).await?;
        // And that once.
        let other = stage.browser(server.url()).await?;
        follow(&other, &last).await?;
        other.sees("#invite-alert", "no longer good").await?;
        browser.reload().await?;
        browser.sees("#members", "Bob Builder").await?;
        browser.sees("#invites-empty", "no open invitations").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_owner_sees_that_the_mail_server_refused_an_invitation_and_passes_its_link_on() -> Outcome {
    play_on_both(async |stage, settings| {
        let (_mail, server, _, browser) = owner_among_members(stage, settings).await?;
        let bob = Person::new("Unknown Bob");
        browser.fill("#invite_email", &bob.email).await?;
        browser.click("#invite-submit").await?;
        let row = format!("#invites li[data-email='{}']", bob.email);
        // The page looks again after two seconds, ten and sixty.
        let refused = "The mail server refused the address or the message. We keep trying.";
        browser.sees_within(Duration::from_secs(90), &format!("{row} [role=status]"), refused).await?;

        let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
        browser.devtools("Browser.grantPermissions", permissions).await?;
        browser.click(&format!("{row} button[aria-label='Copy link: {}']", bob.email)).await?;
        browser.sees("#toast", "Link copied").await?;
        let copied = browser.run_async("return navigator.clipboard.readText()", vec![]).await?;
        let link = copied.as_str().and_then(|url| url.strip_prefix(&server.url()));
        let link = link.ok_or_else(|| Error(format!("not a link of this server: {copied}")))?;

        let guest = stage.browser(server.url()).await?;
        follow(&guest, link).await?;
        join(&guest, &bob).await?;
        guest.is_in(&bob).await?;
        assert_eq!(server.sessions(&bob).await?.len(), 1);
        // And signs in anywhere, although nobody has shown that the address is theirs.
        let other = stage.browser(server.url()).await?;
        other.open("/login").await?;
        other.sign_in(&bob).await?;
        other.is_in(&bob).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_joins_where_somebody_else_is_signed_in_takes_their_place() -> Outcome {
    play_on_both(async |stage, settings| {
        let (mail, server, ada, browser) = owner_among_members(stage, settings).await?;
        let bob = Person::new("Bob Builder");
        let link = invite(&browser, &mail, &bob).await?;
        follow(&browser, &link).await?;
        browser.sees("main .banner", "signed in as").await?;
        // Nothing has happened by looking.
        assert_eq!(server.sessions(&ada).await?.len(), 1);
        join(&browser, &bob).await?;
        browser.is_in(&bob).await?;
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new(), "no ghost stays behind");
        assert_eq!(server.sessions(&bob).await?.len(), 1);
        browser.open("/account/members").await?;
        browser.sees("#owners-only", "owners").await?;
        Ok(())
    })
    .await
}
