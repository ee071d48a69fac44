//! Which session an access token is for. The page trusts the server that handed it out and checks no signature.

use curfew_shared::id::SessionId;
use serde::Deserialize;

use crate::browser::json;

#[derive(Deserialize)]
struct Claims {
    sid: SessionId,
}

/// The `sid` claim; `None` if `token` is not a token of ours.
#[must_use]
pub(super) fn session_id(token: &str) -> Option<SessionId> {
    let payload = token.split('.').nth(1)?.replace('-', "+").replace('_', "/");
    // Every byte comes back as one character: enough for a claim that is plain ASCII.
    let text = web_sys::window()?.atob(&payload).ok()?;
    json::read::<Claims>(&text).map(|claims| claims.sid)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::session_id;

    #[test]
    fn the_session_is_read_from_the_payload_and_from_nothing_else() {
        let sid = "0190f5fe-7c00-7a00-8000-000000000001";
        let payload = |json: &str| {
            let base64 = web_sys::window().unwrap().btoa(json).unwrap();
            base64.replace('+', "-").replace('/', "_").replace('=', "")
        };
        // `?>~` makes base64 use the two characters that base64url spells differently.
        let good = format!("e30.{}.sig", payload(&format!(r#"{{"sub":"?>~?>~","sid":"{sid}"}}"#)));
        assert_eq!(session_id(&good).map(|id| id.to_string()).as_deref(), Some(sid));
        for bad in ["", "a", "a.b", "a.!.c", &format!("e30.{}.sig", payload("{}"))] {
            assert_eq!(session_id(bad), None, "{bad}");
        }
    }
}
