//! The HTTP transport to a cluster that is reached over the network.
//!
//! In: a kubeconfig's settings. Out: a [`Client`] with the layers that kube-rs has itself, over connections without Nagle's algorithm
//! (tcp(7), `TCP_NODELAY`): a request's head and body are two writes, and the second must not wait for the peer's delayed
//! acknowledgement, some 40 ms.

use http_body_util::BodyExt;
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Builder, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config, Error,
    client::{Body, ConfigExt, retry::RetryPolicy},
};
use tower::{BoxError, ServiceBuilder, retry::RetryLayer};

/// A client with these settings.
pub(crate) fn client(config: Config) -> Result<Client, Error> {
    if config.proxy_url.is_some() {
        // kube-rs knows the ways through a proxy, or says which it does not.
        return Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let http = Builder::new(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.default_retry.then(|| RetryLayer::new(RetryPolicy::server_retry())))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .map_response(|response: http::Response<hyper::body::Incoming>| {
            response.map(|body| body.map_err(BoxError::from))
        })
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}
