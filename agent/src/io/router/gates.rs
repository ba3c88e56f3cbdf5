//! Gates and ways out on the router: what is read of them, and the writes that open and close.

use super::{Failed, RouterPort, print};
use crate::{
    flow::{
        object::Row,
        vif::{
            gate::{Gates, Step},
            kill_switch::LEASE,
            objects::OPEN_LIST,
        },
    },
    io::routeros::{Listener, Sentence},
};
use shared::routeros::value::format_duration;

const LIST: &str = "/ip/firewall/address-list";

/// What is known of all gates and ways, from one batch.
#[derive(Debug, Default)]
pub struct Sight {
    /// The gates.
    pub gates: Gates,
    /// Peers of WireGuard interfaces.
    pub peers: Vec<Row>,
}

impl RouterPort {
    /// Events of `/interface`, with what tells interfaces apart and whether they run.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn hear_interfaces(&self) -> Result<Listener, Failed> {
        self.listen(Sentence::new("/interface/listen").attribute(".proplist", LINK)).await
    }

    /// Every interface, as far as its events tell of it.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn links(&self) -> Result<Vec<Row>, Failed> {
        Ok(self.batch(vec![print("/interface", LINK)]).await?.concat())
    }

    /// Refreshes leases and reads all gates and the peers of tunnels, in one batch. A lease that ran out meanwhile is not
    /// in what is read then. `routes`: whether any VIF has two ways.
    ///
    /// # Errors
    /// [`Failed::Lost`], or what a read was refused with.
    pub async fn refresh_gates(&self, leases: &[String], routes: bool) -> Result<Sight, Failed> {
        let mut commands: Vec<Sentence> = (!leases.is_empty()).then(|| renew(leases)).into_iter().collect();
        let writes = commands.len();
        commands.push(print(LIST, ".id,list,address,comment").query(&format!("list={OPEN_LIST}")));
        commands
            .push(print("/ip/firewall/filter", ".id,disabled,comment").query("chain=bulkhead").query("action=drop"));
        commands.push(print("/interface/wireguard/peers", "interface,last-handshake,tx,disabled"));
        if routes {
            let tables =
                print("/ip/route", ".id,disabled,comment").query("dst-address=0.0.0.0/0").query("dynamic=true");
            commands.push(tables.query("#!"));
        }
        let mut answers = self.each(commands).await?.into_iter();
        let renewed = answers.by_ref().take(writes).all(|answer| answer.is_ok());
        let mut next = || answers.next().unwrap_or_else(|| Ok(Vec::new()));
        let (read, drops, peers, routes) = (next()?, next()?, next()?, next()?);
        if !renewed {
            // One that ran out between two reads takes the others' refreshment with it: one by one, then.
            let alone = leases.iter().filter(|lease| read.iter().any(|row| row.id() == lease.as_str()));
            self.each(alone.map(|lease| renew(std::slice::from_ref(lease))).collect()).await?;
        }
        Ok(Sight { gates: Gates::new(read, drops, routes), peers })
    }

    /// Carries out steps, each whatever becomes of the others; gives what the first that was refused was refused with.
    ///
    /// # Errors
    /// [`Failed::Lost`]: only a read tells what was done.
    pub async fn write_gates(&self, steps: &[Step]) -> Result<Option<String>, Failed> {
        let answers = self.each(steps.iter().map(sentence).collect()).await?;
        Ok(answers.into_iter().find_map(|answer| answer.err().map(|refused| refused.message().to_owned())))
    }

    /// The answers of several commands.
    async fn each(&self, commands: Vec<Sentence>) -> Result<Vec<Result<Vec<Row>, Failed>>, Failed> {
        let mut all = Vec::new();
        for answer in self.session()?.run_all(commands).await {
            let answer = answer.map_err(Failed::from);
            match answer {
                Ok(answer) => all.push(Ok(answer.rows)),
                Err(Failed::Refused(why)) => all.push(Err(Failed::Refused(why))),
                Err(lost) => return Err(lost),
            }
        }
        Ok(all)
    }
}

/// What is read of an interface's link.
const LINK: &str = ".id,name,running,disabled";

fn sentence(step: &Step) -> Sentence {
    match step {
        Step::Switch { menu, ids, disabled } => Sentence::new(format!("{}/set", menu.path()))
            .attribute(".id", ids.join(","))
            .attribute("disabled", if *disabled { "yes" } else { "no" }),
        Step::Take(ids) => Sentence::new(format!("{LIST}/remove")).attribute(".id", ids.join(",")),
        // The address is what the accept matches, the mark is ours.
        Step::Lease { address, mark } => Sentence::new(format!("{LIST}/add"))
            .attribute("list", OPEN_LIST)
            .attribute("address", address)
            .attribute("timeout", format_duration(LEASE))
            .attribute("comment", mark),
    }
}

/// Refreshes leases: `set` takes a list of ids (manual, "API").
fn renew(ids: &[String]) -> Sentence {
    Sentence::new(format!("{LIST}/set")).attribute(".id", ids.join(",")).attribute("timeout", format_duration(LEASE))
}
