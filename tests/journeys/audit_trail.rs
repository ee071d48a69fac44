//! An owner reads, filters and exports the audit trail.

use e2e::{
    ApiClient, Browser, Person, Result, TIMEOUT, TestResult,
    keyboard::{ENTER, focus_is_on},
    run_on_both_databases, send, until,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// More than one page of entries.
const CHANGES: u32 = 55;

const ROWS: &str = "return document.querySelectorAll('#audit-events li').length";

/// Changes the policy repeatedly, which adds one entry each.
async fn make_history(api: &ApiClient, owner: &Person) -> Result<()> {
    let token = api.sign_in(owner).await?.field("access_token")?;
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

/// Selects an option by its value or its text.
async fn choose(browser: &Browser, select: &str, option: &str) -> Result<()> {
    let script = "const [select, wish] = arguments;
        const option = [...document.querySelectorAll(`${select} option`)]
            .find(option => option.value === wish || option.text === wish);
        option?.setAttribute('data-wish', ''); return option !== undefined";
    browser
        .until_within(TIMEOUT, &format!("the choice {option}"), script, vec![select.into(), option.into()])
        .await?;
    browser.click(&format!("{select} option[data-wish]")).await?;
    let unmark = "document.querySelector('[data-wish]').removeAttribute('data-wish')";
    browser.run(unmark, vec![]).await.map(drop)
}

/// The day of the first entry, the day before and the day after, in the browser's time zone. Midnight may
/// have passed since the entry.
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

/// The number of requests for entries.
async fn questions(browser: &Browser) -> Result<Value> {
    let script = "return performance.getEntriesByType('resource')
        .filter(({name}) => name.includes('/audit-events')).length";
    browser.run(script, vec![]).await
}

/// A date as typed in a locale that puts the month first.
fn digits(day: &str) -> String {
    let (year, rest) = day.split_once('-').unwrap_or_default();
    format!("{}{year}", rest.replace('-', ""))
}

async fn has_no_rows(browser: &Browser) -> Result<()> {
    browser.until("no entries", &format!("{ROWS} === 0")).await
}

#[tokio::test]
async fn an_owner_filters_the_audit_trail_and_loads_more() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let mut server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        let bob = server.member(&ada, "Bob Builder", "engineer").await?;
        api.sign_in(&bob).await?;
        make_history(&api, &ada).await?;
        let browser = context.signed_in(server.url(), &ada).await?;
        browser.click("#nav-account").await?;
        browser.click(".row-link[href='/account/audit']").await?;
        browser.is_at("/account/audit").await?;
        browser.sees("#audit-summary", "50 entries shown; there are more").await?;
        browser.sees("#audit-events li:first-child", "Ada Owner signed in").await?;

        // Loaded entries stay while the server is unreachable, and loading continues when it is back.
        server.stop().await?;
        browser.click("#audit-more").await?;
        browser.sees("#audit-alert", "Try again").await?;
        assert_eq!(rows(&browser).await?, 50);
        server.start_again().await?;
        browser.click("#audit-retry").await?;
        // The operator created the account and Bob; then came sign-ins by Bob, by Ada and by the page, and
        // the changes.
        let all = u64::from(CHANGES) + 5;
        browser.sees("#audit-summary", &format!("{all} entries shown; that is all")).await?;
        browser.sees_nothing_in("#audit-more").await?;
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
        browser.sees_nothing_in("#audit-summary").await?;
        has_no_rows(&browser).await?;
        // Both days are inclusive.
        browser.fill("#audit-to", &day).await?;
        browser.sees_nothing_in("#audit-to-error").await?;
        browser.sees("#audit-summary", "1 entry shown").await?;

        // A typed date is used once it is complete.
        let asked = questions(&browser).await?;
        browser.run("document.querySelector('#audit-from').focus()", vec![]).await?;
        browser.press(&*digits(&after)).await?;
        browser.has_value("#audit-from", &after).await?;
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
async fn an_owner_exports_the_filtered_audit_trail() -> TestResult {
    run_on_both_databases(async |context, settings| {
        let server = context.server(settings).await?;
        let (api, ada) = (server.direct_api()?, server.owner("Ada Owner").await?);
        make_history(&api, &ada).await?;
        let browser = context.browser(server.url()).await?;
        let folder = TempDir::new()?;
        browser.download_to(folder.path()).await?;
        browser.open("/login").await?;
        browser.sign_in(&ada).await?;
        browser.open("/account/audit").await?;
        choose(&browser, "#audit-kind", "account.session_policy_update").await?;
        browser.sees("#audit-events li:first-child", "changed the session policy").await?;

        let file = async |name: &str| {
            let path = folder.path().join(name);
            until(format!("the file {name}"), TIMEOUT, async || Ok(Some(std::fs::read_to_string(&path)?)))
                .await
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
        browser.sees_nothing_in("#export-outcome").await?;
        Ok(())
    })
    .await
}
