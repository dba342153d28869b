#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often `driftcage new` finds a signature by itself.

Takes the command, the files and the fault of shipped scenarios, without their
[expect] and [[fix]], lets `driftcage new --draft` complete them, and writes
docs/authoring-measured.md. `new` writes a scenario only when it passes and is
red without its fault, so what is written has been proved both ways.

  tests/authoring/measure.py build/dev/bin/driftcage [ID...]
"""
import pathlib
import re
import subprocess
import sys
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
chooses another one of several lines that are all true.
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


def measure(program, scenario_id):
    source = SCENARIOS / (scenario_id + ".toml")
    try:
        done = subprocess.run(
            [program, "new", scenario_id, "--draft", str(source)],
            capture_output=True, text=True, timeout=600, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired:
        return None, "ran out of time", source
    if done.returncode != 0:
        return None, last_words(done.stderr), source
    red = re.search(r"without its fault it is (\S+)", done.stderr)
    return tomllib.loads(done.stdout), red.group(1), source


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    chosen = sys.argv[2:] or sorted(
        str(x.relative_to(SCENARIOS).with_suffix(""))
        for x in SCENARIOS.glob("*/*.toml") if x.parent.name != "_lib")
    rows, misses, skipped = [], [], []
    for scenario_id in chosen:
        made, said, source = measure(program, scenario_id)
        if made is None:
            kind = skipped if re.search(r"needs|no tool|is missing in", said) \
                else misses
            kind.append((scenario_id, said))
            print(f"{scenario_id}: {said}", flush=True)
            continue
        expect = made["expect"]
        lines = expect.get("see", []) + expect.get("never", [])
        shown = "<br>".join(
            [f"`{x}`" for x in expect.get("see", [])] +
            [f"never `{x}`" for x in expect.get("never", [])])
        by_hand = tomllib.loads(source.read_text())["expect"]
        theirs = subjects(by_hand.get("see", []) + by_hand.get("never", []))
        same = len(theirs & subjects(lines))
        fixes = ", ".join(
            x["id"] + (" (decoy)" if x.get("wrong") else "")
            for x in made.get("fix", []))
        rows.append(f"| {scenario_id} | {shown} | {said} | "
                    f"{same} of {len(theirs)} | {fixes} |")
        print(f"{scenario_id}: found, {said} without the fault; "
              f"same {same} of {len(theirs)}", flush=True)
    total = len(rows) + len(misses)
    print(f"{len(rows)} of {total} found")
    if sys.argv[2:]:
        return
    page = HEAD + f"\nFound: {len(rows)} of {total}.\n\n"
    page += ("| scenario | mined `see` and `never` | without the fault | same "
             "| fixes found |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n")
    if misses:
        page += "\n## Misses\n\n"
        page += "".join(f"- `{x}`: {why}\n" for x, why in misses)
    if skipped:
        page += "\nNot counted, because this machine lacks something:\n\n"
        page += "".join(f"- `{x}`: {why}\n" for x, why in skipped)
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
