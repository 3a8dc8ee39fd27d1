//! Whole files, read back with the crate that wrote them. Other readers are tested in `tests/parquet.rs`.

use ::bytes::Bytes;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use export::column::ColumnType;
use export::format::Format;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::file::metadata::ParquetMetaData;
use proptest::prelude::*;

use super::*;

type Row = Vec<Option<Vec<u8>>>;

fn block(rows: &[Row], before: u64) -> Block {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend((row.len() as u16).to_be_bytes());
        for value in row {
            bytes.extend(value.as_ref().map_or(-1, |v| v.len() as i32).to_be_bytes());
            bytes.extend(value.iter().flatten());
        }
    }
    Block { bytes: bytes.into(), rows: rows.len() as u64, before }
}

fn output(compression: Compression) -> Output {
    Output { format: Format::Parquet, compression, ..Output::default() }
}

/// Encodes rows in blocks of `per_block` into a file.
fn file(columns: &[Column], rows: &[Row], per_block: usize) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Parquet::new(columns, &output(Compression::Zstd));
    let (mut file, mut before) = (Vec::new(), 0);
    for rows in rows.chunks(per_block) {
        let mut out = Vec::new();
        encoder.block(&block(rows, before), &mut out)?;
        before += rows.len() as u64;
        file.extend(out);
    }
    encoder.finish(&mut file)?;
    Ok(file)
}

fn read(file: Vec<u8>) -> (ParquetMetaData, Vec<RecordBatch>) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    let metadata = reader.metadata().as_ref().clone();
    (metadata, reader.with_batch_size(1 << 24).build().unwrap().map(Result::unwrap).collect())
}

fn ids(rows: u64) -> Vec<Row> {
    (0..rows).map(|id| vec![Some(id.to_be_bytes().to_vec()), Some(b"some text".to_vec())]).collect()
}

fn id_and_text() -> [Column; 2] {
    [Column::native("id", 20, ColumnType::Int8), Column::native("text", 25, ColumnType::Text)]
}

#[test]
fn rows_are_read_back() {
    let (metadata, batches) = read(file(&id_and_text(), &ids(20_000), 777).unwrap());
    assert_eq!(metadata.file_metadata().num_rows(), 20_000);
    assert!(metadata.file_metadata().key_value_metadata().is_none());
    let read: Vec<i64> =
        batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(read, (0..20_000).collect::<Vec<_>>());
    assert!(batches.iter().all(|b| b.column(1).as_string::<i32>().iter().all(|t| t == Some("some text"))));
    // Increasing values are stored as differences, repeated ones in a dictionary.
    let encodings = |column| metadata.row_group(0).column(column).encodings().collect::<Vec<_>>();
    assert!(encodings(0).contains(&Encoding::DELTA_BINARY_PACKED));
    assert!(encodings(1).contains(&Encoding::RLE_DICTIONARY));
}

#[test]
fn the_same_blocks_give_the_same_bytes() {
    let rows = ids(30_000);
    assert_eq!(file(&id_and_text(), &rows, 1_000), file(&id_and_text(), &rows, 1_000));
}

#[test]
fn row_group_ends_at_its_byte_limit() {
    let columns = [Column::native("v", 17, ColumnType::Bytea)];
    let mut random = 1u64;
    let mut noise = || {
        random = (random ^ random >> 29).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random.to_le_bytes()
    };
    let rows: Vec<Row> = (0..400).map(|_| vec![Some((0..12_500).flat_map(|_| noise()).collect())]).collect();
    let (metadata, batches) = read(file(&columns, &rows, 3).unwrap());
    let bytes: Vec<i64> = metadata.row_groups().iter().map(|g| g.compressed_size()).collect();
    assert!(bytes.len() >= 3 && bytes.iter().all(|b| *b < 17 << 20), "{bytes:?}");
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 400);
}

#[test]
fn a_huge_value_has_a_row_group_without_bounds() {
    let mut rows = ids(30_000);
    rows[20_500][1] = Some(vec![b'x'; 20 << 20]);
    let (metadata, batches) = read(file(&id_and_text(), &rows, 1_000).unwrap());
    let bounds = |group: usize| {
        let statistics = metadata.row_group(group).column(1).statistics();
        statistics.is_some_and(|s| s.min_bytes_opt().is_some())
    };
    assert_eq!((0..metadata.num_row_groups()).map(bounds).collect::<Vec<_>>(), [true, false, true]);
    let text = |row: usize| batches[0].column(1).as_string::<i32>().value(row).len();
    assert_eq!((text(20_499), text(20_500), text(29_999)), (9, 20 << 20, 9));
}

#[test]
fn encodings_are_chosen_again_for_changed_data() {
    let columns = [Column::native("v", 20, ColumnType::Int8)];
    // Random values in the first row group, then a constant.
    let value = |i: i64| if i < 3_000_000 { i.wrapping_mul(0x9e37_79b9_7f4a_7c15u64 as i64) } else { 7 };
    let rows: Vec<Row> = (0..6_000_000).map(|i| vec![Some(value(i).to_be_bytes().to_vec())]).collect();
    let (metadata, _) = read(file(&columns, &rows, 20_000).unwrap());
    let dictionary = |group: usize| {
        let column = metadata.row_group(group).column(0);
        column.dictionary_page_offset().is_some()
    };
    assert!(!dictionary(0));
    assert!(dictionary(metadata.num_row_groups() - 1));
}

