//! A real browser with a fresh profile, and a user's actions in it.
//!
//! The page replaces elements at any time, so nothing here holds on to one. Every check looks at the current
//! document, and every wait repeats its check.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    BrowserLogEntry, By, ChromeCapabilities, ChromiumLikeCapabilities as _, Cookie, LoggingPrefsLogLevel,
    TypingData, WebDriver, WebElement, WindowHandle,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{Error, Person, Result, TIMEOUT, until};

/// How many times to start `ChromeDriver` when its port turns out to be taken.
const STARTS: usize = 10;

const BACKSPACE: &str = "\u{e003}";

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--password-store=basic",
    "--lang=en",
    "--window-size=1280,900",
];

/// Clones share one browser.
#[derive(Debug, Clone)]
pub struct Browser {
    driver: WebDriver,
    url: String,
    process: Arc<Process>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab(WindowHandle);

/// The width of the screen in CSS pixels, and the system's colour scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewport {
    pub dark: bool,
    pub width: u32,
}

impl Viewport {
    /// Light and dark, on the narrowest supported screen and on a desktop.
    pub const ALL: [Self; 4] = [
        Self { dark: false, width: 320 },
        Self { dark: false, width: 1280 },
        Self { dark: true, width: 320 },
        Self { dark: true, width: 1280 },
    ];
}

impl std::fmt::Display for Viewport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", if self.dark { "dark" } else { "light" }, self.width)
    }
}

impl Browser {
    /// Starts a browser for the site at `url`.
    pub async fn start(url: String) -> Result<Self> {
        for _ in 0..2 {
            // A busy machine may exceed the start-up timeout; the next attempt finds the binary cached.
            if let Ok(browser) = Self::start_once(url.clone()).await {
                return Ok(browser);
            }
        }
        Self::start_once(url).await
    }

    async fn start_once(url: String) -> Result<Self> {
        let mut process = Process::start().await?;
        let mut wishes = ChromeCapabilities::new();
        if let Some(browser) = named("CHROME", "Chromium")? {
            wishes.set_binary(&browser.to_string_lossy())?;
        }
        for flag in FLAGS {
            wishes.add_arg(flag)?;
        }
        wishes.add_arg(&format!("--user-data-dir={}", process.profile.path().display()))?;
        wishes.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver =
            WebDriver::new(format!("http://127.0.0.1:{}", process.port), wishes).await.map_err(|error| {
                Error::from(error).during("the browser did not start (`just tools` installs one)")
            })?;
        process.browser = driver.capabilities().get("goog:processID").and_then(Value::as_i64);
        Ok(Self { driver, url, process: Arc::new(process) })
    }

    /// Closes the browser, or kills it if it does not close.
    pub async fn close(self) {
        let closed = timeout(TIMEOUT, self.driver.quit()).await;
        self.process.is_closed.store(matches!(closed, Ok(Ok(()))), Ordering::Relaxed);
    }

    /// Opens a path of the site and waits for the document.
    pub async fn open(&self, path: &str) -> Result<()> {
        Ok(self.driver.goto(format!("{}{path}", self.url)).await?)
    }

    /// Shows a document outside of any site, as a mail program shows a message.
    pub async fn show(&self, html: &str) -> Result<()> {
        Ok(self.driver.goto(format!("data:text/html;charset=utf-8;base64,{}", STANDARD.encode(html))).await?)
    }

