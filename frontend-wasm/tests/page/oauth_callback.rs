//! The page to which a provider sends people back.

use curfew_shared::{error::ErrorCode, route::api::OAUTH_CALLBACK};
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, has_title, open},
    server::{Fate, Server},
};
use curfew_frontend::browser::storage;

const ADDRESS: &str = "/oauth/callback/example?code=a&state=b";

fn server(fate: Fate) -> Server {
    let callback = OAUTH_CALLBACK.replace("{provider}", "example");
    Server::start(move |call, _| if call.path == callback { fate.clone() } else { Fate::Well })
}

#[test]
async fn every_refusal_says_what_to_do() {
    for (fate, words) in [
        (Fate::Refused(ErrorCode::OauthStateInvalid), "or took too long. Begin again."),
        (Fate::Refused(ErrorCode::OauthDenied), "Try again, or sign in another way."),
        (Fate::Refused(ErrorCode::OauthFailed), "Begin again; if it stays, tell the operator."),
        (Fate::Refused(ErrorCode::OauthUnavailable), "Try again in a moment, or sign in another way."),
        (Fate::Refused(ErrorCode::OauthLinkRequired), "Sign in with the password once"),
        (Fate::Refused(ErrorCode::EmailNotVerified), "Open the link in it, then sign in again."),
        (Fate::Refused(ErrorCode::RegistrationClosed), "New accounts are by invitation only."),
        (Fate::Refused(ErrorCode::InvalidCredentials), "Ask an owner of the account."),
        (Fate::Refused(ErrorCode::InvalidLink), "Ask whoever invited you to send it again."),
        (Fate::RefusedFor(ErrorCode::TooManyRequests, 60), "Too many attempts. Try again in 60 seconds."),
        (Fate::Lost, "Try again in a moment."),
    ] {
        let _server = server(fate);
        let screen = open(ADDRESS);
        screen.reads("#oauth-alert", words).await;
        has_focus("h1").await;
        has_title("That did not work · Curfew").await;
        assert!(
            screen.query("#oauth-back").is_some_and(|back| back.text_content() != Some("Go back".into()))
        );
        let address = curfew_frontend::browser::dom::path_and_query();
        assert_eq!(address.as_deref(), Some("/oauth/callback/example"), "neither code nor state stays");
    }
}

#[test]
async fn who_is_signed_in_goes_back_to_where_they_were() {
    for (code, words) in [
        (ErrorCode::IdentityMismatch, "Begin again as the one whom you linked there."),
        (ErrorCode::IdentityTaken, "Unlink it there first."),
    ] {
        let _server = server(Fate::Refused(code));
        storage::set("curfew.session", "open 9000000000000");
        storage::set_in_tab("curfew.next", "/account/profile");
        let screen = open(ADDRESS);
        screen.reads("#oauth-alert", words).await;
        screen.sees("#oauth-back", "Go back").await;
        screen.find("a[href='/account/profile'] #oauth-back").await;
    }
}
