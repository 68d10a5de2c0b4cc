//! Links, addresses and routes by rtnetlink, as plain blocking calls for threads that change their namespace.
//!
//! A netlink socket belongs for ever to the namespace of the thread that opened it; each job therefore runs on a thread
//! of its own ([`on_thread`]) and opens the sockets it needs where it stands.

use std::{net::Ipv4Addr, os::fd::RawFd, time::Duration};

use futures::{StreamExt, TryStreamExt};
use rtnetlink::{
    Handle, LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder,
    packet_route::{
        link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage},
        route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage},
    },
};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::{Error, PodRange, Result, error::Context, naming::hardware_address};

/// How long the kernel may take to answer one request; it answers at once, so this only bounds a bug.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The name of a pod's interface inside its namespace.
pub(crate) const POD_INTERFACE: &str = "eth0";

/// Runs a job on a thread of its own, which may change its namespace, and waits for the result. If the caller stops
/// waiting, the job still runs to its end.
pub(crate) async fn on_thread<T: Send + 'static>(
    name: &str,
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // The receiver is gone if the caller stopped waiting; the job's effects stand either way.
            let _ = sender.send(job());
        })
        .context(|| format!("cannot start the thread {name}"))?;
    receiver.await.map_err(|_| Error::kernel(format!("the thread {name}"), "it panicked"))?
}

/// A small event loop for the netlink sockets of one thread.
pub(crate) fn event_loop() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .context(|| "cannot make an event loop")
}

/// A route of the node: where to, and by which interface.
pub(crate) struct Route {
    pub(crate) network: Ipv4Addr,
    pub(crate) prefix: u8,
    pub(crate) link: u32,
}

/// A link of the node.
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) is_bridge: bool,
}

/// What to make a pod's pair of interfaces from.
pub(crate) struct Pair<'a> {
    pub(crate) host_name: &'a str,
    pub(crate) bridge: u32,
    pub(crate) namespace: RawFd,
    pub(crate) ip: Ipv4Addr,
    pub(crate) mtu: u32,
}

/// A netlink socket in the namespace where the thread stood when it was opened.
pub(crate) struct Netlink<'a> {
    runtime: &'a Runtime,
    handle: Handle,
    driver: JoinHandle<()>,
}

