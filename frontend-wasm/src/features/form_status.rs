//! The state of a form from the state of its request.

use super::messages;
use crate::{
    api::{failure::Failure, use_request::RequestHandle},
    ui::form::FormStatus,
};

/// The state of a form that starts `request`; `message` explains a failure.
pub fn form_status<T>(request: &RequestHandle<T>, message: fn(&Failure) -> String) -> FormStatus {
    FormStatus {
        is_busy: request.is_busy(),
        alert: request.failure().map(|failure| message(failure).into()),
        errors: messages::field_errors(request.failure()),
    }
}
