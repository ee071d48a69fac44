//! The client and, through it, the store: made once at the root, found by context everywhere below.

use yew::prelude::*;

use crate::{
    api::{Client, Prompt},
    browser::storage,
    store::{
        AuthStore,
        auth::AuthState,
        tabs::{News, Tabs},
    },
};

/// Props of [`ClientProvider`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ClientProviderProps {
    /// What the page knows to begin with.
    pub initial: AuthState,
    /// What may use the client.
    pub children: Html,
}

/// Gives everything below it one client, and keeps its store in step with the other tabs.
#[component]
pub fn ClientProvider(props: &ClientProviderProps) -> Html {
    let initial = props.initial.clone();
    let state = use_reducer_eq(move || initial);
    let tabs = use_state(Tabs::join);
    let prompt = use_state(Prompt::default);
    let client = Client::new(AuthStore::new(state), (*tabs).clone(), (*prompt).clone());
    {
        let store = client.store().clone();
        use_effect_with((), move |()| {
            let listener = tabs.listen(move |news| {
                if matches!(news, News::Ended { .. }) {
                    // What the tabs share has been forgotten by the one that says so.
                    storage::clear_tab();
                }
                store.dispatch(news.into());
            });
            move || drop(listener)
        });
    }
    html! {
        <ContextProvider<Client> context={client}>{ props.children.clone() }</ContextProvider<Client>>
    }
}

/// The client. The component renders again whenever the store changes.
///
/// # Panics
/// Outside a [`ClientProvider`], which is a mistake in the page's own tree.
#[hook]
pub fn use_client() -> Client {
    match use_context::<Client>() {
        Some(client) => client,
        None => unreachable!("the page is wrapped in a ClientProvider"),
    }
}
