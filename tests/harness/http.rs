//! Plain HTTP over a socket, for tests that look at what a server really answers.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// As they came, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One request on a connection of its own; headers are whole lines.
pub fn ask(to: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Response {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|line| line.to_lowercase().starts_with("host:")) {
        request.push_str(&format!("Host: {to}\r\n"));
    }
    for line in headers {
        request.push_str(line);
        request.push_str("\r\n");
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    read(&mut stream)
}

/// A server need not close when it was asked to, so the length it names ends the answer.
fn read(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    let mut some = [0; 16_384];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let n = stream.read(&mut some).unwrap();
        assert!(n > 0, "the answer ended in its head: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&some[..n]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(n, v)| (n.to_lowercase(), v.trim().to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse().unwrap());
    let mut body = bytes[end + 4..].to_vec();
    while length.is_none_or(|length: usize| body.len() < length) {
        let n = stream.read(&mut some).unwrap();
        if n == 0 {
            assert!(length.is_none(), "the answer ended early");
            break;
        }
        body.extend_from_slice(&some[..n]);
    }
    Response { status, headers, body }
}
