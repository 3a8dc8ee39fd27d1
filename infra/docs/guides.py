"""Runs the blocks of README.md and of the guides in docs/ on a running stack, and prints which did not run, and why.

Reads JSON from standard input: {"url", "key", "name", "catalog": the sample's, "binaries": folder of x and sluice,
"venv": folder of Python's programs, "home": folder for files, "documents": those to run, or none for all}.

Blocks of a document run in order, in a folder of their own, and share variables. `sh` runs in bash, `python` in
Python, `sql` in DuckDB; `json` is a request, which is planned; `toml` is a catalog, which is checked. `cargo x admin` and
`cargo run -p client --` run on the stack.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import yaml

import links
import pages
import node
from pages import ROOT
from unreliable import Unreliable

# Seconds for one block.
TIMEOUT = 120
RUNNABLE = ("sh", "python", "sql", "json", "toml")
# Text for people: recorded sessions, drawings, output.
TEXT = "text"

CARGO = """#!/bin/sh
# The commands of the documents that work on a running stack.
case "$1 $2 $3" in
"x admin "*) shift 2; exec {x} admin --name {name} "$@" ;;
"run -p client") shift 3; [ "$1" = -- ] && shift; exec {sluice} "$@" ;;
*) echo "cargo $* is not run here" >&2; exit 64 ;;
esac
"""


def names():
    """The documents whose blocks run."""
    return ["README.md"] + [name for name in pages.documents() if name.startswith("docs/")]


def syntax(block):
    """The fault in the syntax of a block, or None; and if its language is one whose syntax is checked."""
    try:
        if block.language == "sh":
            checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True)
            return (checked.stderr.strip() or "the syntax is wrong") if checked.returncode else None, True
        if block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)
        else:
            return None, False
    except (ValueError, SyntaxError, yaml.YAMLError) as error:
        return str(error), True
    return None, True


def faults(blocks):
    """Faults of blocks, found before any of them runs."""
    found, before = [], None
    for block in blocks:
        fault = syntax(block)[0]
        if block.order == "output":
            fault = fault or (None if before and before.language == "sh" else "it is the output of no command")
        elif block.order == "not run" and not block.value:
            fault = "it has no reason not to run"
        elif not block.order and block.language not in (*RUNNABLE, TEXT):
            fault = fault or f"its language {block.language or '(none)'!r} does not run and no comment says why"
        found += [f"{block.place}: {fault}"] if fault else []
        before = block
    return found


def masked(text):
    """A text without what differs between two runs: ids, numbers, times, and how they are aligned."""
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-z]{26}\b|\bexp_\w+", "ID", text)
    text = re.sub(r"\d+([.,:]\d+)*", "N", text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def agrees(shown, printed):
    """True if an output is what a document shows. A line `…` stands for any number of lines."""
    parts = [[]]
    for line in masked(shown):
        parts.append([]) if line == "…" else parts[-1].append(line)
    lines = masked(printed)
    if len(parts) == 1:
        return parts[0] == lines
    first, *between, last = parts
    if lines[: len(first)] != first or (last and lines[-len(last) :] != last):
        return False
    text = "\n".join(lines[len(first) : len(lines) - len(last)])
    return all("\n".join(part) in text for part in between)


class Runner:
    def __init__(self, job):
        self.job = job
        self.folder = Path(job["home"]) / "docs"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.ran, self.again, self.files, self.not_run, self.failed, self.checked = 0, 0, 0, [], [], 0
        self.url = job["url"].rstrip("/")
        folders = [str(self.programs()), job["venv"], *node.programs(job["home"])]
        self.path = os.pathsep.join([*folders, os.environ["PATH"]])

    def programs(self):
        """A folder with the commands of the documents."""
        folder = self.folder / "bin"
        folder.mkdir(parents=True)
        built = Path(self.job["binaries"])
        (folder / "sluice").symlink_to(built / "sluice")
        text = CARGO.format(x=built / "x", sluice=built / "sluice", name=self.job["name"])
        (folder / "cargo").write_text(text)
        (folder / "cargo").chmod(0o755)
        # A refused request fails its block, whatever the options of the document.
        (folder / ".curlrc").write_text("fail-with-body\n")
        return folder

    def environment(self):
        names = {"HOME", "LANG", "TMPDIR", "no_proxy", "NO_PROXY"} & set(os.environ)
        kept = {name: os.environ[name] for name in names}
        urls = {"SLUICE_URL": self.url, "SLUICE_KEY": self.job["key"]}
        # curl reads its settings from this folder.
        return {**kept, **urls, "PATH": self.path, "CURL_HOME": str(self.folder / "bin"), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}

    def document(self, name):
        """Runs the blocks of a document. It ends at the first that fails: those after it may depend on it."""
        folder = self.folder / name.replace("/", "-").removesuffix(".md")
        folder.mkdir()
        beside = (ROOT / name).parent
        if name.startswith("docs/clients/"):
            shutil.copytree(beside, folder, dirs_exist_ok=True)
            (folder / "node_modules").symlink_to(Path(self.job["home"]) / "node" / "node_modules")
        printed, began = "", time.monotonic()
        for block in pages.blocks(name):
            if block.order == "file":
                (folder / block.value).write_text(block.text, encoding="utf-8")
                self.files += 1
            elif block.order == "not run":
                checked = syntax(block)[1]
                self.checked += checked
                self.not_run.append((block, block.value, "its syntax is checked" if checked else "not checked"))
            elif block.order == "output":
                if not agrees(block.text, printed):
                    self.failed.append((block, f"the command printed something else:\n{printed}"))
                    break
            elif block.order == "needs" and not shutil.which(block.value, path=self.path):
                self.not_run.append((block, f"there is no {block.value} on this machine", "skipped"))
                if os.environ.get("SLUICE_NOTHING_SKIPPED") == "1":
                    self.failed.append((block, f"SLUICE_NOTHING_SKIPPED=1, but there is no {block.value}"))
            elif block.language in RUNNABLE:
                code, printed = self.block(block, folder)
                if not code and block.broken:
                    code, printed = self.over_broken_lines(block, folder)
                if code:
                    self.failed.append((block, f"{block.text}\nended with {code}:\n{printed}"))
                    break
                self.ran += 1
        if any(line.startswith("cargo x admin catalog apply") for b in pages.blocks(name) for line in b.commands()):
            code, printed = self.bash(f"cargo x admin catalog apply {self.job['catalog']}", folder)
            if code:
                self.failed.append((block, f"the sample's catalog cannot be applied again:\n{printed}"))
        print(f"  {time.monotonic() - began:5.1f} s  {name}", flush=True)

    def block(self, block, folder):
        """Runs a block. Returns its exit code and its output."""
        if block.language == "json":
            return self.plan(block.text)
        if block.language == "toml":
            (folder / ".catalog").write_text(block.text, encoding="utf-8")
            return self.bash("cargo x admin catalog check .catalog", folder)
        if block.language == "sh":
            return self.bash(f"set -a\n{block.text}\n{{ export -p; declare -f; }} > .variables", folder)
        (folder / ".block").write_text(block.text, encoding="utf-8")
        return self.bash("python .block" if block.language == "python" else "duckdb -bail .duckdb < .block", folder)

    def over_broken_lines(self, block, folder):
        """Runs a block through a proxy that breaks connections. Returns its exit code and its output."""
        direct, proxy = self.url, Unreliable(self.url)
        self.url, self.again = proxy.url, self.again + 1
        try:
            code, printed = self.block(block, folder)
        finally:
            self.url = direct
            proxy.close()
        unused = proxy.unused()
        return (code, printed) if code or not unused else (1, f"the proxy could not break {unused}:\n{printed}")

    def bash(self, text, folder):
        # The address is that of the block, not the one of the block before.
        known = f"[ ! -e .variables ] || . ./.variables\nSLUICE_URL={self.url}\n"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", known + text],
            cwd=folder, env=self.environment(), timeout=TIMEOUT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout

    def plan(self, body):
        variables = self.environment()
        headers = {"Authorization": f"Bearer {variables['SLUICE_KEY']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{variables['SLUICE_URL']}/exports?dryRun=true", body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                return 0, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def report(self):
        for block, reason, state in self.not_run:
            print(f"  not run  {block.place} ({block.language}): {reason}; {state}")
        for block, reason in self.failed:
            print(f"  FAILED   {block.place}: {reason}")
        print(
            f"  {self.ran} blocks ran, {self.again} of them again over broken lines, {self.files} are files of others, {len(self.not_run)} did not run, "
            f"{len(self.failed)} failed"
        )


def main():
    job = json.load(sys.stdin)
    wrong, checked, elsewhere = links.check()
    print(f"  {checked} links lead to a file and a heading; {len(elsewhere)} addresses elsewhere are not fetched:")
    print("".join(f"    {address}\n" for address in elsewhere), end="")
    chosen = job.get("documents") or names()
    wrong += [fault for name in chosen for fault in faults(pages.blocks(name))]
    for fault in wrong:
        print(f"  FAILED   {fault}")
    runner = Runner(job)
    for name in chosen:
        runner.document(name)
    runner.report()
    sys.exit(bool(wrong or runner.failed))


if __name__ == "__main__":
    main()
