//! Checks every screen with axe-core, in every viewport.

use std::path::PathBuf;

use crate::{Browser, Error, Result, Viewport, context::root};

/// WCAG 2.2, levels A and AA. axe-core runs `wcag22aa` only when it is named.
const RULES: &str = "
    const result = await axe.run(document, {
        runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']},
        resultTypes: ['violations'],
    });
    return result.violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target} ${node.failureSummary}`));
";

/// Lists the elements that make the page scroll sideways (WCAG 1.4.10).
const TOO_WIDE: &str = "
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) return [];
    // Text that does not wrap overflows its box without widening it.
    const reach = element => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return Math.max(element.getBoundingClientRect().right, range.getBoundingClientRect().right);
    };
    return [...document.querySelectorAll('body *')]
        .filter(element => reach(element) > width)
        .map(element => `wider than ${width} px: ${element.tagName.toLowerCase()}.${element.className} #${element.id}`);
";

/// Collects the faults of all screens, so that one run reports every one.
#[derive(Debug)]
pub struct AxeAudit<'a> {
    browser: &'a Browser,
    axe: String,
    faults: Vec<String>,
    screens: usize,
}

impl<'a> AxeAudit<'a> {
    pub fn new(browser: &'a Browser) -> Result<Self> {
        Ok(Self { browser, axe: axe()?, faults: Vec::new(), screens: 0 })
    }

    pub fn assert_clean(&self, screens: usize) {
        assert_eq!(self.screens, screens * Viewport::ALL.len());
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }

    pub async fn check(&mut self, screen: &str) -> Result<()> {
        for viewport in Viewport::ALL {
            self.browser.set_viewport(viewport).await?;
            self.browser.run(&self.axe, vec![]).await?;
            for faults in
                [self.browser.run_async(RULES, vec![]).await?, self.browser.run(TOO_WIDE, vec![]).await?]
            {
                let faults = faults.as_array().cloned().unwrap_or_default();
                self.faults.extend(faults.iter().map(|fault| format!("{screen}, {viewport}: {fault}")));
            }
            self.screens += 1;
        }
        Ok(())
    }

    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

/// Reads the script that defines `axe`.
fn axe() -> Result<String> {
    let path = std::env::var_os("AXE")
        .map_or_else(|| root().join(".tools/axe-core/node_modules/axe-core/axe.min.js"), PathBuf::from);
    let read = std::fs::read_to_string(&path);
    read.map_err(|_| Error(format!("there is no axe-core at {}; `just tools` installs it", path.display())))
}
