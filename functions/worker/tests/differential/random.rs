//! Random rows of every type. The generator has a fixed seed, so failures are reproducible.

/// Xorshift generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// Returns a random integer, equally often small and large, of both signs.
    fn whole(&mut self, bits: u32) -> i64 {
        let shift = 64 - bits + self.below(bits.into()) as u32;
        (self.next() as i64) >> shift
    }

    fn text(&mut self, most: u64) -> String {
        const CHARS: [char; 33] = [
            'a', 'b', 'Z', '0', ' ', ' ', ',', ',', '"', '"', '\\', '\\', '\n', '\r', '\t', '{', '}', '\'',
            ';', '=', '.', 'é', 'ß', '日', '🦀', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{1f}', '\u{7f}',
            '\u{85}', '\u{2028}',
        ];
        const WORDS: [&str; 9] = ["", "NULL", "null", "\\.", "\\N", "plain words", "{}", "true", "12345678"];
        if self.below(6) == 0 {
            return self.one(&WORDS).chars().take(most as usize).collect();
        }
        let plain = self.below(3) == 0;
        let length = self.below(most + 1);
        (0..length).map(|_| if plain { 'x' } else { self.one(&CHARS) }).collect()
    }

    fn numeric(&mut self, whole: u64, scale: u64) -> String {
        let digits = |random: &mut Self, most: u64| -> String {
            (0..random.below(most + 1)).map(|_| random.one(b"0001234599") as char).collect()
        };
        let sign = self.one(&["", "-"]);
        let (whole, part) = (digits(self, whole), digits(self, scale));
        format!("{sign}0{whole}.{part}0")
    }

    fn day(&mut self, last_year: u64) -> (String, &'static str) {
        let (year, era) = match self.below(8) {
            0 => (1 + self.below(last_year - 1), ""),
            1 => (1 + self.below(4_700), " BC"),
            2 => (1 + self.below(9_999), ""),
            _ => (1_900 + self.below(200), ""),
        };
        (format!("{year:04}-{:02}-{:02}", 1 + self.below(12), 1 + self.below(28)), era)
    }

    fn clock(&mut self) -> String {
        let micros = match self.below(3) {
            0 => String::new(),
            1 => format!(".{}", self.below(1_000)),
            _ => format!(".{:06}", self.below(1_000_000)),
        };
        format!("{:02}:{:02}:{:02}{micros}", self.below(24), self.below(60), self.below(60))
    }

    fn ipv6(&mut self) -> String {
        let word = |random: &mut Self| match random.below(3) {
            0 => random.below(0x1_0000),
            1 => random.one(&[1, 0xffff]),
            _ => 0,
        };
        let words: Vec<_> = (0..8).map(|_| format!("{:x}", word(self))).collect();
        match self.below(4) {
            0 => format!("::ffff:{:x}:{:x}", self.below(0x1_0000), self.below(0x1_0000)),
            1 => format!("::{:x}:{:x}", self.below(0x1_0000), self.below(0x1_0000)),
            _ => words.join(":"),
        }
    }

    fn json(&mut self, depth: u32) -> String {
        let space = self.one(&["", "", " ", "\n", "\r\n", "\t "]);
        let value = match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => self.one(&["true", "false", "null"]).to_owned(),
            1 => self.numeric(9, 9).replacen('0', "1", 1),
            2 => format!("-{}e{}", 1 + self.below(99), self.below(40)),
            3 | 4 => self.json_string(),
            5 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| self.json(depth - 1)).collect();
                format!("[{space}{}]", items.join(","))
            }
            _ => {
                let items: Vec<_> = (0..self.below(4))
                    .map(|_| format!("{space}{}{space}:{}", self.json_string(), self.json(depth - 1)))
                    .collect();
                format!("{{{}{space}}}", items.join(","))
            }
        };
        format!("{space}{value}{space}")
    }

    fn json_string(&mut self) -> String {
        serde_json::Value::from(self.text(12)).to_string()
    }
}

/// Generator of values of a type.
type Make = fn(&mut Random) -> String;

fn special(random: &mut Random, words: &[&str], otherwise: Make) -> String {
    if random.below(12) == 0 { random.one(words).to_owned() } else { otherwise(random) }
}

