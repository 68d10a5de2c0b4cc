//! Watches and logs over WebSockets.

use std::net::SocketAddr;

use axum::Extension;
use futures::{SinkExt, StreamExt};
use naru_apiserver::auth::{Identity, MASTERS};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

use crate::harness::*;

/// Serves the API on a port: an upgrade needs a connection.
async fn served(api: &Api) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api.router().layer(Extension(Identity::new("admin", &[MASTERS])));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

struct Socket {
    socket: WebSocketStream<TcpStream>,
    protocol: Option<String>,
}

impl Socket {
    /// Opens a WebSocket, or says with which code it was refused.
    async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let connection = TcpStream::connect(address).await.unwrap();
        match client_async(request, connection).await {
            Ok((socket, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                Ok(Socket { socket, protocol: protocol.map(|value| value.to_str().unwrap().to_string()) })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn next(&mut self) -> Message {
        tokio::time::timeout(LONG, self.socket.next()).await.unwrap().unwrap().unwrap()
    }

    /// The next event as `TYPE name`.
    async fn event(&mut self) -> String {
        let event: Value = serde_json::from_str(self.next().await.to_text().unwrap()).unwrap();
        format!(
            "{} {}",
            event["type"].as_str().unwrap(),
            event["object"]["metadata"]["name"].as_str().unwrap()
        )
    }

    async fn closed(&mut self) -> CloseCode {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code,
            other => panic!("not a close: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_watch_sends_each_event_as_a_text() {
    let api = Api::start().await;
    let address = served(&api).await;
    for name in ["a", "b"] {
        api.post(MAPS, &config_map(name)).await.ok(201);
    }
    let mut watch = Socket::open(address, &format!("{MAPS}?watch=1"), &[]).await.ok().unwrap();
    assert_eq!(watch.protocol, None);
    assert_eq!([watch.event().await, watch.event().await], ["ADDED a", "ADDED b"]);
    api.delete(&format!("{MAPS}/a")).await.ok(200);
    assert_eq!(watch.event().await, "DELETED a");
    // What a client says means nothing.
    watch.socket.send(Message::text("hello")).await.unwrap();
    api.post(MAPS, &config_map("c")).await.ok(201);
    assert_eq!(watch.event().await, "ADDED c");
    drop(api);
    assert_eq!(watch.closed().await, CloseCode::Normal);
}

#[tokio::test]
async fn a_watch_takes_any_subprotocol_and_ends_with_its_timeout() {
    let api = Api::start().await;
    let address = served(&api).await;
    let path = format!("{MAPS}?watch=1&timeoutSeconds=1");
    let headers = [("sec-websocket-protocol", "base64.binary.k8s.io")];
    let mut watch = Socket::open(address, &path, &headers).await.ok().unwrap();
    assert_eq!(watch.protocol.as_deref(), Some("base64.binary.k8s.io"));
    assert_eq!(watch.closed().await, CloseCode::Normal);
    let table = [("accept", "application/json;as=Table;g=meta.k8s.io;v=v1")];
    api.post(MAPS, &config_map("a")).await.ok(201);
    let mut watch = Socket::open(address, &path, &table).await.ok().unwrap();
    let event: Value = serde_json::from_str(watch.next().await.to_text().unwrap()).unwrap();
    assert_eq!(event["object"]["kind"], "Table");
}

#[tokio::test]
async fn refusals_are_ordinary_answers() {
    let api = Api::start().await;
    let address = served(&api).await;
    api.post(PODS, &pod("free")).await.ok(201);
    let mut bound = pod("bound");
    bound["spec"]["nodeName"] = "n".into();
    api.post(PODS, &bound).await.ok(201);
    let odd = [("sec-websocket-protocol", "v4.channel.k8s.io")];
    for (path, headers, code) in [
        (format!("{MAPS}?watch=1&labelSelector=(("), &[][..], 400),
        (format!("{MAPS}?watch=1"), &[("accept", "application/yaml")], 406),
        (format!("{PODS}/none/log"), &[], 404),
        (format!("{PODS}/free/log"), &[], 400),
        (format!("{PODS}/bound/log?container=x"), &[], 400),
        (format!("{PODS}/bound/log"), &odd, 403),
        // Nothing else is a stream: the answer is the list.
        (MAPS.to_string(), &[], 200),
    ] {
        assert_eq!(Socket::open(address, &path, headers).await.err(), Some(code), "{path}");
    }
}

#[tokio::test]
async fn a_log_comes_in_binary_or_base64() {
    let api = Api::start().await;
    let address = served(&api).await;
    let mut bound = pod("p");
    bound["spec"]["nodeName"] = "n".into();
    api.post(PODS, &bound).await.ok(201);
    let text = "\"p\" main Some(3)\n";
    let base64 = "InAiIG1haW4gU29tZSgzKQo=";
    for (protocol, opened, expected) in [
        (None, Message::binary(""), Message::binary(text)),
        (Some("binary.k8s.io"), Message::binary(""), Message::binary(text)),
        (Some("base64.binary.k8s.io"), Message::text(""), Message::text(base64)),
    ] {
        let headers: Vec<_> = protocol.map(|one| ("sec-websocket-protocol", one)).into_iter().collect();
        let path = format!("{PODS}/p/log?tailLines=3");
        let mut log = Socket::open(address, &path, &headers).await.ok().unwrap();
        assert_eq!(log.protocol.as_deref(), protocol);
        assert_eq!([log.next().await, log.next().await], [opened, expected]);
        assert_eq!(log.closed().await, CloseCode::Normal);
    }
    let mut log = Socket::open(address, &format!("{PODS}/p/log?follow=1"), &[]).await.ok().unwrap();
    assert_eq!(
        [log.next().await, log.next().await],
        [Message::binary(""), Message::binary("\"p\" main None\n")]
    );
    assert_eq!(api.get(&format!("{PODS}/p")).await.ok(200)["metadata"]["name"], json!("p"));
    drop(api);
    assert_eq!(log.closed().await, CloseCode::Normal);
}
