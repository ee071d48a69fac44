//! The operator's commands, and their arguments.

use clap::{Args, Subcommand};
use curfew_shared::{
    auth::Role,
    id::{AccountId, SessionId},
};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account with its first owner, who is verified
    Create {
        /// The account's name
        #[arg(long)]
        name: String,
        /// The owner's e-mail address
        #[arg(long)]
        owner_email: String,
        /// The owner's name
        #[arg(long)]
        owner_name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Close an account for good: delete its users, sessions and invitations, and tell its people by mail
    Close {
        /// The account's id
        #[arg(long)]
        account: AccountId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make a user, who is verified
    Create {
        /// The account's id
        #[arg(long)]
        account: AccountId,
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        /// The user's name
        #[arg(long)]
        name: String,
        /// owner, engineer or viewer
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set a user's password, and end all of the user's sessions
    SetPassword {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Bar a user from signing in, and end all of the user's sessions
    Deactivate {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Delete a user for good, which frees the e-mail address
    Delete {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Let a deactivated user sign in again
    Reactivate {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input, up to the end of the line
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// Print the live sessions, newest first
    List {
        /// Of this account alone
        #[arg(long)]
        account: Option<AccountId>,
        /// Of the user with this e-mail address alone
        #[arg(long)]
        email: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// End a session, or all of a user's
    #[command(group(clap::ArgGroup::new("which").required(true).args(["id", "email"])))]
    Revoke {
        /// The session's id
        #[arg(long)]
        id: Option<SessionId>,
        /// The e-mail address of the user whose sessions are to end
        #[arg(long)]
        email: Option<String>,
    },
}

fn role(word: &str) -> Result<Role, String> {
    serde_json::from_value(word.into()).map_err(|_| "must be owner, engineer or viewer".to_owned())
}
