//! What is in the router's kernel is put in anew, and not at once: one layer is gone for a moment.

use super::{closed_after, good_from_now, linger, well};
use crate::{
    bed::Bed,
    clock,
    kernel::Layer,
    run::{FIREWALL_ALONE, Happens, Told},
};

pub(super) const ALL: &[(&str, Happens)] = &[
    ("the VIF's table is flushed and filled again", |bed| gap(bed, Layer::Tables)),
    ("the routing rules are deleted and added again", |bed| gap(bed, Layer::Rules)),
    ("all firewall rules are flushed with the tunnel down", |bed| {
        let news = clock::now();
        bed.set_tunnel(false)?;
        let reaction = closed_after(bed, news);
        gap(bed, Layer::Firewall)?;
        bed.set_tunnel(true)?;
        Ok(Told { exposed: FIREWALL_ALONE, ..good_from_now(bed, reaction) })
    }),
    ("all firewall rules are flushed with the tunnel up", |bed| {
        Ok(Told { exposed: FIREWALL_ALONE, ..gap(bed, Layer::Firewall)? })
    }),
    ("the service's interface goes down and up", |bed| {
        bed.network.router.command("ip", &["link", "set", "bh-v100", "down"])?;
        linger();
        bed.network.router.command("ip", &["link", "set", "bh-v100", "up"])?;
        well(bed)
    }),
];

/// Takes a layer away, leaves the hole for a moment, and puts it in anew.
fn gap(bed: &mut Bed, layer: Layer) -> anyhow::Result<Told> {
    const HOLE_MS: u64 = 40;
    for _ in 0..5 {
        bed.frozen(|bed| {
            bed.kernel().take(layer)?;
            clock::pause(HOLE_MS);
            bed.carry_out()
        })?;
        clock::pause(HOLE_MS);
    }
    well(bed)
}
