//! Somebody with a password.

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// The id of the account; empty for somebody who is in none.
    pub account_id: String,
}

impl Person {
    /// A person whose address and password follow from the name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let word = name.to_lowercase().replace(' ', ".");
        Self {
            name: name.to_owned(),
            email: format!("{word}@journey.example"),
            password: format!("{word} walks under 1 moon"),
            account_id: String::new(),
        }
    }
}
