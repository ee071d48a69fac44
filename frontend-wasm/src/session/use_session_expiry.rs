//! The nearer deadline of the session and its warning, always up to date.

use yew::prelude::*;

use super::{client::Client, expiry::SessionExpiry, use_session_keeper::use_session_keeper};
use crate::browser::clock;

/// The nearer deadline of the session; `None` while nobody is signed in. It is read from the store by the server's
/// clock whenever [`use_session_keeper`] checks. Runs the keeper, so it is for one component at the root.
#[hook]
pub fn use_session_expiry(client: &Client) -> Option<SessionExpiry> {
    let read = |client: &Client| {
        let now = clock::now();
        client.store().read(|state| state.session().map(|session| session.expiry(session.now(now))))
    };
    let last = use_state_eq(|| None);
    let on_check = {
        let (client, last) = (client.clone(), last.setter());
        // Renders again only if something has changed.
        Callback::from(move |()| last.set(read(&client)))
    };
    use_session_keeper(client, on_check);
    read(client)
}
