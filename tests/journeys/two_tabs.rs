//! One browser, two tabs, one session.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use e2e::{Behaviour, Browser, Person, Request, Result, Settings, Tab, TestContext, TestResult, run};
use tokio::sync::Barrier;

/// How many times both tabs refresh at once.
const TIMES: usize = 10;

struct Tabs {
    browser: Browser,
    both: [Tab; 2],
}

impl Tabs {
    async fn open(
        context: &TestContext,
        url: String,
        person: &Person,
        run_on_new_documents: &str,
    ) -> Result<Self> {
        let browser = context.browser(url).await?;
        browser.run_on_new_documents(run_on_new_documents).await?;
        browser.open("/login").await?;
        browser.sign_in(person).await?;
        let first = browser.tab().await?;
        let second = browser.open_tab().await?;
        browser.run_on_new_documents(run_on_new_documents).await?;
        browser.open("/").await?;
        browser.is_signed_in(person).await?;
        Ok(Self { browser, both: [first, second] })
    }

    async fn are_in(&self, person: &Person) -> Result<()> {
        for tab in &self.both {
            self.browser.switch_to(tab).await?;
            self.browser.is_signed_in(person).await?;
            self.browser.is_at("/").await?;
        }
        Ok(())
    }

    /// Reloads both tabs without waiting; a page that starts refreshes first.
    async fn reload_at_once(&self) -> Result<()> {
        let mark = "window.isOld = true";
        for tab in &self.both {
            self.browser.switch_to(tab).await?;
            self.browser.run(mark, vec![]).await?;
        }
        for tab in &self.both {
            self.browser.switch_to(tab).await?;
            self.browser.start_reload().await?;
        }
        for tab in &self.both {
            self.browser.switch_to(tab).await?;
            self.browser.until("a new document", "return window.isOld === undefined").await?;
        }
        Ok(())
    }
}

fn passes(answer: Option<u16>) -> bool {
    answer == Some(200)
}

#[tokio::test]
async fn both_tabs_stay_signed_in_when_both_refresh_repeatedly() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(context, server.url(), &ada, "").await?;
        let session = server.sessions(&ada).await?;
        assert_eq!(session.len(), 1);

        let before = proxy.requests(Request::is_refresh).len();
        for _ in 0..TIMES {
            tabs.reload_at_once().await?;
            tabs.are_in(&ada).await?;
        }
        let refreshes = proxy.requests(Request::is_refresh);
        assert!(
            refreshes.len() >= before + TIMES,
            "a page that starts refreshes, or hears of a refresh just made"
        );
        assert!(
            refreshes.iter().all(|exchange| passes(exchange.status)),
            "the lock let no tab run into a status_and_code"
        );
        assert_eq!(server.sessions(&ada).await?, session, "it is the session of the beginning");
        Ok(())
    })
    .await
}

