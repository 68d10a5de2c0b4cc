//! HTTP in the small: one GET over a connection of `wasi:sockets`.

use std::io;

use wasip2::{
    io::streams::{InputStream, OutputStream, StreamError},
    sockets::{
        instance_network::instance_network,
        network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress},
        tcp::TcpSocket,
        tcp_create_socket::create_tcp_socket,
    },
};

/// The most of an answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// The most that is read at once, in bytes.
const BLOCK: u64 = 16 * 1024;

/// The body of `http://127.0.0.1:<port><path>`; any status but 200 is an error.
pub fn get(port: u16, path: &str) -> io::Result<Vec<u8>> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(|code| failed("make a socket", code))?;
    // Streams are dropped before their socket.
    let answer = {
        let (input, output) = connect(&socket, port).map_err(|code| failed("connect to httpd", code))?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        send(&output, request.as_bytes())?;
        receive(&input)?
    };
    body(&answer).map(<[u8]>::to_vec)
}

fn connect(socket: &TcpSocket, port: u16) -> Result<(InputStream, OutputStream), ErrorCode> {
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    socket.start_connect(&instance_network(), address)?;
    let ready = socket.subscribe();
    loop {
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => ready.block(),
            done => return done,
        }
    }
}

fn send(output: &OutputStream, bytes: &[u8]) -> io::Result<()> {
    output
        .blocking_write_and_flush(bytes)
        .map_err(|error| io::Error::other(format!("cannot send: {error:?}")))
}

fn receive(input: &InputStream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    loop {
        match input.blocking_read(BLOCK) {
            Ok(block) => answer.extend_from_slice(&block),
            Err(StreamError::Closed) => return Ok(answer),
            Err(error) => return Err(io::Error::other(format!("cannot receive: {error:?}"))),
        }
        if answer.len() > MAX_ANSWER {
            return Err(io::Error::other("the answer is too long"));
        }
    }
}

/// What follows the head of an answer with status 200.
fn body(answer: &[u8]) -> io::Result<&[u8]> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::other("httpd closed the connection before it answered"))?;
    let status = answer.split(|&byte| byte == b'\r').next().unwrap_or_default();
    if status.split(|&byte| byte == b' ').nth(1) == Some(b"200") {
        return Ok(&answer[end + 4..]);
    }
    Err(io::Error::other(format!("httpd answered {}", String::from_utf8_lossy(status))))
}

fn failed(doing: &str, code: ErrorCode) -> io::Error {
    io::Error::other(format!("cannot {doing}: {}", code.name().replace('-', " ")))
}
