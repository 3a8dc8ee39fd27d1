//! TPC-H: a schema without defaults, with dates that differ only by their names.

use crate::database::Database;
use crate::options;

const TABLES: [&str; 10] = [
    "create table S.region (r_regionkey integer primary key, r_name char(25) not null, r_comment varchar(152))",
    "create table S.nation (n_nationkey integer primary key, n_name char(25) not null, n_regionkey integer not null, \
     n_comment varchar(152))",
    "create table S.part (p_partkey integer primary key, p_name varchar(55) not null, p_mfgr char(25) not null, \
     p_brand char(10) not null, p_type varchar(25) not null, p_size integer not null, p_container char(10) not null, \
     p_retailprice decimal(15,2) not null, p_comment varchar(23) not null)",
    "create table S.supplier (s_suppkey integer primary key, s_name char(25) not null, s_address varchar(40) not null, \
     s_nationkey integer not null, s_phone char(15) not null, s_acctbal decimal(15,2) not null, s_comment varchar(101))",
    "create table S.partsupp (ps_partkey integer not null, ps_suppkey integer not null, ps_availqty integer not null, \
     ps_supplycost decimal(15,2) not null, ps_comment varchar(199) not null, primary key (ps_partkey, ps_suppkey))",
    "create table S.customer (c_custkey integer primary key, c_name varchar(25) not null, c_address varchar(40) not null, \
     c_nationkey integer not null, c_phone char(15) not null, c_acctbal decimal(15,2) not null, \
     c_mktsegment char(10) not null, c_comment varchar(117) not null)",
    "create table S.orders (o_orderkey integer primary key, o_custkey integer not null, o_orderstatus char(1) not null, \
     o_totalprice decimal(15,2) not null, o_orderdate date not null, o_orderpriority char(15) not null, \
     o_clerk char(15) not null, o_shippriority integer not null, o_comment varchar(79) not null)",
    "create table S.lineitem (l_orderkey integer not null, l_partkey integer not null, l_suppkey integer not null, \
     l_linenumber integer not null, l_quantity decimal(15,2) not null, l_extendedprice decimal(15,2) not null, \
     l_discount decimal(15,2) not null, l_tax decimal(15,2) not null, l_returnflag char(1) not null, \
     l_linestatus char(1) not null, l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null, \
     l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null, \
     primary key (l_orderkey, l_linenumber))",
    "insert into S.orders select i, i % 7, 'O', 10, date '1995-01-01' + i, '1-URGENT', 'Clerk', 0, '' \
     from generate_series(1, 40) i",
    "create index on S.orders (o_custkey)",
];

#[tokio::test]
async fn tpch_is_cut_by_order_and_ship_date() {
    let Some(database) = Database::open() else { return };
    let schema = database.create(&TABLES).await;
    let (suggestion, catalog) = database.suggest(&options(&[&schema]), 2).await;
    println!("{}", suggestion.toml);
    let expected = [
        ("customer", None),
        ("lineitem", Some("l_shipdate")),
        ("nation", None),
        ("orders", Some("o_orderdate")),
        ("part", None),
        ("partsupp", None),
        ("region", None),
        ("supplier", None),
    ];
    let found: Vec<_> =
        catalog.datasets.iter().map(|(name, d)| (name.as_str(), d.range_column.as_deref())).collect();
    assert_eq!(found, expected);
    assert_eq!(catalog.datasets["orders"].filters, ["o_custkey"]);
    assert_eq!(catalog.datasets["partsupp"].filters, ["ps_partkey"]);
    assert!(suggestion.left_out.is_empty(), "{:?}", suggestion.left_out);
    database.check(&catalog, 2).await;
    database.drop(&schema).await;
}
