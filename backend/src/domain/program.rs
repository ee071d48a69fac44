//! The name of a program and its system, as its user agent tells them.

use curfew_shared::session::DeviceKind;
use woothee::{parser::Parser, woothee::VALUE_UNKNOWN};

/// What a user agent says of its program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The browser or program, by name.
    pub browser: Option<String>,
    /// The operating system, by name.
    pub os: Option<String>,
    /// The kind of device.
    pub device: DeviceKind,
}

impl Program {
    /// Reads a user agent.
    #[must_use]
    pub fn of(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent else { return Self::default() };
        let parsed =
            Parser::new().parse(agent).filter(|parsed| !matches!(parsed.category, "misc" | "crawler"));
        let Some(parsed) = parsed else {
            // Programs that are no browsers name themselves first, as in `curl/8.5.0`.
            let name = agent.split(['/', ' ']).next().unwrap_or_default();
            return Self { browser: (!name.is_empty()).then(|| name.to_owned()), ..Self::default() };
        };
        let known = |word: &str| (word != VALUE_UNKNOWN).then(|| word.to_owned());
        let device = match parsed.category {
            "pc" => DeviceKind::Computer,
            "smartphone" | "mobilephone" => DeviceKind::Phone,
            _ => DeviceKind::Other,
        };
        Self { browser: known(parsed.name), os: known(parsed.os).map(system), device }
    }

    /// The same in words.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.browser, &self.os) {
            (Some(browser), Some(os)) => format!("{browser} on {os}"),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => "a program that does not name itself".to_owned(),
        }
    }
}

/// A system's name as people know it.
fn system(name: String) -> String {
    match name.as_str() {
        "Mac OSX" => "macOS".to_owned(),
        name if name.starts_with("Windows") => "Windows".to_owned(),
        "iPhone" | "iPad" | "iOS" => "iOS".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_name() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome on Linux",
                DeviceKind::Computer,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari on macOS",
                DeviceKind::Computer,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
                DeviceKind::Computer,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
                DeviceKind::Computer,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iOS",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
                DeviceKind::Phone,
            ),
        ];
        for (agent, words, device) in cases {
            let program = Program::of(Some(agent));
            assert_eq!((program.words().as_str(), program.device), (words, device), "{agent}");
        }
        assert_eq!(Program::of(Some("curl/8.5.0")).words(), "curl");
        assert_eq!(Program::of(None), Program::default());
        assert_eq!(Program::of(Some("")).words(), "a program that does not name itself");
    }
}
