//! The two ways to leave that come with what an owner of the account does.

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::{COOKIE_LOCK, Client, end_at_the_server, turn};
use crate::{
    api::{Failure, auth, send},
    browser::{lock, page},
    store::auth::SignOut,
};

/// How long what was said may take to be shown, in milliseconds.
const SHOWN_MS: u32 = 500;

impl Client {
    /// Clears the page, in all tabs, once the person has had `pause_ms` to read that every session has ended at
    /// the server, this one included: whatever the server does meanwhile.
    pub async fn leave(&self, pause_ms: u32) {
        let longest_pause = TimeoutFuture::new(SHOWN_MS + pause_ms);
        spawn_local(async move {
            // Nobody refreshes meanwhile: the refusal would look like somebody else's doing.
            if let Some(turn) = lock::acquire(COOKIE_LOCK, pause_ms).await {
                // Takes the dead cookie away; it does no harm where it stays.
                let _ = send(auth::logout()).await;
                longest_pause.await;
                drop(turn);
            }
        });
        page::painted_within(SHOWN_MS).await;
        TimeoutFuture::new(pause_ms).await;
        self.end(SignOut::ByPerson);
    }

    /// Ends the session so that the person can sign in anew and go on in the same place.
    ///
    /// # Errors
    /// Why the server could not be told; the session is then as before.
    pub async fn sign_in_again(&self) -> Result<(), Failure> {
        let _turn = turn().await;
        end_at_the_server().await?;
        self.end(SignOut::ToSignInAgain);
        Ok(())
    }
}
