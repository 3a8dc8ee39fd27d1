"""Records the terminal sessions of docs/terminal.md on a running stack, and writes them into it.

Reads the same JSON as guides.py, with "owner", the URL of the database as its owner. A session is what a terminal
of 170 columns shows at the end, and of the first long export also while it runs.
"""

import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import psycopg

import pages
from pages import ROOT

DOCUMENT = "docs/terminal.md"
COLUMNS, LINES = 170, 200
# Lines of a picture; a longer one is cut in the middle.
MAX_LINES = 34
# Dates of the usual request.
RANGE = "--from 2023-08-31 --to 2024-08-04"

# A dataset that fails on one row, until that row is repaired.
BROKEN = """
drop schema if exists recorded cascade;
create schema recorded;
create table recorded.prices (
    id bigint primary key, day date not null, price numeric not null, rate numeric not null
);
insert into recorded.prices
select i, date '2024-01-01' + (i / 1000)::integer, 10 + i % 90, 1 + i % 7 from generate_series(1, 60000) i;
update recorded.prices set rate = 0 where id = 31415;
create index on recorded.prices (day);
analyze recorded.prices;
grant usage on schema recorded to sluice_source;
grant select on recorded.prices to sluice_source;
"""
REPAIR = "update recorded.prices set rate = 1 where rate = 0"
DATASET = """
[datasets.ratios]
query        = "select p.id, p.day, p.price / p.rate as ratio from recorded.prices p"
range_column = "day"
nulls        = "exclude"
shared       = true
"""

# Shows the screen that a program has drawn: Python of the environment with the package `pyte`.
SCREEN = """
import sys, pyte
screen = pyte.Screen(%d, %d)
pyte.ByteStream(screen).feed(sys.stdin.buffer.read())
print("\\n".join(line.rstrip() for line in screen.display).rstrip())
""" % (COLUMNS, LINES)


class Recorder:
    def __init__(self, job):
        self.job = job
        self.folder = Path(job["home"]) / "terminal"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        urls = {"SLUICE_URL": job["url"].rstrip("/"), "SLUICE_KEY": job["key"]}
        self.variables = {**os.environ, **urls, "TERM": "xterm", "NO_COLOR": "1", "XDG_CONFIG_HOME": str(self.folder)}

    def screen(self, drawn):
        python = Path(self.job["venv"]) / "python"
        shown = subprocess.run([python, "-c", SCREEN], input=drawn, capture_output=True, check=True)
        return [line.rstrip() for line in shown.stdout.decode().splitlines()]

    def run(self, words, middle=None):
        """Runs `sluice` on a terminal. Returns its screen at the end, and also the one at a share of its time."""
        process, terminal = pty.fork()
        if not process:
            os.chdir(self.folder)
            os.execve(Path(self.job["binaries"]) / "sluice", ["sluice", *words], self.variables)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        drawn, times = b"", []
        while True:
            try:
                if select.select([terminal], [], [], 300)[0]:
                    drawn += os.read(terminal, 65536)
                    times.append((time.monotonic(), len(drawn)))
            except OSError:
                break
        os.waitpid(process, 0)
        if middle is None:
            return self.screen(drawn)
        since = times[0][0] + (times[-1][0] - times[0][0]) * middle
        screens = (self.screen(drawn[:size]) for at, size in times if at >= since)
        # A frame is drawn in several pieces: the datasets in work come last.
        complete = (lines for lines in screens if any("datasets done" in line for line in lines) and len(lines) > 5)
        return self.screen(drawn), next(complete)

    def picture(self, command, lines):
        if len(lines) > MAX_LINES:
            cut = f"… {len(lines) - MAX_LINES + 1} more lines"
            lines = [*lines[:20], cut, *lines[len(lines) - MAX_LINES + 21 :]]
        return "\n".join([f"$ {command}", *lines])

    def session(self, command):
        """The picture of a command, and its lines."""
        lines = self.run(shlex.split(command)[1:])
        return self.picture(command, lines), lines

    def sessions(self):
        """Every picture by its name."""
        made = {}
        made["plan"], _ = self.session(f"sluice plan '*' {RANGE}")
        export = f"sluice export '*' {RANGE} --out data"
        ended, running = self.run(shlex.split(export)[1:], middle=0.5)
        made["running"] = self.picture(export, running)
        made["export"] = self.picture(export, ended)
        made["verify"], _ = self.session("sluice verify data")
        made["again"], _ = self.session(f"sluice export '*' {RANGE} --out again")
        with psycopg.connect(self.job["owner"], autocommit=True) as owner:
            owner.execute(BROKEN)
            self.apply(Path(self.job["catalog"]).read_text() + DATASET)
            dates = "--from 2024-01-01 --to 2024-02-29"
            made["failure"], lines = self.session(f"sluice export ratios coupon_uses {dates} --out ratios")
            failed, = {found for line in lines for found in re.findall(r"sluice retry (\S+);", line)}
            made["timeline"], _ = self.session(f"sluice chunks {failed} --dataset ratios")
            owner.execute(REPAIR)
            made["retry"], _ = self.session(f"sluice retry {failed}")
            made["download"], _ = self.session(f"sluice download {failed} --out ratios")
            self.apply(Path(self.job["catalog"]).read_text())
            owner.execute("drop schema recorded cascade")
        return made

    def apply(self, text):
        file = self.folder / "catalog.toml"
        file.write_text(text)
        words = [Path(self.job["binaries"]) / "x", "admin", "--name", self.job["name"], "catalog", "apply", file]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def main():
    job = json.load(sys.stdin)
    made = Recorder(job).sessions()
    path, text = ROOT / DOCUMENT, pages.read(DOCUMENT)
    for name, picture in made.items():
        block = re.compile(rf"(<!-- picture: {name} -->\n```text\n).*?^```$", re.M | re.S)
        text, found = block.subn(lambda match: match[1] + picture + "\n```", text)
        if not found:
            sys.exit(f"{DOCUMENT} has no picture {name}")
    path.write_text(text, encoding="utf-8")
    print(f"  wrote {len(made)} sessions into {DOCUMENT}")


if __name__ == "__main__":
    main()
