//! Edge values of types that PostgreSQL itself converts to text or JSON for the worker.

type Table = (&'static str, &'static str, Vec<&'static str>);

/// Returns types of PostgreSQL and composites of the schema. The caller omits those of which the server accepts no
/// value, such as xml without libxml.
pub(crate) fn edges() -> Vec<Table> {
    vec![
        ("pairs", "SCHEMA.pair", vec!["(1,a)", "(,)", "(1,)", "(,\"a,b\")", "(2,\"q\"\"\n\")"]),
        (
            "nests",
            "SCHEMA.nested",
            vec!["(\"(1,\"\"a b\"\")\",2024-01-01,\"{x,NULL}\")", "(,,)", "(\"(,)\",,{})"],
        ),
        (
            "pair_array",
            "SCHEMA.pair[]",
            vec!["{}", "{\"(1,a)\",NULL,\"(,\\\"x\\ny\\\")\"}", "[2:2]={\"(1,)\"}"],
        ),
        ("word_lists", "SCHEMA.words[]", vec!["{\"{a,b}\",NULL,\"{}\"}"]),
        ("xml", "xml", vec!["<a/>", "<a b=\"c\">t\n</a>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>"]),
        ("xml_array", "xml[]", vec!["{<a/>,NULL}"]),
        ("money", "money", vec!["1.5", "-1234567.89", "0"]),
        ("bits", "bit(5)", vec!["10101", "00000"]),
        ("varbits", "varbit", vec!["", "1", "101010101"]),
        ("bit_array", "bit(2)[]", vec!["{10,NULL,01}"]),
        ("ranges", "int4range", vec!["[1,5)", "empty", "(,3]", "(,)"]),
        ("numranges", "numrange", vec!["[1.50,NaN]", "empty"]),
        ("tsranges", "tsrange", vec!["[2024-01-01 00:00,2024-02-01 00:00)", "[,infinity]"]),
        ("tstzranges", "tstzrange", vec!["[2024-01-01 00:00+00,2024-02-01 00:00+00)"]),
        ("dateranges", "daterange", vec!["[2024-01-01,2024-02-01)", "[0044-03-15 BC,infinity)"]),
        ("range_array", "int4range[]", vec!["{\"[1,2)\",empty,NULL}"]),
        ("multiranges", "int4multirange", vec!["{[1,3),[5,7)}", "{}"]),
        ("tsvectors", "tsvector", vec!["a b:1", "'it''s'", "a:1A,2 b:3C", "'back\\\\slash' 'q\"x'"]),
        ("tsqueries", "tsquery", vec!["a & !b | 'c d'", "a <-> b:*"]),
        ("points", "point", vec!["(1,2)", "(0.1,-1e300)", "(NaN,Infinity)"]),
        ("lines", "line", vec!["{1,2,3}"]),
        ("segments", "lseg", vec!["[(0,0),(1.5,1)]"]),
        ("boxes", "box", vec!["(1,1),(0,0)"]),
        ("box_array", "box[]", vec!["{(1,1),(0,0);(2,2),(1,1)}"]),
        ("paths", "path", vec!["[(0,0),(1,1)]", "((0,0),(1,1))"]),
        ("polygons", "polygon", vec!["((0,0),(1,1),(2,0))"]),
        ("circles", "circle", vec!["<(0.1,0),5>"]),
        ("macaddrs", "macaddr", vec!["08:00:2b:01:02:03"]),
        ("macaddr8s", "macaddr8", vec!["08:00:2b:01:02:03:04:05"]),
        ("classes", "regclass", vec!["pg_class", "information_schema.tables"]),
        ("procs", "regprocedure", vec!["pg_catalog.lower(text)"]),
        ("types", "regtype", vec!["int4", "timestamptz[]"]),
        ("lsns", "pg_lsn", vec!["16/B374D848", "0/0"]),
        ("snapshots", "pg_snapshot", vec!["10:20:10,14,15"]),
        ("tids", "tid", vec!["(0,1)"]),
        ("xids", "xid", vec!["1234567"]),
        ("xid8s", "xid8", vec!["12345678901"]),
        ("int2vectors", "int2vector", vec!["", "1 2 3", "-5"]),
        ("oidvectors", "oidvector", vec!["", "1 4294967295"]),
        ("jsonpaths", "jsonpath", vec!["$.\"a b\"[*] ? (@ > 1)", "lax $"]),
        ("jsonpath_array", "jsonpath[]", vec!["{$,NULL}"]),
        ("refcursors", "refcursor", vec!["c", "a,b"]),
    ]
}

/// Returns extensions with one of their types and values.
pub(crate) fn extensions() -> Vec<Table> {
    vec![
        ("hstore", "hstore", vec!["a=>1", "", "\"q\\\"\"=>NULL, \"n\nl\"=>\"x,y\""]),
        ("hstore", "hstore[]", vec!["{\"a=>1\",NULL}"]),
        ("ltree", "ltree", vec!["Top.Science", ""]),
        ("citext", "citext", vec!["", "A,b", "=x\n"]),
        ("citext", "citext[]", vec!["{A,NULL,\"b c\"}"]),
        ("cube", "cube", vec!["(1, 2)", "(0),(1.5)"]),
        ("isn", "isbn", vec!["978-0-393-04002-9"]),
        ("seg", "seg", vec!["6.25 .. 6.50", "<7.0"]),
        ("intarray", "query_int", vec!["1&(2|3)"]),
        ("vector", "vector(3)", vec!["[1,2.5,-3]"]),
    ]
}
