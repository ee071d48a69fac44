//! A person who signs in with a password.

#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub password: String,
    /// Empty until the person belongs to an account.
    pub account_id: String,
}

impl Person {
    /// Derives the e-mail address and the password from the name.
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
