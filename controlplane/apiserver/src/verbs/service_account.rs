//! Service accounts of new pods: the account must be there, and a pod that names no secrets for its images' registries gets
//! those of its account. Tokens are not issued, so nothing else comes of it.
//!
//! Source of the behaviour: kube-apiserver's admission step ServiceAccount.

use std::sync::Arc;

use naru_api::{Object, meta, status::Status};
use serde_json::{Value, json};

use super::{Call, get, parsed};
use crate::{
    cache::Entry,
    kinds::fields::{items, text, text_or},
};

/// The account of pods that name none. Each namespace gets it a moment after its creation; a pod that is faster goes without it.
const DEFAULT: &str = "default";
/// Marks a pod that a node has made by itself: it is told to the API, not asked of it.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// The field in an account's stored form, which is compact: within a text the quotes would be escaped.
const SECRETS_MARK: &[u8] = b"\"imagePullSecrets\":[";

/// Gives a new pod what its account has; 403 if that is not there.
pub(super) async fn admit_new(call: &Call, object: &mut Object) -> Result<(), Status> {
    let row = call.row();
    let mirror = !object["metadata"]["annotations"][MIRROR].is_null();
    if (row.group, row.kind) != ("", "Pod") || mirror {
        return Ok(());
    }
    let name = text_or(&object["spec"]["serviceAccountName"], DEFAULT);
    let Some(account) = find(call, name).await? else {
        if name == DEFAULT {
            return Ok(());
        }
        let namespace = call.namespace();
        let why =
            format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        return Err(Status::forbidden(row.group, row.plural, meta::name(object).unwrap_or_default(), &why));
    };
    let some = account.bytes.windows(SECRETS_MARK.len()).any(|part| part == SECRETS_MARK);
    if some && items(&object["spec"]["imagePullSecrets"]).is_empty() {
        let account = parsed(&account.bytes)?;
        let named = |secret: &Value| json!({"name": text(&secret["name"])});
        let secrets: Vec<Value> = items(&account["imagePullSecrets"]).iter().map(named).collect();
        meta::child_mut(object, "spec").insert("imagePullSecrets".into(), secrets.into());
    }
    Ok(())
}

/// The account; what the cache does not know yet is asked of the store, but for the one that may come later.
async fn find(call: &Call, name: &str) -> Result<Option<Arc<Entry>>, Status> {
    let Some(accounts) = call.server.accounts() else { return Ok(None) };
    let key = accounts.key(call.namespace(), name);
    match accounts.get(&key) {
        None if name != DEFAULT => get::newest(call, accounts, &key).await,
        found => Ok(found),
    }
}
