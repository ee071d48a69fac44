//! Randomness from the browser.

use uuid::{Builder, Uuid};

/// A random UUID (version 4).
pub fn uuid() -> Uuid {
    // Not `crypto.randomUUID()`: it exists in secure contexts only, `getRandomValues` everywhere.
    let mut bytes = [0; 16];
    let filled = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .is_some_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        bytes.fill_with(|| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ x < 256")]
            let byte = (js_sys::Math::random() * 256.0) as u8;
            byte
        });
    }
    Builder::from_random_bytes(bytes).into_uuid()
}

/// A number from 0 to 1, exclusive. It may spread load, but is no secret.
pub fn fraction() -> f64 {
    js_sys::Math::random()
}
