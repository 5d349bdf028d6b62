//! What a stretch of work costs: time, the processor's seconds of each party, and the most memory a process held. All of
//! it is read from `/proc`, so whoever is measured does not know.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// How often it is looked how much memory the reading processes hold.
const LOOK: Duration = Duration::from_millis(20);

/// A running measurement.
pub struct Meter {
    begun: Instant,
    servers: Vec<u32>,
    servers_before: f64,
    own_before: f64,
    reaped_before: f64,
    watched: Arc<AtomicU32>,
    children: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

/// What was spent.
pub struct Spent {
    pub time: Duration,
    /// Of the program that was measured, its children counted.
    pub program: f64,
    /// Of the mailbox's server.
    pub server: f64,
    /// Of this process, which plays the outgoing server.
    pub sink: f64,
    pub daemon_mib: u64,
    pub child_mib: u64,
}

impl Meter {
    /// Begins; these processes, with all below them, are the mailbox's server.
    pub fn start(servers: &[u32]) -> Meter {
        let (watched, children, over) = (Arc::new(AtomicU32::new(0)), Arc::default(), Arc::new(AtomicBool::new(false)));
        let (whom, most, end): (_, Arc<AtomicU64>, _) = (watched.clone(), Arc::clone(&children), over.clone());
        let watcher = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let whom = whom.load(Ordering::Relaxed);
                if whom != 0 {
                    let peaks = below(whom).into_iter().map(peak_kib);
                    most.fetch_max(peaks.max().unwrap_or(0), Ordering::Relaxed);
                }
                std::thread::sleep(LOOK);
            }
        });
        let (own, reaped) = own();
        Meter {
            begun: Instant::now(),
            servers: servers.to_vec(),
            servers_before: servers.iter().map(|id| whole(*id)).sum(),
            own_before: own,
            reaped_before: reaped,
            watched,
            children,
            over,
            watcher: Some(watcher),
        }
    }

    /// Looks at the children of this process from now on.
    pub fn watch(&self, process: u32) {
        self.watched.store(process, Ordering::Relaxed);
    }

    /// Ends; these processes still run and are what was measured, beside those of ours that have ended.
    pub fn stop(mut self, running: &[u32]) -> Spent {
        let time = self.begun.elapsed();
        let (own, reaped) = own();
        let spent = Spent {
            time,
            program: running.iter().map(|id| whole(*id)).sum::<f64>() + reaped - self.reaped_before,
            server: self.servers.iter().map(|id| whole(*id)).sum::<f64>() - self.servers_before,
            sink: own - self.own_before,
            daemon_mib: running.iter().map(|id| peak_kib(*id)).max().unwrap_or(0) / 1024,
            child_mib: self.children.load(Ordering::Relaxed) / 1024,
        };
        self.over.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        spent
    }
}

impl Spent {
    pub fn words(&self, mails: usize) -> String {
        let seconds = self.time.as_secs_f64();
        format!(
            "{seconds:.2} s, {:.0} mails a second; processor: {:.2} s, {:.2} ms a mail (Dovecot {:.2} s, the SMTP server \
             {:.2} s)",
            mails as f64 / seconds,
            self.program,
            self.program * 1000.0 / mails as f64,
            self.server,
            self.sink,
        )
    }
}

/// Seconds of this process, and of its children that were waited for.
fn own() -> (f64, f64) {
    let times = times(std::process::id()).expect("our own times");
    (times[0] + times[1], times[2] + times[3])
}

/// Seconds of a process, of its children that it waited for, and of all below it.
fn whole(process: u32) -> f64 {
    let own: f64 = times(process).map_or(0.0, |times| times.iter().sum());
    own + below(process).into_iter().map(whole).sum::<f64>()
}

/// User and system time, own and of the children waited for.
fn times(process: u32) -> Option<[f64; 4]> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    // Linux counts in hundredths of a second, whatever else is said.
    let at = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).map(|ticks| ticks / 100.0);
    Some([at(11)?, at(12)?, at(13)?, at(14)?])
}

fn below(process: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let children = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    children.flat_map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).collect()
}

fn peak_kib(process: u32) -> u64 {
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { return 0 };
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
