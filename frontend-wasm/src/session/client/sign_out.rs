//! The ways to sign out.

use curfew_shared::error::ErrorCode;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::{COOKIE_LOCK, Client, lock_cookie};
use crate::{
    api::{auth, failure::Failure, request::send},
    browser::{dom, lock, storage},
    session::{
        auth_state::{AuthAction, SignOutReason},
        session_marker::{self, SessionMarker},
        tab_sync::TabMessage,
    },
};

/// How long the last message may take to be painted, in milliseconds.
const PAINT_TIMEOUT_MS: u32 = 500;

impl Client {
    /// Ends the session, in all tabs. If the server cannot be told, the session is unchanged.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        // Waiting for a refresh under way makes sure that the cookie names the newest generation.
        let _lock = lock_cookie().await;
        end_at_server().await?;
        self.clear_session(SignOutReason::ByUser);
        Ok(())
    }

    /// Clears the page although the server cannot be told yet. It is told as soon as it can be.
    pub fn sign_out_here(&self) {
        self.clear_session(SignOutReason::Unconfirmed);
        session_marker::write(SessionMarker::SignOutPending);
    }

    /// Tells the server of a sign-out that it could not be told of before.
    pub async fn confirm_sign_out(&self) {
        let _lock = lock_cookie().await;
        // Otherwise another tab has told it, or someone has signed in.
        if session_marker::read() == Some(SessionMarker::SignOutPending) {
            if let Err(failure) = end_at_server().await {
                self.schedule_retry(&failure);
                return;
            }
            storage::clear();
        }
        self.store.dispatch(AuthAction::SignOutConfirmed);
    }

    /// Clears the page in all tabs after the server has ended this session too, once the person has had `pause_ms` to
    /// read the last message.
    pub async fn sign_out_after(&self, pause_ms: u32) {
        let longest_pause = TimeoutFuture::new(PAINT_TIMEOUT_MS + pause_ms);
        spawn_local(async move {
            // No tab refreshes meanwhile: the refusal would look like a revocation by someone else.
            if let Some(guard) = lock::acquire(COOKIE_LOCK, pause_ms).await {
                // Removes the dead cookie; it does no harm where it stays.
                let _ = send(auth::logout()).await;
                longest_pause.await;
                drop(guard);
            }
        });
        dom::next_paint_within(PAINT_TIMEOUT_MS).await;
        TimeoutFuture::new(pause_ms).await;
        self.clear_session(SignOutReason::ByUser);
    }

    /// Ends the session so that the person can sign in again and continue in the same place. If the server cannot be
    /// told, the session is unchanged.
    pub async fn sign_in_again(&self) -> Result<(), Failure> {
        let _lock = lock_cookie().await;
        end_at_server().await?;
        self.clear_session(SignOutReason::ToSignInAgain);
        Ok(())
    }

    /// Forgets the session here and in the other tabs: memory, storage, and with them the page.
    pub fn clear_session(&self, reason: SignOutReason) {
        storage::clear();
        let session = self.store.read(|state| state.session().map(|session| session.id));
        self.store.dispatch(AuthAction::Ended { reason, session: None });
        if let Some(session) = session {
            self.tabs.broadcast(&TabMessage::Ended { reason, session });
        }
    }
}

/// Ends the session of the cookie. A server that does not know the session has nothing left to end.
async fn end_at_server() -> Result<(), Failure> {
    match send(auth::logout()).await {
        Err(failure) if failure.code().map(ErrorCode::status) == Some(401) => Ok(()),
        result => result,
    }
}
