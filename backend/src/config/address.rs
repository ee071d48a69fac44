//! URLs that may hold a password: of the database and of the mail server.

use url::{Host, Url};

/// How to write an address that cannot be read. It does not repeat the address, which may hold a password.
const ENCODE: &str = "cannot be read as an address; in the user and the password write @ as %40, : as %3A, \
                      / as %2F, ? as %3F, # as %23 and % as %25";

/// Parses an address. An unencoded special character cuts a password short; the rest then shows up in a part
/// of the URL that no address uses.
pub(super) fn parse(address: &str) -> Result<Url, &'static str> {
    let url = Url::parse(address).map_err(|_| ENCODE)?;
    let is_cut = url.fragment().is_some()
        || url.path().contains('@')
        || url.query_pairs().any(|(name, _)| name.contains('@'));
    if is_cut { Err(ENCODE) } else { Ok(url) }
}

/// The address, with everything that may be a password replaced by `hidden`.
pub(super) fn without_password(address: &str) -> String {
    let url =
        if address.starts_with("sqlite:") { Url::parse(address).map_err(|_| "") } else { parse(address) };
    let Ok(mut url) = url else { return "hidden: it cannot be read".to_owned() };
    if url.password().is_some() {
        let _ = url.set_password(Some("hidden"));
    }
    let query: Vec<_> = url.query_pairs().into_owned().collect();
    if query.iter().any(|(name, _)| is_secret(name)) {
        let shown = |(name, value): (String, String)| {
            let value = if is_secret(&name) { "hidden".to_owned() } else { value };
            (name, value)
        };
        url.query_pairs_mut().clear().extend_pairs(query.into_iter().map(shown));
    }
    url.to_string()
}

fn is_secret(name: &str) -> bool {
    name.to_ascii_lowercase().contains("password")
}

/// Whether a web address leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_with_an_unencoded_character_is_noticed_or_means_what_it_says() {
        for password in ["a/b", "a?b", "a#b", "12/3", "12?3", "12#3", "a/b@c"] {
            let address = format!("postgres://curfew:{password}@db.example/curfew?sslmode=require");
            assert_eq!(parse(&address), Err(ENCODE), "{password}");
            assert!(!without_password(&address).contains(password), "{password}");
        }
        for password in ["a@b", "a:b", "a%b", "a b", "é", "a[b"] {
            let address = format!("postgres://curfew:{password}@db.example/curfew");
            assert_eq!(parse(&address).unwrap().host_str(), Some("db.example"), "{password}");
        }
        for address in [
            "postgres:///curfew?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/curfew",
            "postgres://db.example/curfew?user=ada&password=a@b",
            "smtp://ada%40example.com:secret@mail.example:587?tls=required",
        ] {
            assert!(parse(address).is_ok(), "{address}");
        }
    }
}
