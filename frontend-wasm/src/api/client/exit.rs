//! The two ways to leave that come with what an owner of the account does.

use gloo_timers::future::TimeoutFuture;

use super::{COOKIE_LOCK, Client, LOCK_TIMEOUT_MS, end_at_the_server};
use crate::{
    api::{Failure, auth, send},
    browser::lock,
    store::auth::SignOut,
};

impl Client {
    /// Clears the page, in all tabs, `pause_ms` after the person has ended every session at the
    /// server, this one included.
    pub async fn leave(&self, pause_ms: u32) {
        // Nobody refreshes meanwhile: the refusal would look like somebody else's doing.
        let _turn = lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await;
        let pause = TimeoutFuture::new(pause_ms);
        // Takes the dead cookie away; it does no harm where it stays.
        let _ = send(auth::logout()).await;
        pause.await;
        self.end(SignOut::ByPerson);
    }

    /// Ends the session so that the person can sign in anew and go on in the same place.
    ///
    /// # Errors
    /// Why the server could not be told; the session is then as before.
    pub async fn sign_in_again(&self) -> Result<(), Failure> {
        let _turn = lock::acquire(COOKIE_LOCK, LOCK_TIMEOUT_MS).await;
        end_at_the_server().await?;
        self.end(SignOut::ToSignInAgain);
        Ok(())
    }
}
