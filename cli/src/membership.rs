//! Belonging to a cluster: the control plane's join token, and a node's certificates.

use std::{
    fs,
    io::ErrorKind,
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use naru_apiserver::pki::{KeyPem, kubeconfig, write_private};
use naru_node::Tls;
use rand::Rng;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{args::NodeArgs, cluster::Cluster, namesake};

const SECRET_LENGTH: usize = 32;

/// The secret of `<data-dir>/join-token`, which is made if it is missing or is for another authority.
pub fn join_secret(data_dir: &Path, ca: &str) -> Result<String> {
    let path = data_dir.join("join-token");
    let der =
        CertificateDer::from_pem_slice(ca.as_bytes()).context("cannot read the authority's certificate")?;
    let prefix = naru_apiserver::join::token(&der, "");
    let found = match fs::read_to_string(&path) {
        Ok(token) => token.trim().strip_prefix(&prefix).map(String::from),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if let Some(secret) = found.filter(|secret| secret.len() >= SECRET_LENGTH) {
        return Ok(secret);
    }
    let random = rand::rng().sample_iter(rand::distr::Alphanumeric);
    let secret: String = random.take(SECRET_LENGTH).map(char::from).collect();
    write_private(&path, format!("{prefix}{secret}\n").as_bytes())?;
    Ok(secret)
}

/// A node's way into its cluster.
pub struct Membership {
    /// A kubeconfig with the node's identity.
    pub kubeconfig: PathBuf,
    /// For the node's own endpoint.
    pub tls: Tls,
}

/// The file that says as whom, and with which address, the node in a data directory has joined.
const MARKER: &str = "pki/node-name";

/// A way into the cluster that the control plane has just given; nothing of it is on the disk yet.
pub struct Admission {
    joined: naru_client::NodeCertificates,
    /// A kubeconfig with the node's identity.
    kubeconfig: String,
    /// What the marker will say.
    marker: String,
}

/// Asks the control plane to take the node in, unless it has. Writes nothing: a node that is refused leaves nothing behind.
pub async fn ask(args: &NodeArgs, name: &str, ip: IpAddr) -> Result<Option<Admission>> {
    let marker = format!("{name} {ip}");
    if fs::read_to_string(args.data.data_dir.join(MARKER)).is_ok_and(|known| known == marker) {
        return Ok(None);
    }
    let Some(token) = &args.token else {
        bail!(
            "this node has not joined as {name} yet: give it --token, which `naru server` wrote to its \
             <data-dir>/join-token"
        );
    };
    let joined = naru_client::join(&args.server, token, name, &[ip]).await?;
    let client = KeyPem { certificate: joined.client_certificate.clone(), key: joined.key.clone() };
    let kubeconfig = kubeconfig(&joined.cluster, &args.server, &joined.ca, &client);
    namesake::check(name, &kubeconfig).await?;
    Ok(Some(Admission { joined, kubeconfig, marker }))
}

/// The membership on disk, after that of `admission` if there is one.
pub fn ensure(cluster: &Cluster, admission: Option<Admission>) -> Result<Membership> {
    let dir = cluster.data_dir.join("pki");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    if let Some(admission) = admission {
        keep(cluster, &dir, &admission)?;
    }
    let read = |file: &str| {
        let path = dir.join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let tls = Tls { certificate: read("serving.crt")?, key: read("node.key")?, client_ca: read("ca.crt")? };
    Ok(Membership { kubeconfig: dir.join("node.kubeconfig"), tls })
}

fn keep(cluster: &Cluster, dir: &Path, admission: &Admission) -> Result<()> {
    let joined = &admission.joined;
    for (file, content) in [
        ("ca.crt", &joined.ca),
        ("node.key", &joined.key),
        ("serving.crt", &joined.serving_certificate),
        ("node.kubeconfig", &admission.kubeconfig),
    ] {
        write_private(&dir.join(file), content.as_bytes())?;
    }
    // The marker goes last: with it, everything else is there.
    Ok(write_private(&cluster.data_dir.join(MARKER), admission.marker.as_bytes())?)
}
