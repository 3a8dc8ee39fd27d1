"""Compares Parquet files, as pyarrow and as DuckDB read them, with PostgreSQL's text of the same rows.

`compare.py FOLDER`: for each NAME.json (the columns) there is NAME.parquet (ours) and NAME.txt (PostgreSQL's
COPY in text format). Both sides are brought to one form: numbers as numbers, dates and times as whole days or
microseconds since 1970, the rest as text. Nothing here is taken from the encoder.
"""

import decimal
import json
import pathlib
import re
import struct
import sys
import uuid

import duckdb
import pyarrow
import pyarrow.parquet

decimal.getcontext().prec = 100

ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def rows_of(text):
    """Rows of COPY's text format."""
    unescape = lambda m: ESCAPES.get(m.group(1), m.group(1))
    field = lambda f: None if f == "\\N" else re.sub(r"\\(.)", unescape, f, flags=re.S)
    return [[field(f) for f in line.split("\t")] for line in text.split("\n")[:-1]]


def elements_of(text):
    """Elements of an array of one dimension."""
    text = re.sub(r"^(\[[-\d]+:[-\d]+\])=", "", text)
    assert text[0] == "{" and text[-1] == "}", text
    elements, i, end = [], 1, len(text) - 1
    while i < end:
        if text[i] == '"':
            i, element = i + 1, []
            while text[i] != '"':
                i += text[i] == "\\"
                element.append(text[i])
                i += 1
            elements.append("".join(element))
            i += 1
        else:
            stop = text.find(",", i, end)
            stop = end if stop < 0 else stop
            element = text[i:stop]
            assert element and "{" not in element, text
            elements.append(None if element.upper() == "NULL" else element)
            i = stop
        assert i == end or text[i] == ",", text
        i += 1
    return elements


