//! The service sends frames with the tags of other VLANs.

use super::{linger, well};
use crate::{
    bed::Bed,
    hopping,
    run::{Happens, Told},
};

pub(super) const ALL: &[(&str, Happens)] = &[("the service tries the VLANs of others", others)];

/// Whatever happens to its port and its tunnel.
fn others(bed: &mut Bed) -> anyhow::Result<Told> {
    hopping::neighbours_come(bed)?;
    hopping::hop(bed)?;
    bed.set_tunnel(false)?;
    hopping::hop(bed)?;
    bed.set_tunnel(true)?;
    let port = bed.delete("/interface/bridge/port", "/bridge-port")?;
    hopping::hop(bed)?;
    linger();
    hopping::hop(bed)?;
    bed.put_back(port)?;
    hopping::hop(bed)?;
    linger();
    hopping::neighbours_go(bed)?;
    well(bed)
}
