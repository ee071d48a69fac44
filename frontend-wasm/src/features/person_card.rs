//! Who is signed in.

use yew::prelude::*;

use crate::{
    session::use_client::use_client,
    ui::{email_address::email_address, fact::Fact, role_text},
};

/// The name, address, role and account of the person who is signed in.
#[component]
pub fn PersonCard() -> Html {
    let Some(session) = use_client().store().read(|state| state.session().cloned()) else {
        return Html::default();
    };
    html! {
        <section id="you" class="card" aria-labelledby="you-title">
            <h2 id="you-title">{ "You" }</h2>
            <dl class="facts">
                <Fact name="Name">{ &session.user.name }</Fact>
                <Fact name="E-mail">{ email_address(&session.user.email) }</Fact>
                <Fact name="Role">{ role_text::name(session.user.role) }</Fact>
                <Fact name="Account">{ &session.account.name }</Fact>
            </dl>
        </section>
    }
}
