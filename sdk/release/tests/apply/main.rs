//! Releases on a server that offers server-side apply: what is applied, what conflicts, what a change of method does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod server;

use naru_release::{
    cluster::{Cluster, chain},
    operations::{Bundle, Definition, Operator, Options, Render, RenderError, Request, ServerSide},
    record::{ApplyMethod, Release, Status},
};
use serde_json::{Value, json, value::RawValue};
use server::Server;
use tokio_util::sync::CancellationToken;

const MAP: &str = "/api/v1/namespaces/default/configmaps/web";

/// A ConfigMap with this data.
struct Data(Value);

impl Render for Data {
    fn definitions(&self) -> Vec<Definition> {
        Vec::new()
    }

    async fn render(&self, _: Request<'_>) -> Result<Bundle, RenderError> {
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": self.0});
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        Ok(Bundle {
            chart: raw(r#"{"metadata":{"name":"c","version":"1.0.0"}}"#),
            config: raw("{}"),
            manifest: format!("---\n{object}\n"),
            hooks: Vec::new(),
            notes: String::new(),
            warnings: Vec::new(),
        })
    }
}

async fn cluster(server: &Server) -> Cluster {
    let client = naru_client::in_process(server.router(), ());
    Cluster::connect(client, "default").await.unwrap()
}

fn operator(cluster: &Cluster, options: Options) -> Operator<'_> {
    Operator::new(cluster, options, &|_| {}, CancellationToken::new())
}

fn by(server_side: ServerSide) -> Options {
    Options { server_side, ..Options::default() }
}

/// Who manages the data of the map, and how.
fn managers(server: &Server) -> Vec<String> {
    let object = server.get(MAP).unwrap();
    let all = object["metadata"]["managedFields"].as_array().unwrap().iter();
    let words =
        all.map(|one| format!("{} {}", one["manager"].as_str().unwrap(), one["operation"].as_str().unwrap()));
    words.collect()
}

fn data(server: &Server) -> Value {
    server.get(MAP).unwrap()["data"].clone()
}

fn outcome(release: &Release) -> (u64, Status, ApplyMethod) {
    (release.version, release.info.status, release.apply_method)
}

#[tokio::test]
async fn objects_are_applied_and_what_is_dropped_goes() {
    let server = Server::default();
    let cluster = cluster(&server).await;
    let operator = operator(&cluster, Options::default());
    let made = operator.install("web", &Data(json!({"a": "1", "gone": "x"}))).await.unwrap();
    assert_eq!(outcome(&made), (1, Status::Deployed, ApplyMethod::Server));
    assert_eq!(managers(&server), ["helm Apply"]);
    server.edit(MAP, "somebody", json!({"theirs": "y"}));
    // The server's own fields are no difference, and what others added stays.
    assert!(operator.diff("web", &Data(json!({"a": "1", "gone": "x"}))).await.unwrap().is_empty());
    let differences = operator.diff("web", &Data(json!({"a": "2"}))).await.unwrap();
    assert_eq!(differences[0].after.as_ref().unwrap()["data"], json!({"a": "2", "theirs": "y"}));
    assert_eq!(data(&server), json!({"a": "1", "gone": "x", "theirs": "y"}), "a diff changes nothing");
    let made = operator.upgrade("web", &Data(json!({"a": "2"}))).await.unwrap();
    assert_eq!(outcome(&made), (2, Status::Deployed, ApplyMethod::Server));
    assert_eq!(data(&server), json!({"a": "2", "theirs": "y"}));
    let made = operator.rollback("web", 1).await.unwrap();
    assert_eq!(outcome(&made), (3, Status::Deployed, ApplyMethod::Server));
    assert_eq!(data(&server), json!({"a": "1", "gone": "x", "theirs": "y"}));
    operator.uninstall("web").await.unwrap();
    assert_eq!(server.get(MAP), None);
}

