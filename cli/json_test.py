#!/usr/bin/env python3
"""The output of each command that has --json is what docs/schemas/ says it is.

    cli/json_test.py VMTRUNC PROPERTIES SOURCE_DIR

Commands run in several situations and their outputs are validated. So that a
schema says neither too little nor too much:

- each object of it has had a field added, each that it must have removed, and
  each set to something else, and was refused every time;
- each field was seen; one that may be absent was seen absent;
- its lists of kernels and properties are those that the commands have;
- each command with --json has one.

Wants python3-jsonschema of Debian 12. docs/json.md says what a version is.
"""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

from json_cases import (CASES, HISTORY, NEVER_ABSENT, REFUSED, UNSEEN, WITHOUT)
from json_schemas import Schemas

MARK = "no such field"  # with spaces: it fits the name of nothing


class Failures:
    """What was expected and did not come, a line each."""

    def __init__(self):
        self.lines = []
        self.checks = 0

    def expect(self, what, is_so):
        self.checks += 1
        if not is_so:
            self.lines.append(what)


def check_schemas(schemas, failures):
    for name, schema in schemas.all.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            failures.expect(f"{name}: {error.message}", False)
        failures.expect(f"{name}: which draft it is of",
                        schema.get("$schema", "").endswith("2020-12/schema"))
        version = schemas.all["common.schema.json"]["$defs"]["version"]["const"]
        failures.expect(f"{name}: its version", re.match(
            rf"version {version}\.\d+$", schema.get("$comment", "")))
        for field, _ in schemas.fields(f"{name}#", schema):
            said = [schemas.at(field)]
            if "$ref" in said[0]:
                ref = said[0]["$ref"]
                said.append(schemas.at(name + ref if ref[0] == "#" else ref))
            failures.expect(f"{field}: a description",
                            any(one.get("description") for one in said))


def check_seen(schemas, failures):
    for name, schema in schemas.all.items():
        for field, parent in schemas.fields(f"{name}#", schema):
            failures.expect(
                f"{field}: " + ("is seen, and is an exception of this test"
                                if field in UNSEEN else
                                "is in no output: has it gone?"),
                (field in schemas.seen) != (field in UNSEEN))
            if field.split("/")[-1] in parent.get("required", []) or (
                    field in UNSEEN):
                continue
            failures.expect(
                f"{field}: " + ("was absent, and is an exception of this test"
                                if field in NEVER_ABSENT else
                                "is never absent: it could be required"),
                (field in schemas.absent) != (field in NEVER_ABSENT))


def check_canaries(schemas, failures):
    """An object with a field too many, one too few or a wrong one."""
    for place, (_, value) in schemas.smallest.items():
        validator = schemas.validator(place)
        failures.expect(f"{place}: fits", validator.is_valid(value))
        failures.expect(f"{place}: a field is added, and it fits",
                        not validator.is_valid({**value, MARK: "added"}))
        level = list(schemas.level(place, value))
        required = {name for _, schema in level
                    for name in schema.get("required", [])}
        for name in value:
            rest = {key: it for key, it in value.items() if key != name}
            if name in required:
                failures.expect(f"{place}: without {name} it fits",
                                not validator.is_valid(rest))
            for wrong in ({MARK: "wrong"}, [MARK, {}]):
                failures.expect(
                    f"{place}: with {name} = {wrong} it fits",
                    not validator.is_valid({**rest, name: wrong}))


def check_whole_canary(schemas, outputs, failures):
    """The same from the outside: what a reader of a whole output would do."""
    for name, output in outputs.items():
        validator = schemas.validator(f"{name}.schema.json")
        for what, change in (
                ("added", lambda it: it.update({MARK: 1})),
                ("removed", lambda it: it.pop("version")),
                ("of a later version", lambda it: it.update(version=2)),
                ("of a wrong type", lambda it: it.update(version="1"))):
            changed = copy.deepcopy(output)
            change(changed)
            failures.expect(f"{name}: a field is {what}, and it fits",
                            not validator.is_valid(changed))


