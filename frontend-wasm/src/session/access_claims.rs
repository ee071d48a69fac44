//! The claims of an access token that the page reads. It trusts the server that issued the token and checks no
//! signature.

use chrono::{DateTime, Utc};
use curfew_shared::id::SessionId;
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Claims {
    pub sid: SessionId,
    auth_time: Option<i64>,
}

impl Claims {
    /// When the person signed in or last re-authenticated.
    pub fn auth_time(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_secs(self.auth_time?)
    }
}

/// Returns `None` if `token` is not an access token of Curfew's.
pub(super) fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?.replace('-', "+").replace('_', "/");
    // `atob` returns a character per byte: enough for claims that are plain ASCII.
    let text = web_sys::window()?.atob(&payload).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::claims;

    #[test]
    fn the_session_is_read_from_the_payload_and_from_nothing_else() {
        let sid = "0190f5fe-7c00-7a00-8000-000000000001";
        let payload = |json: &str| {
            let base64 = web_sys::window().unwrap().btoa(json).unwrap();
            base64.replace('+', "-").replace('/', "_").replace('=', "")
        };
        // `?>~` makes base64 use the two characters that base64url spells differently.
        let good =
            format!("e30.{}.sig", payload(&format!(r#"{{"sub":"?>~?>~","sid":"{sid}","auth_time":90}}"#)));
        let read = claims(&good).unwrap();
        assert_eq!((read.sid.to_string().as_str(), read.auth_time().unwrap().timestamp()), (sid, 90));
        for bad in ["", "a", "a.b", "a.!.c", &format!("e30.{}.sig", payload("{}"))] {
            assert_eq!(claims(bad), None, "{bad}");
        }
    }
}