/// Without Web Locks, the shared idempotency key alone coordinates two tabs.
#[tokio::test]
async fn both_tabs_stay_signed_in_without_web_locks() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let no_locks = "Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})";
        let tabs = Tabs::open(context, server.url(), &ada, no_locks).await?;
        assert_eq!(tabs.browser.run("return navigator.locks === undefined", vec![]).await?, true);
        let session = server.sessions(&ada).await?;

        for _ in 0..TIMES {
            // Both requests are in flight before the server receives either.
            let both = Arc::new(Barrier::new(2));
            let first_two = Mutex::new(0);
            proxy.intercept(move |request| {
                let mut met = first_two.lock().unwrap();
                if !request.is_refresh() || *met == 2 {
                    return Behaviour::Forward;
                }
                *met += 1;
                Behaviour::ForwardAfter(Arc::clone(&both))
            });
            tabs.reload_at_once().await?;
            tabs.are_in(&ada).await?;
        }
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn one_refresh_serves_both_tabs_when_their_access_token_expires() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(context, server.url(), &ada, "").await?;
        let session = server.sessions(&ada).await?;
        let before = proxy.requests(Request::is_refresh).len();

        // For the page, five minutes have passed and every access token has expired. The first tab's refresh
        // is held until the second tab needs one, too.
        let expired: HashSet<_> =
            proxy.requests(Request::is_me).iter().map(|exchange| bearer(&exchange.request)).collect();
        let (refused, met) = (AtomicUsize::new(0), AtomicBool::new(false));
        let both = Arc::new(Barrier::new(2));
        proxy.intercept(move |request| {
            if request.is_me() && expired.contains(&bearer(request)) {
                match refused.fetch_add(1, Ordering::Relaxed) {
                    1 => Behaviour::ProblemAfter(Arc::clone(&both), 401, "access_token_expired"),
                    _ => Behaviour::Problem(401, "access_token_expired"),
                }
            } else if request.is_refresh() && !met.swap(true, Ordering::Relaxed) {
                Behaviour::ForwardAfter(Arc::clone(&both))
            } else {
                Behaviour::Forward
            }
        });
        for tab in &tabs.both {
            tabs.browser.switch_to(tab).await?;
            tabs.browser.click("#check").await?;
        }
        for tab in &tabs.both {
            tabs.browser.switch_to(tab).await?;
            tabs.browser.sees("#check-outcome", "Confirmed by the server").await?;
        }
        tabs.are_in(&ada).await?;

        let refreshes = proxy.requests(Request::is_refresh);
        assert_eq!(refreshes.len(), before + 1, "the second tab used what the first was given");
        assert_eq!(server.sessions(&ada).await?, session);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn signing_out_in_one_tab_signs_out_the_other_without_a_banner() -> TestResult {
    run(async |context| {
        let (proxy, server) = context.server_behind_proxy(Settings::default()).await?;
        let ada = server.owner("Ada Owner").await?;
        let tabs = Tabs::open(context, server.url(), &ada, "").await?;
        let [first, second] = &tabs.both;
        let browser = &tabs.browser;

        browser.switch_to(first).await?;
        browser.click("#sign-out").await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_nothing_in("#banner").await?;
        // Each sign-in form fetches the list of providers, which says nothing about sessions.
        let about_the_session = |request: &Request| {
            request.path.starts_with("/api/") && !request.path.ends_with("/oauth/providers")
        };
        let asked = proxy.requests(about_the_session).len();

        browser.switch_to(second).await?;
        browser.is_at("/login").await?;
        browser.sees("#sign-in", "Sign in").await?;
        browser.sees_nothing_in("#banner").await?;
        assert_eq!(proxy.requests(about_the_session).len(), asked, "it was told by the first");
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new(), "and the server knows");

        // Signing in again in one tab also signs in the other.
        browser.sign_in(&ada).await?;
        browser.switch_to(first).await?;
        browser.is_signed_in(&ada).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_next_user_in_one_tab_is_the_next_user_in_the_other() -> TestResult {
    run(async |context| {
        let server = context.server(Settings::default()).await?;
        let (ada, ben) = (server.owner("Ada Owner").await?, server.owner("Ben Other").await?);
        let tabs = Tabs::open(context, server.url(), &ada, "").await?;
        let [first, second] = &tabs.both;

        tabs.browser.switch_to(first).await?;
        tabs.browser.click("#sign-out").await?;
        tabs.browser.sign_in(&ben).await?;
        tabs.browser.switch_to(second).await?;
        tabs.browser.is_signed_in(&ben).await?;
        let all = tabs.browser.run("return document.documentElement.outerHTML", vec![]).await?;
        assert!(!all.as_str().unwrap_or_default().contains("Ada"), "nothing of the first person is left");
        let me = tabs.browser.text("#you").await?;
        assert!(me.contains(&ben.email) && me.contains("Ben Other's"), "{me}");
        assert_eq!(server.sessions(&ada).await?, Vec::<String>::new());
        assert_eq!(server.sessions(&ben).await?.len(), 1);
        Ok(())
    })
    .await
}

fn bearer(request: &Request) -> String {
    request.header("authorization").to_owned()
}
