//! Edge values of every type, and many random numbers.

use export::column::Read;

type Values = Vec<String>;

fn list(values: &[&str]) -> Values {
    values.iter().map(|v| (*v).to_owned()).collect()
}

/// Types that the worker decodes.
pub(crate) fn native() -> Vec<(&'static str, &'static str, Values)> {
    let text = [
        "",
        " ",
        "a",
        "a,b",
        "\"",
        "\"\"",
        "say \"hi\"",
        "\n",
        "\r",
        "a\r\nb",
        "\\.",
        "\\",
        "NULL",
        "null",
        "\t",
        ";",
        "'",
        "é",
        "日本語",
        "🦀",
        "\u{1}",
        "ends with ,",
        ",begins",
        "12345678",
        "1234567,",
        "12345678,",
        " trailing ",
        "=1+1",
        "\u{feff}bom",
        "\\N",
    ];
    let dates = [
        "2000-01-01",
        "1999-12-31",
        "1970-01-01",
        "2024-02-29",
        "1900-02-28",
        "0001-01-01",
        "0001-12-31 BC",
        "4714-11-24 BC",
        "4713-01-01 BC",
        "0044-03-15 BC",
        "9999-12-31",
        "10000-01-01",
        "99999-06-15",
        "5874897-12-31",
        "infinity",
        "-infinity",
    ];
    let times = [
        "2000-01-01 00:00:00",
        "1999-12-31 23:59:59.999999",
        "2024-02-29 12:34:56.7",
        "2024-02-29 12:34:56.000001",
        "2024-02-29 12:34:56.100000",
        "2024-02-29 23:59:59.5",
        "0001-01-01 00:00:00",
        "0001-12-31 23:59:59.999999 BC",
        "4714-11-24 00:00:00 BC",
        "294276-12-31 23:59:59.999999",
        "12345-06-07 08:09:10.11",
        "1883-11-18 12:03:58",
        "infinity",
        "-infinity",
    ];
    let floats = [
        "0",
        "-0",
        "1",
        "-1",
        "0.1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e-4",
        "1e-5",
        "0.00012345",
        "123456",
        "1234567",
        "999999",
        "1e5",
        "1e6",
        "1e14",
        "1e15",
        "123456789012345",
        "1e16",
        "20000000000000008",
        "9007199254740993",
        "1e22",
        "1e23",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "3.14159265358979",
        "-1.5e-10",
        "1e100",
        "1e-100",
    ];
    let reals: Values = floats
        .iter()
        .filter(|f| {
            ![
                "1.7976931348623157e308",
                "5e-324",
                "2.2250738585072014e-308",
                "2.2250738585072011e-308",
                "1e100",
                "1e-100",
            ]
            .contains(f)
        })
        .chain(&["3.4028235e38", "1.1754944e-38", "1e-45", "16777216", "16777217", "33554432", "8388608.5"])
        .map(|f| (*f).to_owned())
        .collect();
    let numerics = [
        "0",
        "-0",
        "0.0",
        "0.00",
        "1",
        "-1",
        "10",
        "100",
        "1000",
        "10000",
        "100000000",
        "12345.6789",
        "-0.5",
        "0.0001",
        "0.00001",
        "0.000000001",
        "1e-20",
        "1e20",
        "1e100",
        "-1e-100",
        "99999999.99999999",
        "1.10",
        "1000000.000001",
        "NaN",
        "Infinity",
        "-Infinity",
        "123456789012345678901234567890.123456789012345678901234567890",
        "10000.0001",
        "0.1000",
        "9999",
        "9999.9999",
        "0.00010002",
        "1e1000",
        "1e-1000",
    ];
    let rows = |v: &[&str]| list(v);
    vec![
        ("bool", "bool", rows(&["t", "f"])),
        ("int2", "int2", rows(&["0", "-32768", "32767", "9", "10", "99", "100"])),
        ("int4", "int4", rows(&["0", "-2147483648", "2147483647", "1000000000"])),
        ("int8", "int8", rows(&["0", "-9223372036854775808", "9223372036854775807", "10000000000"])),
        ("float8", "float8", list(&floats)),
        ("float4", "float4", reals),
        ("numeric", "numeric", list(&numerics)),
        (
            "scaled",
            "numeric(30,10)",
            rows(&["0", "1", "-1.5", "0.0000000001", "12345678901234567890.0123456789", "NaN"]),
        ),
        ("domain", "SCHEMA.cents", rows(&["1", "-0.0001", "12345678.9"])),
        ("text", "text", list(&text)),
        ("varchar", "varchar(100)", list(&text)),
        ("bpchar", "char(12)", list(&text.map(|t| if t.chars().count() > 12 { "x" } else { t }))),
        ("names", "name", rows(&["a", "a,b", "", "with \"quotes\""])),
        ("enums", "SCHEMA.mood", rows(&["sad", "o,k", "hap\"py", "NULL", ""])),
        (
            "uuid",
            "uuid",
            rows(&[
                "00000000-0000-0000-0000-000000000000",
                "00112233-4455-6677-8899-aabbccddeeff",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ]),
        ),
        ("dates", "date", list(&dates)),
        ("stamps", "timestamp", list(&times)),
        (
            "instants",
            "timestamptz",
            times
                .iter()
                .map(|t| match t.strip_suffix(" BC") {
                    Some(t) => format!("{t}+00 BC"),
                    None if t.contains("infinity") => (*t).to_owned(),
                    None => format!("{t}+00"),
                })
                .collect(),
        ),
        ("bytea", "bytea", rows(&["", "\\x00", "\\xdeadbeef", "\\x000102030405060708090a0b0c0d0e0f1011"])),
        (
            "json",
            "json",
            rows(&["{}", "{\"a\" : [1, 2,  3]}", "\"text\"", "null", "1.50", "{\"k\":\"a\\nb\"}", "[1,\n2]"]),
        ),
        (
            "jsonb",
            "jsonb",
            rows(&["{}", "{\"a\" : [1, 2,  3]}", "\"text\"", "null", "1.50", "{\"k\":\"a\\nb\"}", "[1,\n2]"]),
        ),
    ]
}

