//! Keyboard navigation.

use crate::{Browser, Error, Result, TIMEOUT};
use serde_json::json;

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";
pub const SPACE: &str = " ";

/// Presses Tab until an element that matches `css` has the focus. Every stop on the way must show a focus
/// ring and be in view.
pub async fn tab_to(browser: &Browser, css: &str) -> Result<Vec<String>> {
    const STOPS: usize = 20;
    let look = "
        const element = document.activeElement;
        // The ring may surround an input together with its button, or a row that contains only a link.
        const isRinged = (element, part) => {
            const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(element, part);
            return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
        };
        const box = element.getBoundingClientRect();
        return {
            name: element.id || element.className || element.tagName,
            isThere: element.matches(arguments[0]),
            isShown: isRinged(element) || isRinged(element, '::after') || isRinged(element.parentElement),
            isInView: box.top >= 0 && box.bottom <= innerHeight && box.width > 1,
        }";
    // The page may not have drawn it yet.
    let is_there = format!("return document.querySelector({}) !== null", serde_json::json!(css));
    browser.until(css, &is_there).await?;
    let mut stops = Vec::new();
    for _ in 0..STOPS {
        browser.press(TAB).await?;
        let stop = browser.run(look, vec![css.into()]).await?;
        let name = stop["name"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (&stop["isShown"], &stop["isInView"]),
            (&json!(true), &json!(true)),
            "the focus on {name}: {stop}"
        );
        stops.push(name);
        if stop["isThere"] == true {
            return Ok(stops);
        }
    }
    Err(Error(format!("Tab does not lead to `{css}`, but to {stops:?}")))
}

/// Waits until an element that matches `css` has the focus.
pub async fn focus_is_on(browser: &Browser, css: &str) -> Result<()> {
    let script = "return document.activeElement.matches(arguments[0])";
    browser.until_within(TIMEOUT, &format!("the focus on `{css}`"), script, vec![css.into()]).await
}
