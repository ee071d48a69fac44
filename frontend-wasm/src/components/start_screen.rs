//! What is shown until the server has said whether this browser is signed in.

use yew::prelude::*;

/// Props of [`StartScreen`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct StartScreenProps {
    /// What keeps the server from answering, as a headline.
    #[prop_or_default]
    pub trouble: Option<AttrValue>,
    /// Called when somebody wants to try again at once.
    pub on_retry: Callback<()>,
}

/// A quiet wait, or an honest word about a server that does not answer.
#[component]
pub fn StartScreen(props: &StartScreenProps) -> Html {
    let onclick = props.on_retry.reform(|_: MouseEvent| ());
    html! {
        <div class="start">
            <div role="status" class="live">
                if let Some(trouble) = &props.trouble {
                    <h1 tabindex="-1">{ trouble }</h1>
                    <p class="lead">
                        { "So we could not ask whether you are still signed in. If you were, nothing has ended. \
                           We'll keep trying by ourselves." }
                    </p>
                } else {
                    <h1 tabindex="-1" class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Looking for your session…" }</h1>
                }
            </div>
            if props.trouble.is_some() {
                <button id="retry" type="button" class="button" {onclick}>{ "Try now" }</button>
            }
        </div>
    }
}
