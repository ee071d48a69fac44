//! The look of a message: the same words as text and as HTML, readable in light and in dark.

use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart, header},
};
use maud::{DOCTYPE, PreEscaped, html};
use uuid::Uuid;

// Mail programs keep a style element in the head, not a sheet of its own.
const STYLE: &str = "body{margin:0;padding:24px;background:#f4f5f7;color:#1c2129;font:16px/1.5 system-ui,sans-serif}\
main{max-width:32rem;margin:0 auto;padding:24px;background:#fff;border:1px solid #d9dde3;border-radius:8px}\
h1{margin:0 0 16px;font-size:20px}\
a.button{display:inline-block;padding:10px 16px;border-radius:6px;background:#2f54d4;color:#fff;text-decoration:none}\
main{overflow-wrap:anywhere}footer,small{color:#5a6472;font-size:14px}\
@media (prefers-color-scheme:dark){body{background:#11151b;color:#e8ebf0}main{background:#1a2029;border-color:#323b48}\
a{color:#9db4ff}a.button{background:#9db4ff;color:#11151b}footer,small{color:#a3adbb}}";

/// A message's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The subject, and the heading.
    pub subject: String,
    /// What there is to say.
    pub paragraphs: Vec<String>,
    /// What can be done: words on the button, and where it leads.
    pub action: Option<(String, String)>,
    /// What can be left alone.
    pub note: String,
}

impl Letter {
    fn text(&self) -> String {
        let mut parts = self.paragraphs.clone();
        if let Some((label, link)) = &self.action {
            parts.push(format!("{label}:\n{link}"));
        }
        parts.push(self.note.clone());
        parts.join("\n\n") + "\n"
    }

    fn html(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    meta name="color-scheme" content="light dark";
                    meta name="supported-color-schemes" content="light dark";
                    title { (self.subject) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (self.subject) }
                        @for paragraph in &self.paragraphs { p { (paragraph) } }
                        @if let Some((label, link)) = &self.action {
                            p { a class="button" href=(link) { (label) } }
                            p { small { "If the button does not work, open this address: " a href=(link) { (link) } } }
                        }
                        footer { p { (self.note) } }
                    }
                }
            }
        }
        .into_string()
    }

    /// The message `id` as it travels.
    ///
    /// # Errors
    ///
    /// When an address is not one that mail can go to.
    pub fn message(&self, from: &Mailbox, to: &str, id: Uuid) -> Result<Message, LetterError> {
        // An address alone: nothing in it can be a name, or a second one.
        let to: Address = to.parse().map_err(LetterError::Address)?;
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(self.subject.clone())
            // Nobody's holiday notice need answer (RFC 3834 §5).
            .header(AutoSubmitted)
            // The same at each attempt, so that whoever gets it twice is shown it once.
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(self.text(), self.html()))
            .map_err(LetterError::Message)
    }
}

/// A message could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The recipient's or the sender's address is none.
    #[error("the address is not one that mail can go to: {0}")]
    Address(lettre::address::AddressError),
    /// The rest.
    #[error("the message could not be put together: {0}")]
    Message(lettre::error::Error),
}

#[derive(Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_the_same_in_both_forms_and_escapes_what_people_wrote() {
        let letter = Letter {
            subject: "Join <b>Acme</b>".to_owned(),
            paragraphs: vec!["Eve & Co invite you.".to_owned()],
            action: Some(("Join".to_owned(), "https://curfew.example/invite#token".to_owned())),
            note: "Otherwise ignore this.".to_owned(),
        };
        let html = letter.html();
        assert!(html.contains("Join &lt;b&gt;Acme&lt;/b&gt;") && html.contains("Eve &amp; Co"), "{html}");
        assert!(html.contains(r#"href="https://curfew.example/invite#token""#));
        assert_eq!(
            letter.text(),
            "Eve & Co invite you.\n\nJoin:\nhttps://curfew.example/invite#token\n\nOtherwise ignore this.\n"
        );
        let from = "Curfew <no-reply@curfew.example>".parse().unwrap();
        let raw = letter.message(&from, "ada@example.com", Uuid::nil()).unwrap().formatted();
        let raw = String::from_utf8(raw).unwrap();
        assert!(raw.contains("Auto-Submitted: auto-generated"));
        assert!(raw.contains("Message-ID: <00000000-0000-0000-0000-000000000000@curfew.example>"));
    }

    #[test]
    fn an_address_cannot_smuggle_in_headers_or_more_recipients() {
        let from = "c@example.com".parse().unwrap();
        for bad in [
            "ada@example.com\r\nBcc: eve@example.com",
            "a@example.com, b@example.com",
            "Ada <ada@example.com>",
            "nobody",
        ] {
            assert!(Letter::default().message(&from, bad, Uuid::nil()).is_err(), "{bad:?}");
        }
    }
}