    /// Reloads the page and waits for the document.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.driver.refresh().await?)
    }

    /// Reloads the page without waiting for the document.
    pub async fn start_reload(&self) -> Result<()> {
        self.devtools("Page.reload", json!({})).await.map(drop)
    }

    pub async fn back(&self) -> Result<()> {
        Ok(self.driver.back().await?)
    }

    /// The current tab.
    pub async fn tab(&self) -> Result<Tab> {
        Ok(Tab(self.driver.window().await?))
    }

    pub async fn tabs(&self) -> Result<Vec<Tab>> {
        Ok(self.driver.windows().await?.into_iter().map(Tab).collect())
    }

    /// Opens a tab and switches to it.
    pub async fn open_tab(&self) -> Result<Tab> {
        let tab = Tab(self.driver.new_tab().await?);
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    /// Switches to a tab without bringing it to the front.
    pub async fn switch_to(&self, tab: &Tab) -> Result<()> {
        Ok(self.driver.switch_to_window(tab.0.clone()).await?)
    }

    /// Runs a script in the page and returns its result.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.driver.execute(script, arguments).await?.json().clone())
    }

    /// Runs an async script in the page and returns its result.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async (...arguments) => {{ {script} }})(...arguments).then(value => done({{value}}), error => done({{error: String(error)}}))"
        );
        let mut end = self.driver.execute_async(script, arguments).await?.json().clone();
        match end["error"].as_str() {
            Some(error) => Err(Error::new(error)),
            None => Ok(end["value"].take()),
        }
    }

    /// Sends a command of the `DevTools` protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        Ok(self.driver.cdp().send_raw(command, parameters).await?)
    }

    /// Runs a script at the start of every document that this tab loads from now on.
    pub async fn run_on_new_documents(&self, script: &str) -> Result<()> {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await.map(drop)
    }

    /// Sets the size of the screen and the colour scheme. Motion is reduced, so that nothing is seen halfway.
    pub async fn set_viewport(&self, look: Viewport) -> Result<()> {
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await?;
        let size = json!({"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        self.until("nothing to move", "return document.getAnimations().length === 0").await
    }

    /// Disconnects this tab from the network, or connects it again.
    pub async fn set_offline(&self, is_offline: bool) -> Result<()> {
        let conditions =
            json!({"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.emulateNetworkConditions", conditions).await.map(drop)
    }

    /// Saves downloads into `folder` without asking.
    pub async fn download_to(&self, folder: &Path) -> Result<()> {
        let behavior = json!({"behavior": "allow", "downloadPath": folder});
        self.devtools("Browser.setDownloadBehavior", behavior).await.map(drop)
    }

    /// A cookie by name, `HttpOnly` ones included.
    pub async fn cookie(&self, name: &str) -> Result<Cookie> {
        Ok(self.driver.get_named_cookie(name).await?)
    }

    /// The console's messages since the last call.
    pub async fn console(&self) -> Result<Vec<BrowserLogEntry>> {
        Ok(self.driver.browser_log().await?)
    }

    /// The path and the query of the current URL.
    pub async fn path(&self) -> Result<String> {
        let path = self.run("return location.pathname + location.search", vec![]).await?;
        Ok(path.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a script returns `true`, for [`TIMEOUT`] at most. The error says what the page shows
    /// instead.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        self.until_within(TIMEOUT, what, script, vec![]).await
    }

    /// Like [`Browser::until`], with a time limit and arguments for the script.
    pub async fn until_within(
        &self,
        within: Duration,
        what: &str,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<()> {
        let truth = async || Ok((self.run(script, arguments.clone()).await? == true).then_some(()));
        match until(what, within, truth).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Error(format!("{error}; {}", self.describe().await))),
        }
    }

    /// Waits until an element that matches `css` is visible and contains `words`.
    pub async fn sees(&self, css: &str, words: &str) -> Result<()> {
        self.sees_within(TIMEOUT, css, words).await
    }

    /// Like [`Browser::sees`], with a time limit.
    pub async fn sees_within(&self, within: Duration, css: &str, words: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll(arguments[0])].some(element => \
             element.checkVisibility() && element.innerText.includes(arguments[1]))";
        let what = format!("`{css}` with “{words}”");
        self.until_within(within, &what, script, vec![css.into(), words.into()]).await
    }

    /// Waits until no visible element that matches `css` contains text.
    pub async fn sees_nothing_in(&self, css: &str) -> Result<()> {
        let script = "return ![...document.querySelectorAll(arguments[0])].some(element => \
             element.checkVisibility() && element.innerText.trim() !== '')";
        self.until_within(TIMEOUT, &format!("no words in `{css}`"), script, vec![css.into()]).await
    }

    /// Waits until the page is at this path, query included.
    pub async fn is_at(&self, path: &str) -> Result<()> {
        let script =
            "return location.origin === arguments[0] && location.pathname + location.search === arguments[1]";
        let arguments = vec![self.url.as_str().into(), path.into()];
        self.until_within(TIMEOUT, &format!("the address {path}"), script, arguments).await
    }

    /// The text of the first match of `css`, or an empty string.
    pub async fn text(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        Ok(self.run(script, vec![css.into()]).await?.as_str().unwrap_or_default().trim().to_owned())
    }

    /// The value of an input, or an empty string.
    pub async fn value(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.value ?? ''";
        Ok(self.run(script, vec![css.into()]).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks the first match of `css` as soon as it is clickable. If the page moved in between and the click
    /// hit something else, it clicks again.
    pub async fn click(&self, css: &str) -> Result<()> {
        // The driver selects an option without a click event, so the select's change event counts.
        const AIM: &str = "
            const [element] = arguments;
            const isOption = element.tagName === 'OPTION';
            const aim = window.aim = {element, isHit: isOption && element.selected};
            const look = event => {
                aim.isHit ||= isOption ? element.selected : event.composedPath().includes(element);
            };
            addEventListener(isOption ? 'change' : 'click', look, {capture: true, once: true});";
        // If the element or the document is gone, the click hit it.
        const IS_HIT: &str = "return !window.aim || aim.isHit || !aim.element.isConnected";
        self.handle(css, "clicked", async |element| {
            self.driver.execute(AIM, vec![element.to_json()?]).await?;
            element.click().await?;
            match self.run(IS_HIT, vec![]).await {
                Ok(Value::Bool(false)) => Err(Error::new("the page through_port: something else was hit")),
                Ok(_) | Err(_) => Ok(()),
            }
        })
        .await
    }

    /// Types `text` in place of an input's value and checks the result. A date such as `2026-11-23` is set as
    /// a whole: how typed keys spread over its parts depends on the language and on the last focus.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        // WebDriver's “clear” fires no input event.
        const BEGIN: &str = "
            const [input, text] = arguments;
            input.focus();
            if (input.type !== 'date') { input.select(); return false; }
            input.value = text;
            for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, {bubbles: true}));
            return true;";
        self.handle(css, "filled", async |element| {
            let arguments = vec![element.to_json()?, text.into()];
            if self.run(BEGIN, arguments).await? != true {
                element.send_keys(if text.is_empty() { BACKSPACE } else { text }).await?;
            }
            let value = self.run("return arguments[0].value", vec![element.to_json()?]).await?;
            if value == text {
                Ok(())
            } else {
                Err(Error(format!("it holds {value} instead of “{text}”")))
            }
        })
        .await
    }

    /// Waits until an input's value is `value`.
    pub async fn has_value(&self, css: &str, value: &str) -> Result<()> {
        let script = "return document.querySelector(arguments[0])?.value === arguments[1]";
        let what = format!("“{value}” in `{css}`");
        self.until_within(TIMEOUT, &what, script, vec![css.into(), value.into()]).await
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(keys).perform().await?)
    }

    pub async fn press_with_shift(&self, keys: impl Into<TypingData>) -> Result<()> {
        let shift = '\u{e008}';
        Ok(self.driver.action_chain().key_down(shift).send_keys(keys).key_up(shift).perform().await?)
    }

    pub async fn move_pointer(&self, x: i64, y: i64) -> Result<()> {
        Ok(self.driver.action_chain().move_to(x, y).perform().await?)
    }

    /// Submits the sign-in form.
    pub async fn submit(&self, email: &str, password: &str) -> Result<()> {
        self.fill("#email", email).await?;
        self.fill("#password", password).await?;
        self.click("#sign-in").await
    }

    /// Signs in on the sign-in page and waits for the home page.
    pub async fn sign_in(&self, person: &Person) -> Result<()> {
        self.submit(&person.email, &person.password).await?;
        self.is_signed_in(person).await
    }

    /// Waits until the home page greets the person.
    pub async fn is_signed_in(&self, person: &Person) -> Result<()> {
        self.sees("#person", &person.name).await?;
        self.sees("h1", &person.name).await
    }

    /// Saves a screenshot of the whole page, below the fold too.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let shot = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await?;
        let png = STANDARD.decode(shot["data"].as_str().unwrap_or_default());
        Ok(std::fs::write(file, png.map_err(|error| Error(format!("the picture: {error}")))?)?)
    }

    /// Saves the screenshot, document and console of every tab, to explain a failed journey.
    pub async fn save(&self, folder: &Path, name: &str) {
        for (number, tab) in self.tabs().await.unwrap_or_default().iter().enumerate() {
            if self.switch_to(tab).await.is_err() {
                continue;
            }
            let file = |suffix: &str| folder.join(format!("{name}-tab-{}.{suffix}", number + 1));
            let _ = self.screenshot(&file("png")).await;
            if let (Ok(url), Ok(source)) = (self.driver.current_url().await, self.driver.source().await) {
                let _ = std::fs::write(file("html"), format!("<!-- {url} -->\n{source}"));
            }
            if let Ok(console) = self.console().await {
                let _ = std::fs::write(file("console.txt"), format!("{console:#?}"));
            }
        }
    }

    async fn handle(
        &self,
        css: &str,
        past: &str,
        deed: impl AsyncFn(WebElement) -> Result<()>,
    ) -> Result<()> {
        // A replaced element was not acted on, so the next one is tried.
        let attempt = async || {
            let element = self.driver.find(By::Css(css)).await?;
            deed(element).await.map(Some)
        };
        match until(format!("`{css}` to be {past}"), TIMEOUT, attempt).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Error(format!("{error}; {}", self.describe().await))),
        }
    }

    async fn describe(&self) -> String {
        let script = "return `${location} shows: ${document.body.innerText}`";
        match self.run(script, vec![]).await {
            Ok(words) => words.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
            Err(error) => format!("and the page does not answer: {error}"),
        }
    }
}

