//! What is shown until the server has said whether this browser is signed in.

use yew::prelude::*;

/// A quiet wait, or an honest word about a server that does not answer: what keeps it from that, as a
/// headline. `on_retry` is called when somebody wants to try again at once.
pub fn start_screen(trouble: Option<&'static str>, on_retry: &Callback<()>) -> Html {
    let onclick = on_retry.reform(|_: MouseEvent| ());
    html! {
        <div class="start">
            <div role="status" class="live">
                if let Some(trouble) = trouble {
                    <h1 tabindex="-1">{ trouble }</h1>
                    <p class="lead">
                        { "So we could not ask whether you are still signed in. If you were, nothing has ended. \
                           We’ll keep trying by ourselves." }
                    </p>
                } else {
                    <h1 tabindex="-1" class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Looking for your session…" }</h1>
                }
            </div>
            if trouble.is_some() {
                <button id="retry" type="button" class="button" {onclick}>{ "Try now" }</button>
            }
        </div>
    }
}
