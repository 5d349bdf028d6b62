//! phuluc collects official reports by e-mail.

pub mod agency;
pub mod appendix;
pub mod attachment;
pub mod calendar;
pub mod campaign;
pub mod clock;
pub mod config;
pub mod finding;
pub mod form;
pub mod letter;
pub mod mailbox;
pub mod message;
pub mod outgoing;
pub mod setup;
pub mod sheet;
pub mod store;
pub mod text;
pub mod workbook;
