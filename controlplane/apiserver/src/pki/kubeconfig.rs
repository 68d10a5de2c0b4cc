//! The administrator's kubeconfig (client-go `clientcmd/api/v1`).

use base64::{Engine, engine::general_purpose::STANDARD};

use super::KeyPem;

/// A kubeconfig as YAML with everything embedded; `server` is the URL, `cluster` names cluster, user and context.
pub fn kubeconfig(cluster: &str, server: &str, ca: &str, client: &KeyPem) -> String {
    let [ca, certificate, key] = [ca, &client.certificate, &client.key].map(|pem| STANDARD.encode(pem));
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: naru-{cluster}\n  cluster:\n    server: {server}\n    certificate-authority-data: {ca}\n\
         users:\n\
         - name: naru-{cluster}-admin\n  user:\n    client-certificate-data: {certificate}\n    \
         client-key-data: {key}\n\
         contexts:\n\
         - name: naru-{cluster}\n  context:\n    cluster: naru-{cluster}\n    user: naru-{cluster}-admin\n\
         current-context: naru-{cluster}\n"
    )
}
