//! Batches as etcd transactions: preconditions as comparisons of mod revisions.

use etcd_client::{Compare, CompareOp, Txn, TxnOp, TxnOpResponse, TxnResponse};

use super::{header, signed, text};
use crate::{Error, KeyValue, Mutation, Precondition, Result, Revision, Write};

/// The transaction that does what a batch says, or else reads what stands against it.
pub(super) fn of(writes: &[Write]) -> Txn {
    let compares: Vec<_> = writes.iter().map(compare).collect();
    let operations: Vec<_> = writes.iter().filter_map(operation).collect();
    let reads: Vec<_> = writes.iter().map(|write| TxnOp::get(&*write.key, None)).collect();
    Txn::new().when(compares).and_then(operations).or_else(reads)
}

fn compare(write: &Write) -> Compare {
    let revision = match write.precondition {
        Precondition::Absent => 0,
        // To etcd 0 means absent; a version of revision 0 never exists.
        Precondition::At(Revision(0)) => i64::MAX,
        Precondition::At(revision) => signed(revision),
    };
    Compare::mod_revision(&*write.key, CompareOp::Equal, revision)
}

fn operation(write: &Write) -> Option<TxnOp> {
    match (&write.mutation, write.precondition) {
        (Mutation::Put(value), _) => Some(TxnOp::put(&*write.key, value.as_ref(), None)),
        (Mutation::Delete, Precondition::Absent) => None,
        (Mutation::Delete, Precondition::At(_)) => Some(TxnOp::delete(&*write.key, None)),
    }
}

/// What became of a batch.
pub(super) fn outcome(answer: TxnResponse, writes: &[Write]) -> Result<Revision> {
    if answer.succeeded() {
        return header(answer.header());
    }
    let found = answer.op_responses();
    for (write, found) in writes.iter().zip(found) {
        let current = current(&found)?;
        let holds = match (write.precondition, &current) {
            (Precondition::Absent, current) => current.is_none(),
            (Precondition::At(revision), Some(current)) => current.revision == revision,
            (Precondition::At(_), None) => false,
        };
        if !holds {
            return Err(Error::Conflict { key: write.key.clone(), current });
        }
    }
    Err(Error::Corrupt { context: "etcd refused a batch whose preconditions hold".into() })
}

fn current(found: &TxnOpResponse) -> Result<Option<KeyValue>> {
    let TxnOpResponse::Get(found) = found else {
        return Err(Error::Corrupt { context: "etcd answered a read with something else".into() });
    };
    let Some(kv) = found.kvs().first() else { return Ok(None) };
    let revision = Revision(u64::try_from(kv.mod_revision()).unwrap_or_default());
    Ok(Some(KeyValue { key: text(kv.key())?.into(), value: kv.value().to_vec().into(), revision }))
}
