#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates the JSON lines that a program prints against a JSON Schema.

check_schema.py SCHEMA PROGRAM [ARGUMENT...]

Exit code 77 (skipped) without the jsonschema module.
"""

import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: the Python module jsonschema is not installed")
    sys.exit(77)


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    validator_class = jsonschema.validators.validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    output = subprocess.run(
        sys.argv[2:], check=True, stdout=subprocess.PIPE
    ).stdout.decode("utf-8", errors="strict")

    wrong = 0
    types = set()
    for number, line in enumerate(output.splitlines(), 1):
        value = json.loads(line)
        types.add(value.get("type"))
        # Against its own definition: oneOf alone says nothing helpful.
        own = {"$ref": "#/definitions/" + str(value.get("type"))}
        detail = validator_class({**own, "definitions": schema["definitions"]})
        for error in list(validator.iter_errors(value)) and detail.iter_errors(value):
            wrong += 1
            print(f"line {number}: {error.json_path}: {error.message}\n  {line}")
        # The schema must be strict, or this check could not fail.
        value["surprise"] = 1
        if validator.is_valid(value):
            wrong += 1
            print(f"line {number}: an unknown field is accepted")
    missing = set(schema["properties"]["type"]["enum"]) - types
    if missing:
        wrong += 1
        print(f"no line of type {', '.join(sorted(missing))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
