"""A demo whose agent is the one to be measured, without what only the demo's agent does."""

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import process

PATIENCE = 120


class Demo:
    """`bulkhead demo` with a given agent. Ended by `close`."""

    def __init__(self, programs, agent, place):
        self.place, self.agent = place, os.path.abspath(agent)
        self.log = open(f"{place}/demo.log", "w", encoding="utf-8")
        # The demo looks for the other programs beside its own. Its agent watches its parent five times a second,
        # which that of a router does not.
        folder = f"{place}/programs"
        os.mkdir(folder)
        for name in ("bulkhead", "bulkhead-twin"):
            shutil.copy2(f"{programs}/{name}", folder)
        with open(f"{folder}/bulkhead-agent", "w", encoding="utf-8") as wrapper:
            wrapper.write(f"#!/bin/sh\n[ \"$1\" = --die-with-parent ] && shift\nexec '{self.agent}' \"$@\"\n")
        os.chmod(wrapper.name, 0o755)
        ready = f"{place}/ready.json"
        self.child = subprocess.Popen(
            [f"{folder}/bulkhead", "demo", "--listen", "127.0.0.1:0", "--ready-file", ready, "--data", f"{place}/data"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        until("the demo", lambda: os.path.exists(ready) or self.fail_if_ended())
        with open(ready, encoding="utf-8") as file:
            said = json.load(file)
        self.url, self.token, self.router = said["url"], said["token"], said["routers"][0]

    def fail_if_ended(self):
        if self.child.poll() is not None:
            with open(self.log.name, encoding="utf-8") as log:
                raise RuntimeError(f"the demo ended with {self.child.returncode}: {log.read()[-2000:]}")

    def pid(self):
        """The agent's process, or nothing while there is none."""
        for entry in glob.glob("/proc/[0-9]*/exe"):
            try:
                program, number = os.readlink(entry), int(entry.split("/")[2])
                with open(f"/proc/{number}/cmdline", "rb") as words:
                    ours = self.place.encode() in words.read()
            except OSError:
                continue
            if program == self.agent and ours:
                return number
        return None

    def call(self, method, path, body=None, key=None):
        """One request to the controller; the answer as JSON."""
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if key:
            request.add_header("Idempotency-Key", key)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error

    def vifs(self):
        return self.call("GET", f"/routers/{self.router['id']}/vifs")

    def make_vifs(self, count):
        """Makes VIFs, one after the other, as a person does."""
        for number in range(1, count + 1):
            body = {"name": f"vif-{number}", "egress": {"interface": "wg-vpn"}, "kill_switch": {"mode": "block"}}
            path = f"/routers/{self.router['id']}/vifs"
            change = self.call("POST", path, body, f"footprint-{number}")["change_set"]
            until(f"VIF {number}", lambda: self.ended(change))
        until("their gates", lambda: [vif["kill_switch"]["gate"] for vif in self.vifs()] == ["open"] * count)

    def ended(self, change):
        state = self.call("GET", f"/change-sets/{change}")["state"]
        if state in ("rolled_back", "error", "invalid"):
            raise RuntimeError(f"a VIF could not be made: {self.call('GET', f'/change-sets/{change}')}")
        return state == "active"

    def verify(self):
        """Has all VIFs verified, and waits until they are."""
        seen = max(vif["isolation"]["verified_at"] for vif in self.vifs())
        self.call("POST", f"/routers/{self.router['id']}/vifs/{self.vifs()[0]['id']}/verify", {}, f"verify-{seen}")
        until("a verification", lambda: all(vif["isolation"]["verified_at"] > seen for vif in self.vifs()))

    def restart_agent(self):
        """Starts the agent anew, and gives its process once it has compared everything on the router."""
        seen = max((vif["isolation"]["verified_at"] or "" for vif in self.vifs()), default="")
        old = self.pid()
        os.kill(old, signal.SIGTERM)
        until("the agent", lambda: self.pid() not in (None, old))
        until("a look at everything", lambda: all((vif["isolation"]["verified_at"] or "") > seen for vif in self.vifs()))
        return self.pid()

    def run(self, commands):
        """Has the router carry out commands, lists of words, and gives the ids that it shows."""
        ids = []
        host, _, port = self.router["api"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as router:
            name, password = self.router["username"], self.router["password"]
            router.sendall(sentence(["/login", f"=name={name}", f"=password={password}"]))
            answers = router.makefile("rb")
            read(answers, 1)
            for begin in range(0, len(commands), 200):
                batch = commands[begin:begin + 200]
                router.sendall(b"".join(map(sentence, batch)))
                ids += read(answers, len(batch))
        return ids

    def close(self):
        agent = self.pid()
        process.end(self.child)
        if agent and self.pid() == agent:
            os.kill(agent, signal.SIGKILL)
        self.log.close()


def until(what, happened):
    """Asks until it has happened, within a bound."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.1)


def sentence(words):
    """A sentence of RouterOS' API; words are shorter than 128 bytes."""
    return b"".join(bytes([len(word.encode())]) + word.encode() for word in words) + b"\0"


def read(answers, count):
    """Reads answers until so many commands have ended; the ids in them."""
    first, ids = None, []
    while count:
        length = answers.read(1)[0]
        if length & 0x80:
            length = (length & 0x3F) << 8 | answers.read(1)[0]
        word = answers.read(length)
        if not word:
            count -= first == b"!done"
            first = None
            continue
        first = first or word
        if first in (b"!trap", b"!fatal"):
            raise RuntimeError(f"the router refuses: {answers.read1(300)}")
        if word.startswith(b"=.id="):
            ids.append(word[5:].decode())
    return ids
