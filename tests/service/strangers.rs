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
    let begun = Instant::now();
    let strangers = Strangers::come(address, 1000);
    // The first have their places, the next wait for one.
    assert!(within(PATIENCE, || strangers.are_asking() > 2 * PLACES), "{}", strangers.are_asking());
    // Mail is read and answered all the while.
    office.report(4);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    let fds = || fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    assert!(fds() < 120, "{} open files", fds());
    // Who never ends its question is sent away in its time, however busily it goes on.
    assert!(within(PATIENCE, || strangers.were_sent_away() >= PLACES), "{}", strangers.were_sent_away());
    assert!(begun.elapsed() >= QUESTION, "{:?}", begun.elapsed());
    assert!(fds() < 120, "{} open files", fds());
    // They are gone, and their places are free again at once: nobody waits for those who waited.
    drop(strangers);
    let left = Instant::now();
    assert!(within(PATIENCE, || is_ready(address)), "{}", daemon.log());
    assert!(left.elapsed() < QUESTION, "{:?}", left.elapsed());
    // They are back and hold every place; the daemon ends all the same.
    let back = Strangers::come(address, 200);
    assert!(within(PATIENCE, || back.are_asking() > PLACES), "{}", back.are_asking());
    let told = Instant::now();
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    assert!(told.elapsed() < QUESTION / 2, "{:?}: {log}", told.elapsed());
}
