//! The path to return to after a visit to a provider. This tab keeps it while the page is away; it is no secret.

use crate::browser::storage;

const KEY: &str = "curfew.next";

pub fn set(path: &str) {
    storage::set_in_tab(KEY, path);
}

/// Returns the path and forgets it.
pub fn take() -> Option<String> {
    storage::take_from_tab(KEY)
}
