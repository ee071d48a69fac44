//! An address that leads nowhere.

use yew::prelude::*;

use super::link;
use crate::{
    hooks::{Focus, use_page},
    route::Route,
};

/// Says so, and shows the way home.
#[component]
pub fn NotFound() -> Html {
    use_page("Page not found", Focus::Untouched);
    html! {
        <div class="start">
            <h1 tabindex="-1">{ "There is nothing here" }</h1>
            <p class="lead">{ "This address leads nowhere. It may be mistyped, or the page may have moved." }</p>
            { link(Route::Home, "button", "Go home".into()) }
        </div>
    }
}
