#!/usr/bin/env python3
"""Condenses RouterOS schema dumps (/console/inspect, one JSON file a version) into the two files beside this script.

usage: condense.py FOLDER    FOLDER holds VERSION.json for each version below and values-VERSION.json

commands.txt   first line: the versions. Then, per command, one line: its path, `:mask` (hexadecimal) unless every version
               has it, and its arguments, each as name, `~s` (string), `~t` (time) or `~b` (yes or no), `:mask` unless it
               is there wherever the command is. Bit n of a mask stands for the n-th version.
values.txt     per menu and argument of add or set, the words that the console offers.
"""
import json
import pathlib
import sys

VERSIONS = ["7.16.2", "7.18.2", "7.20.8", "7.21.4", "7.23.3", "7.24"]


def kind(texts, values):
    if any("time interval" in text for text in texts):
        return "~t"
    if any(text.startswith("string value") for text in texts):
        return "~s"
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