/// Types that are selected as text, and how.
pub(crate) fn as_text() -> Vec<(&'static str, &'static str, Read, Values)> {
    use Read::{Cast, Output};
    vec![
        ("inet", "inet", Output, list(&["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32", "::ffff:1.2.3.4"])),
        ("cidr", "cidr", Output, list(&["10.0.0.0/8", "2001:db8::/32"])),
        ("charone", "\"char\"", Output, list(&["a", ",", "\""])),
        ("pairs", "SCHEMA.pair", Output, list(&["(1,a)", "(,)", "(1,)", "(,\"a,b\")", "(2,\"q\"\"\")"])),
        ("xml", "xml", Output, list(&["<a/>", "<a b=\"c\">t</a>"])),
        ("point", "point", Output, list(&["(1,2)", "(0.1,-1e300)"])),
        (
            "interval",
            "interval",
            Cast,
            list(&["1 day", "-1 mon +2 days -03:04:05.678", "0", "178000000 years"]),
        ),
        ("time", "time", Cast, list(&["00:00:00", "24:00:00", "12:34:56.000001"])),
        ("timetz", "timetz", Cast, list(&["12:34:56+02", "23:59:59.999999-15:59"])),
        ("money", "money", Output, list(&["1.5", "-1234567.89"])),
        ("bits", "bit(5)", Cast, list(&["10101", "00000"])),
        ("varbits", "varbit", Cast, list(&["", "1", "101010101"])),
        ("oids", "oid", Cast, list(&["0", "4294967295"])),
        ("ranges", "int4range", Cast, list(&["[1,5)", "empty", "(,3]"])),
        ("tsranges", "tstzrange", Cast, list(&["[2024-01-01 00:00+00,2024-02-01 00:00+00)"])),
        (
            "texts",
            "text[]",
            Cast,
            list(&[
                "{}",
                "{a,b}",
                "{NULL,\"NULL\",\"\",\"a,b\",\"q\\\"\",\"l\nf\"}",
                "{{a,b},{c,d}}",
                "[5:6]={x,y}",
            ]),
        ),
        ("ints", "int8[]", Cast, list(&["{1,2,NULL}", "{{1},{2}}"])),
        ("doubles", "float8[]", Cast, list(&["{0.1,NaN,1e23,20000000000000008}"])),
        ("stamps", "timestamptz[]", Cast, list(&["{2024-01-01 12:00+02,infinity}"])),
        ("tsvector", "tsvector", Cast, list(&["a b:1", "'it''s'"])),
        ("macaddr", "macaddr", Cast, list(&["08:00:2b:01:02:03"])),
        ("regclass", "regclass", Output, list(&["pg_class"])),
        ("multirange", "int4multirange", Cast, list(&["{[1,3),[5,7)}", "{}"])),
    ]
}

/// A small generator with a fixed beginning: failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

pub(crate) fn random_numbers() -> Vec<(&'static str, &'static str, Values)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut doubles: Vec<f64> = (0..100_000).map(|_| f64::from_bits(random.next())).collect();
    doubles.extend((0..60_000).map(|_| ((1u64 << (53 + random.below(8))) + random.below(1 << 40)) as f64));
    doubles.extend((0..40_000).map(|_| random.below(10_000_000) as f64 / 1_000.0));
    doubles.extend((0..20_000).map(|_| random.next() as f64 / 1e6));
    doubles.extend((0..20_000).map(|_| f64::from_bits(random.below(1 << 52))));
    for power in 0..2_047u64 {
        // Powers of two and their neighbours.
        doubles.extend([0, 1, (1 << 52) - 1].map(|fraction| f64::from_bits(power << 52 | fraction)));
    }
    let mut reals: Vec<f32> = (0..150_000).map(|_| f32::from_bits(random.next() as u32)).collect();
    reals.extend((0..40_000).map(|_| ((1u64 << (24 + random.below(8))) + random.below(1 << 20)) as f32));
    reals.extend((0..255u32 * 3).map(|i| f32::from_bits((i / 3) << 23 | [0, 1, 0x7f_ffff][i as usize % 3])));
    let numerics = (0..120_000).map(|_| {
        let digits: String =
            (0..1 + random.below(40)).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
        let sign = if random.below(3) == 0 { "-" } else { "" };
        match random.below(4) {
            0 => format!("{sign}{digits}"),
            1 => format!("{sign}{digits}e{}", random.below(120) as i64 - 60),
            2 => format!("{sign}0.{}{digits}", "0".repeat(random.below(20) as usize)),
            _ => format!("{sign}{digits}.{}", random.below(1_000_000)),
        }
    });
    vec![
        ("doubles", "float8", doubles.iter().map(|x| format!("{x:e}").replace("inf", "Infinity")).collect()),
        ("reals", "float4", reals.iter().map(|x| format!("{x:e}").replace("inf", "Infinity")).collect()),
        ("numerics", "numeric", numerics.collect()),
    ]
}
