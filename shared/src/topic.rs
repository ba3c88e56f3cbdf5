//! Every MQTT topic of Bulkhead: built and parsed here only.
//!
//! Two trees. `bulkhead-bus/v1/…` carries signed envelopes between controller and agents; `bulkhead/…` is JSON for
//! people and programs that we did not write. An id never holds `/`, `+` or `#` (see [`crate::ids`]), so a topic
//! made here has exactly the levels that it shows.

use crate::ids::{RouterId, SenderId, VifId};
use std::fmt;

/// The root of the signed tree.
pub const BUS: &str = "bulkhead-bus/v1";
/// The root of the open tree.
pub const HOME: &str = "bulkhead";

/// A flow's word in a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noun {
    /// Change sets.
    ChangeSet,
    /// VIFs.
    Vif,
    /// The router as a whole: state, traffic, notices.
    Router,
}

impl Noun {
    const ALL: [Self; 3] = [Self::ChangeSet, Self::Vif, Self::Router];

    /// The level in the topic.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChangeSet => "change_set",
            Self::Vif => "vif",
            Self::Router => "router",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|noun| noun.as_str() == text)
    }
}

/// A topic of the signed tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Controller to agent.
    Request(RouterId, Noun),
    /// Agent to the controller that asked.
    Reply(RouterId, SenderId),
    /// Agent to the controller.
    Event(RouterId, Noun),
    /// The retained summary of a router.
    State(RouterId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(router, noun) => write!(f, "{BUS}/{router}/request/{}", noun.as_str()),
            Self::Reply(router, controller) => write!(f, "{BUS}/{router}/reply/{controller}"),
            Self::Event(router, noun) => write!(f, "{BUS}/{router}/event/{}", noun.as_str()),
            Self::State(router) => write!(f, "{BUS}/{router}/state"),
        }
    }
}

impl Topic {
    /// Reads a topic of the signed tree; nothing for any other.
    pub fn parse(text: &str) -> Option<Self> {
        let levels: Vec<&str> = text.strip_prefix(BUS)?.strip_prefix('/')?.split('/').collect();
        let router = RouterId::new(*levels.first()?).ok()?;
        Some(match levels[1..] {
            ["request", noun] => Self::Request(router, Noun::parse(noun)?),
            ["reply", controller] => Self::Reply(router, SenderId::new(controller).ok()?),
            ["event", noun] => Self::Event(router, Noun::parse(noun)?),
            ["state"] => Self::State(router),
            _ => return None,
        })
    }

    /// The router that it is about.
    pub fn router(&self) -> &RouterId {
        match self {
            Self::Request(router, _) | Self::Reply(router, _) | Self::Event(router, _) | Self::State(router) => router,
        }
    }
}

/// What an agent subscribes to: its own requests and nothing else.
pub fn agent_filter(router: &RouterId) -> String {
    format!("{BUS}/{router}/request/+")
}

/// What a controller subscribes to.
pub fn controller_filters(controller: &SenderId) -> [String; 4] {
    [
        format!("{BUS}/+/reply/{controller}"),
        format!("{BUS}/+/event/+"),
        format!("{BUS}/+/state"),
        format!("{HOME}/+/availability"),
    ]
}

/// What the controller subscribes to in the open tree: commands of home automation.
pub const HOME_COMMANDS: &str = "bulkhead/+/+/set";

/// A topic of the open tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Home {
    /// `online` or `offline`, retained, last will of the agent. A connection has one will, so controller and home
    /// automation read the same topic.
    Availability(RouterId),
    /// The router's summary, retained.
    State(RouterId),
    /// A VIF, retained; empty when it is gone.
    Vif(RouterId, VifId),
    /// The change set under way or last ended, retained.
    Change(RouterId),
    /// A line of the event list, not retained.
    Event(RouterId),
    /// A command: never retained, taken by the controller alone.
    Set(RouterId, Noun),
    /// The answer to a command, with its id.
    Result(RouterId, Noun),
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Availability(router) => write!(f, "{HOME}/{router}/availability"),
            Self::State(router) => write!(f, "{HOME}/{router}/state"),
            Self::Vif(router, vif) => write!(f, "{HOME}/{router}/vif/{vif}/state"),
            Self::Change(router) => write!(f, "{HOME}/{router}/change/state"),
            Self::Event(router) => write!(f, "{HOME}/{router}/event"),
            Self::Set(router, noun) => write!(f, "{HOME}/{router}/{}/set", noun.as_str()),
            Self::Result(router, noun) => write!(f, "{HOME}/{router}/{}/result", noun.as_str()),
        }
    }
}

