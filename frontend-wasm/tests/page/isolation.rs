//! A test that leaves everything behind, as one that panics does, and the one after it. The runner takes them in
//! either order, so each does both.

use curfew_shared::{error::ErrorCode, route::page};
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{
    screen::{has_focus, open},
    server::{Fate, Server},
};
use curfew_frontend::browser::storage;

async fn finds_a_clean_page_and_leaves_its_own_behind() {
    let server = Server::start(|_, _| Fate::Refused(ErrorCode::InvalidRefreshToken));
    let document = web_sys::window().unwrap().document().unwrap();
    assert_eq!(document.query_selector_all("#main, dialog, input").unwrap().length(), 0);
    assert!(storage::get("left").is_none() && storage::get_from_tab("left").is_none());
    let screen = open(page::FORGOT_PASSWORD);
    screen.enter("#email", "ada@example.com").await;
    screen.input("#email").await.focus().unwrap();
    has_focus("#email").await;
    storage::set("left", "here");
    storage::set_in_tab("left", "here");
    std::mem::forget((screen, server));
}

#[test]
async fn one_test_that_leaves_its_screen_behind_does_not_disturb_the_next() {
    finds_a_clean_page_and_leaves_its_own_behind().await;
}

#[test]
async fn nor_does_another() {
    finds_a_clean_page_and_leaves_its_own_behind().await;
}

#[test]
async fn nor_does_a_third() {
    finds_a_clean_page_and_leaves_its_own_behind().await;
}