#[tokio::test]
async fn conflicts_are_reported_and_taken_on_demand() {
    let server = Server::default();
    let cluster = cluster(&server).await;
    operator(&cluster, Options::default()).install("web", &Data(json!({"a": "1", "b": "1"}))).await.unwrap();
    server.edit(MAP, "somebody", json!({"a": "theirs"}));
    let wanted = Data(json!({"a": "2", "b": "2"}));
    let error = operator(&cluster, Options::default()).upgrade("web", &wanted).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "conflict occurred while applying object default/web /v1, Kind=ConfigMap: Apply failed with 1 conflict: conflict \
         with \"somebody\" using v1: .data.a"
    );
    assert_eq!(data(&server), json!({"a": "theirs", "b": "1"}), "nothing is half applied");
    let history = operator(&cluster, Options::default()).history("web").await.unwrap();
    let last = &history.last().unwrap().release;
    assert_eq!(outcome(last), (2, Status::Failed, ApplyMethod::Server));
    assert!(last.info.description.starts_with("Upgrade \"web\" failed: conflict occurred"), "{last:?}");
    // A diff says that there would be a conflict, and shows what taking the fields would do.
    let said = std::sync::Mutex::new(String::new());
    let hear = |text: &str| said.lock().unwrap().push_str(text);
    let curious = Operator::new(&cluster, Options::default(), &hear, CancellationToken::new());
    let differences = curious.diff("web", &wanted).await.unwrap();
    assert_eq!(differences[0].after.as_ref().unwrap()["data"], json!({"a": "2", "b": "2"}));
    assert!(said.lock().unwrap().contains("Apply failed with 1 conflict"));
    let force = Options { force_conflicts: true, ..Options::default() };
    operator(&cluster, force).upgrade("web", &wanted).await.unwrap();
    assert_eq!(data(&server), json!({"a": "2", "b": "2"}));
    assert_eq!(managers(&server), ["helm Apply"]);
}

#[tokio::test]
async fn releases_keep_their_method_until_told_otherwise() {
    let server = Server::default();
    let cluster = cluster(&server).await;
    let patched = operator(&cluster, by(ServerSide::False));
    patched.install("web", &Data(json!({"a": "1", "gone": "x"}))).await.unwrap();
    assert_eq!(managers(&server), ["helm Update"]);
    let made =
        operator(&cluster, Options::default()).upgrade("web", &Data(json!({"a": "2", "gone": "x"}))).await;
    assert_eq!(outcome(&made.unwrap()), (2, Status::Deployed, ApplyMethod::Client));
    assert_eq!(managers(&server), ["helm Update"]);
    // What was written by patches is ours all the same: it goes when the chart drops it.
    let made = operator(&cluster, by(ServerSide::True)).upgrade("web", &Data(json!({"a": "3"}))).await;
    assert_eq!(outcome(&made.unwrap()), (3, Status::Deployed, ApplyMethod::Server));
    assert_eq!(data(&server), json!({"a": "3"}));
    assert_eq!(managers(&server), ["helm Apply"]);
    // Going back to a patched revision goes back to patches.
    let made = operator(&cluster, Options::default()).rollback("web", 1).await.unwrap();
    assert_eq!(outcome(&made), (4, Status::Deployed, ApplyMethod::Client));
    assert_eq!(data(&server), json!({"a": "1", "gone": "x"}));
}

#[tokio::test]
async fn contradictions_are_refused_before_anything_is_done() {
    let server = Server::default();
    let cluster = cluster(&server).await;
    let options = |server_side, force_conflicts, force_replace| Options {
        server_side,
        force_conflicts,
        force_replace,
        ..Options::default()
    };
    for (options, expected) in [
        (
            options(ServerSide::True, false, true),
            "invalid operation: cannot use server-side apply and force replace together",
        ),
        (
            options(ServerSide::False, true, false),
            "invalid client update option(s): forceConflicts enabled when serverSideApply disabled",
        ),
    ] {
        let error = operator(&cluster, options).install("web", &Data(json!({}))).await.unwrap_err();
        assert_eq!(chain(&error), expected);
        assert_eq!(server.get(MAP), None);
    }
}
