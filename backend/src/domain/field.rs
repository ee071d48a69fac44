//! What an address, a name and a password may be.

use curfew_shared::error::{FieldCode, FieldError};
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use lettre::Address;
use unicode_normalization::UnicodeNormalization;

/// The longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3 less the brackets).
pub const EMAIL_MAX: usize = 254;
/// The longest name, in characters.
pub const NAME_MAX: usize = 120;
/// The shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 256;

/// The fewest guesses, as a power of ten, that a password to be must withstand: a million, which
/// takes years where attempts are throttled.
const GUESSES_LOG10_MIN: f64 = 6.0;

/// How much of a password is judged, in characters: 45 ms of a core at the worst.
const JUDGED: usize = 32;

/// The one form of an e-mail address that the database knows: NFC, lower case, no space around it, and the
/// domain as the name system knows it (RFC 5891).
#[must_use]
pub fn normal_email(typed: &str) -> String {
    let email = typed.trim().nfc().collect::<String>().to_lowercase();
    match email.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => match idna::domain_to_ascii(domain) {
            Ok(domain) => format!("{local}@{domain}"),
            Err(_) => email,
        },
        _ => email,
    }
}

/// The one form of a password that is hashed: NFC (NIST SP 800-63B-4 §3.1.1.2), so that the same
/// characters typed on another system are the same password.
#[must_use]
pub fn normal_password(typed: &str) -> String {
    typed.nfc().collect()
}

/// What is wrong with an e-mail address, if anything. Whether it is anybody's, only a message to it can tell.
#[must_use]
pub fn check_email(field: &str, email: &str) -> Option<FieldError> {
    if email.is_empty() {
        return Some(required(field));
    }
    if email.len() > EMAIL_MAX {
        return Some(too_long(field, EMAIL_MAX));
    }
    // In quotes an address could be written in many ways, and each would count by itself.
    let well_formed = email.parse::<Address>().is_ok_and(|address| !address.user().starts_with('"'));
    (!well_formed).then(|| {
        FieldError::new(field, FieldCode::Malformed, "Enter an e-mail address, such as name@example.com.")
    })
}

/// What is wrong with the name of a person or an account, if anything. Names stand in messages to
/// strangers: they neither hide nor turn around what is beside them, and lead nowhere.
#[must_use]
pub fn check_name(field: &str, name: &str) -> Option<FieldError> {
    if name.trim().is_empty() {
        Some(required(field))
    } else if name.chars().count() > NAME_MAX {
        Some(too_long(field, NAME_MAX))
    } else if name.chars().any(is_invisible) {
        Some(FieldError::new(field, FieldCode::Malformed, "Leave out characters that cannot be seen."))
    } else if !name.chars().any(is_visible) {
        Some(FieldError::new(field, FieldCode::Malformed, "Use characters that can be seen."))
    } else if name.contains("://") {
        Some(FieldError::new(field, FieldCode::Malformed, "Leave out web addresses."))
    } else {
        None
    }
}

/// What is wrong with a new password, if anything: its length, in characters; any character may stand in it.
#[must_use]
pub fn check_password(field: &str, password: &str) -> Option<FieldError> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        let message = format!("Use at least {PASSWORD_MIN} characters.");
        Some(FieldError::new(field, FieldCode::TooShort, message).with_limit(limit(PASSWORD_MIN)))
    } else if length > PASSWORD_MAX {
        Some(too_long(field, PASSWORD_MAX))
    } else {
        None
    }
}

/// What is wrong with a password to be, if anything: besides its length, that it is among the first
/// that an attacker tries (ASVS V6.2.4, V6.2.11), the person's and the account's own words included.
/// This takes a core's time; requests have [`crate::passwords::Passwords::judge`] do it.
#[must_use]
pub fn check_new_password(field: &str, password: &str, about: &[&str]) -> Option<FieldError> {
    if let Some(fault) = check_password(field, password) {
        return Some(fault);
    }
    let mut words: Vec<&str> = about.iter().flat_map(|text| text.split(['@', '.', ' '])).collect();
    words.extend(about);
    words.retain(|word| word.chars().count() > 2);
    // A long text would take long to judge: one is weak if both of its ends are.
    let password: Vec<char> = normal_password(password).chars().collect();
    let is_weak = |part: &[char]| {
        zxcvbn::zxcvbn(&part.iter().collect::<String>(), &words).guesses_log10() < GUESSES_LOG10_MIN
    };
    let end = password.len().min(JUDGED);
    (is_weak(&password[..end]) && is_weak(&password[password.len() - end..])).then(|| {
        let message = "This password is too easy to guess. Use a longer one, such as four unrelated words.";
        FieldError::new(field, FieldCode::TooCommon, message)
    })
}

/// What is wrong with fields, all of it: never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<FieldError>);

/// Refuses where anything is wrong with any of the fields.
///
/// # Errors
///
/// With all that is wrong.
pub fn refuse(found: impl IntoIterator<Item = Option<FieldError>>) -> Result<(), Faults> {
    let faults: Vec<_> = found.into_iter().flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}

