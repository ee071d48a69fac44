//! A real browser with a fresh profile, and what a person does with it.
//!
//! The page replaces its elements as it likes, so nothing here holds one: every question is asked
//! of the document as it is, and whoever waits asks again.

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

use crate::{Error, Person, Result, SOON, until};

/// How often `ChromeDriver` may choose a port that is half taken.
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

/// A browser. Clones are the same browser.
#[derive(Debug, Clone)]
pub struct Browser {
    driver: WebDriver,
    url: String,
    process: Arc<Process>,
}

/// A tab of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab(WindowHandle);

/// How a person has set up screen and system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether the system is dark.
    pub dark: bool,
    /// The width of the screen in CSS pixels.
    pub width: u32,
}

impl Look {
    /// Light and dark, on the smallest screen and on a desk.
    pub const ALL: [Self; 4] = [
        Self { dark: false, width: 320 },
        Self { dark: false, width: 1280 },
        Self { dark: true, width: 320 },
        Self { dark: true, width: 1280 },
    ];
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", if self.dark { "dark" } else { "light" }, self.width)
    }
}

impl Browser {
    /// Starts one for the site at `url`.
    ///
    /// # Errors
    ///
    /// When `ChromeDriver` or the browser is missing or does not start.
    pub async fn start(url: String) -> Result<Self> {
        for _ in 0..2 {
            // On a machine with much to do one may not be up in time; the next finds it warm.
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

    /// Closes the browser. What cannot be closed is killed.
    pub async fn close(self) {
        let closed = timeout(SOON, self.driver.quit()).await;
        self.process.is_closed.store(matches!(closed, Ok(Ok(()))), Ordering::Relaxed);
    }

    /// Goes to a path of the site and waits for the document.
    ///
    /// # Errors
    ///
    /// When nothing can be loaded.
    pub async fn open(&self, path: &str) -> Result<()> {
        Ok(self.driver.goto(format!("{}{path}", self.url)).await?)
    }

    /// Shows a document that is on no site, as a mail program shows a message.
    ///
    /// # Errors
    ///
    /// When it cannot be shown.
    pub async fn show(&self, html: &str) -> Result<()> {
        Ok(self.driver.goto(format!("data:text/html;charset=utf-8;base64,{}", STANDARD.encode(html))).await?)
    }

    /// Loads the page again and waits for the document.
    ///
    /// # Errors
    ///
    /// When nothing can be loaded.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.driver.refresh().await?)
    }

    /// Loads the page again without waiting for anything.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn begin_to_reload(&self) -> Result<()> {
        self.devtools("Page.reload", json!({})).await.map(drop)
    }

