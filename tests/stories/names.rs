//! A domain name server of the tests' own, which answers TXT questions over UDP on loopback, and mails signed with the
//! key it tells: the pair of RFC 8463, which everybody has.

use base64::{Engine, prelude::BASE64_STANDARD};
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::DkimSigner,
};
use std::{collections::BTreeMap, net::SocketAddr};
use tokio::{net::UdpSocket, task::JoinHandle};

const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// The record of that key.
pub const KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/// The server, while it runs.
pub struct Server {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(records: &[(&str, &str)]) -> Server {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let records: BTreeMap<String, String> =
            records.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if let Some(answer) = answer(&buffer[..length], &records) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        Server { address, task }
    }

    /// Ends it; nobody listens at its address any more.
    pub async fn stop(self) -> SocketAddr {
        self.task.abort();
        let _ = self.task.await;
        self.address
    }
}

/// The answer to one question (RFC 1035 §4): its TXT record, or that there is no such name.
fn answer(question: &[u8], records: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while *question.get(at)? > 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).to_lowercase());
        at += 1 + length;
    }
    let end = at + 5;
    let text = records.get(&labels.join("."));
    let mut answer = question.get(..2)?.to_vec();
    // A recursive answer, found or not; one question, and one record if there is any.
    answer.extend([0x81, if text.is_some() { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0]);
    answer.extend(question.get(12..end)?);
    if let Some(text) = text {
        // The name as before, TXT, IN, for a minute.
        answer.extend([0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        answer.extend((text.len() as u16 + 1).to_be_bytes());
        answer.push(text.len() as u8);
        answer.extend(text.as_bytes());
    }
    Some(answer)
}

/// A mail signed by a domain.
pub fn signed(mail: &[u8], domain: &str) -> Vec<u8> {
    let bytes = |text| BASE64_STANDARD.decode(text).unwrap();
    let key = Ed25519Key::from_seed_and_public_key(&bytes(SEED), &bytes(PUBLIC)).unwrap();
    let signer = DkimSigner::from_key(key).domain(domain).selector("s1").headers(["From", "To", "Subject"]);
    let mut whole = signer.sign(mail).unwrap().to_header().into_bytes();
    whole.extend(mail);
    whole
}
