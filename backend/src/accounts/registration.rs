//! Registrations that wait for the e-mail address to be verified.

use chrono::{DateTime, Utc};

use crate::{
    app::App,
    domain::field,
    error::Result,
    mail::Mail,
    store::{
        Transaction,
        registrations::{self, Registration},
    },
    throttle,
};

/// Stores a registration until its e-mail address is verified, and sends the message with the link.
///
/// # Errors
///
/// When the database is away.
pub async fn insert_pending_registration(
    transaction: &Transaction,
    registration: &Registration,
    now: DateTime<Utc>,
) -> Result<()> {
    registrations::insert(transaction, registration, now).await?;
    let mail = Mail::Registered { registration_id: registration.id };
    Ok(mail.enqueue(transaction, &registration.email, now).await?)
}

/// The normal form of an e-mail address to which a client at `ip` has a message sent. Counts against its limits.
///
/// # Errors
///
/// `validation_failed`, or `too_many_requests`.
pub async fn throttled_recipient(app: &App, ip: Option<&str>, email: &str) -> Result<String> {
    let email = field::normal_email(email);
    field::refuse([field::check_email("email", &email)])?;
    throttle::message(app, &email, ip).await?;
    Ok(email)
}
