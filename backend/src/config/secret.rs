//! Settings of the secret that all keys derive from.

use clap::Args;

use crate::keys::SECRET_MIN;

/// What all keys derive from.
#[derive(Clone, Args)]
#[command(next_help_heading = "Secret")]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct SecretConfig {
    /// What all keys derive from, at least 32 bytes; better in the environment than in a flag
    /// [default: generated, and kept in the data folder]
    #[arg(long, env = "CURFEW_SECRET", hide_env_values = true, value_parser = parse_secret)]
    pub secret: Option<String>,
    /// Former secrets whose tokens are still valid, separated by commas
    #[arg(long, env = "CURFEW_SECRET_PREVIOUS", hide_env_values = true, value_delimiter = ',', value_parser = parse_previous)]
    pub secret_previous: Vec<String>,
}

fn parse_secret(text: &str) -> Result<String, String> {
    if text.len() < SECRET_MIN {
        return Err(format!("needs at least {SECRET_MIN} bytes"));
    }
    Ok(text.to_owned())
}

/// A space after a comma is no part of a secret.
fn parse_previous(text: &str) -> Result<String, String> {
    parse_secret(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_32_bytes_at_least_and_so_has_each_former_one() {
        let (long, short) = ("é".repeat(16), format!("{}s", "é".repeat(15)));
        assert_eq!((long.len(), short.len()), (32, 31));
        assert_eq!((parse_secret(&long), parse_previous(&format!(" {long} "))), (Ok(long.clone()), Ok(long)));
        for error in [parse_secret(&short), parse_previous(&format!(" {short} "))] {
            assert_eq!(error, Err("needs at least 32 bytes".to_owned()));
        }
    }
}
