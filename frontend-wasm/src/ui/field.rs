//! A labelled input with its error.

use yew::prelude::*;

/// Props of [`Field`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct FieldProps {
    /// The id of the input; its error has the same with `-error` after it.
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or("text".into())]
    pub input_type: AttrValue,
    pub autocomplete: AttrValue,
    #[prop_or_default]
    pub maxlength: Option<AttrValue>,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// The input. It is not controlled: the value survives every render and is read through this.
    pub input: NodeRef,
    /// Shown at the end of the input, for example a button.
    #[prop_or_default]
    pub children: Html,
}

/// A labelled input with its hint and its error.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let error_id = format!("{}-error", props.id);
    let hint_id = format!("{}-hint", props.id);
    let has_error = props.error.is_some();
    let described = [props.hint.as_ref().map(|_| &*hint_id), has_error.then_some(&*error_id)];
    let described: Vec<_> = described.into_iter().flatten().collect();
    html! {
        <div class="field">
            <label for={props.id.clone()}>{ &props.label }</label>
            <div class="input">
                <input
                    ref={props.input.clone()}
                    id={props.id.clone()}
                    name={props.id.clone()}
                    type={props.input_type.clone()}
                    autocomplete={props.autocomplete.clone()}
                    maxlength={props.maxlength.clone()}
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                    aria-invalid={has_error.then_some("true")}
                    aria-describedby={(!described.is_empty()).then(|| described.join(" "))}
                />
                { props.children.clone() }
            </div>
            if let Some(hint) = &props.hint {
                <p id={hint_id} class="hint">{ hint }</p>
            }
            if let Some(error) = &props.error {
                <p id={error_id} class="error">{ error }</p>
            }
        </div>
    }
}