#[test]
fn lists_keep_nulls_and_lose_bounds() {
    let columns = [Column { array: true, ..Column::native("v", 1005, ColumnType::Int2) }];
    let array = |dimensions: &[(i32, i32)], elements: &[Option<i16>]| -> Vec<u8> {
        let head =
            [dimensions.len() as i32, 0, 21].into_iter().chain(dimensions.iter().flat_map(|d| [d.0, d.1]));
        let mut out: Vec<u8> = head.flat_map(i32::to_be_bytes).collect();
        for element in elements {
            out.extend(element.map_or(-1i32, |_| 2).to_be_bytes());
            out.extend(element.iter().flat_map(|e| e.to_be_bytes()));
        }
        out
    };
    let rows: Vec<Row> = vec![
        vec![Some(array(&[(3, 7)], &[Some(1), None, Some(-3)]))],
        vec![None],
        vec![Some(array(&[], &[]))],
    ];
    let (_, batches) = read(file(&columns, &rows, 10).unwrap());
    let lists = batches[0].column(0).as_list::<i32>();
    assert_eq!((lists.len(), lists.is_null(1), lists.value(2).len()), (3, true, 0));
    let first = lists.value(0);
    let elements: Vec<_> = first.as_primitive::<arrow_array::types::Int16Type>().iter().collect();
    assert_eq!(elements, [Some(1), None, Some(-3)]);
    let square = vec![vec![Some(array(&[(1, 1), (1, 1)], &[Some(1)]))]];
    let error = file(&columns, &square, 1).unwrap_err();
    assert_eq!(error.problem, ValueProblem::Unsupported("a multidimensional array"));
}

#[test]
fn decimals_have_the_declared_precision_and_scale() {
    let columns = [Column { typmod: ((30 << 16) | 4) + 4, ..Column::native("v", 1700, ColumnType::Numeric) }];
    let one_and_a_half = [0u16, 2, 0, 0, 1, 1, 5_000].iter().skip(1).flat_map(|w| w.to_be_bytes()).collect();
    let (_, batches) = read(file(&columns, &[vec![Some(one_and_a_half)], vec![None]], 10).unwrap());
    let column = batches[0].column(0).as_primitive::<Decimal128Type>();
    assert_eq!((column.precision(), column.scale()), (30, 4));
    assert_eq!((column.value(0), column.is_null(1)), (15_000, true));
}

#[test]
fn invalid_utf8_fails_naming_row_and_column() {
    let mut rows = ids(100);
    rows[41][1] = Some(b"caf\xe9".to_vec());
    let error = file(&id_and_text(), &rows, 30).unwrap_err();
    assert_eq!((error.row, error.column.as_str()), (42, "text"));
    assert_eq!(error.problem, ValueProblem::Unsupported("text that is not UTF-8"));
}

#[test]
fn invalid_array_element_fails_naming_its_row() {
    let columns = [Column { array: true, ..Column::native("v", 1009, ColumnType::Text) }];
    let list = |elements: &[&[u8]]| {
        let head: &[i32] =
            if elements.is_empty() { &[0, 0, 25] } else { &[1, 0, 25, elements.len() as i32, 1] };
        let mut out: Vec<u8> = head.iter().flat_map(|w| w.to_be_bytes()).collect();
        for element in elements {
            out.extend((element.len() as i32).to_be_bytes());
            out.extend(*element);
        }
        vec![Some(out)]
    };
    let rows = [list(&[b"a", b"b"]), list(&[]), vec![None], list(&[b"c", b"\xff"]), list(&[])];
    assert_eq!(file(&columns, &rows, 9).unwrap_err().row, 4);
}

#[test]
fn without_rows_nothing_is_written() {
    let mut out = Vec::new();
    Parquet::new(&id_and_text(), &output(Compression::Snappy)).finish(&mut out).unwrap();
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn arbitrary_bytes_cause_no_panic(
        values in proptest::collection::vec(
            proptest::option::weighted(0.9, proptest::collection::vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..40)),
            1..4),
        typmod in prop_oneof![Just(-1), any::<i32>(), Just(((38 << 16) | 30) + 4)],
    ) {
        for kind in ColumnType::ALL {
            for (array, as_text) in [(false, false), (true, false), (false, true), (true, true)] {
                let column = Column { array, as_text, typmod, ..Column::native("v", 0, kind) };
                let rows: Vec<Row> = values.iter().map(|value| vec![value.clone()]).collect();
                let _ = file(&[column], &rows, 2);
            }
        }
    }

    #[test]
    fn fixed_size_values_are_kept_or_refused(value: [u8; 8], short: [u8; 4]) {
        for (kind, value) in [
            (ColumnType::Int8, &value[..]), (ColumnType::Float8, &value[..]), (ColumnType::Timestamp, &value[..]),
            (ColumnType::Time, &value[..]), (ColumnType::Int4, &short[..]), (ColumnType::Date, &short[..]),
        ] {
            match file(&[Column::native("v", 0, kind)], &[vec![Some(value.to_vec())]], 1) {
                Ok(file) => prop_assert_eq!(read(file).1[0].num_rows(), 1),
                Err(error) => prop_assert_eq!((error.row, error.column.as_str()), (1, "v")),
            }
        }
    }
}
