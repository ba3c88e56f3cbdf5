//! Ways in to the router that have to stay open, and whether they are.

use std::net::IpAddr;

use shared::routeros::{
    model::{Model, Row},
    trace::{self, ConnectionState, NatState, Packet, Trace, Verdict},
};

use crate::flow::change_set::validate::{
    context::Context,
    finding::{Code, LOCKOUT, LOCKOUT_ADMIN, LOCKOUT_LINK},
    net::Net,
    rows::{is, rows, text},
};

/// A source port, for packets whose port is anybody's choice.
const EPHEMERAL: u16 = 49_200;

/// By which interfaces a packet leaves the router, and by which the answer to it. The same addresses by others are
/// another network, or the internet.
pub(super) type Passage = [Option<String>; 2];

/// Why a way is closed: in words that go on after a colon, and the packet that does not get through where one was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) why: String,
    pub(super) packet: Option<Box<Packet>>,
}

impl From<String> for Closed {
    fn from(why: String) -> Self {
        Self { why, packet: None }
    }
}

/// What has to stay open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// The agent's session at the API, and its right to sign in again; by which interfaces it goes today.
    Agent(Passage),
    /// The agent's link to the controller's broker.
    Link(Passage),
    /// The administrator's ways to services of the router: those, by name and port, that are open today. One is enough.
    Administrator(Vec<(String, u16)>),
}

impl Way {
    /// All that are known.
    pub(super) fn all(router: &Model, context: &Context<'_>) -> Vec<Self> {
        let today = |packet: Option<Packet>, wanted| {
            packet.and_then(|packet| there_and_back(router, &packet, wanted).ok()).unwrap_or_default()
        };
        let agent = context.agent.as_ref().map(|_| Self::Agent(today(sign_in(context), Verdict::Local)));
        let link = uplink(context).map(|packet| Self::Link(today(Some(packet), Verdict::Forward)));
        let mut ways: Vec<Self> = agent.into_iter().chain(link).collect();
        let Some(administrator) = &context.administrator else { return ways };
        let open: Vec<(String, u16)> = rows(router, "/ip/service")
            .iter()
            .filter(|row| matches!(text(row, "name"), "ssh" | "winbox" | "www" | "www-ssl" | "telnet"))
            .filter_map(|row| Some((text(row, "name").to_owned(), text(row, "port").parse().ok()?)))
            .filter(|(name, port)| admitted(router, administrator.address, name, *port).is_ok())
            .collect();
        // Who reaches none of them today, such as over a tunnel that the model does not know, cannot be cut off it.
        if !open.is_empty() {
            ways.push(Self::Administrator(open));
        }
        ways
    }

    /// In words, at the beginning of a sentence.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Agent(_) => "The agent's API session",
            Self::Link(_) => "The agent's link to the controller",
            Self::Administrator(_) => "Your own way to the router",
        }
    }

    /// What is found when it is closed.
    pub(super) fn code(&self) -> &'static Code {
        match self {
            Self::Agent(_) => &LOCKOUT,
            Self::Link(_) => &LOCKOUT_LINK,
            Self::Administrator(_) => &LOCKOUT_ADMIN,
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Agent(_) => {
                "Make an exception for the agent's address above it. Forced through, the router undoes it itself."
            }
            Self::Link(_) => {
                "Make an exception for the agent's way to the controller. Forced through, it is undone when no word comes."
            }
            Self::Administrator(_) => {
                "Make an exception for your address, or be sure of another way in, such as the agent's."
            }
        }
    }

    /// Whether it is open.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn open(&self, router: &Model, context: &Context<'_>) -> Result<(), Closed> {
        match self {
            Self::Agent(today) => {
                let (Some(agent), Some(packet)) = (&context.agent, sign_in(context)) else { return Ok(()) };
                passes(router, &packet, Verdict::Local, today)?;
                service(router, &agent.service, Some(agent.port), agent.address)?;
                Ok(user(router, &agent.user, agent.address)?)
            }
            Self::Link(today) => match uplink(context) {
                Some(packet) => passes(router, &packet, Verdict::Forward, today),
                None => Ok(()),
            },
            Self::Administrator(services) => {
                let Some(administrator) = &context.administrator else { return Ok(()) };
                let mut closed = Ok(());
                for (name, port) in services {
                    match admitted(router, administrator.address, name, *port) {
                        Ok(()) => return Ok(()),
                        Err(why) => closed = Err(why),
                    }
                }
                closed
            }
        }
    }
}