/// `ChromeDriver`, the browser that it started, and its profile.
#[derive(Debug)]
struct Process {
    port: u16,
    browser: Option<i64>,
    is_closed: AtomicBool,
    profile: TempDir,
    _driver: Child,
    // ChromeDriver ends when its output is closed.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    async fn start() -> Result<Self> {
        for _ in 0..STARTS {
            if let Some(process) = Self::start_once().await? {
                return Ok(process);
            }
        }
        Err(Error::new("ChromeDriver found no free port"))
    }

    /// Returns `None` if the port that it chose for IPv4 is taken for IPv6, or the other way round.
    async fn start_once() -> Result<Option<Self>> {
        let driver = named("CHROMEDRIVER", "ChromeDriver")?.unwrap_or_else(|| "chromedriver".into());
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Error::from(error).during("ChromeDriver did not start (`just tools` installs it)")
            })?;
        let profile = TempDir::new()?;
        let silent = || Error::new("ChromeDriver ended before it named its port");
        let mut output = BufReader::new(driver.stdout.take().ok_or_else(silent)?).lines();
        let port = timeout(TIMEOUT, async {
            while let Some(line) = output.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return port.trim_end_matches('.').parse().map(Some).map_err(|_| silent());
                }
                if line.contains("port not available") {
                    return Ok(None);
                }
            }
            Err(silent())
        });
        Ok(port.await??.map(|port| Self {
            port,
            browser: None,
            is_closed: AtomicBool::default(),
            profile,
            _driver: driver,
            _output: output,
        }))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A killed ChromeDriver leaves its browser running.
        let pid = self.browser.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        if let Some(pid) = pid.filter(|_| !self.is_closed.load(Ordering::Relaxed)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The program that an environment variable names.
fn named(variable: &str, program: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if path.is_file() {
        return Ok(Some(path));
    }
    Err(Error(format!("{variable} names no file; `just tools` installs {program}")))
}
