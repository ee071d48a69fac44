//! Text that mail programs turn into something to press, such as a host, an e-mail address or a phone number.

use std::net::IpAddr;

/// As many digits are a phone number.
const PHONE_DIGITS: usize = 7;

/// Whether a mail program may make a link of some of the text. Rather says so once too often.
#[must_use]
pub fn may_become_link(text: &str) -> bool {
    let text: Vec<char> = text.chars().filter(|char| !is_hidden(*char)).map(plain).collect();
    text.contains(&'@')
        || text.windows(2).any(|pair| matches!(pair, ['/', '/'] | ['\\', '\\']))
        || has_scheme(&text)
        || has_host(&text)
        || has_phone_number(&text)
}

/// Characters that browsers read as others (UTS #46), and digits of other scripts.
fn plain(char: char) -> char {
    match char {
        '。' | '．' | '｡' | '․' => '.',
        '＠' | '﹫' => '@',
        '／' => '/',
        '：' => ':',
        '＋' => '+',
        '（' => '(',
        '）' => ')',
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '－' => '-',
        _ if char.is_numeric() && !char.is_ascii_digit() => '0',
        _ if char.is_whitespace() => ' ',
        _ => char,
    }
}

/// Characters that show nothing, and so may stand in the middle of a link.
const fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// Such as `tel:110`.
fn has_scheme(text: &[char]) -> bool {
    text.windows(3).any(|three| {
        let [before, colon, after] = three else { return false };
        before.is_alphabetic() && *colon == ':' && *after != ' '
    })
}

/// Such as `prize.example` or `192.0.2.1`.
fn has_host(text: &[char]) -> bool {
    let is_label = |char: &char| char.is_alphanumeric() || matches!(char, '-' | '_') || !char.is_ascii();
    text.split(|char| !is_label(char) && *char != '.').any(|word| {
        let labels: Vec<_> = word.split(|char| *char == '.').collect();
        // No top-level domain has one letter or is a number: neither initials nor versions are hosts.
        let is_top = |label: &[char]| label.len() > 1 && label.iter().any(|char| !char.is_ascii_digit());
        let is_domain = labels.windows(2).any(|pair| !pair[0].is_empty() && is_top(pair[1]));
        is_domain || word.iter().collect::<String>().trim_matches('.').parse::<IpAddr>().is_ok()
    })
}

fn has_phone_number(text: &[char]) -> bool {
    let may_separate = |char: char| matches!(char, ' ' | '.' | '-' | '+' | '(' | ')' | '/');
    text.split(|char| !char.is_ascii_digit() && !may_separate(*char))
        .any(|run| run.iter().filter(|char| char.is_ascii_digit()).count() >= PHONE_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_addresses_and_numbers_may_become_links() {
        for text in [
            "claim at evil-prize.com/now",
            "EVIL.COM",
            "www.evil",
            "See evil.co.uk.",
            "эвил.рф",
            "evil。com",
            "evil\u{200b}.com",
            "evil.\u{200b}com",
            "evil.xn--p1ai",
            "J.R.R. Tolkien on evil.com",
            "192.0.2.1",
            "1.1.1.1",
            "eve@localhost",
            "eve＠evil",
            "//evil",
            r"\\evil\share",
            "tel:110",
            "http:evil",
            "Call +49 (30) 123-4567",
            "0800 ５５５ 1234",
            "555.0199.22",
        ] {
            assert!(may_become_link(text), "{text}");
        }
    }

    #[test]
    fn the_names_of_people_and_companies_do_not() {
        for text in [
            "Ada Example",
            "Ada Owner's",
            "J.R.R. Tolkien",
            "Dr. Jane O’Neill-Smith, Jr.",
            "Acme Inc.",
            "Novo A/S",
            "AC/DC & Co. KG",
            "Example 2.0",
            "Release 10.15",
            "Class of 2024",
            "24/7 Support",
            "Team: North",
            "Yahoo!",
            "Müller … Söhne",
            "山田太郎",
            "José María",
            "#1 (first)",
        ] {
            assert!(!may_become_link(text), "{text}");
        }
    }
}