def days(year, month, day):
    """Days since 1970-01-01 of a day of the proleptic Gregorian calendar, by counting leap years."""
    leap = lambda y: y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
    before = year - 1
    total = before * 365 + before // 4 - before // 100 + before // 400
    lengths = [31, 29 if leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return total + sum(lengths[: month - 1]) + day - 1 - 719162


def date(text):
    match = re.fullmatch(r"(\d+)-(\d\d)-(\d\d)( BC)?", text)
    year, month, day = (int(match.group(i)) for i in (1, 2, 3))
    return days(1 - year if match.group(4) else year, month, day)


def time(text):
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?", text)
    hours, minutes, seconds = (int(match.group(i)) for i in (1, 2, 3))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int((match.group(4) or "").ljust(6, "0") or 0)


def timestamp(text, zone=""):
    match = re.fullmatch(r"(\S+) ([\d:.]+)" + re.escape(zone) + r"( BC)?", text)
    return date(match.group(1) + (match.group(3) or "")) * 86_400_000_000 + time(match.group(2))


def single(number):
    """The nearest float of 32 bits, by its bits; all NaNs are one."""
    return "NaN" if number != number else struct.pack("<f", number)


def double(number):
    return "NaN" if number != number else struct.pack("<d", number)


def exact(number):
    """A decimal with its scale."""
    return None if number is None else number.as_tuple()


def declared(column):
    """Precision and scale, if Parquet can have them."""
    packed = column["typmod"] - 4
    if packed < 0:
        return None
    precision, scale = packed >> 16, packed & 0x7FF
    return (precision, scale) if precision <= 38 and scale <= precision else None


class Form:
    """Expected form of a column, and the function that brings its values to one form."""

    def __init__(self, arrow, duck, text=lambda t: t, from_arrow=lambda v: v, cast=None, query="{}", from_duck=lambda v: v):
        self.arrow, self.duck, self.text, self.query = arrow, duck, text, query
        self.cast, self.from_arrow, self.from_duck = cast, from_arrow, from_duck


STRING = Form(pyarrow.string(), "VARCHAR")


def form_of(column):
    kind = column["kind"]
    if column["asText"]:
        return STRING
    i32, i64 = pyarrow.int32(), pyarrow.int64()
    if kind == "numeric":
        if declared(column) is None:
            return STRING
        precision, scale = declared(column)
        text = lambda t: exact(decimal.Decimal(t))
        return Form(pyarrow.decimal128(precision, scale), f"DECIMAL({precision},{scale})", text, exact, None, "{}", exact)
    micros = "epoch_us({})"
    of_bytes = lambda b: uuid.UUID(bytes=b).hex
    forms = {
        "bool": Form(pyarrow.bool_(), "BOOLEAN", lambda t: {"t": True, "f": False}[t]),
        "int2": Form(pyarrow.int16(), "SMALLINT", int),
        "int4": Form(i32, "INTEGER", int),
        "int8": Form(i64, "BIGINT", int),
        "oid": Form(i64, "BIGINT", int),
        "float4": Form(pyarrow.float32(), "FLOAT", lambda t: single(float(t)), single, None, "{}", single),
        "float8": Form(pyarrow.float64(), "DOUBLE", lambda t: double(float(t)), double, None, "{}", double),
        "date": Form(pyarrow.date32(), "DATE", date, lambda v: v, i32, "({} - date '1970-01-01')"),
        "time": Form(pyarrow.time64("us"), "TIME", time, lambda v: v, i64, micros),
        "timestamp": Form(pyarrow.timestamp("us"), "TIMESTAMP", timestamp, lambda v: v, i64, micros),
        "timestamptz": Form(pyarrow.timestamp("us", "UTC"), "TIMESTAMP WITH TIME ZONE", lambda t: timestamp(t, "+00"), lambda v: v, i64, micros),
        "bytea": Form(pyarrow.binary(), "BLOB", lambda t: bytes.fromhex(t.removeprefix("\\x")), lambda v: v, None, "{}", bytes),
        "uuid": Form(pyarrow.uuid(), "UUID", lambda t: uuid.UUID(t).hex, of_bytes, pyarrow.binary(16), "{}::varchar", lambda v: uuid.UUID(v).hex),
        "json": Form(pyarrow.json_(pyarrow.string()), "JSON", lambda t: t, lambda v: v, pyarrow.string(), "{}::varchar"),
    }
    forms["jsonb"] = forms["json"]
    return forms.get(kind, STRING)


def some(convert):
    return lambda value: None if value is None else convert(value)


def listed(convert):
    return lambda value: None if value is None else [some(convert)(v) for v in value]


def from_pyarrow(table, column, form, is_list):
    chunks = []
    for chunk in table.column(column["name"]).chunks:
        chunks += arrow_values(chunk, form, is_list)
    return chunks


def arrow_values(array, form, is_list):
    if is_list:
        elements = arrow_values(array.values, form, False)
        offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
        return [elements[offsets[i] : offsets[i + 1]] if valid[i] else None for i in range(len(array))]
    if isinstance(array, pyarrow.ExtensionArray):
        array = array.storage
    elif form.cast is not None:
        array = array.cast(form.cast)
    return [some(form.from_arrow)(value) for value in array.to_pylist()]


def name_in_sql(name):
    return '"' + name.replace('"', '""') + '"'


class Comparison:
    def __init__(self):
        self.cells = {"pyarrow": 0, "duckdb": 0}
        self.differences = []
        self.duck = duckdb.connect()
        self.duck.execute("set timezone = 'UTC'")

    def differ(self, *what):
        self.differences.append(" ".join(str(part) for part in what))

    def file(self, path):
        columns = json.loads(path.read_text())
        rows = rows_of(path.with_suffix(".txt").read_bytes().decode())
        parquet = str(path.with_suffix(".parquet"))
        # In several row groups and pages, each reader in its own way.
        table = pyarrow.parquet.read_table(parquet, arrow_extensions_enabled=True)
        described = self.duck.execute("describe select * from read_parquet($1)", [parquet]).fetchall()
        # DuckDB renames columns whose names differ in case only.
        named = [(name, name_of_type) for name, name_of_type, *_ in described]
        for i, column in enumerate(columns):
            form, is_list = form_of(column), column["array"] and not column["asText"]
            to_form = form.text
            if is_list:
                to_form = lambda text, convert=form.text: listed(convert)(elements_of(text))
            expected = [some(to_form)(row[i]) for row in rows]

            arrow = pyarrow.list_(pyarrow.field("element", form.arrow)) if is_list else form.arrow
            if table.schema.field(i).type != arrow:
                self.differ(path.name, column, "pyarrow sees", table.schema.field(i).type, "not", arrow)
                continue
            self.same("pyarrow", path, column, from_pyarrow(table, column, form, is_list), expected)

            duck_name, duck_type = named[i]
            if duck_type != form.duck + ("[]" if is_list else ""):
                self.differ(path.name, column, "DuckDB sees", duck_type, "not", form.duck)
                continue
            sql = name_in_sql(duck_name)
            if is_list:
                sql = f"list_transform({sql}, lambda x: {form.query.format('x')})" if form.query != "{}" else sql
            else:
                sql = form.query.format(sql)
            found = self.duck.execute(f"select {sql} from read_parquet($1)", [parquet]).fetchall()
            convert = listed(form.from_duck) if is_list else some(form.from_duck)
            self.same("duckdb", path, column, [convert(value) for (value,) in found], expected)

    def same(self, reader, path, column, found, expected):
        if len(found) != len(expected):
            self.differ(reader, path.name, column["name"], len(found), "rows, not", len(expected))
            return
        for row, (ours, theirs) in enumerate(zip(found, expected), 1):
            if ours != theirs or type(ours) is not type(theirs):
                self.differ(reader, path.name, column, "row", row, repr(ours)[:200], "not", repr(theirs)[:200])
        self.cells[reader] += len(found)


def main(folder):
    comparison = Comparison()
    files = sorted(pathlib.Path(folder).glob("*.json"))
    for path in files:
        comparison.file(path)
    cells = ", ".join(f"{reader} read {count} cells" for reader, count in comparison.cells.items())
    print(f"{len(files)} files, {cells}, {len(comparison.differences)} differences")
    for difference in comparison.differences[:20]:
        print("  ", difference)
    return 1 if comparison.differences or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
