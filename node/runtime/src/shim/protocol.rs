//! What an agent and a shim say to each other: length-prefixed frames of JSON over a unix stream socket.
//!
//! Both ends send a [`Hello`] first. Then the agent sends [`ClientMessage`]s and the shim [`Reply`]s, matched by
//! id and in any order, because a wait takes as long as a container runs. Only processes of root or of the same user
//! are spoken to.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;
use tokio_util::codec::LengthDelimitedCodec;

use crate::{ContainerId, ContainerSpec, Error, Exit, Info, SandboxId, Stats, TaskStatus};

/// The version of this protocol. It changes when an old end could misunderstand a new one; fields may be added without.
pub const VERSION: u32 = 1;

/// The largest frame, in bytes: a list of tens of thousands of containers, or one with megabytes of environment.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Most calls of one connection under way at once, waits included: more containers than a node runs.
pub const MAX_IN_FLIGHT: usize = 16_384;

/// Bytes read from a socket at once; small, because an agent holds a connection for each OCI pod.
pub const READ_BUFFER: usize = 4096;

/// The first frame from both ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The sender's [`VERSION`].
    pub protocol: u32,
    /// What the shim is; the agent sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<Info>,
}

/// From the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientMessage {
    /// A call; exactly one [`Reply`] with its id follows.
    Call {
        /// Unique on the connection.
        id: u64,
        /// What is asked.
        request: Request,
    },
    /// Nobody waits for the reply to this call any more. Only waits are cut short by it; everything else finishes.
    Cancel {
        /// The call.
        id: u64,
    },
}

/// A method of [`Runtime`](crate::Runtime) or [`Task`](crate::Task) with its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "call")]
#[allow(missing_docs)]
pub enum Request {
    Info,
    Create {
        spec: Box<ContainerSpec>,
    },
    Get {
        id: ContainerId,
    },
    List,
    Delete {
        id: ContainerId,
    },
    DeleteSandbox {
        id: SandboxId,
    },
    Start {
        id: ContainerId,
    },
    Kill {
        id: ContainerId,
        signal: i32,
    },
    Wait {
        id: ContainerId,
    },
    Status {
        id: ContainerId,
    },
    Stats {
        id: ContainerId,
    },
    /// Ends the shim if it holds no container.
    Shutdown,
}

impl Request {
    /// Whether asking twice is the same as asking once, so that a call lost with its connection may be repeated.
    pub fn idempotent(&self) -> bool {
        !matches!(self, Self::Create { .. } | Self::Start { .. } | Self::Kill { .. } | Self::Shutdown)
    }
}

/// From the shim: how a call went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The call's id.
    pub id: u64,
    /// Its result.
    pub result: Result<Answer, Error>,
}

/// A call's result by type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Answer {
    Done,
    Info(Info),
    List(Vec<TaskStatus>),
    Exit(Exit),
    Status(TaskStatus),
    Stats(Stats),
}

/// Why a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The socket failed, or a frame was too large.
    #[error("socket")]
    Io(#[from] std::io::Error),
    /// A frame that is not what the protocol says.
    #[error("frame")]
    Json(#[from] serde_json::Error),
    /// The other end speaks another version.
    #[error("protocol version {theirs}, not {VERSION}")]
    Version {
        /// Its version.
        theirs: u32,
    },
    /// The other end is neither root nor this user.
    #[error("peer has uid {uid}")]
    Peer {
        /// Its user id.
        uid: u32,
    },
    /// The connection ended before the hello.
    #[error("closed before the hello")]
    Closed,
}

/// The codec both ends use.
pub fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec()
}

/// One message as a frame's bytes.
pub fn encode<T: Serialize>(message: &T) -> Result<Bytes, ProtocolError> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > MAX_FRAME {
        let message = format!("a frame of {} bytes; at most {MAX_FRAME} are possible", bytes.len());
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message).into());
    }
    Ok(bytes.into())
}

/// A frame's bytes as a message.
pub fn decode<T: DeserializeOwned>(frame: &BytesMut) -> Result<T, ProtocolError> {
    Ok(serde_json::from_slice(frame)?)
}

/// Refuses a peer that is neither root nor the user this process runs as.
pub fn check_peer(stream: &UnixStream) -> Result<(), ProtocolError> {
    let uid = stream.peer_cred()?.uid();
    if uid == 0 || uid == nix::unistd::geteuid().as_raw() { Ok(()) } else { Err(ProtocolError::Peer { uid }) }
}

/// Refuses a hello of another version.
pub fn check_version(hello: &Hello) -> Result<(), ProtocolError> {
    if hello.protocol == VERSION { Ok(()) } else { Err(ProtocolError::Version { theirs: hello.protocol }) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_wire() {
        let id = ContainerId("p-c-0".into());
        let calls = [
            Request::Info,
            Request::Get { id: id.clone() },
            Request::Kill { id: id.clone(), signal: 15 },
            Request::Wait { id: id.clone() },
            Request::DeleteSandbox { id: SandboxId("p".into()) },
        ];
        for request in calls {
            let message = ClientMessage::Call { id: 7, request };
            let frame = BytesMut::from(&encode(&message).unwrap()[..]);
            assert_eq!(decode::<ClientMessage>(&frame).unwrap(), message);
        }
        let replies = [
            Ok(Answer::Done),
            Ok(Answer::List(Vec::new())),
            Ok(Answer::Stats(Stats { cpu_nanos: 1, memory_bytes: 2 })),
            Err(Error::not_found(&id)),
            Err(Error::invalid("module has unmet imports: env::foo")),
        ];
        for result in replies {
            let reply = Reply { id: 9, result };
            let frame = BytesMut::from(&encode(&reply).unwrap()[..]);
            assert_eq!(decode::<Reply>(&frame).unwrap(), reply);
        }
    }

    #[test]
    fn other_versions_are_refused() {
        assert!(check_version(&Hello { protocol: VERSION, info: None }).is_ok());
        assert!(check_version(&Hello { protocol: VERSION + 1, info: None }).is_err());
    }
}