/// The error for a field that has to be there.
#[must_use]
pub fn required(field: &str) -> FieldError {
    FieldError::new(field, FieldCode::Required, "This field is required.")
}

/// Control characters, and those that turn the direction of text or have no width of their own. What joins
/// letters, as some scripts need it, is none of them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether the character shows by itself. Default ignorable are fillers, variation selectors, joiners and tags; a
/// Braille pattern without dots is a blank that no Unicode property names.
fn is_visible(c: char) -> bool {
    let blank = c == '\u{2800}' || c.is_whitespace() || c.is_control();
    !blank && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn too_long(field: &str, max: usize) -> FieldError {
    FieldError::new(field, FieldCode::TooLong, format!("Use at most {max} characters."))
        .with_limit(limit(max))
}

fn limit(characters: usize) -> i64 {
    i64::try_from(characters).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case_and_composition() {
        assert_eq!(normal_email(" Ada@Example.COM "), "ada@example.com");
        assert_eq!(normal_email("zoe\u{301}@x.example"), normal_email("ZOÉ@X.example"));
        assert_eq!(normal_email("ada@Bücher.example"), "ada@xn--bcher-kva.example");
    }

    #[test]
    fn addresses_need_one_at_sign_with_something_on_both_sides() {
        for good in ["a@b", "first.last+tag@sub.example.com", "用户@例え.jp"] {
            assert_eq!(check_email("email", &normal_email(good)), None, "{good}");
        }
        for bad in [
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b\n",
            "a..b@c.example",
            "a@c.example.",
            "b<a@c.example>",
            "<a@c.example>",
            "\"a\"@c.example",
            "a@c.example, b@c.example",
            "a(b)@c.example",
        ] {
            assert_eq!(check_email("email", bad).unwrap().code, FieldCode::Malformed, "{bad:?}");
        }
        assert_eq!(check_email("email", "").unwrap().code, FieldCode::Required);
        let long = format!("{}@example.com", "a".repeat(EMAIL_MAX));
        assert_eq!(check_email("email", &long).unwrap().limit, Some(254));
    }

    #[test]
    fn a_password_is_measured_in_characters_on_both_sides_of_each_limit() {
        let code = |password: &str| check_password("password", password).map(|e| e.code);
        assert_eq!(code(&"é".repeat(11)), Some(FieldCode::TooShort));
        assert_eq!(code(&"é".repeat(12)), None);
        assert_eq!(code(&"é".repeat(256)), None);
        assert_eq!(code(&"é".repeat(257)), Some(FieldCode::TooLong));
    }

    #[test]
    fn a_password_that_is_among_the_first_to_be_tried_is_refused() {
        let code = |password: &str| {
            check_new_password("password", password, &["ada@example.com", "Ada Lovelace"]).map(|e| e.code)
        };
        for common in ["password1234", "123456789012", "qwertyuiopas", "adaadaadaada", "lovelacelovelace"] {
            assert_eq!(code(common), Some(FieldCode::TooCommon), "{common}");
        }
        assert_eq!(code("correct horse battery staple"), None);
        let long = format!("{}vfoq81 zz xk29", "a".repeat(40));
        assert_eq!(code(&long), None, "a strong end is enough");
        assert_eq!(code(&"a".repeat(80)), Some(FieldCode::TooCommon));
        assert_eq!(code("xk29 vfoq81 zz"), None);
        assert_eq!(code("short"), Some(FieldCode::TooShort));
    }

    #[test]
    fn a_name_is_neither_blank_nor_long_nor_a_trick() {
        let code = |name: &str| check_name("name", name).map(|e| e.code);
        assert_eq!(code("Ada"), None);
        assert_eq!(code(" "), Some(FieldCode::Required));
        assert_eq!(code(&"x".repeat(121)), Some(FieldCode::TooLong));
        for bad in ["a\u{0}b", "a\u{202e}b", "\u{200b}", "Win at https://evil.example"] {
            assert_eq!(code(bad), Some(FieldCode::Malformed), "{bad:?}");
        }
        for blank in [
            "\u{3164}",
            "\u{2800}",
            "\u{ad}",
            "\u{200c}",
            "\u{115f}",
            "\u{1160}",
            "\u{ffa0}",
            "\u{34f}",
            "\u{180b}",
            "\u{fe0f}",
            "\u{e0020}",
            "\u{e0100}",
            "\u{17b4}",
            "\u{2800} \u{3164}\u{200d}",
        ] {
            assert_eq!(code(blank), Some(FieldCode::Malformed), "{}", blank.escape_unicode());
        }
        for good in [
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "🇫🇷",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "김\u{3164}",
            "⠁",
            "王",
        ] {
            assert_eq!(code(good), None, "{}", good.escape_unicode());
        }
        assert_eq!(code("مى\u{200c}خواهم"), None, "what joins letters or keeps them apart");
    }
}
