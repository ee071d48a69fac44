//! The storage of all tabs, and that of this tab alone. Both survive a reload, and nothing secret is ever stored.

/// The value of `key`; `None` also if storage is switched off.
pub fn get(key: &str) -> Option<String> {
    local_storage()?.get_item(key).ok()?
}

/// Stores a value, if the browser allows that.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = local_storage() {
        // Full or forbidden: everything here is an improvement, not a necessity.
        let _ = storage.set_item(key, value);
    }
}

pub fn remove(key: &str) {
    if let Some(storage) = local_storage() {
        let _ = storage.remove_item(key);
    }
}

/// Stores a value for this tab alone. It survives a visit to another site.
pub fn set_in_tab(key: &str, value: &str) {
    if let Some(storage) = session_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// The value of `key` in this tab.
pub fn get_from_tab(key: &str) -> Option<String> {
    session_storage()?.get_item(key).ok()?
}

/// Returns the value of `key` in this tab, and removes it.
pub fn take_from_tab(key: &str) -> Option<String> {
    let value = get_from_tab(key);
    let _ = session_storage()?.remove_item(key);
    value
}

/// Removes everything that is stored for this tab alone.
pub fn clear_tab() {
    if let Some(storage) = session_storage() {
        let _ = storage.clear();
    }
}

/// Removes everything.
pub fn clear() {
    clear_tab();
    if let Some(storage) = local_storage() {
        let _ = storage.clear();
    }
}

fn session_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn local_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
