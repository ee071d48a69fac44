//! Whether it is time to warn of the session's end, always up to date.

use yew::prelude::*;

use super::use_session_keeper;
use crate::{api::Client, browser::clock, expiry::SessionExpiry};

/// How the session of `client` stands with its nearer deadline; `None` while nobody is signed in.
/// Read from the store by the server's clock, with the timers of [`use_session_keeper`], which this
/// runs: for the one component at the root of the page.
#[hook]
pub fn use_auth_session_expiry(client: &Client) -> Option<SessionExpiry> {
    let read = |client: &Client| {
        let now = clock::now();
        client.store().read(|state| state.session().map(|session| session.expiry(session.now(now))))
    };
    let seen = use_state_eq(|| None);
    let on_look = {
        let (client, seen) = (client.clone(), seen.setter());
        // Renders again only if something has changed.
        Callback::from(move |()| seen.set(read(&client)))
    };
    use_session_keeper(client, on_look);
    read(client)
}
