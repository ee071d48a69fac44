//! Buttons to sign in with a provider, as each provider's branding rules ask for.

use curfew_shared::oauth::{Provider, ProviderIcon};
use yew::prelude::*;

/// Props of [`ProviderButtons`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ProviderButtonsProps {
    pub providers: Vec<Provider>,
    /// The label before the provider's name: “Sign in with”, for example.
    pub action: AttrValue,
    /// Whether a press has no effect.
    #[prop_or_default]
    pub is_busy: bool,
    /// Called with the provider's name in the API.
    pub on_press: Callback<String>,
}

/// A button for each provider.
#[component]
pub fn ProviderButtons(props: &ProviderButtonsProps) -> Html {
    let is_busy = props.is_busy;
    html! {
        <div class="providers">
            { for props.providers.iter().map(|provider| {
                let (name, on_press) = (provider.name.clone(), props.on_press.clone());
                let onclick = move |_: MouseEvent| {
                    if !is_busy {
                        on_press.emit(name.clone());
                    }
                };
                html! {
                    <button
                        key={provider.name.clone()} type="button" {onclick} aria-disabled={is_busy.then_some("true")}
                        class={classes!("provider", format!("provider-{}", provider.name))}
                    >
                        { icon(provider.icon) }
                        <span>{ format!("{} {}", props.action, provider.display_name) }</span>
                    </button>
                }
            }) }
        </div>
    }
}

fn icon(icon: ProviderIcon) -> Html {
    let paths: &[(&'static str, &'static str)] = match icon {
        ProviderIcon::Google => &[
            (
                "#4285f4",
                "M22.5 12.2c0-.8-.1-1.5-.2-2.2H12v4.3h5.9a5 5 0 0 1-2.2 3.3v2.7h3.5c2.1-1.9 3.3-4.7 3.3-8.1z",
            ),
            (
                "#34a853",
                "M12 23c3 0 5.5-1 7.3-2.7l-3.5-2.7c-1 .7-2.2 1-3.8 1-2.9 0-5.3-1.9-6.2-4.5H2.2v2.8A11 11 0 0 0 12 23z",
            ),
            ("#fbbc05", "M5.8 14.1a6.6 6.6 0 0 1 0-4.2V7.1H2.2a11 11 0 0 0 0 9.8z"),
            (
                "#ea4335",
                "M12 5.4c1.6 0 3.1.6 4.2 1.6l3.2-3.1A11 11 0 0 0 2.2 7.1l3.6 2.8C6.7 7.3 9.1 5.4 12 5.4z",
            ),
        ],
        ProviderIcon::Microsoft => &[
            ("#f25022", "M2 2h9.5v9.5H2z"),
            ("#7fba00", "M12.5 2H22v9.5h-9.5z"),
            ("#00a4ef", "M2 12.5h9.5V22H2z"),
            ("#ffb900", "M12.5 12.5H22V22h-9.5z"),
        ],
        ProviderIcon::Key => &[(
            "currentColor",
            "M8 7a5 5 0 1 0 4.6 7H15v3h4v-3h3v-4h-9.4A5 5 0 0 0 8 7zm0 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
        )],
    };
    html! {
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
            { for paths.iter().map(|(fill, d)| html! { <path fill={*fill} d={*d} /> }) }
        </svg>
    }
}
