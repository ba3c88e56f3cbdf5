//! Who may sign in, from where, and who is signed in.

use std::net::{IpAddr, Ipv4Addr};

use shared::routeros::value::RowId;

use super::{
    Device, Reply, caller::Caller, form, request::Request, row::Origin, spec::Spec, system::date_time, trap::Trap,
};

impl Device {
    /// Where a user's sessions come from on the modelled network: the agent from its veth, everybody else from a
    /// client of the LAN.
    pub fn modelled_source(&self, user: &str, agent_user: &str) -> IpAddr {
        let veth = self.interface("bh-agent").filter(|row| row.kind == "veth" && user == agent_user);
        let address = veth.and_then(|row| row.text("address").split(',').find_map(form::parse_prefix));
        address.map_or(Ipv4Addr::new(192, 168, 88, 254).into(), |(address, _)| address)
    }

    /// The policies of a user who gives this password from this place.
    ///
    /// # Errors
    /// [`Trap::WrongPassword`] for a wrong name, password or place, a failure for a group without `api`.
    pub fn sign_in(&self, user: &str, source: IpAddr, password: impl Fn(&str) -> bool) -> Result<Caller, Trap> {
        let row = self.store("/user").named(user).filter(|row| !row.is_disabled() && password(row.text("password")));
        let row = row.ok_or(Trap::WrongPassword)?;
        let places = row.text("address");
        if !places.is_empty() && !places.split(',').any(|network| form::holds(network, source)) {
            return Err(Trap::WrongPassword);
        }
        let group = self
            .store("/user/group")
            .named(row.text("group"))
            .map(|group| group.text("policy").to_owned())
            .unwrap_or_default();
        let policies: Vec<String> =
            group.split(',').filter(|policy| !policy.starts_with('!')).map(str::to_owned).collect();
        if !policies.iter().any(|policy| policy == "api") {
            return Err(Trap::Failure("not allowed (9)".to_owned()));
        }
        Ok(Caller { user: user.to_owned(), policies, source, session: None })
    }

    /// Whether a service takes sessions from this place (`/ip/service address`).
    pub fn serves(&self, service: &str, source: IpAddr) -> bool {
        let places = self.store("/ip/service").named(service).map_or("", |row| row.text("address"));
        places.is_empty() || places.split(',').any(|network| form::holds(network, source))
    }

    /// A row of `/user/active`, and its id to take it away again.
    pub fn signed_in(&mut self, user: &str, source: IpAddr, via: &str) -> RowId {
        let group = self.store("/user").named(user).map(|row| row.text("group").to_owned()).unwrap_or_default();
        let when = date_time(self.epoch + self.now);
        let source = source.to_string();
        let values = [("name", user), ("address", &source), ("via", via), ("group", &group), ("when", &when)];
        let id = self.put("/user/active", Origin::Dynamic("session".to_owned()), &values);
        self.log("system,info,account", &format!("user {user} logged in from {source} via {via}"));
        id
    }

    /// `/user/active/request-logout`, and `remove` where the version has it: the session ends.
    pub(super) fn send_away(&mut self, spec: &Spec, request: &Request) -> Result<Reply, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        for id in self.resolve(spec, rows)? {
            self.signed_out(id);
            self.sent_away = true;
        }
        Ok(Reply::Done(None))
    }

    /// Whether a session was sent away since this was asked last.
    pub fn take_sent_away(&mut self) -> bool {
        std::mem::take(&mut self.sent_away)
    }

    /// A session has ended.
    pub fn signed_out(&mut self, id: RowId) {
        self.hold_lost(id);
        if let Some(row) = self.store_mut("/user/active").remove(id) {
            self.log(
                "system,info,account",
                &format!("user {} logged out from {} via {}", row.name(), row.text("address"), row.text("via")),
            );
        }
    }
}
