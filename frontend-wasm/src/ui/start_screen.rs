//! The screen until the server has said whether this browser is signed in.

use yew::prelude::*;

/// Props of [`StartScreen`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct StartScreenProps {
    /// Why the server cannot be asked, as a headline.
    #[prop_or_default]
    pub problem: Option<AttrValue>,
    /// Called to try again immediately.
    pub on_retry: Callback<()>,
}

/// A spinner, or the reason why the server cannot be asked.
#[component]
pub fn StartScreen(props: &StartScreenProps) -> Html {
    html! {
        <div class="start">
            <div role="status" class="live">
                if let Some(problem) = &props.problem {
                    <h1 tabindex="-1">{ problem }</h1>
                    <p class="lead">
                        { "So we could not ask whether you are still signed in. If you were, nothing has ended. \
                           We’ll keep trying by ourselves." }
                    </p>
                } else {
                    <h1 tabindex="-1" class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Looking for your session…" }</h1>
                }
            </div>
            if props.problem.is_some() {
                <button id="retry" type="button" class="button" onclick={props.on_retry.reform(|_: MouseEvent| ())}>
                    { "Try now" }
                </button>
            }
        </div>
    }
}
