"""Datasets without a table, whose rows this program computes itself: it cannot reach the database of the trial."""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Dataset:
    """Rows with the numbers from 0, evenly distributed over days."""

    name: str
    days: int
    per_day: int
    first: date = date(2022, 1, 1)

    @property
    def rows(self):
        return self.days * self.per_day

    @property
    def last(self):
        """The last day."""
        return self.first + timedelta(days=self.days - 1)

    def catalog(self):
        """The dataset in the catalog. PostgreSQL would store a series in `from`, so it is in a select list."""
        day = f"date '{self.first}' + n / {self.per_day}"
        series = f"(select generate_series(0, {self.rows - 1}) as n) series"
        return f"""[datasets.{self.name}]
query        = "select {day} as day, n as id, md5(n::text) as value from {series}"
range_column = "day"
nulls        = "exclude"
shared       = true
"""

    def line(self, n):
        """The row with this number, in CSV."""
        day = self.first + timedelta(days=n // self.per_day)
        return f"{day},{n},{hashlib.md5(str(n).encode()).hexdigest()}\n".encode()

    def compare(self, folder):
        """Compares the files of an export with the computed rows; the differences, or an empty list."""
        files = sorted(Path(folder).rglob(f"{self.name}*.csv.gz"))
        seen, wrong = bytearray(self.rows), []
        for file in files:
            with gzip.open(file) as lines:
                if (header := next(lines, b"")) != b"day,id,value\n":
                    wrong.append(f"{file.name}: the header is {header!r}")
                for line in lines:
                    parts = line.split(b",", 2)
                    n = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else -1
                    if not 0 <= n < self.rows or line != self.line(n):
                        wrong.append(f"{file.name}: {line!r} is no row of {self.name}")
                    elif seen[n]:
                        wrong.append(f"{file.name}: row {n} is there twice")
                    else:
                        seen[n] = 1
        if missing := self.rows - sum(seen):
            wrong.append(
                f"{missing} of {self.rows} rows of {self.name} are missing, the first of them {seen.index(0)}"
            )
        return wrong


@dataclass(frozen=True)
class Broken(Dataset):
    """A dataset that cannot be read from a moment on. Before it, `catalog apply` finds no error."""

    until: datetime = datetime.min

    def catalog(self):
        divisor = f"case when now() < timestamptz '{self.until.isoformat()}' then 1 else 0 end"
        return super().catalog().replace(" as value", f" || 1 / ({divisor}) as value")


def small(chunks):
    """A dataset of this number of chunks: under the smallest TargetBytes each day is one, since PostgreSQL expects
    every range of days to have half a percent of all rows."""
    return Dataset("days", chunks, max(200, 40_000 // chunks))


def large(rows):
    """A dataset of four large chunks."""
    return Dataset("large", 4, rows // 4)
