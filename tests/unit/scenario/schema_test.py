# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schema accepts what the parser accepts, and refuses every
mistake that a schema can express. The parser's side of the same examples is
checked by parser_test.cc and mistakes_test.cc."""

import json
import os
import pathlib
import re
import sys

try:
    import jsonschema
    import tomllib
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(1 if "DRIFTCAGE_MUST_WORK" in os.environ else 77)

ROOT = pathlib.Path(sys.argv[1])
HERE = ROOT / "tests/unit/scenario"


def has_line(part, start):
    return re.search("(?m)^" + re.escape(start), part) is not None


def complete(part):
    """The same as complete() in examples.cc."""
    top = "" if part.startswith("[") else part.partition("\n[")[0]

    def head(key, line):
        own = has_line(top, key + " =") or has_line(top, "# no " + key)
        return "\n" if own else line + "\n"

    text = head("schema", "schema = 1") + head("id", 'id = "a/b"')
    text += head("title", 'title = "t"')
    text += "\n" if has_line(top, "sh =") else head("run", 'run = ["true"]')
    text += part
    if not any(has_line(part, s) for s in ("[expect", "[[expect", "# no expect")):
        text += "\n[expect]\nexit = 1\n"
    return text


def examples(name):
    for block in re.split("(?m)^== ", (HERE / name).read_text())[1:]:
        title, _, body = block.partition("\n")
        yield title, re.split("(?m)^--$", body)[0]


def main():
    schema = json.loads((ROOT / "docs/scenario.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong = []
    count = 0

    def judge(title, text, valid):
        nonlocal count
        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return
        count += 1
        # JSON has no dates: an editor hands them on as texts.
        document = json.loads(json.dumps(document, default=str))
        found = [e.message[:120] for e in validator.iter_errors(document)]
        if valid and found:
            wrong.append(f"{title}: refused: {found}")
        if not valid and not found:
            wrong.append(f"{title}: accepted")

    for path in sorted((ROOT / "scenarios").rglob("*.toml")):
        if not any(part.startswith("_") for part in path.parts):
            judge(path, path.read_text(), True)
    for title, part in examples("valid.txt"):
        judge(title, complete(part), True)
    for title, part in examples("mistakes.txt"):
        if "| parser only" not in title:
            judge(title, complete(part), False)
    print("\n".join(wrong) or f"{count} examples agree")
    return 1 if wrong or count < 100 else 0


sys.exit(main())
