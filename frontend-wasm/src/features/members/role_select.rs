//! A choice among the roles.

use curfew_shared::auth::Role;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::ui::{role_text, use_select_value::use_select_value};

/// Props of [`RoleSelect`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RoleSelectProps {
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// The label, if there is no other element for it.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    pub role: Role,
    /// Whether each role has an explanation.
    #[prop_or_default]
    pub is_explained: bool,
    /// Called on selection. The select keeps showing `role` until the parent changes it.
    pub on_choose: Callback<Role>,
}

/// Shows a role, and lets the person choose another.
#[component]
pub fn RoleSelect(props: &RoleSelectProps) -> Html {
    let select = use_select_value(props.role.as_str().into(), role_text::ALL.len());
    let onchange = {
        let (select, current, on_choose) = (select.clone(), props.role, props.on_choose.clone());
        Callback::from(move |_: Event| {
            let Some(select) = select.cast::<HtmlSelectElement>() else { return };
            let chosen = role_text::read(&select.value());
            select.set_value(current.as_str());
            if let Some(chosen) = chosen.filter(|chosen| *chosen != current) {
                on_choose.emit(chosen);
            }
        })
    };
    let name = if props.is_explained { role_text::name_and_meaning } else { role_text::name };
    html! {
        <select ref={select} id={props.id.clone()} aria-label={props.label.clone()} {onchange}>
            { for role_text::ALL.into_iter().map(|it| html! {
                <option value={it.as_str()}>{ name(it) }</option>
            }) }
        </select>
    }
}
