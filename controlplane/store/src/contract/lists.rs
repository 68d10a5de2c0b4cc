//! Checks of listings: order, prefixes, pages, old revisions.

use super::Bed;
use crate::{Error, Precondition, Revision};

async fn names(bed: &Bed, prefix: &str, limit: usize, after: Option<&str>) -> (Vec<String>, u64) {
    let after = after.map(|after| bed.key(after));
    let page = bed.store.list(&bed.key(prefix), None, limit, after.as_deref()).await.unwrap();
    let names = page.entries.iter().map(|kv| kv.key[bed.prefix.len()..].to_owned()).collect();
    (names, page.remaining)
}

pub(super) async fn a_list_is_ordered_and_stays_in_its_prefix(bed: Bed) {
    for name in ["pods/b", "pods/a", "podtemplates/x", "pods/b/c", "pods/a0", "pods/ä", "pod"] {
        bed.create(name, name).await;
    }
    type Case = (&'static str, usize, Option<&'static str>, &'static [&'static str], u64);
    let cases: [Case; 10] = [
        ("pods/", 0, None, &["pods/a", "pods/a0", "pods/b", "pods/b/c", "pods/ä"], 0),
        ("pods/b", 0, None, &["pods/b", "pods/b/c"], 0),
        ("pod", 2, None, &["pod", "pods/a"], 5),
        ("pods/", 2, Some("pods/a"), &["pods/a0", "pods/b"], 2),
        ("pods/", 0, Some("pods/a00"), &["pods/b", "pods/b/c", "pods/ä"], 0),
        ("pods/", 5, None, &["pods/a", "pods/a0", "pods/b", "pods/b/c", "pods/ä"], 0),
        ("pods/", 0, Some("a"), &["pods/a", "pods/a0", "pods/b", "pods/b/c", "pods/ä"], 0),
        ("pods/", 0, Some("pods/ä"), &[], 0),
        ("pods/", 3, Some("z"), &[], 0),
        ("none/", 0, None, &[], 0),
    ];
    for (prefix, limit, after, expected, remaining) in cases {
        let found = names(&bed, prefix, limit, after).await;
        let expected = expected.iter().map(|name| name.to_string()).collect();
        assert_eq!(found, (expected, remaining), "{prefix} limit {limit} after {after:?}");
    }
    let page = bed.store.list(&bed.prefix, None, 1, None).await.unwrap();
    assert_eq!(page.revision, bed.store.revision().await.unwrap());
}

pub(super) async fn pages_of_one_revision_make_up_the_list(bed: Bed) {
    const KEYS: usize = 25;
    let mut revision = Revision(0);
    for n in 0..KEYS {
        revision = bed.create(&format!("{n:02}"), "old").await;
    }
    let whole = bed.store.list(&bed.prefix, None, 0, None).await.unwrap();
    assert_eq!(whole.entries.len(), KEYS);
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = bed.store.list(&bed.prefix, Some(revision), 10, after.as_deref()).await.unwrap();
        assert_eq!(page.revision, revision);
        pages.extend(page.entries);
        assert_eq!(page.remaining as usize, KEYS - pages.len());
        if page.remaining == 0 {
            break;
        }
        after = pages.last().map(|kv| kv.key.clone());
        // Later changes do not show in later pages.
        let n = pages.len();
        bed.replace(&format!("{:02}", n), whole.entries[n].revision, "new").await;
        bed.delete(&format!("{:02}", n + 2), whole.entries[n + 2].revision).await;
        bed.create(&format!("{n:02}x"), "new").await;
    }
    assert_eq!(pages, whole.entries);
}

pub(super) async fn an_old_revision_shows_the_old_state(bed: Bed) {
    let start = bed.store.revision().await.unwrap();
    let mut states = vec![(start, bed.list(None).await.unwrap())];
    let a = bed.create("a", "1").await;
    states.push((a, bed.list(None).await.unwrap()));
    let b = bed.create("b", "1").await;
    states.push((b, bed.list(None).await.unwrap()));
    let a = bed.replace("a", a, "2").await;
    states.push((a, bed.list(None).await.unwrap()));
    let gone = bed.delete("a", a).await;
    states.push((gone, bed.list(None).await.unwrap()));
    let batch = vec![
        bed.write("a", Precondition::Absent, Some("3")),
        bed.write("b", Precondition::At(b), None),
        bed.write("c", Precondition::Absent, Some("1")),
    ];
    let both = bed.store.commit(batch).await.unwrap();
    states.push((both, bed.list(None).await.unwrap()));
    let lengths: Vec<_> = states.iter().map(|(_, state)| state.len()).collect();
    assert_eq!(lengths, [0, 1, 2, 2, 1, 2]);
    for (revision, state) in states {
        assert_eq!(bed.list(Some(revision)).await.unwrap(), state, "at {revision}");
    }
}

pub(super) async fn the_future_cannot_be_listed(bed: Bed) {
    let newest = bed.create("a", "1").await;
    let error = bed.list(Some(Revision(newest.0 + 1000))).await.unwrap_err();
    assert!(matches!(error, Error::FutureRevision { .. }), "{error:?}");
    let error = bed.store.compact(Revision(newest.0 + 1000)).await.unwrap_err();
    assert!(matches!(error, Error::FutureRevision { .. }), "{error:?}");
}