/// The router of an availability topic; nothing for any other topic.
pub fn parse_availability(text: &str) -> Option<RouterId> {
    RouterId::new(text.strip_prefix(HOME)?.strip_prefix('/')?.strip_suffix("/availability")?).ok()
}

/// The router and noun of a command topic; nothing for any other topic.
pub fn parse_home_command(text: &str) -> Option<(RouterId, Noun)> {
    let levels: Vec<&str> = text.split('/').collect();
    let [HOME, router, noun, "set"] = levels[..] else { return None };
    Some((RouterId::new(router).ok()?, Noun::parse(noun)?))
}

/// Whether an agent may publish to a topic: its own events, replies and state in both trees, never a request or a
/// command.
pub fn agent_may_publish(router: &RouterId, topic: &str) -> bool {
    let bus = Topic::parse(topic).is_some_and(|parsed| match &parsed {
        Topic::Request(..) => false,
        Topic::Reply(own, _) | Topic::Event(own, _) | Topic::State(own) => own == router,
    });
    let home = topic.strip_prefix(HOME).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| {
        let levels: Vec<&str> = rest.split('/').collect();
        levels.first() == Some(&router.as_str())
            && matches!(levels[1..], ["availability" | "state" | "event"] | ["change", "state"] | ["vif", _, "state"])
    });
    bus || home
}

/// Whether an agent may subscribe to a filter: its own requests only.
pub fn agent_may_subscribe(router: &RouterId, filter: &str) -> bool {
    filter == agent_filter(router) || matches!(Topic::parse(filter), Some(Topic::Request(own, _)) if own == *router)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdError;

    #[test]
    fn every_topic_reads_back() -> Result<(), IdError> {
        let router = || RouterId::new("r1");
        let topics = [
            Topic::Request(router()?, Noun::ChangeSet),
            Topic::Reply(router()?, SenderId::new("c1")?),
            Topic::Event(router()?, Noun::Router),
            Topic::State(router()?),
        ];
        for topic in topics {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
        for other in [
            "",
            "bulkhead-bus/v1",
            "bulkhead-bus/v1/r1",
            "bulkhead-bus/v2/r1/state",
            "bulkhead-bus/v1/r1/state/x",
            "bulkhead-bus/v1/+/state",
        ] {
            assert_eq!(Topic::parse(other), None, "{other}");
        }
        Ok(())
    }

    #[test]
    fn an_agent_keeps_to_its_own_topics() -> Result<(), IdError> {
        let own = RouterId::new("r1")?;
        for allowed in [
            "bulkhead-bus/v1/r1/event/router",
            "bulkhead-bus/v1/r1/reply/c1",
            "bulkhead-bus/v1/r1/state",
            "bulkhead/r1/availability",
            "bulkhead/r1/vif/tor-1/state",
            "bulkhead/r1/change/state",
            "bulkhead/r1/event",
        ] {
            assert!(agent_may_publish(&own, allowed), "{allowed}");
        }
        for refused in [
            "bulkhead-bus/v1/r1/request/change_set",
            "bulkhead-bus/v1/r2/event/router",
            "bulkhead-bus/v1/r2/state",
            "bulkhead/r2/state",
            "bulkhead/r1/vif/set",
            "bulkhead/r1/vif/result",
            "bulkhead/r1",
            "homeassistant/device/x/config",
            "$SYS/x",
        ] {
            assert!(!agent_may_publish(&own, refused), "{refused}");
        }
        assert!(agent_may_subscribe(&own, "bulkhead-bus/v1/r1/request/+"));
        for refused in [
            "#",
            "bulkhead-bus/v1/+/request/+",
            "bulkhead-bus/v1/r2/request/+",
            "bulkhead-bus/v1/r1/#",
            "bulkhead/r1/vif/set",
        ] {
            assert!(!agent_may_subscribe(&own, refused), "{refused}");
        }
        Ok(())
    }
}
