"""Rows 5, 6 and 7 of the goals: what the agent takes on a router, beside what others take.

    python3 tests/bench/footprint PROGRAMS AGENT IMAGES [--seconds N]

PROGRAMS is the folder of bulkhead and bulkhead-twin, AGENT the program to measure, IMAGES the folder of its images.
"""

import argparse
import gzip
import os
import shutil
import signal
import sys
import tempfile

import demo
import peers
import process

VIFS, ROWS = 30, 10_000
# Every so many seconds the agent verifies all VIFs, which a measure of one or two minutes may miss.
VERIFIES_EVERY, VERIFICATIONS = 300, 3
# What the kernel calls kB is 1024 bytes.
KIB, MB = 1024, 1_000_000


def say(text):
    print(text, file=sys.stderr, flush=True)


def line(row, figure, goal, ours, others=""):
    """One line of the table that scripts/bench prints."""
    print(row, figure, goal, ours, others, sep="\t", flush=True)


def judged(value, goal, shown):
    return f"{'met' if value <= goal else 'missed'}: {shown}"


def memory(figure, taken, others):
    say(f"{figure}: resident {taken.resident} kB, anonymous {taken.anonymous} kB, peak {taken.peak} kB")
    line(5, f"{figure}, resident", "≤ 8 MB", size(taken.resident, 8), others(lambda one: one.resident))
    line(5, f"{figure}, anonymous", "≤ 3 MB", size(taken.anonymous, 3), others(lambda one: one.anonymous))


def peak(figure, pid):
    taken = process.Memory(pid)
    say(f"{figure}: resident {taken.resident} kB, anonymous {taken.anonymous} kB, peak {taken.peak} kB")
    line(5, f"{figure}, peak", "≤ 16 MB", size(taken.peak, 16))


def size(kibibytes, goal):
    return judged(kibibytes * KIB, goal * MB, megabytes(kibibytes))


def megabytes(kibibytes):
    return f"{kibibytes * KIB / MB:.2f} MB"


def images(folder):
    for arch in ("arm64", "arm-v7"):
        figure, goal, image = f"image for {arch}, compressed", "≤ 4 MB", f"{folder}/bulkhead-agent-{arch}.tar"
        if not os.path.exists(image):
            line(6, figure, goal, f"skipped: not built (scripts/build-agent {arch})")
            continue
        with open(image, "rb") as file:
            line(6, figure, goal, size(len(gzip.compress(file.read(), 9)) / KIB, 4))


def idle(running, pid, others, seconds):
    """Row 7: CPU first, alone; then system calls, whose counting costs CPU."""
    pids = {pid: "ours"} | {child.pid: name for name, child in others.items()}
    shares = process.processor_share(pids, seconds)
    before = process.processor_seconds(pid)[0]
    for _ in range(VERIFICATIONS):
        running.verify()
    cost = (process.processor_seconds(pid)[0] - before) / VERIFICATIONS
    say(f"ours: {shares[pid]:.3%} between verifications, each of which takes {cost:.3f} s")
    share = shares.pop(pid) + cost / VERIFIES_EVERY
    rest = ", ".join(f"{pids[other]} {one:.3%}" for other, one in shares.items())
    line(7, "processor, idle", "≤ 0.1 % of a core", judged(share, 0.001, f"{share:.3%}"), rest)
    figure, goal = "system calls, idle (strace -c)", "≤ 3/s"
    if shutil.which("strace") is None:
        return line(7, figure, goal, "skipped: strace is not installed (scripts/bench installs it as root)")
    try:
        counted, took = process.system_calls(pids, seconds)
    except RuntimeError as error:
        return line(7, figure, goal, f"skipped: {error}")
    for one, calls in counted.items():
        say(f"{pids[one]}, system calls in {took:.0f} s: {dict(sorted(calls.items(), key=lambda item: -item[1]))}")
    rates = {one: sum(calls.values()) / took for one, calls in counted.items()}
    rate = rates.pop(pid)
    rest = ", ".join(f"{pids[other]} {one:.1f}/s" for other, one in rates.items())
    return line(7, figure, goal, judged(rate, 3, f"{rate:.1f}/s"), rest)


def large_menus(running):
    """The peak of an agent that reads everything from a router with one large menu: the largest that people have, and the
    one of which it reads the most properties."""
    running.run([
        ["/ip/firewall/address-list/add", "=list=blocked", f"=address=198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}"]
        for n in range(ROWS)
    ])
    peak(f"after a print of {ROWS:,} address-list rows", running.restart_agent())
    lists = "/ip/firewall/address-list"
    blocked = running.run([[f"{lists}/print", "=.proplist=.id", "?list=blocked"]])
    running.run([[f"{lists}/remove", f"=.id={row}"] for row in blocked])
    running.run([
        ["/ip/firewall/filter/add", "=chain=forward", "=action=drop", "=protocol=tcp", "=in-interface=ether1",
         f"=src-address=198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}", f"=comment=blocked since Tuesday, {n}"]
        for n in range(ROWS)
    ])
    peak(f"after a print of {ROWS:,} filter rows", running.restart_agent())


def main():
    words = argparse.ArgumentParser()
    words.add_argument("programs")
    words.add_argument("agent")
    words.add_argument("images")
    words.add_argument("--seconds", type=int, default=60, help="how long row 7 looks, each time")
    given = words.parse_args()
    # Asked to end, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="bulkhead-footprint-") as place:
        others, lacking = peers.start(place)
        for name in lacking:
            say(f"{name} is not installed (scripts/bench installs it as root): left out")
        running = None
        try:
            running = demo.Demo(given.programs, given.agent, place)
            say(f"measuring {given.agent}, {os.path.getsize(given.agent):,} bytes, with {VIFS} VIFs")
            running.make_vifs(VIFS)
            beside = {name: process.Memory(child.pid) for name, child in others.items()}

            def rest(of):
                return ", ".join(f"{name} {megabytes(of(one))}" for name, one in beside.items())

            memory(f"{VIFS} VIFs, all just made", process.Memory(running.pid()), rest)
            agent = running.restart_agent()
            idle(running, agent, others, given.seconds)
            # Some polls after its start.
            memory(f"{VIFS} VIFs at rest", process.Memory(agent), rest)
            images(given.images)
            large_menus(running)
        finally:
            if running:
                running.close()
            for child in others.values():
                process.end(child)


main()
