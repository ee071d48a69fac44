//! Checks what a screen reader would announce.

use serde_json::json;

use crate::{Browser, Error, Result, TIMEOUT};

/// Records the text of every announcement in `heard`, and in `unheard` every live region that a screen reader
/// could not announce: one that was not rendered empty before its text appeared (WCAG 4.1.3, technique
/// ARIA22). A region that moves or is rendered again counts as new; repeating its last announcement is no
/// fault.
pub const RECORD_ANNOUNCEMENTS: &str = "
    window.unheard = [];
    window.heard = [];
    const LIVE = '[role=alert], [role=status], [aria-live]';
    const met = new WeakSet();
    const empty = new WeakSet();
    const last = new WeakMap();
    const told = new Set();
    const said = region => `${region.id || region.outerHTML.slice(0, 80)}: ${region.innerText.trim()}`;
    const forget = region => { met.delete(region); empty.delete(region); };
    const look = changes => {
        for (const node of changes.flatMap(({removedNodes}) => [...removedNodes])) {
            if (node.matches?.(LIVE)) forget(node);
            node.querySelectorAll?.(LIVE).forEach(forget);
        }
        for (const region of document.querySelectorAll(LIVE)) {
            if (!region.checkVisibility()) {
                forget(region);
            } else if (empty.has(region)) {
                const words = region.innerText.trim();
                if (words && words !== last.get(region)) {
                    heard.push(said(region));
                    told.add(said(region));
                }
                last.set(region, words);
            } else if (!met.has(region)) {
                met.add(region);
                requestAnimationFrame(() => {
                    if (!region.checkVisibility()) met.delete(region);
                    else if (!region.innerText.trim()) empty.add(region);
                    else if (!told.has(said(region))) unheard.push(said(region));
                });
            }
        }
    };
    new MutationObserver(look).observe(document, {attributes: true, childList: true, characterData: true, subtree: true});
";

/// Waits until each text is announced, checks that no region went unheard, and forgets what was announced.
pub async fn assert_announced(browser: &Browser, words: &[&str]) -> Result<()> {
    for announcement in words {
        let script = "return window.heard.some(words => words.startsWith(arguments[0]))";
        let what = format!("“{announcement}” to be announced");
        if let Err(error) = browser.until_within(TIMEOUT, &what, script, vec![(*announcement).into()]).await {
            let heard = browser.run("return [window.heard, window.unheard]", vec![]).await?;
            return Err(Error(format!("{error}; announced and not announced: {heard}")));
        }
    }
    let unheard = browser.run("return window.unheard", vec![]).await?;
    assert_eq!(unheard, json!([]), "these appeared with their words already in them");
    browser.run("window.heard = []", vec![]).await.map(drop)
}
