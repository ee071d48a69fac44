//! Live regions, such as the banner above the sign-in form.

use curfew_frontend::components::{Live, LiveProps};
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::screen::Screen;

fn props(words: Option<&'static str>) -> LiveProps {
    LiveProps { id: "banner".into(), is_alert: false, words: words.map(Into::into) }
}

#[test]
async fn a_message_comes_into_a_region_that_stood_there_empty() {
    let screen = Screen::<Live>::show(props(Some("Your session has expired.")));
    let region = screen.find("#banner[role=status]").await;
    assert_eq!(region.text_content().as_deref(), Some(""), "empty at first");
    screen.sees("#banner", "Your session has expired.").await;
    assert!(region.is_connected(), "the same region, not a new one");
}

#[test]
async fn a_message_that_no_longer_holds_is_taken_away() {
    let mut screen = Screen::<Live>::show(props(Some("Your session has expired.")));
    screen.sees("#banner", "Your session has expired.").await;
    screen.update(props(None));
    screen.sees("#banner", "").await;
    screen.lacks("#banner p").await;
}
