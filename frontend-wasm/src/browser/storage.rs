//! Local storage: shared by all tabs, survives a reload. Nothing secret ever goes in.

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

/// Forgets everything.
pub fn clear() {
    if let Some(storage) = local() {
        let _ = storage.clear();
    }
}

fn local() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
