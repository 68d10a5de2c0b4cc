//! DELETE of a collection: each object that the selectors match, by itself.

use axum::body::Body;
use futures::{FutureExt, TryStreamExt, stream};
use naru_api::status::Status;

use super::{
    Call, change,
    delete::{self, Delete},
    list::{Failed, list_response, page},
};
use crate::{request::ListOptions, response::Response, selection::Selection};

/// How many objects are deleted at a time.
const AT_A_TIME: usize = 16;

/// Deletes what the path and the selectors name; answers with the list of what was there.
pub(super) async fn delete_collection(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = delete::options(call, body).await?;
    let asked = ListOptions::parse(&call.query, false)?;
    let namespace = call.path.namespace.as_deref();
    let selection = Selection::new(call.row(), namespace, asked.labels.clone(), asked.fields.clone())?;
    let found = page(call, &asked, &selection).await.map_err(|failed| match failed {
        Failed::Status(status) => status,
        Failed::Expired(_) => Status::expired("the continue token is too old"),
    })?;
    let names = found.entries.iter().map(|entry| entry.name().to_string()).collect::<Vec<_>>();
    stream::iter(names.into_iter().map(Ok))
        .try_for_each_concurrent(AT_A_TIME, |name| {
            let mut one = Delete { options: options.clone() };
            async move {
                if call.row.strategy.immortal(&name) {
                    return Ok(());
                }
                // Somebody else may have been faster.
                change::change(call, &name, one.options.dry_run, &mut one).await.map(drop)
            }
            .boxed()
        })
        .await?;
    list_response(call, found)
}
