"""What the kernel says of a process: memory, time on a processor, system calls."""

import os
import re
import signal
import subprocess
import time


class Memory:
    """Kibibytes of a process, from /proc/PID/status."""

    def __init__(self, pid):
        self.fields = {}
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                name, _, value = line.partition(":")
                if value.endswith(" kB\n"):
                    self.fields[name] = int(value.split()[0])

    @property
    def resident(self):
        return self.fields["VmRSS"]

    @property
    def anonymous(self):
        return self.fields["RssAnon"]

    @property
    def peak(self):
        return self.fields["VmHWM"]


def processor_seconds(pid):
    """Seconds on a processor so far: of the whole process, and of the threads that it has now.

    /proc/PID/stat counts in ticks of 10 ms, of which an idle agent takes fewer than one a poll; schedstat counts
    nanoseconds, where the kernel has it, but what a thread took that has ended is gone with it.
    """
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    whole = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    try:
        threads = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as schedstat:
                threads += int(schedstat.read().split()[0])
    except FileNotFoundError:
        return whole, 0
    return whole, threads / 1e9


def processor_share(pids, seconds):
    """What share of one core each process takes over the next so many seconds."""
    before, began = {pid: processor_seconds(pid) for pid in pids}, time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began

    def taken(pid):
        # Ticks may miss what is short, threads what has ended: neither counts too much.
        return max(now - then for now, then in zip(processor_seconds(pid), before[pid]))

    return {pid: taken(pid) / elapsed for pid in pids}


def system_calls(pids, seconds):
    """System calls of each process over the next so many seconds, by name, as strace counts them."""
    began = time.monotonic()
    tracers = {
        pid: subprocess.Popen(
            ["strace", "-c", "-f", "-U", "calls,name", "-p", str(pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for pid in pids
    }
    time.sleep(seconds)
    counted = {}
    for pid, tracer in tracers.items():
        # An interrupt lets go of the process and prints the table.
        tracer.send_signal(signal.SIGINT)
        _, table = tracer.communicate(timeout=60)
        lines = re.findall(r"^\s*(\d+)\s+([a-z_0-9]+)$", table, re.MULTILINE)
        counted[pid] = {name: int(count) for count, name in lines if name != "total"}
        if not lines and tracer.returncode not in (0, 130, -signal.SIGINT):
            raise RuntimeError(f"strace: {table.strip()}")
    return counted, time.monotonic() - began


def end(process):
    """Ends a child of ours, and waits for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