    /// Goes back, as the button does.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn back(&self) -> Result<()> {
        Ok(self.driver.back().await?)
    }

    /// The tab in front.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn tab(&self) -> Result<Tab> {
        Ok(Tab(self.driver.window().await?))
    }

    /// Every tab.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn tabs(&self) -> Result<Vec<Tab>> {
        Ok(self.driver.windows().await?.into_iter().map(Tab).collect())
    }

    /// Opens a tab and goes there.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn open_tab(&self) -> Result<Tab> {
        let tab = Tab(self.driver.new_tab().await?);
        self.turn_to(&tab).await?;
        Ok(tab)
    }

    /// Turns to a tab: what follows happens there. It need not come to the front.
    ///
    /// # Errors
    ///
    /// When the tab is gone.
    pub async fn turn_to(&self, tab: &Tab) -> Result<()> {
        Ok(self.driver.switch_to_window(tab.0.clone()).await?)
    }

    /// Runs a script in the page and answers what it returns.
    ///
    /// # Errors
    ///
    /// When the script throws, or the page goes away meanwhile.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.driver.execute(script, arguments).await?.json().clone())
    }

    /// Runs a script that returns a promise, and answers what that comes to.
    ///
    /// # Errors
    ///
    /// When it is refused, or the page goes away meanwhile.
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

    /// Gives the browser a command of its developers' tools.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        Ok(self.driver.cdp().send_raw(command, parameters).await?)
    }

    /// Runs a script at the start of every document that this tab loads from now on.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn at_every_start(&self, script: &str) -> Result<()> {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await.map(drop)
    }

    /// Puts on a look, with motion reduced so that nothing is seen halfway.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn put_on(&self, look: Look) -> Result<()> {
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

    /// Pulls the network cable of this tab, or puts it back.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn set_offline(&self, is_offline: bool) -> Result<()> {
        let conditions =
            json!({"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.emulateNetworkConditions", conditions).await.map(drop)
    }

    /// Saves whatever is downloaded from now on into `folder`, without asking.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn download_to(&self, folder: &Path) -> Result<()> {
        let behavior = json!({"behavior": "allow", "downloadPath": folder});
        self.devtools("Browser.setDownloadBehavior", behavior).await.map(drop)
    }

    /// The cookie with this name, as the browser keeps it; scripts may not see it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn cookie(&self, name: &str) -> Result<Cookie> {
        Ok(self.driver.get_named_cookie(name).await?)
    }

    /// What the console said since this was last asked.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn console(&self) -> Result<Vec<BrowserLogEntry>> {
        Ok(self.driver.browser_log().await?)
    }

    /// Where the page is: path and query.
    ///
    /// # Errors
    ///
    /// When the page goes away meanwhile.
    pub async fn path(&self) -> Result<String> {
        let path = self.run("return location.pathname + location.search", vec![]).await?;
        Ok(path.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a script returns something true, for as long as a person would.
    ///
    /// # Errors
    ///
    /// When it never does; with what the page shows instead.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        self.until_within(SOON, what, script, vec![]).await
    }

    /// Waits until a script returns something true.
    ///
    /// # Errors
    ///
    /// When it never does; with what the page shows instead.
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

    /// Waits until an element that matches `css` is to be seen with `words` in it.
    ///
    /// # Errors
    ///
    /// When it never is; with what the page shows instead.
    pub async fn sees(&self, css: &str, words: &str) -> Result<()> {
        self.sees_within(SOON, css, words).await
    }

    /// As [`Browser::sees`], with a deadline.
    ///
    /// # Errors
    ///
    /// When it never is; with what the page shows instead.
    pub async fn sees_within(&self, within: Duration, css: &str, words: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll(arguments[0])].some(element => \
             element.checkVisibility() && element.innerText.includes(arguments[1]))";
        let what = format!("`{css}` with “{words}”");
        self.until_within(within, &what, script, vec![css.into(), words.into()]).await
    }

    /// Waits until nothing that matches `css` says anything.
    ///
    /// # Errors
    ///
    /// When it still does; with what the page shows.
    pub async fn sees_no(&self, css: &str) -> Result<()> {
        let script = "return ![...document.querySelectorAll(arguments[0])].some(element => \
             element.checkVisibility() && element.innerText.trim() !== '')";
        self.until_within(SOON, &format!("no words in `{css}`"), script, vec![css.into()]).await
    }

    /// Waits until the page is at a path, query included.
    ///
    /// # Errors
    ///
    /// When it never is; with where it is instead.
    pub async fn is_at(&self, path: &str) -> Result<()> {
        let script =
            "return location.origin === arguments[0] && location.pathname + location.search === arguments[1]";
        let arguments = vec![self.url.as_str().into(), path.into()];
        self.until_within(SOON, &format!("the address {path}"), script, arguments).await
    }

    /// The text that the first match of `css` shows now; empty if there is no match.
    ///
    /// # Errors
    ///
    /// When the page goes away meanwhile.
    pub async fn text(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        Ok(self.run(script, vec![css.into()]).await?.as_str().unwrap_or_default().trim().to_owned())
    }

    /// What stands in an input.
    ///
    /// # Errors
    ///
    /// When the page goes away meanwhile.
    pub async fn value(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.value ?? ''";
        Ok(self.run(script, vec![css.into()]).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks on what matches `css`, as soon as it is there to be clicked. Where the page moved between the aim
    /// and the click, so that something else was hit, it aims again.
    ///
    /// # Errors
    ///
    /// When it never is.
    pub async fn click(&self, css: &str) -> Result<()> {
        // The driver chooses an option without a click: what counts is that the select takes it.
        const AIM: &str = "
            const [element] = arguments;
            const isOption = element.tagName === 'OPTION';
            const aim = window.aim = {element, isHit: isOption && element.selected};
            const look = event => {
                aim.isHit ||= isOption ? element.selected : event.composedPath().includes(element);
            };
            addEventListener(isOption ? 'change' : 'click', look, {capture: true, once: true});";
        // What is gone was hit, be it the element or the document.
        const IS_HIT: &str = "return !window.aim || aim.isHit || !aim.element.isConnected";
        self.handle(css, "clicked", async |element| {
            self.driver.execute(AIM, vec![element.to_json()?]).await?;
            element.click().await?;
            match self.run(IS_HIT, vec![]).await {
                Ok(Value::Bool(false)) => Err(Error::new("the page moved: something else was hit")),
                Ok(_) | Err(_) => Ok(()),
            }
        })
        .await
    }

    /// Replaces what stands in an input, by typing, and checks that the input holds it. A date is given as
    /// `2026-11-23` and set as a whole: into which of its parts keys go depends on the language and on where the
    /// focus was last.
    ///
    /// # Errors
    ///
    /// When there is no such input, or it holds something else.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        // WebDriver's own way to clear tells the page nothing of it.
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

    /// Waits until an input holds `value`.
    ///
    /// # Errors
    ///
    /// When it never does; with what the page shows.
    pub async fn holds(&self, css: &str, value: &str) -> Result<()> {
        let script = "return document.querySelector(arguments[0])?.value === arguments[1]";
        let what = format!("“{value}” in `{css}`");
        self.until_within(SOON, &what, script, vec![css.into(), value.into()]).await
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(keys).perform().await?)
    }

    /// Presses keys while the shift key is down.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn press_with_shift(&self, keys: impl Into<TypingData>) -> Result<()> {
        let shift = '\u{e008}';
        Ok(self.driver.action_chain().key_down(shift).send_keys(keys).key_up(shift).perform().await?)
    }

    /// Moves the pointer, as somebody who is there does.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn move_pointer(&self, x: i64, y: i64) -> Result<()> {
        Ok(self.driver.action_chain().move_to(x, y).perform().await?)
    }

    /// Fills in the sign-in form and sends it.
    ///
    /// # Errors
    ///
    /// When there is no form.
    pub async fn submit(&self, email: &str, password: &str) -> Result<()> {
        self.fill("#email", email).await?;
        self.fill("#password", password).await?;
        self.click("#sign-in").await
    }

    /// Signs in on the sign-in page and waits until the person is greeted.
    ///
    /// # Errors
    ///
    /// When the person is not.
    pub async fn sign_in(&self, person: &Person) -> Result<()> {
        self.submit(&person.email, &person.password).await?;
        self.is_in(person).await
    }

    /// Waits until home greets the person.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn is_in(&self, person: &Person) -> Result<()> {
        self.sees("#person", &person.name).await?;
        self.sees("h1", &person.name).await
    }

    /// Takes a picture of the whole page, below the fold too.
    ///
    /// # Errors
    ///
    /// When the browser or the disk refuses.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        let shot = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await?;
        let png = STANDARD.decode(shot["data"].as_str().unwrap_or_default());
        Ok(std::fs::write(file, png.map_err(|error| Error(format!("the picture: {error}")))?)?)
    }

    /// Saves picture, document and console of every tab, for whoever asks why a journey failed.
    pub async fn save(&self, folder: &Path, name: &str) {
        for (number, tab) in self.tabs().await.unwrap_or_default().iter().enumerate() {
            if self.turn_to(tab).await.is_err() {
                continue;
            }
            let file = |suffix: &str| folder.join(format!("{name}-tab-{}.{suffix}", number + 1));
            let _ = self.picture(&file("png")).await;
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
        // An element that was replaced in between was not touched: the next one is tried.
        let attempt = async || {
            let element = self.driver.find(By::Css(css)).await?;
            deed(element).await.map(Some)
        };
        match until(format!("`{css}` to be {past}"), SOON, attempt).await {
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

/// `ChromeDriver`, the browser that it started, and that browser's profile.
#[derive(Debug)]
struct Process {
    port: u16,
    browser: Option<i64>,
    is_closed: AtomicBool,
    profile: TempDir,
    _driver: Child,
    // ChromeDriver ends when nobody reads any more.
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

    /// `None` where the port that it chose for one family of addresses is taken in the other.
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
        let port = timeout(SOON, async {
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
        // A killed ChromeDriver leaves its browser behind.
        let pid = self.browser.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        if let Some(pid) = pid.filter(|_| !self.is_closed.load(Ordering::Relaxed)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The program that a variable of the environment names.
fn named(variable: &str, program: &str) -> Result<Option<PathBuf>> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if path.is_file() {
        return Ok(Some(path));
    }
    Err(Error(format!("{variable} names no file; `just tools` installs {program}")))
}
