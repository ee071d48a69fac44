//! A choice among the roles.

use curfew_shared::auth::Role;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::chosen::use_chosen;
use crate::role;

/// Props of [`RoleSelect`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RoleSelectProps {
    /// The id of the element, where a label needs it.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// The label, where there is none beside it.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// The role that is.
    pub role: Role,
    /// Whether each is explained.
    #[prop_or_default]
    pub is_explained: bool,
    /// Called with another role. Until `role` is that one, what is goes on being shown.
    pub on_choose: Callback<Role>,
}

/// Shows the role that is, and asks for another.
#[component]
pub fn RoleSelect(props: &RoleSelectProps) -> Html {
    let select = use_chosen(props.role.as_str().into(), role::ALL.len());
    let onchange = {
        let (select, is, on_choose) = (select.clone(), props.role, props.on_choose.clone());
        Callback::from(move |_: Event| {
            let Some(select) = select.cast::<HtmlSelectElement>() else { return };
            let chosen = role::read(&select.value());
            select.set_value(is.as_str());
            if let Some(chosen) = chosen.filter(|chosen| *chosen != is) {
                on_choose.emit(chosen);
            }
        })
    };
    let name = if props.is_explained { role::name_and_meaning } else { role::name };
    html! {
        <select ref={select} id={props.id.clone()} aria-label={props.label.clone()} {onchange}>
            { for role::ALL.into_iter().map(|it| html! {
                <option value={it.as_str()}>{ name(it) }</option>
            }) }
        </select>
    }
}
