//! Standard input and output.

use std::{
    error::Error as StdError,
    io::{Read, Write},
};

/// The result of a command: its error is a sentence for the operator.
pub(super) type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;

pub(super) fn read_password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|error| format!("the password: {error}"))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

pub(super) fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
