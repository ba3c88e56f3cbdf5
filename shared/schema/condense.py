#!/usr/bin/env python3
"""Condenses RouterOS schema dumps (/console/inspect, one JSON file a version) into the two files beside this script.

usage: condense.py FOLDER    FOLDER holds VERSION.json for each version below and values-VERSION.json

commands.txt   first line: the versions. Then, per command, one line: its path, `:mask` (hexadecimal) unless every version
               has it, and its arguments, each as name, `~` and what is known of its value, `:mask` unless it is there
               wherever the command is. Bit n of a mask stands for the n-th version. Known of values: `s` a string and
               `x` hexadecimal digits, with their length where it is bounded (`s1-31`), `t` a time, with its bounds in
               milliseconds (`t10000-86400000`, `t200-`), `b` yes or no, `a` an address, `p` a prefix, `r` a range of
               addresses, `m` a MAC address, `w` one or several words.
values.txt     per menu and argument of add or set, the words that the console offers.
"""
import json
import pathlib
import re
import sys

VERSIONS = ["7.16.2", "7.18.2", "7.20.8", "7.21.4", "7.23.3", "7.24"]


MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


def milliseconds(text):
    clock = re.fullmatch(r"(\d+):(\d+):(\d+)(?:\.(\d{3}))?", text)
    if clock:
        hours, minutes, seconds, rest = (int(part or 0) for part in clock.groups())
        return (hours * 3600 + minutes * 60 + seconds) * 1000 + rest
    return sum(int(number) * MILLISECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[wdhms])", text))


def bounds(text):
    """Of a time `10s..1d (time interval)` or a string `string value, min length 1, max length 31`."""
    times = re.match(r"([0-9a-z:.]+?)\.\.([0-9a-z:.]*)\s", text)
    if times:
        least, most = times.groups()
        return f"{milliseconds(least)}-{milliseconds(most) if most else ''}"
    least, most = re.search(r"min length (\d+)", text), re.search(r"max length (\d+)", text)
    return f"{least[1] if least else 0}-{most[1] if most else ''}" if least or most else ""


def kind(texts, values):
    known = [
        ("time interval", "~t"),
        ("hexadecimal string", "~x"),
        ("string value", "~s"),
        ("MAC address", "~m"),
        ("IP address range", "~r"),
        ("prefix)", "~p"),
        ("(IP address)", "~a"),
        ("*]", "~w"),
    ]
    for text in reversed(texts):
        for part, letter in known:
            if part in text:
                return letter + (bounds(text) if letter in ("~t", "~s", "~x") else "")
    return "~b" if values == ["no", "yes"] else ""


def main(folder):
    dumps = [json.loads((folder / f"{version}.json").read_text()) for version in VERSIONS]
    values = json.loads(next(folder.glob("values-*.json")).read_text())
    every = (1 << len(VERSIONS)) - 1
    lines = [" ".join(VERSIONS)]
    for command in sorted(set().union(*dumps)):
        present = sum(1 << n for n, dump in enumerate(dumps) if command in dump)
        words = [command + ("" if present == every else f":{present:x}")]
        for name in sorted(set().union(*(dump.get(command, {}) for dump in dumps))):
            mask = sum(1 << n for n, dump in enumerate(dumps) if name in dump.get(command, {}))
            texts = [dump[command][name] for dump in dumps if name in dump.get(command, {})]
            word = name + kind(texts, values.get(command, {}).get(name))
            words.append(word + ("" if mask == present else f":{mask:x}"))
        lines.append(" ".join(words))
    here = pathlib.Path(__file__).parent
    (here / "commands.txt").write_text("\n".join(lines) + "\n")
    offered = {}
    for command, arguments in values.items():
        menu, verb = command.rsplit("/", 1)
        if verb in ("add", "set"):
            for name, words in arguments.items():
                if words and words != ["no", "yes"]:
                    offered.setdefault((menu, name), set()).update(words)
    text = "".join(f"{menu} {name} {' '.join(sorted(words))}\n" for (menu, name), words in sorted(offered.items()))
    (here / "values.txt").write_text(text)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
