//! Home: who is signed in, and how long the session lasts.

use yew::prelude::*;

use super::session_card::SessionCard;
use crate::{
    features::person_card::PersonCard,
    session::use_client::use_client,
    ui::use_document_title::{Focus, use_document_title},
};

/// Who is signed in, and how long the session lasts.
#[component]
pub fn Home() -> Html {
    use_document_title("Home", Focus::Untouched);
    let name = use_client().store().read(|state| state.session().map(|it| it.user.name.clone()));
    let Some(name) = name else { return Html::default() };
    html! {
        <div class="home">
            <h1 tabindex="-1">{ format!("Hello, {name}") }</h1>
            <div class="cards">
                <PersonCard />
                <SessionCard />
            </div>
        </div>
    }
}