def check_names(schemas, outputs, listed, failures):
    """Lists in the schemas against the tables of the commands."""
    common = schemas.all["common.schema.json"]["$defs"]
    kernels = [row["name"] for row in outputs["kernels"]["kernels"]]
    failures.expect(f"kernel_name: expected {kernels}",
                    common["kernel_name"]["enum"] == kernels)
    failures.expect(f"kernel: expected the pattern of {kernels}",
                    common["kernel"]["pattern"].startswith(
                        "^(" + "|".join(re.escape(it).replace("\\-", "-")
                                        for it in kernels) + ")("))
    for name, fits in [(it, True) for it in kernels] + [
            ("2.6.11+leap-split-inherits", True), ("2.6.12", False),
            ("2.6.11+", False), ("", False), ("2x6.11", False)]:
        failures.expect(f"kernel: {name} fits: expected {fits}", schemas.fits(
            "common.schema.json#/$defs/kernel", name) == fits)
    ours = common["property"]["enum"]
    failures.expect("property: the properties of matrix", set(ours) == set(
        outputs["matrix"]["kernels"][0]["properties"]))
    more = common["script_property"]["anyOf"][1]["enum"]
    failures.expect(f"script_property: expected {listed}",
                    ours + more == listed)


def commands_with_json(vmtrunc):
    """As their --help says."""
    text = run(vmtrunc, "--help")[1]
    for name in re.findall(r"^  ([a-z]+) ", text.split("Subcommands:")[1],
                           re.M):
        if "--json" in run(vmtrunc, name, "--help")[1]:
            yield name


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def prepare_fuzzer(directory, replay):
    """A program that runs one input as the target does, whatever its flags."""
    script = pathlib.Path(HISTORY).resolve()
    path = directory / "fuzzer"
    path.write_text(f"#!/bin/sh\nexec '{replay}' '{script}'\n")
    path.chmod(0o755)


