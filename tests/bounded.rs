//! What the daemon costs does not grow with its mailbox or its history: peak memory while it drains many mails and
//! one very large one, and the bytes of a poll that finds nothing new over few and over very many old mails. The
//! numbers are printed; `PHULUC_LONG=1` measures larger ones.

mod harness;

use harness::{Dovecot, Encryption, Office, PATIENCE, Script, SmtpSink, within};
use phuluc::{
    clock::Clock,
    duty::Desk,
    message,
    setup::Setup,
    store::{
        filing,
        messages::{self, Kept, KeptMail, MessageKind, MessageOutcome},
    },
};
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

fn long() -> bool {
    std::env::var_os("PHULUC_LONG").is_some()
}

/// The most memory a process ever held, in MiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Bytes that no compression makes smaller, from a seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// A mail of an agency with a scanned document of so many bytes.
fn mail(number: usize, size: usize) -> Vec<u8> {
    let body = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, noise(number as u64 + 1, size));
    let lines: Vec<&str> = body.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let agency = number % harness::AGENCIES;
    let mail = format!(
        "From: a@tinh{agency}.example\r\nTo: bao-cao@mic.example\r\nSubject: Cong van {number}\r\n\
         Message-ID: <scan-{number}@tinh{agency}.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/pdf; name=\"CV.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"CV.pdf\"\r\n\r\n{}\r\n",
        lines.join("\r\n")
    );
    mail.into_bytes()
}

/// The daemon's peak in MiB after it drained so many mails of this size.
fn drained(mails: usize, size: usize) -> u64 {
    let office = Office::open();
    (0..mails).for_each(|number| office.dovecot.deliver(&mail(number, size)));
    let daemon = office.daemon();
    let patience = PATIENCE + Duration::from_millis(500) * u32::try_from(mails).unwrap();
    assert!(within(patience, || daemon.log().contains("mailbox polled")), "{}", daemon.log());
    let peak = peak(daemon.child.id());
    assert_eq!(office.dovecot.count("Processed"), mails, "{}", daemon.log());
    println!("{mails} mails of {} kB: peak {peak} MiB", size * 4 / 3 / 1000);
    peak
}

#[test]
fn memory_does_not_grow_with_the_number_of_mails() {
    let few = drained(20, 75_000);
    let many = drained(if long() { 10_000 } else { 150 }, 75_000);
    assert!(many < 80, "{many} MiB");
    assert!(many < few + 16, "{few} MiB for few, {many} MiB for many");
}

#[test]
fn a_very_large_attachment_costs_a_few_times_its_size() {
    let peak = drained(1, 25_000_000);
    // The mail has 34 MB: as it comes from the server, as the database takes it, as its reader gets it.
    assert!(peak < 256, "{peak} MiB");
}

/// A line between the program and its server that counts what passes.
struct Counted {
    port: u16,
    bytes: Arc<AtomicU64>,
}

impl Counted {
    fn to(server: u16) -> Counted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, bytes) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let counter = bytes.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    let counter = counter.clone();
                    std::thread::spawn(move || {
                        let mut piece = [0; 64 * 1024];
                        while let Ok(read @ 1..) = from.read(&mut piece) {
                            counter.fetch_add(read as u64, Ordering::Relaxed);
                            if to.write_all(&piece[..read]).is_err() {
                                break;
                            }
                        }
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        Counted { port, bytes }
    }

    fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

/// Notes so many mails as kept and done earlier, as a history of months leaves them.
fn remember(office: &Office, mails: usize) {
    let told = office.dovecot.doveadm(&["mailbox", "status"], &["uidvalidity", "INBOX"]);
    let validity: u32 = told.trim().rsplit_once('=').unwrap().1.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let setup = Arc::new(Setup::load(&office.config()).unwrap());
        let desk = Desk::open(setup, Clock::System).await.unwrap();
        let now = desk.clock.now();
        let mut tx = desk.store.begin().await.unwrap();
        for uid in 1..=mails {
            let (raw, uid) = (format!("Subject: {uid}\r\n\r\n"), uid.to_string());
            let sha256 = message::hash(raw.as_bytes());
            let size = raw.len() as u64;
            let (folder, raw) = ("INBOX", raw.as_bytes());
            let mail = KeptMail { folder, validity, uid: &uid, raw, sha256: &sha256, size, received_at: now };
            let Kept::New(id) = messages::keep(&mut tx, &mail, now).await.unwrap() else { panic!("{uid} is known") };
            messages::record_outcome(&mut tx, id, &MessageOutcome::of(MessageKind::Question)).await.unwrap();
        }
        filing::raise_watermark(&mut tx, "INBOX", validity, u32::try_from(mails).unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        desk.store.close().await;
    });
}

/// The bytes between program and server in a turn that finds nothing new over so many old mails.
fn idle(mails: usize) -> u64 {
    let dovecot = Dovecot::start();
    let line = Counted::to(dovecot.imaps_port);
    let sink = SmtpSink::start(Script { encryption: Encryption::Implicit, login: true, ..Script::default() });
    let office = Office::with_servers(dovecot, sink, "sqlite:data/phuluc.db");
    let config = fs::read_to_string(office.config()).unwrap();
    let config =
        config.replace(&format!("localhost:{}", office.dovecot.imaps_port), &format!("localhost:{}", line.port));
    fs::write(office.config(), config.replace("[mailbox]\n", "[mailbox]\nfiled = \"\"\n")).unwrap();
    (0..mails).for_each(|number| office.dovecot.deliver(format!("Subject: {number}\r\n\r\n").as_bytes()));
    assert_eq!(office.dovecot.count("INBOX"), mails);
    remember(&office, mails);
    let told = office.run_once();
    assert!(told.starts_with("0 mails kept, 0 read"), "{told}");
    line.take();
    office.run_once();
    let bytes = line.take();
    println!("an idle turn over {mails} old mails: {bytes} bytes");
    bytes
}

#[test]
fn an_idle_poll_costs_the_same_over_few_and_over_very_many_old_mails() {
    let few = idle(10);
    let many = idle(if long() { 40_000 } else { 1_000 });
    // The numbers in the answers are longer, no more.
    assert!(many < few + 500, "{few} bytes over few, {many} over many");
}