/// Every type the worker decodes.
const NATIVE: [(&str, Make); 35] = [
    ("bool", |r| r.one(&["t", "f"]).to_owned()),
    ("int2", |r| r.whole(16).to_string()),
    ("int4", |r| r.whole(32).to_string()),
    ("int8", |r| r.whole(64).to_string()),
    ("oid", |r| (r.whole(33) as u32).to_string()),
    ("float4", |r| format!("{:?}", f32::from_bits(r.next() as u32)).replace("inf", "Infinity")),
    ("float8", |r| format!("{:?}", f64::from_bits(r.next())).replace("inf", "Infinity")),
    ("float8", |r| special(r, &["NaN", "Infinity", "-Infinity", "-0"], |r| r.numeric(8, 6))),
    ("numeric", |r| special(r, &["NaN", "Infinity", "-Infinity", "1e300", "-1e-300"], |r| r.numeric(30, 30))),
    ("numeric(12,2)", |r| r.numeric(9, 2)),
    ("numeric(5,-2)", |r| r.numeric(5, 2)),
    ("SCHEMA.cents", |r| r.numeric(12, 4)),
    ("SCHEMA.price", |r| r.numeric(12, 4)),
    ("text", |r| r.text(40)),
    ("text", |r| r.text(8)),
    ("varchar(20)", |r| r.text(20)),
    ("char(7)", |r| r.text(7)),
    ("name", |r| r.text(12)),
    ("\"char\"", |r| format!("\\{:03o}", 1 + r.below(255))),
    ("SCHEMA.mood", |r| {
        r.one(&["sad", "o,k", "hap\"py", "NULL", "", "back\\slash", "brace{", "two words"]).to_owned()
    }),
    ("SCHEMA.feeling", |r| r.one(&["sad", "o,k", "NULL", ""]).to_owned()),
    ("uuid", |r| format!("{:016x}{:016x}", r.next(), r.next())),
    ("bytea", |r| format!("\\x{}", "f07e".repeat(r.below(9) as usize))),
    ("date", |r| {
        special(r, &["infinity", "-infinity", "5874897-12-31", "4714-11-24 BC"], |r| {
            let (day, era) = r.day(294_276);
            day + era
        })
    }),
    ("timestamp", |r| {
        special(r, &["infinity", "-infinity"], |r| {
            let (day, era) = r.day(294_276);
            format!("{day} {}{era}", r.clock())
        })
    }),
    ("timestamptz", |r| {
        special(r, &["infinity", "-infinity"], |r| {
            let (day, era) = r.day(294_276);
            format!("{day} {}{}{era}", r.clock(), r.one(&["+00", "+05:30", "-11"]))
        })
    }),
    ("timestamptz(2)", |r| format!("2024-01-{:02} {}+00", 1 + r.below(28), r.clock())),
    ("time", |r| special(r, &["24:00:00"], Random::clock)),
    ("timetz", |r| {
        let (sign, hours) = (r.one(&["+", "-"]), r.below(16));
        match r.below(3) {
            0 => format!("{}{sign}{hours:02}", r.clock()),
            1 => format!("{}{sign}{hours:02}:{:02}", r.clock(), r.below(60)),
            _ => format!("{}{sign}{hours:02}:{:02}:{:02}", r.clock(), r.below(60), r.below(60)),
        }
    }),
    ("interval", |r| {
        let mut part = |bits, unit: &str| {
            if r.below(3) == 0 { String::new() } else { format!("{} {unit} ", r.whole(bits)) }
        };
        format!("{}{}{}0 s", part(31, "months"), part(32, "days"), part(63, "microseconds"))
    }),
    ("inet", |r| {
        if r.below(2) == 0 {
            let [a, b, c, d] = (r.next() as u32).to_be_bytes();
            format!("{a}.{b}.{c}.{d}{}", r.one(&["", "", "/8", "/31", "/32", "/0"]))
        } else {
            format!("{}{}", r.ipv6(), r.one(&["", "", "/1", "/64", "/128", "/0"]))
        }
    }),
    ("cidr", |r| {
        if r.below(2) == 0 { format!("10.{}.0.0/16", r.below(256)) } else { format!("{}/128", r.ipv6()) }
    }),
    ("json", |r| r.json(3)),
    ("jsonb", |r| r.json(3)),
    ("SCHEMA.words", |r| {
        format!(
            "{{{}}}",
            (0..r.below(4)).map(|_| r.one(&["a", "NULL", "\"b c\"", "\"\""])).collect::<Vec<_>>().join(",")
        )
    }),
];

