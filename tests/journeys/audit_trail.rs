//! An owner reads the audit trail, finds what they look for, and takes it along.

use e2e::{Api, Browser, Outcome, Person, Result, SOON, play_on_both, send, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::keyboard::{ENTER, focus_is_on};

/// More than a page of the trail holds.
const CHANGES: u32 = 55;

const ROWS: &str = "return document.querySelectorAll('#audit-events li').length";

/// Changes the policy again and again: an entry each.
async fn make_history(api: &Api, owner: &Person) -> Result<()> {
    let token = api.sign_in(owner).await?.member("access_token")?;
    for minutes in 0..CHANGES {
        let request = api.request(Method::PATCH, "/api/v1/accounts/me/security").bearer_auth(&token);
        let answer = send(request.json(&json!({"idle_minutes": 60 + minutes}))).await?;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    Ok(())
}

async fn rows(browser: &Browser) -> Result<u64> {
    Ok(browser.run(ROWS, vec![]).await?.as_u64().unwrap_or_default())
}

/// Chooses an option by its value, or by its words.
async fn choose(browser: &Browser, select: &str, option: &str) -> Result<()> {
    let script = "const [select, wish] = arguments;
        const option = [...document.querySelectorAll(`${select} option`)]
            .find(option => option.value === wish || option.text === wish);
        option?.setAttribute('data-wish', ''); return option !== undefined";
    browser
        .until_within(SOON, &format!("the choice {option}"), script, vec![select.into(), option.into()])
        .await?;
    browser.click(&format!("{select} option[data-wish]")).await?;
    let unmark = "document.querySelector('[data-wish]').removeAttribute('data-wish')";
    browser.run(unmark, vec![]).await.map(drop)
}

/// The day of the first entry shown, the one before and the one after, in the browser's time zone: midnight may
/// have passed since.
async fn days(browser: &Browser) -> Result<[String; 3]> {
    let script = "const [{dateTime}] = document.querySelectorAll('#audit-events time');
        const two = number => String(number).padStart(2, '0');
        return [-1, 0, 1].map(days => {
            const day = new Date(dateTime);
            day.setDate(day.getDate() + days);
            return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
        })";
    Ok(serde_json::from_value(browser.run(script, vec![]).await?)?)
}

/// How often the page has asked for entries.
async fn questions(browser: &Browser) -> Result<Value> {
    let script = "return performance.getEntriesByType('resource')
        .filter(({name}) => name.includes('/audit-events')).length";
    browser.run(script, vec![]).await
}

/// A date as it is typed where the month comes first.
fn digits(day: &str) -> String {
    let (year, rest) = day.split_once('-').unwrap_or_default();
    format!("{}{year}", rest.replace('-', ""))
}

async fn has_no_rows(browser: &Browser) -> Result<()> {
    browser.until("no entries", &format!("{ROWS} === 0")).await
}

#[tokio::test]
async fn an_owner_filters_the_trail_and_reads_on() -> Outcome {
    play_on_both(async |stage, settings| {
        let mut server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        api.sign_in(&bob).await?;
        make_history(&api, &ada).await?;
        let browser = stage.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/audit']").await?;
        browser.is_at("/account/audit").await?;
        browser.sees("#audit-summary", "50 entries shown; there are more").await?;
        browser.sees("#audit-events li:first-child", "Ada Owner signed in").await?;

        // What has been read stays while the server is away, and reading goes on when it is back.
        server.stop().await?;
        browser.click("#audit-more").await?;
        browser.sees("#audit-alert", "Try again").await?;
        assert_eq!(rows(&browser).await?, 50);
        server.start_again().await?;
        browser.click("#audit-retry").await?;
        // The account and Bob, made by the operator; sign-ins of Bob, of Ada, and of the page; the changes.
        let all = u64::from(CHANGES) + 5;
        browser.sees("#audit-summary", &format!("{all} entries shown; that is all")).await?;
        browser.sees_no("#audit-more").await?;
        assert_eq!(rows(&browser).await?, all);
        browser.sees("#audit-events li:last-child", "The operator created the account").await?;

        choose(&browser, "#audit-kind", "session.signed_in").await?;
        browser.sees("#audit-summary", "3 entries shown; that is all").await?;
        choose(&browser, "#audit-actor", "Bob Builder").await?;
        browser.sees("#audit-summary", "1 entry shown; that is all").await?;
        browser.sees("#audit-events", "Bob Builder signed in").await?;
        let [before, day, after] = days(&browser).await?;
        browser.fill("#audit-from", &after).await?;
        browser.sees("#audit-summary", "Nothing matches").await?;
        browser.fill("#audit-from", &day).await?;
        browser.sees("#audit-summary", "1 entry shown").await?;
        browser.fill("#audit-to", &before).await?;
        browser.sees("#audit-to-error", "The last day is before the first.").await?;
        browser.sees_no("#audit-summary").await?;
        has_no_rows(&browser).await?;
        // Both days count in full.
        browser.fill("#audit-to", &day).await?;
        browser.sees_no("#audit-to-error").await?;
        browser.sees("#audit-summary", "1 entry shown").await?;

        // Typed, a date is asked for when it is complete.
        let asked = questions(&browser).await?;
        browser.run("document.querySelector('#audit-from').focus()", vec![]).await?;
        browser.press(&*digits(&after)).await?;
        browser.holds("#audit-from", &after).await?;
        assert_eq!(questions(&browser).await?, asked);
        browser.sees("#audit-summary", "1 entry shown").await?;
        browser.press(ENTER).await?;
        browser.sees("#audit-to-error", "The last day is before the first.").await?;
        has_no_rows(&browser).await?;
        browser.click("#audit-clear").await?;
        browser.sees("#audit-summary", "50 entries shown; there are more").await?;
        focus_is_on(&browser, "#audit-kind").await?;
        browser.click("#audit-more").await?;
        browser.sees("#audit-summary", "that is all").await?;
        focus_is_on(&browser, "#audit-summary").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_owner_takes_what_is_chosen_along() -> Outcome {
    play_on_both(async |stage, settings| {
        let server = stage.server(settings).await?;
        let (api, ada) = (server.direct()?, server.owner("Ada Owner").await?);
        make_history(&api, &ada).await?;
        let browser = stage.browser(server.url()).await?;
        let folder = TempDir::new()?;
        browser.download_to(folder.path()).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/audit").await?;
        choose(&browser, "#audit-kind", "account.session_policy_update").await?;
        browser.sees("#audit-events li:first-child", "changed the session policy").await?;

        let file = async |name: &str| {
            let path = folder.path().join(name);
            until(format!("the file {name}"), SOON, async || Ok(Some(std::fs::read_to_string(&path)?))).await
        };
        browser.click("#export-csv").await?;
        browser.sees("#toast", "audit-events.csv is ready").await?;
        let csv = file("audit-events.csv").await?;
        let mut lines = csv.lines();
        let head = lines.next().unwrap_or_default();
        assert!(head.contains("at") && head.contains("kind"), "{head}");
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), CHANGES as usize, "every entry, not only those on the screen");
        assert!(lines.iter().all(|line| line.contains("account.session_policy_update")), "{csv}");

        browser.click("#export-ndjson").await?;
        browser.sees("#toast", "audit-events.ndjson is ready").await?;
        let ndjson = file("audit-events.ndjson").await?;
        let entries: Vec<Value> = ndjson.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        assert_eq!(entries.len(), CHANGES as usize);
        assert!(entries.iter().all(|entry| entry["kind"] == "account.session_policy_update"), "{ndjson}");
        browser.sees_no("#export-outcome").await?;
        Ok(())
    })
    .await
}