impl Drop for Netlink<'_> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl<'a> Netlink<'a> {
    pub(crate) fn open(runtime: &'a Runtime) -> Result<Self> {
        let _inside = runtime.enter();
        let (connection, handle, _) =
            rtnetlink::new_connection().context(|| "cannot open a netlink socket")?;
        Ok(Self { runtime, handle, driver: runtime.spawn(connection) })
    }

    /// Waits for one request; `Ok(false)` if the kernel answers with one of the `tolerated` error numbers.
    fn run(
        &self,
        context: impl FnOnce() -> String,
        tolerated: &[i32],
        request: impl Future<Output = Result<(), rtnetlink::Error>>,
    ) -> Result<bool> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(ANSWER_LIMIT, request).await });
        match answer {
            Ok(Ok(())) => Ok(true),
            Ok(Err(rtnetlink::Error::NetlinkError(error))) if tolerated.contains(&-error.raw_code()) => {
                Ok(false)
            }
            Ok(Err(rtnetlink::Error::NetlinkError(error))) => Err(Error::kernel(context(), error.to_io())),
            Ok(Err(error)) => Err(Error::kernel(context(), error)),
            Err(late) => Err(Error::kernel(context(), late)),
        }
    }

    /// Makes the bridge if it is missing, gives it the range's first address, and returns its index.
    pub(crate) fn ensure_bridge(&self, name: &str, range: PodRange, mtu: u32) -> Result<u32> {
        // A fixed hardware address: otherwise the bridge's would follow its ports' and peers' ARP caches would be wrong.
        let message = LinkBridge::new(name).address(hardware_address(range.gateway())).mtu(mtu).up().build();
        let add = self.handle.link().add(message);
        self.run(|| format!("cannot make the bridge {name}"), &[nix::libc::EEXIST], add.execute())?;
        let index =
            self.index(name)?.ok_or_else(|| Error::kernel(format!("the bridge {name}"), "it is gone"))?;
        let up = self.handle.link().set(LinkUnspec::new_with_index(index).up().build());
        self.run(|| format!("cannot set the bridge {name} up"), &[], up.execute())?;
        self.add_address(index, range.gateway(), range.prefix())?;
        Ok(index)
    }

    /// Adds an address to a link, unless it has it.
    pub(crate) fn add_address(&self, index: u32, ip: Ipv4Addr, prefix: u8) -> Result<()> {
        let add = self.handle.address().add(index, ip.into(), prefix);
        self.run(|| format!("cannot add the address {ip}/{prefix}"), &[nix::libc::EEXIST], add.execute())?;
        Ok(())
    }

    /// Makes a pair of interfaces: one on the bridge, the other as `eth0` directly in the pod's namespace. The
    /// pod's end stays down: the kernel refuses to set it up before the pair is complete.
    pub(crate) fn add_pair(&self, pair: &Pair<'_>) -> Result<()> {
        let context = || format!("cannot make the interface pair {}", pair.host_name);
        let made = self.run(context, &[nix::libc::EEXIST], self.pair_request(pair))?;
        if !made {
            // Left by a namespace that the kernel has not yet taken apart.
            self.delete_link(pair.host_name)?;
            self.run(context, &[], self.pair_request(pair))?;
        }
        Ok(())
    }

    fn pair_request(&self, pair: &Pair<'_>) -> impl Future<Output = Result<(), rtnetlink::Error>> + use<> {
        let peer = LinkUnspec::new_with_name(POD_INTERFACE)
            .address(hardware_address(pair.ip))
            .mtu(pair.mtu)
            .setns_by_fd(pair.namespace)
            .build();
        let message = LinkMessageBuilder::<LinkVeth>::new(pair.host_name, POD_INTERFACE)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
            .mtu(pair.mtu)
            .controller(pair.bridge)
            .up()
            .build();
        self.handle.link().add(message).execute()
    }

    /// Sets the interfaces of a pod's namespace up: `lo`, the address of `eth0` and the default route.
    pub(crate) fn set_up_pod(&self, ip: Ipv4Addr, range: PodRange) -> Result<()> {
        let lo = self.handle.link().set(LinkUnspec::new_with_name("lo").up().build());
        self.run(|| "cannot set lo up in a pod's namespace".to_owned(), &[], lo.execute())?;
        let index = nix::net::if_::if_nametoindex(POD_INTERFACE)
            .context(|| format!("cannot find {POD_INTERFACE} in a pod's namespace"))?;
        self.add_address(index, ip, range.prefix())?;
        let up = self.handle.link().set(LinkUnspec::new_with_index(index).up().build());
        self.run(|| format!("cannot set {POD_INTERFACE} up in a pod's namespace"), &[], up.execute())?;
        let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(range.gateway()).build();
        self.run(
            || format!("cannot add the default route by {}", range.gateway()),
            &[nix::libc::EEXIST],
            self.handle.route().add(route).execute(),
        )?;
        Ok(())
    }

    /// Deletes a link; nothing happens if there is none.
    pub(crate) fn delete_link(&self, name: &str) -> Result<()> {
        let message = LinkUnspec::new_with_name(name).build();
        let delete = self.handle.link().del_with_message(message);
        self.run(|| format!("cannot delete the link {name}"), &[nix::libc::ENODEV], delete.execute())?;
        Ok(())
    }

    /// The index of a link, if there is one of that name.
    pub(crate) fn index(&self, name: &str) -> Result<Option<u32>> {
        Ok(self.links()?.into_iter().find(|link| link.name == name).map(|link| link.index))
    }

    /// Every link.
    pub(crate) fn links(&self) -> Result<Vec<Link>> {
        let messages: Vec<LinkMessage> = self
            .runtime
            .block_on(self.handle.link().get().execute().try_collect())
            .context(|| "cannot list the links")?;
        Ok(messages.iter().map(link_of).collect())
    }

    /// The routes of the main table that have a destination and an interface.
    pub(crate) fn routes(&self) -> Result<Vec<Route>> {
        let query = RouteMessageBuilder::<Ipv4Addr>::new().build();
        let messages: Vec<RouteMessage> = self.runtime.block_on(async {
            let stream = self.handle.route().get(query).execute();
            stream.filter_map(|message| async { message.ok() }).collect().await
        });
        Ok(messages.iter().filter_map(route_of).collect())
    }
}

fn link_of(message: &LinkMessage) -> Link {
    let mut link = Link { index: message.header.index, name: String::new(), is_bridge: false };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::LinkInfo(infos) => {
                link.is_bridge = infos.iter().any(|info| matches!(info, LinkInfo::Kind(InfoKind::Bridge)));
            }
            _ => {}
        }
    }
    link
}

fn route_of(message: &RouteMessage) -> Option<Route> {
    if message.header.table != RouteHeader::RT_TABLE_MAIN {
        return None;
    }
    let network = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(RouteAddress::Inet(ip)) => Some(*ip),
        _ => None,
    })?;
    let link = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        _ => None,
    })?;
    Some(Route { network, prefix: message.header.destination_prefix_length, link })
}
