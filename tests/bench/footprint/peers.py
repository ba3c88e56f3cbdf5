"""Other programs that routers and small servers run all day: a broker and a collector, as Debian brings them."""

import os
import shutil
import socket
import subprocess

PLUGINS = "/usr/lib/collectd"


def start(place):
    """Starts those that are installed: name to child; and says which are not."""
    started, lacking = {}, []
    for name, command in (("mosquitto", mosquitto), ("collectd", collectd)):
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if path is None:
            lacking.append(name)
            continue
        with open(f"{place}/{name}.log", "w", encoding="utf-8") as log:
            started[name] = subprocess.Popen(command(path, place), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return started, lacking


def mosquitto(path, place):
    """Nobody is connected: the least that it takes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = f"{place}/mosquitto.conf"
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    return [path, "-c", config]


def collectd(path, place):
    """Reads processor, memory, load and interfaces each 10 s, as often as the agent polls."""
    config = f"{place}/collectd.conf"
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'BaseDir "{place}"\nPIDFile "{place}/collectd.pid"\nPluginDir "{PLUGINS}"\nInterval 10\n')
        file.write('TypesDB "/usr/share/collectd/types.db"\nFQDNLookup false\n')
        for plugin in ("cpu", "memory", "load", "interface", "csv"):
            file.write(f"LoadPlugin {plugin}\n")
        file.write(f'<Plugin csv>\n  DataDir "{place}/csv"\n</Plugin>\n')
    return [path, "-f", "-C", config]
