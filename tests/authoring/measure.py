#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often `driftcage new` finds a signature by itself.

Takes the command, the files and the fault of shipped scenarios, without their
[expect] and [[fix]], lets `driftcage new --draft` complete them, and writes
docs/authoring-measured.md. `new` writes a scenario only when it passes and is
red without its fault, so what is written has been proved both ways.

  tests/authoring/measure.py [--other-go BIN_FOLDER] build/dev/bin/driftcage [ID...]

Scenarios that need a newer Go are run with the other one. With IDs only the
terminal is told.
"""
import argparse
import os
import pathlib
import re
import subprocess
import textwrap
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
PAGE = ROOT / "docs" / "authoring-measured.md"

HEAD = """# How well `driftcage new` finds signatures

Written by `tests/authoring/measure.py`, from real runs of all shipped scenarios.
Of each, `new` was given only the command, the files and the fault: `[expect]`,
`[[fix]]` and `[learn]` were taken away. A signature counts as found when the
scenario that `new` writes passes, and is red when its fault is taken out; `new`
checks both before it writes anything.

"Same" says how many of the lines that a person wrote for `see` and `never`
speak of the same file or program as one of the mined lines. A person often
chooses another one of several lines that are all true. Scenarios that need a
newer Go than this machine has were run with another one.
"""


def subjects(lines):
    """The last components of what the lines are about."""
    found = set()
    for line in lines:
        words = line.split() if isinstance(line, str) else []
        if len(words) > 1:
            found.add(words[1].strip('"').rstrip("*/").split("/")[-1])
    return found


def last_words(text):
    """The error's own words of what driftcage printed."""
    lines = [x.strip() for x in text.splitlines() if x.strip()]
    errors = [i for i, x in enumerate(lines) if "error:" in x]
    shown = lines[errors[-1]:] if errors else lines[-1:]
    text = " ".join(shown).replace("driftcage: error: ", "")
    return re.sub(r"\s*hint: ", ": ", text)[:180]


def general(line):
    """Without the addresses and servers of the machine that measured."""
    line = re.sub(r"\b\d+\.\d+\.\d+\.\d+\b", "ADDRESS", line)
    return re.sub(r"(lookup|tile)/[^ ]*", r"\1/...", line) \
        if "/sumdb/" in line else line


def measure(program, scenario_id, go_folder=None):
    """The scenario that was made, or None; what there is to say of it."""
    env = dict(os.environ)
    if go_folder:
        env["PATH"] = f"{go_folder}:{env['PATH']}"
    source = SCENARIOS / (scenario_id + ".toml")
    try:
        done = subprocess.run(
            [program, "new", scenario_id, "--draft", str(source)], env=env,
            capture_output=True, text=True, timeout=600, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired:
        return None, "ran out of time"
    if done.returncode != 0:
        return None, last_words(done.stderr)
    red = re.search(r"without its fault it is (\S+)", done.stderr)
    return tomllib.loads(done.stdout), red.group(1)


def row_of(scenario_id, made, said):
    """The cells of the table."""
    expect = made["expect"]
    see, never = expect.get("see", []), expect.get("never", [])
    shown = "<br>".join([f"`{general(x)}`" for x in see] +
                        [f"never `{general(x)}`" for x in never])
    source = SCENARIOS / (scenario_id + ".toml")
    by_hand = tomllib.loads(source.read_text())["expect"]
    theirs = subjects(by_hand.get("see", []) + by_hand.get("never", []))
    same = len(theirs & subjects(see + never))
    fixes = ", ".join(x["id"] + (" (decoy)" if x.get("wrong") else "")
                      for x in made.get("fix", []))
    return [scenario_id, shown, said, f"{same} of {len(theirs)}", fixes]


def page_of(rows, misses, skipped):
    apart = sum(bool(re.match("0 of [1-9]", row[3])) for row in rows)
    page = HEAD + (f"\nFound: {len(rows)} of {len(rows) + len(misses)}. In "
                   f"{apart} of these no line is about what a person named.\n")
    if misses:
        page += "\n## Misses\n\n"
        page += "".join(f"- `{x}`: {why}\n" for x, why in misses)
    if skipped:
        page += "\nNot counted, because this machine lacks something:\n\n"
        page += "".join(f"- `{x}`: {why}\n" for x, why in skipped)
    weak = [row[0] for row in rows if row[1].startswith("never ")]
    page += (
        "\n## Weak ones\n\nNo new event and no failing call comes with these "
        "faults, or none that is in every run: a\nvalue decides, or what a "
        "file holds. The lines only say where the command stopped:\n"
        + textwrap.fill(", ".join(f"`{x}`" for x in weak) + ".", 78,
                        break_on_hyphens=False) + "\n")
    page += ("\n## All\n\n| scenario | mined lines | without the fault | same "
             "| fixes found |\n|---|---|---|---|---|\n")
    return page + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--other-go")
    parser.add_argument("program")
    parser.add_argument("ids", nargs="*")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    chosen = options.ids or sorted(
        str(x.relative_to(SCENARIOS).with_suffix(""))
        for x in SCENARIOS.glob("*/*.toml") if x.parent.name != "_lib")
    rows, misses, skipped = [], [], []
    for scenario_id in chosen:
        made, said = measure(program, scenario_id)
        if made is None and options.other_go and "wanted" in said:
            made, said = measure(program, scenario_id, options.other_go)
        if made is None:
            lacks = re.search(r"needs|no tool|is missing in|wanted", said)
            (skipped if lacks else misses).append((scenario_id, said))
            print(f"{scenario_id}: {said}", flush=True)
            continue
        rows.append(row_of(scenario_id, made, said))
        print(f"{scenario_id}: found, {said} without the fault; "
              f"same {rows[-1][3]}", flush=True)
    print(f"{len(rows)} of {len(rows) + len(misses)} found")
    if not options.ids:
        PAGE.write_text(page_of(rows, misses, skipped))


if __name__ == "__main__":
    main()
