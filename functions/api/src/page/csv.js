// Reader of PostgreSQL's CSV, for previews.

/** Parses CSV into rows of texts; an unquoted empty field is NULL and becomes `null`. */
export function readCsv(text) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    let value;
    if (quoted) {
      value = "";
      for (at += 1; at < text.length; ) {
        const end = text.indexOf('"', at);
        value += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        value += '"';
        at += 1;
      }
    } else {
      let end = at;
      while (end < text.length && text[end] !== "," && text[end] !== "\n") end += 1;
      value = text.slice(at, end);
      at = end;
    }
    row.push(value === "" && !quoted ? null : value);
    if (text[at] === ",") {
      at += 1;
      if (at < text.length && text[at] !== "\n") continue;
      row.push(null);
    }
    rows.push(row);
    row = [];
    at += 1;
  }
  return rows;
}