/// Types that PostgreSQL converts to text for the worker.
const FALLBACK: [(&str, Make); 13] = [
    ("money", |r| format!("{}.{:02}", r.whole(40), r.below(100))),
    ("varbit", |r| (0..r.below(20)).map(|_| r.one(&['0', '1'])).collect()),
    ("bit(3)", |r| (0..3).map(|_| r.one(&['0', '1'])).collect()),
    ("int4range", |r| format!("[{},{})", r.below(1_000), 1_000 + r.below(1_000))),
    ("int4multirange", |r| format!("{{[{},{}),[9,12]}}", r.below(4), 4 + r.below(3))),
    ("tstzrange", |r| format!("[2024-01-{:02} {}+00,)", 1 + r.below(28), r.clock())),
    ("point", |r| format!("({},{})", r.numeric(6, 9), r.numeric(6, 9))),
    ("macaddr", |r| format!("{:012x}", r.next() >> 16)),
    ("pg_lsn", |r| format!("{:X}/{:X}", r.next() as u32, r.next() as u32)),
    ("tsvector", |r| {
        format!("'{}':{} 'x'", r.text(9).replace('\\', "\\\\").replace('\'', "''") + "w", 1 + r.below(99))
    }),
    ("SCHEMA.pair", |r| format!("({},{})", r.whole(32), quoted(&r.text(12)))),
    ("oidvector", |r| (0..r.below(5)).map(|_| (r.next() as u32).to_string()).collect::<Vec<_>>().join(" ")),
    ("int2vector", |r| (0..r.below(5)).map(|_| r.whole(16).to_string()).collect::<Vec<_>>().join(" ")),
];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns an array literal with elements of a type, including NULL, several dimensions and other bounds.
fn array(random: &mut Random, make: Make) -> String {
    let dimensions: Vec<u64> = match random.below(10) {
        0 => return "{}".to_owned(),
        1..=6 => vec![1 + random.below(5)],
        7 | 8 => vec![1 + random.below(3), 1 + random.below(3)],
        _ => vec![1 + random.below(2), 1 + random.below(2), 1 + random.below(3)],
    };
    let bounds = if random.below(4) == 0 {
        let bound = |length: &u64| {
            let lower = random.below(9) as i64 - 4;
            format!("[{lower}:{}]", lower + *length as i64 - 1)
        };
        dimensions.iter().map(bound).collect::<String>() + "="
    } else {
        String::new()
    };
    bounds + &braces(random, &dimensions, make)
}

fn braces(random: &mut Random, dimensions: &[u64], make: Make) -> String {
    let Some((length, inner)) = dimensions.split_first() else {
        return if random.below(6) == 0 { "NULL".to_owned() } else { quoted(&make(random)) };
    };
    let parts: Vec<_> = (0..*length).map(|_| braces(random, inner, make)).collect();
    format!("{{{}}}", parts.join(","))
}

/// Types and values of the columns of a table.
type Columns = Vec<(String, Vec<Option<String>>)>;

/// Returns tables with the given number of rows: of single values, of arrays, and of types read as text.
pub(crate) fn tables(version: i32, rows: usize) -> Vec<(&'static str, Columns)> {
    let mut random = Random(0x5851_f42d_4c95_7f2d);
    let mut table = |types: &[(&str, Make)], arrays: bool| -> Columns {
        let column = |(type_name, make): &(&str, Make)| {
            let mut value = || match random.below(10) {
                0 => None,
                _ if arrays => Some(array(&mut random, *make)),
                _ => Some(make(&mut random)),
            };
            let suffix = if arrays { "[]" } else { "" };
            (format!("{type_name}{suffix}"), (0..rows).map(|_| value()).collect())
        };
        types.iter().map(column).collect()
    };
    let interval: (&str, Make) = ("interval", |r| r.one(&["infinity", "-infinity", "1 day"]).to_owned());
    let late = if version >= 170_000 { &[interval][..] } else { &[] };
    let native = [&NATIVE[..], late].concat();
    // Arrays of a domain over an array are not native.
    let elements: Vec<_> = native.iter().filter(|(name, _)| *name != "SCHEMA.words").copied().collect();
    vec![
        ("scalars", table(&native, false)),
        ("arrays", table(&elements, true)),
        ("texts", table(&FALLBACK, false)),
        ("text_arrays", table(&FALLBACK, true)),
    ]
}