/// The packet that begins the agent's session.
fn sign_in(context: &Context<'_>) -> Option<Packet> {
    let agent = context.agent.as_ref()?;
    let packet = tcp(agent.address, agent.router, EPHEMERAL, agent.port);
    Some(Packet { in_interface: Some(agent.interface.clone()), ..packet })
}

/// The packet that begins the agent's link.
fn uplink(context: &Context<'_>) -> Option<Packet> {
    let (agent, link) = (context.agent.as_ref()?, context.link.as_ref()?);
    let packet = tcp(agent.address, link.address, EPHEMERAL, link.port);
    Some(Packet { in_interface: Some(agent.interface.clone()), ..packet })
}

/// Whether a packet and its answer pass as they do today.
fn passes(router: &Model, packet: &Packet, wanted: Verdict, today: &Passage) -> Result<(), Closed> {
    let passage = there_and_back(router, packet, wanted)?;
    let ends = [("packets", packet.src, packet.dst), ("answers", packet.dst, packet.src)];
    for ((what, from, to), (now, then)) in ends.into_iter().zip(passage.iter().zip(today)) {
        if let (Some(now), Some(then)) = (now, then)
            && now != then
        {
            let why = format!("{what} from {from} to {to} leave by `{now}` instead of `{then}`");
            return Err(Closed { why, packet: (from == packet.src).then(|| packet.clone().into()) });
        }
    }
    Ok(())
}

/// Whether a service takes a connection from an administrator's address, to whichever of the router's own addresses
/// the agent speaks to or that lies in the administrator's network.
fn admitted(router: &Model, from: IpAddr, name: &str, port: u16) -> Result<(), Closed> {
    service(router, name, Some(port), from)?;
    let addresses = if from.is_ipv4() { "/ip/address" } else { "/ipv6/address" };
    let all = || rows(router, addresses).iter().filter(|row| super::in_force(row));
    let nets: Vec<Net> = all().filter_map(|row| Net::parse(text(row, "address"))).collect();
    let near = nets.iter().find(|net| net.contains(from));
    let mut why = Closed::from("the router has no address left".to_owned());
    for net in near.into_iter().chain(nets.iter().filter(|_| near.is_none())) {
        match there_and_back(router, &tcp(from, net.address, EPHEMERAL, port), Verdict::Local) {
            Ok(_) => return Ok(()),
            Err(closed) => why = closed,
        }
    }
    Err(why)
}

/// A packet that opens a TCP connection.
pub(super) fn tcp(src: IpAddr, dst: IpAddr, src_port: u16, dst_port: u16) -> Packet {
    Packet { src_port: Some(src_port), dst_port: Some(dst_port), ..Packet::new(src, dst, "tcp") }
}

/// The packet, and the answer to it.
fn there_and_back(router: &Model, packet: &Packet, wanted: Verdict) -> Result<Passage, Closed> {
    let there = follow(router, packet)?;
    if there.verdict != wanted {
        let why = refusal(&there, &format!("packets from {} to {}", packet.src, packet.dst));
        return Err(Closed { why, packet: Some(packet.clone().into()) });
    }
    let mut nat = packet.connection_nat_state.clone();
    if there.packet.src != packet.src {
        nat.push(NatState::Srcnat);
    }
    let back = Packet {
        connection_state: ConnectionState::Established,
        connection_nat_state: nat,
        in_interface: there.out_interface.clone(),
        ..tcp(packet.dst, packet.src, packet.dst_port.unwrap_or(0), packet.src_port.unwrap_or(0))
    };
    let answer = follow(router, &back)?;
    if answer.verdict == Verdict::Forward {
        return Ok([there.out_interface, answer.out_interface]);
    }
    let why = refusal(&answer, &format!("answers from {} to {}", packet.dst, packet.src));
    Err(Closed { why, packet: Some(back.into()) })
}

