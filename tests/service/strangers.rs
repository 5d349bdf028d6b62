//! Whoever connects to the daemon's health without ever asking: it costs a few descriptors, for a while, and nothing
//! else, neither the mail nor the daemon's end.

use super::{Office, PATIENCE, is_ready, watched, within};
use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::sleep};
use tokio_util::sync::CancellationToken;

/// How many are served at a time.
const PLACES: usize = 64;
/// How long a question may take to arrive.
const QUESTION: Duration = Duration::from_secs(10);

/// So many strangers at once, each of whom asks by one byte in half a second.
struct Strangers {
    /// How many have begun to ask, and how many of these were sent away.
    asking: Arc<AtomicUsize>,
    sent_away: Arc<AtomicUsize>,
    leave: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Strangers {
    fn come(address: SocketAddr, number: usize) -> Strangers {
        let (asking, sent_away, leave) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), CancellationToken::new());
        let (begun, ended, gone) = (asking.clone(), sent_away.clone(), leave.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for _ in 0..number {
                    let (begun, ended) = (begun.clone(), ended.clone());
                    tokio::spawn(async move {
                        let Ok(mut stranger) = TcpStream::connect(address).await else { return };
                        if stranger.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ").await.is_ok() {
                            begun.fetch_add(1, Ordering::Relaxed);
                            while stranger.write_all(b"x").await.is_ok() {
                                sleep(Duration::from_millis(500)).await;
                            }
                        }
                        ended.fetch_add(1, Ordering::Relaxed);
                    });
                }
                gone.cancelled().await;
            });
        });
        Strangers { asking, sent_away, leave, thread: Some(thread) }
    }

    fn are_asking(&self) -> usize {
        self.asking.load(Ordering::Relaxed)
    }

    fn were_sent_away(&self) -> usize {
        self.sent_away.load(Ordering::Relaxed)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.leave.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn a_thousand_slow_strangers_hurt_nobody() {
    let office = Office::open();
    let (daemon, address) = watched(&office);
    assert!(within(PATIENCE, || is_ready(address)), "{}", daemon.log());
    let strangers = Strangers::come(address, 1000);
    assert!(within(PATIENCE, || strangers.are_asking() > 8 * PLACES), "{}", strangers.are_asking());
    // They hold every place; for whoever comes after them, the oldest of them is sent away at once.
    for _ in 0..20 {
        let asked = Instant::now();
        assert!(is_ready(address), "{}", daemon.log());
        assert!(asked.elapsed() < QUESTION / 2, "{:?}", asked.elapsed());
    }
    // Mail is read and answered all the while.
    office.report(4);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    let fds = || fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    assert!(fds() < 120, "{} open files", fds());
    drop(strangers);
    // They are back and hold every place; the daemon ends all the same.
    let back = Strangers::come(address, 200);
    assert!(within(PATIENCE, || back.are_asking() > PLACES), "{}", back.are_asking());
    let told = Instant::now();
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    assert!(told.elapsed() < QUESTION / 2, "{:?}: {log}", told.elapsed());
}

#[test]
fn who_never_ends_a_question_is_sent_away_in_time_though_there_is_room() {
    let office = Office::open();
    let (daemon, address) = watched(&office);
    let begun = Instant::now();
    let strangers = Strangers::come(address, PLACES / 2);
    assert!(within(PATIENCE, || strangers.were_sent_away() == PLACES / 2), "{}", strangers.were_sent_away());
    assert!(begun.elapsed() >= QUESTION, "{:?}", begun.elapsed());
    assert!(is_ready(address), "{}", daemon.log());
}
