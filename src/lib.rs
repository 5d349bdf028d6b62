//! phuluc collects official reports by e-mail. A ministry asks ninety agencies to fill in the appendix of an
//! official letter; they answer with workbooks of every sort; phuluc reads each, records it, and answers with
//! a receipt or a request for correction that names the very cell.
//!
//! # Words
//!
//! - **agency**: a body that owes a report; **registry**: the file that lists them.
//! - **campaign**: one official letter with its form, registry, calendar and deadline.
//! - **form**: the declaration of an appendix; **appendix**: the file of a mail that is the form, filled in.
//! - **report**: an appendix as it was read, a numbered version of its agency's answers.
//! - **finding**: one thing to say about a report: a code, a severity, a place. **Verdict**: what follows.
//! - **message**: a mail as it was kept; **held**: it waits for staff.
//! - **letter**: what we write: receipt, correction request, and so on; **outbox**: letters on their way.
//!
//! # Floors
//!
//! A module imports only from floors below it; `tests/house.rs` holds that.
//!
//! | floor | modules | what |
//! |---|---|---|
//! | words | [`text`] [`mod@secrecy`] [`clock`] [`calendar`] [`agency`] [`campaign`] [`ladder`] [`finding`] [`config`] [`backoff`] [`step`] [`pulse`] [`trouble`] | the field's words, no I/O |
//! | reading | [`attachment`] [`encoding`] [`message`] [`workbook`] [`form`] [`appendix`] [`official`] [`fence`] | bytes to answers and findings, pure |
//! | writing | [`letter`] [`sheet`] | findings to letters and workbooks, pure |
//! | keeping | [`setup`] (files), [`store`] (the only SQL), [`progress`], [`export`] | what is known, and its tables |
//! | wires | [`tls`] [`oauth2`] [`mailbox`] [`outgoing`] [`resolver`] [`web`] | the only sockets, blind to the store |
//! | duties | [`duty`] | one thing, once |
//! | pages | [`page`] | what staff may look at in a browser; it changes nothing |
//! | rhythm | [`schedule`] (pure), [`health`], [`daemon`] | what is due, whether all is well; every loop and signal |
//! | doors | [`cli`], `main.rs` | one file an operator's act |
//!
//! # One report's path
//!
//! [`duty::receive`] keeps, reads and files beside each other. `duty::keep` lists the mailbox and commits each new mail's
//! bytes, a few mails at a time, before anything on the server is touched.
//! Each kept message is then read (`duty::handle`; the next ones meanwhile), behind the [`fence`]: [`message`] makes
//! a [`message::Mail`] of it, [`message::automatic`] says whether it may be answered at all, [`duty::evidence`]
//! gathers what speaks for its sender (DNS is asked for the keys of its signatures, which are checked behind the
//! fence), [`duty::identify`] says whose it is and [`message::trust`] whether that is proved, [`appendix`] which of
//! its files is the form. [`workbook`] turns that file into cells; [`form::parts`] finds sections, columns and rows by
//! their words ([`form`]'s `locate`), understands each cell (`value`), and asks the form's rules (`rules`).
//! [`duty::decide`] says what follows from all of this, and touches nothing; `duty::repeated` knows a mail that came before,
//! and `duty::settled` takes back what its agency does not owe. [`duty::judge`] goes this way with one message; outcome, report
//! and letter (`duty::answer`) are then recorded in one transaction, and only after that `duty::file` moves the mail on the
//! server. What was judged counts only while it still holds what it was judged by (`duty::scope` for what this daemon recorded
//! meanwhile, [`store::standing`] for the others). A daemon that dies in between finds its work in the database. Where several
//! share one PostgreSQL, a message is in the hands of one of them while it is read ([`store::presence`]), and whoever lost it
//! records nothing.
//!
//! # One letter's path
//!
//! The letter is rendered from `config/letters/` ([`letter`]); `duty::post` composes a whole mail of it with its
//! Message-ID ([`letter::compose`]) and queues it in the transaction of the fact it tells, once for each fact. Answers
//! have limits (`duty::limits`). [`duty::deliver`] takes one after the other, in order for each agency: noted as `sending` first,
//! then handed to [`outgoing`], then noted as sent, put off, failed, or uncertain. An uncertain letter is never sent
//! again by itself.
//!
//! A letter that comes back is told by [`message::delivery`]; [`duty::bounce`] says what follows, if it proves to be ours.
//!
//! # What goes by the calendar
//!
//! [`schedule`] is one page: name, when, why. The daemon asks it each minute what is due and calls the duty:
//! [`duty::remind`] climbs the [`ladder`], [`duty::digest`] tells staff of the day with [`duty::tabulate`]'s numbers and [`export`]'s
//! workbook. [`duty::announce`] opens a campaign when staff say so. Letters that nobody asked for wait for their hours, and
//! `duty::fate` asks once more whether they are true when they leave. What staff decide ([`duty::obligation`]) is a row that
//! the next question finds.
//!
//! # What never happens
//!
//! - Nothing on the mail server is changed before the raw message is committed here.
//! - No mail and no workbook is read in the process that holds the mailbox and the store, but by [`fence`]; the daemon only
//!   looks where a mail's head ends.
//! - No letter leaves that is not in the outbox; none goes to two addresses, to Cc or to Reply-To.
//! - No machine's mail is answered but one that brings a report of an agency, and none of a stranger: an answer goes to an
//!   address that the registry or staff know, or that got the letter it quotes.
//! - No sentence of a letter stands in Rust; no form's words do either.
//! - No module but [`clock`] asks the machine for the time; none but [`store`] speaks SQL.
//! - Reading never fails because of the sender: it returns values and findings; an `Err` is our own trouble.
//! - What kills the reader of a mail is an outcome to record.
//!
//! # Decisions
//!
//! - **The database** is reached through sqlx's `Any` with a restricted schema (integers, text, blobs; times
//!   as microseconds), not through a store generic over the database: one SQL text runs on SQLite and
//!   PostgreSQL alike, the compiler sees one type, and only migrations and what `store/connect` holds differ.
//! - **Forms** are TOML with conditions in CEL, as Kubernetes has them for validation; a language of our own
//!   would have to be learned. A first declaration is guessed from a blank workbook ([`form::draft`]).
//! - **A correction** goes out on our own form, filled with what was sent and marked, because every library
//!   that edits a sender's workbook loses something of it; so one writer serves every input format.
//! - **MIME** is walked by our own code; mail-parser reads its dates, charsets and HTML. Real mail breaks
//!   names, boundaries and encoded words in ways that need the raw bytes at every step.
//! - **SMTP** goes through lettre command by command, because only that tells a cut before the end of the
//!   letter from one after it.
//! - **Signatures** are checked by mail-auth, with keys that the parent looks up: the reading process has no
//!   socket, and the parent reads no mail.
//!
//! # What this program will not do
//!
//! No web forms, no portal, no plug-ins, no ORM, no broker, no reply by anything but e-mail.

pub mod agency;
pub mod appendix;
pub mod attachment;
pub mod backoff;
pub mod calendar;
pub mod campaign;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod duty;
pub mod encoding;
pub mod export;
pub mod fence;
pub mod finding;
pub mod form;
pub mod health;
pub mod ladder;
pub mod letter;
pub mod mailbox;
pub mod message;
pub mod oauth2;
pub mod official;
pub mod outgoing;
pub mod page;
pub mod progress;
pub mod pulse;
pub mod resolver;
pub mod schedule;
pub mod secrecy;
pub mod setup;
pub mod sheet;
pub mod step;
pub mod store;
pub mod text;
pub mod tls;
pub mod trouble;
pub mod web;
pub mod workbook;