def prepare(directory, vmtrunc):
    """The scripts that the corpus has not."""
    start = "vmtrunc 1\nfile f 64\ntask a\na mmap 1 64 f 0 populate\n"
    for name, text in {
            "empty": "vmtrunc 1\n",
            "none": "vmtrunc 1\nfile f 2\n",
            "bad": "vmtrunc 1\nfile f 2\ntask a\na mmap 1 2 f 0\n"
                   "expect 2.6.11 breaks no-page-past-size\n"
                   "expect 2.7.1 holds\n",
            "idle": "vmtrunc 1\nfile f 2\nexpect 2.6.11 holds\n",
            # More steps than a story keeps.
            "long": start + "a munmap 1 64\na mmap 1 64 f 0 populate\n" * 80,
            # What ends accesses, and pages that move.
            "accesses": "vmtrunc 1\nfile f 4\ntask a\n"
                        "a mmap 20 8 f 0 populate\na read 26\na read 9\n"
                        "a mremap 20 4 40 4\n",
            # A move that owes a flush, while a gather of another mm is open:
            # frames are held, free, a page and a copy again.
            "moved": "vmtrunc 1\ntlb\nfile f 4\nfile g 1\ntask a\n"
                     "task a2 mm a\ntask b\ntask c\n"
                     "a mmap 16 2 f 0 r populate\nb mmap 40 1 g 0 private\n"
                     "b mmap 42 4 f 0\nc mmap 61 1 f 3\nc read 61\n"
                     "c mmap 60 1 g 0 private\nc write 60\n"
                     "c munmap 60 2 &\nc step\nc step\nc step\n"
                     "a mremap 16 2 20 2 &\n" + "a step\n" * 5 +
                     "b truncate f 0\nb truncate f 4\nb write 40\n"
                     "b read 42\na2 read 16\na2 read 17\n",
            "full": "vmtrunc 1\nblock 4\ntlb\nfile f 3\ntask a\ntask b\n"
                    "a mmap 16 3 f 0 populate\nb truncate f 0\n",
            "unlinked": "vmtrunc 1\ntlb\nfile f 2 pfn\ntask a\ntask b\n"
                        "a mmap 16 2 f 0\na read 16\na munmap 16 2 &\n" +
                        "a step\n" * 4 + "b revoke f 0 2\n",
            # One ends before the other.
            "short": start + "a munmap 1 8\n",
            "shorter": start}.items():
        (directory / f"{name}.vmt").write_text(text)
    (directory / "own.kernel").write_text(
        "# Of the shop.\nvmtrunc-kernel 1\nname acme-5.4\nbase 2.6.9-mm\n"
        "+ shared-walk\n- importer-rescans  # slow\n")
    # A campaign that has stopped: what is in its log, and no fuzzer.
    campaign = directory / "campaign"
    campaign.mkdir()
    (campaign / "format").write_text("vmtrunc campaign 1\n")
    slices = [{"slice": number, "kernel": kernel, "engine": "plain", "began": 9,
               "seconds": 1.5, "executions": 7, "events": 6, "effects": 5,
               "drops": 1, "states": 4, "new_states": 4, "new_features": 3,
               "new_causes": 1, "corpus": 2, "memory_mib": 30, "unsorted": 0,
               "end": "", "of_count": of, "of_seen": of,
               "causes": {"no-removed-page-mapped+unmap-mutex": 2}}
              for number, (kernel, of) in enumerate(
                  (("2.6.11", 2), ("3.0", 0), ("3.0+my-rule", 0)), 1)]
    (campaign / "log.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in slices))
    (directory / "corpus").mkdir()
    for path in pathlib.Path("corpus/distilled").glob("fork*.vmt"):
        (directory / "corpus" / path.name).write_bytes(path.read_bytes())
    run(vmtrunc, "format", HISTORY, "--as", "bytes", "-o",
        str(directory / "bytes"))


def run_cases(schemas, vmtrunc, properties, directory, failures):
    """Runs all; returns an output of each kind."""
    outputs = {}

    def called(arguments):
        arguments = [it.format(dir=directory) for it in arguments]
        if arguments[0] == "properties":
            return run(properties, *arguments[1:], "--json")
        if arguments[0] == "vmtrunc":
            arguments = arguments[1:]
        return run(vmtrunc, *arguments, "--json")

    # That which writes a script for others comes first.
    for name, status, arguments in sorted(
            CASES, key=lambda case: "-o" not in case[2]):
        what = f"{name}: {' '.join(arguments)}"
        got, out, err = called(arguments)
        failures.expect(f"{what}: status {got}, expected {status}: "
                        f"{err[:200]}", got == status)
        try:
            output = json.loads(out)
        except ValueError as error:
            failures.expect(f"{what}: no JSON: {error}", False)
            continue
        if name == "explain":
            # All rows have one schema, and thousands of them take long.
            for story in output["runs"]:
                del story["rows"][200:]
        schema = f"{name}.schema.json"
        wrong = [f"{what}: {'/'.join(map(str, it.absolute_path))}: "
                 f"{it.message[:300]}"
                 for it in schemas.validator(schema).iter_errors(output)]
        failures.checks += 1
        failures.lines += wrong[:5]
        if not wrong:
            schemas.walk(f"{schema}#", output)
            outputs.setdefault(name, output)
    for arguments in REFUSED:
        got, out, err = called(arguments)
        failures.expect(f"{' '.join(arguments)}: expected status 2, a line on "
                        f"standard error and no output, got {got}: {out[:100]}",
                        got == 2 and not out and err)
    return outputs


def check_dumps(failures):
    """Where a name is no UTF-8, dump() throws, and an answer is lost."""
    for path in [*pathlib.Path("cli").glob("*.cc"),
                 *pathlib.Path("properties").glob("*.cc")]:
        failures.expect(f"{path}: prints JSON without report/json_text.h",
                        ".dump(2" not in path.read_text())


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    vmtrunc, properties, source = map(os.path.abspath, sys.argv[1:])
    os.chdir(source)
    schemas = Schemas(pathlib.Path(source, "docs/schemas"))
    failures = Failures()
    check_schemas(schemas, failures)
    check_dumps(failures)
    there = set(os.listdir())
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        prepare(directory, vmtrunc)
        prepare_fuzzer(directory, os.path.join(os.path.dirname(vmtrunc),
                                                "replay_truncate"))
        outputs = run_cases(schemas, vmtrunc, properties, directory, failures)
    failures.expect(f"new in the sources: {sorted(set(os.listdir()) - there)}",
                    set(os.listdir()) == there)
    names = {name for name, _, _ in CASES}
    failures.expect(f"schemas: expected those of {sorted(names)}",
                    {f"{it}.schema.json" for it in names} |
                    {"common.schema.json"} == set(schemas.all))
    ran = {arguments[0] for _, _, arguments in CASES}
    for command in commands_with_json(vmtrunc):
        failures.expect(f"{command} --json: has no schema",
                        command in ran or command in WITHOUT)
    if names == set(outputs):
        listed = re.findall(r"^(\S+)", run(properties, "--list")[1], re.M)
        check_names(schemas, outputs, listed, failures)
        check_seen(schemas, failures)
        check_canaries(schemas, failures)
        check_whole_canary(schemas, outputs, failures)
    for line in failures.lines[:40]:
        print(line)
    print(f"{len(CASES)} outputs, {failures.checks} checks, "
          f"{len(failures.lines)} failed")
    sys.exit(1 if failures.lines else 0)


if __name__ == "__main__":
    main()
