"""Does one piece of work with librouteros, for whoever counts its instructions.

work.py librouteros adds|rows HOST PORT USER PASSWORD COUNT PROPERTIES
"""

import sys

import librouteros


def main():
    work, host, port, user, password, count, properties = sys.argv[2:]
    api = librouteros.connect(host=host, port=int(port), username=user, password=password, timeout=600)
    if work == "adds":
        rules = api.path("ip", "firewall", "filter")
        for number in range(int(count)):
            rules.add(
                chain="forward",
                action="drop",
                disabled="yes",
                **{"src-address": "192.0.2.1"},
                comment=f"bench {number}",
            )
    else:
        rows = list(api("/interface/print", rows=count, **{".proplist": properties}))
        assert len(rows) == int(count), len(rows)
    api.close()


main()
