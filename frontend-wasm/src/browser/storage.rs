//! Storage of all tabs, and of this tab alone. Both survive a reload, and nothing secret ever goes in.

/// The value under `key`. `None` also where storage is switched off.
#[must_use]
pub fn get(key: &str) -> Option<String> {
    local()?.get_item(key).ok()?
}

/// Puts `value` under `key`, if the browser lets us.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = local() {
        // Full or forbidden: what is kept here makes things better, not possible.
        let _ = storage.set_item(key, value);
    }
}

/// Forgets what is under `key`.
pub fn remove(key: &str) {
    if let Some(storage) = local() {
        let _ = storage.remove_item(key);
    }
}

/// Keeps `value` under `key` in this tab alone, on its way to another site and back too.
pub fn keep_in_tab(key: &str, value: &str) {
    if let Some(storage) = of_tab() {
        let _ = storage.set_item(key, value);
    }
}

/// The value under `key` in this tab.
#[must_use]
pub fn kept_in_tab(key: &str) -> Option<String> {
    of_tab()?.get_item(key).ok()?
}

/// The value under `key` in this tab, which then forgets it.
#[must_use]
pub fn take_from_tab(key: &str) -> Option<String> {
    let value = kept_in_tab(key);
    let _ = of_tab()?.remove_item(key);
    value
}

/// Forgets everything that is kept in this tab alone.
pub fn clear_tab() {
    if let Some(storage) = of_tab() {
        let _ = storage.clear();
    }
}

/// Forgets everything.
pub fn clear() {
    clear_tab();
    if let Some(storage) = local() {
        let _ = storage.clear();
    }
}

fn of_tab() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn local() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
