//! The client in context: made once at the root, found by every component below.

use yew::prelude::*;

use super::{
    auth_state::AuthState,
    auth_store::AuthStore,
    client::Client,
    reauth_prompt::ReauthPrompt,
    tab_sync::{TabMessage, TabSync},
};
use crate::browser::storage;

/// Props of [`ClientProvider`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ClientProviderProps {
    pub initial: AuthState,
    pub children: Html,
}

/// Gives everything below it one client, and keeps its state in step with the other tabs.
#[component]
pub fn ClientProvider(props: &ClientProviderProps) -> Html {
    let initial = props.initial.clone();
    let state = use_reducer_eq(move || initial);
    let tabs = use_state(TabSync::open);
    let prompt = use_state(ReauthPrompt::default);
    let client = Client::new(AuthStore::new(state), (*tabs).clone(), (*prompt).clone());
    {
        let store = client.store().clone();
        use_effect_with((), move |()| {
            let listener = tabs.subscribe(move |message| {
                if matches!(message, TabMessage::Ended { .. }) {
                    // The tab that sent it has cleared the storage that all share.
                    storage::clear_tab();
                }
                store.dispatch(message.into());
            });
            move || drop(listener)
        });
    }
    html! {
        <ContextProvider<Client> context={client}>{ props.children.clone() }</ContextProvider<Client>>
    }
}

/// The client. The component renders again whenever the auth state changes.
///
/// # Panics
/// Outside a [`ClientProvider`], which would be a mistake in the page's own tree.
#[hook]
pub fn use_client() -> Client {
    match use_context::<Client>() {
        Some(client) => client,
        None => unreachable!("the page is wrapped in a ClientProvider"),
    }
}
