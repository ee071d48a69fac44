//! One folder a feature: its page, its components, its hooks and its texts. The files beside the folders are shared.

pub mod account;
pub mod audit;
pub mod form_status;
pub mod home;
pub mod invitation;
pub mod link_page;
pub mod list_end;
pub mod members;
pub mod messages;
pub mod nav_link;
pub mod not_found;
pub mod own_sessions;
pub mod owners_only;
pub mod person_card;
pub mod profile;
pub mod recovery;
pub mod registration;
pub mod return_path;
pub mod security;
pub mod sign_in;
pub mod use_confirmation;
pub mod use_cursor_list;