/// A packet's way through the model.
///
/// # Errors
/// In words, where there is no such packet on this router: an interface is gone, or nothing says where it comes in.
pub(super) fn follow(router: &Model, packet: &Packet) -> Result<Trace, String> {
    trace::trace(router, packet).map_err(|impossible| impossible.to_string())
}

/// What stopped a packet, by the rule that decided.
pub(super) fn refusal(trace: &Trace, what: &str) -> String {
    let verdict = match trace.verdict {
        Verdict::Drop => "are dropped",
        Verdict::Reject => "are refused",
        Verdict::Unreachable => "find no route",
        Verdict::Blackhole => "end in a blackhole",
        Verdict::Local => "end at the router itself",
        Verdict::Forward => "are sent on",
    };
    let Some(step) = trace.steps.iter().rev().find(|step| step.matched) else { return format!("{what} {verdict}") };
    let rule = match (&step.comment, &step.rule) {
        (Some(comment), _) if !comment.is_empty() => format!(" by `{comment}`"),
        (_, Some(rule)) => format!(" by the rule {rule}"),
        _ => String::new(),
    };
    let note = step.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{what} {verdict}{rule} in {} {}{note}", step.table, step.chain)
}

/// Whether a service of the router takes a source.
pub(super) fn service(router: &Model, name: &str, port: Option<u16>, from: IpAddr) -> Result<(), String> {
    let all = rows(router, "/ip/service");
    // Where the menu was not read, nothing is known of it.
    if all.is_empty() {
        return Ok(());
    }
    let Some(row) = all.iter().find(|row| text(row, "name") == name && !is(row, "dynamic")) else {
        return Err(format!("the service `{name}` is gone"));
    };
    if is(row, "disabled") {
        return Err(format!("the service `{name}` is disabled"));
    }
    if port.is_some_and(|port| !text(row, "port").is_empty() && text(row, "port") != port.to_string()) {
        return Err(format!("the service `{name}` listens on port {} then", text(row, "port")));
    }
    for list in ["address", "available-from"] {
        if !allows(text(row, list), from) {
            return Err(format!("the service `{name}` takes connections from {} only", text(row, list)));
        }
    }
    if !matches!(text(row, "vrf"), "" | "main") {
        return Err(format!("the service `{name}` answers in the VRF `{}` only", text(row, "vrf")));
    }
    if name.ends_with("-ssl") {
        certificate(router, row)?;
    }
    Ok(())
}

/// Without a certificate TLS has no cipher that anybody speaks.
fn certificate(router: &Model, service: &Row) -> Result<(), String> {
    let wanted = text(service, "certificate");
    if matches!(wanted, "" | "none") {
        return Err(format!("the service `{}` has no certificate then", text(service, "name")));
    }
    let known = rows(router, "/certificate");
    if known.is_empty() || known.iter().any(|row| text(row, "name") == wanted) {
        return Ok(());
    }
    Err(format!("the certificate `{wanted}` of the service `{}` is gone", text(service, "name")))
}

/// Whether a user may sign in from an address, by the API, and read and write.
fn user(router: &Model, name: &str, from: IpAddr) -> Result<(), String> {
    let all = rows(router, "/user");
    if all.is_empty() {
        return Ok(());
    }
    let Some(row) = all.iter().find(|row| text(row, "name") == name) else {
        return Err(format!("the user `{name}` is gone"));
    };
    if is(row, "disabled") {
        return Err(format!("the user `{name}` is disabled"));
    }
    if !allows(text(row, "address"), from) {
        return Err(format!("the user `{name}` may sign in from {} only", text(row, "address")));
    }
    let group = rows(router, "/user/group").iter().find(|group| text(group, "name") == text(row, "group"));
    let Some(group) = group else { return Ok(()) };
    let missing = ["api", "read", "write"].into_iter().find(|policy| {
        !text(group, "policy").is_empty() && !text(group, "policy").split(',').any(|has| has == *policy)
    });
    match missing {
        Some(policy) => Err(format!("the group `{}` lacks the policy `{policy}`", text(group, "name"))),
        None => Ok(()),
    }
}

fn allows(list: &str, from: IpAddr) -> bool {
    list.is_empty() || list.split(',').filter_map(Net::parse).any(|net| net.contains(from))
}
