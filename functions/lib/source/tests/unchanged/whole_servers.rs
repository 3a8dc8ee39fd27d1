//! Events of a whole server: a restart, a crash, a copy, a promotion, transaction ids that begin again.

use std::time::Duration;

use sqlx::Connection;
use tokio::time::sleep;

use crate::bed::{Bed, Seen, check, connect, finish, run, servers, tenant, text};
use crate::own_server::Programs;
use crate::traps::{self, Without};

/// Positions in the state of the start of the server process, and of the reset of its statistics.
const START: usize = 3;
const RESET: usize = 4;

const PAUSE: Duration = Duration::from_millis(20);

/// Returns what a session decides now about rows of `plain` that were read before.
async fn decide(bed: &Bed, before: &Seen) -> bool {
    let (selection, range) = bed.chunk(0);
    let session = bed.session(&selection).await.unwrap();
    let now = session.prove(&selection).await.unwrap().unwrap();
    let unchanged = session.is_unchanged(&selection, &range, &tenant(), &check(before), &now).await.unwrap();
    finish(session, "copy (select 1) to stdout (format binary)").await;
    unchanged
}

/// Reads `plain` while no writer is there.
async fn read(bed: &Bed) -> Seen {
    let (selection, range) = bed.chunk(0);
    let session = bed.session(&selection).await.unwrap();
    let proof = session.prove(&selection).await.unwrap().unwrap();
    let rows = bed.rows(&selection, &range).await;
    finish(session, "copy (select 1) to stdout (format binary)").await;
    Seen { proof, count: rows.lines().count() as u64, rows }
}

/// Begins and ends transactions that change nothing.
async fn spend(bed: &Bed, transactions: u32) {
    let mut writer = connect(&bed.url).await;
    for _ in 0..transactions {
        run(&mut writer, "select pg_current_xact_id()").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_ends_all_proofs() {
    for url in servers() {
        let programs = Programs::of(&url).await;
        let server = programs.start(&programs.init("restarted"));
        let bed = Bed::start(&server.url, "restarted").await;
        let before = read(&bed).await;
        assert!(decide(&bed, &before).await, "nothing has happened");
        server.restart();
        assert!(!decide(&bed, &before).await, "another server process may have another history");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_a_crash_loses_are_found() {
    for url in servers() {
        let programs = Programs::of(&url).await;
        let server = programs.start(&programs.init("crashed"));
        let bed = Bed::start(&server.url, "crashed").await;
        let mut writer = connect(&bed.url).await;
        run(&mut writer, "checkpoint").await.unwrap();
        let halted = server.halt_wal_writer().await;
        let lost = "set synchronous_commit = off; update plain set v = 'lost' where id = 3";
        run(&mut writer, lost).await.unwrap();
        let (selection, range) = bed.chunk(0);
        let before = traps::take(&mut connect(&bed.url).await, &selection, &range).await;
        assert!(before.rows.contains("lost"), "the commit is visible before it is written");
        let begun = text(&mut writer, "select pg_postmaster_start_time()::text").await;
        server.crash(&halted).await;
        let mut after = connect(&bed.url).await;
        let begins = text(&mut after, "select pg_postmaster_start_time()::text").await;
        assert_eq!(begun, begins, "only the reset of the statistics shows the crash");
        traps::expect(&bed, &selection, &range, &before, Without::Texts(&[RESET])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_copy_of_a_server_is_found() {
    for url in servers() {
        let programs = Programs::of(&url).await;
        let server = programs.start(&programs.init("original"));
        let bed = Bed::start(&server.url, "copied").await;
        let data = server.stop();
        let older = programs.copy(&data, "older");

        let server = programs.start(&data);
        let bed = bed.at(&server.url);
        run(&mut connect(&bed.url).await, "update plain set v = 'newer' where id = 5").await.unwrap();
        let (selection, range) = bed.chunk(0);
        let before = traps::take(&mut connect(&bed.url).await, &selection, &range).await;
        let seen = read(&bed).await;
        server.stop();

        let server = programs.start(&older);
        let bed = bed.at(&server.url);
        assert!(!decide(&bed, &seen).await, "its transactions are older than the proof");
        // The copy gives the same ids to other transactions.
        spend(&bed, 10).await;
        assert!(!decide(&bed, &seen).await);
        traps::expect(&bed, &selection, &range, &before, Without::Texts(&[START])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promotion_ends_all_proofs() {
    for url in servers() {
        let programs = Programs::of(&url).await;
        let primary = programs.start(&programs.init("primary"));
        let bed = Bed::start(&primary.url, "promoted").await;
        let standby = programs.start(&programs.standby(&primary, "standby"));
        let replica = bed.at(&standby.url);
        let mut writer = connect(&bed.url).await;
        let written = text(&mut writer, "select pg_current_wal_lsn()::text").await;
        let mut reader = connect(&replica.url).await;
        let replayed = format!("select (pg_last_wal_replay_lsn() >= '{written}')::text");
        while text(&mut reader, &replayed).await != "true" {
            sleep(PAUSE).await;
        }
        // The standby itself can be read and checked.
        let there = read(&replica).await;
        assert!(decide(&replica, &there).await, "a standby shows that nothing has changed");

        // The primary commits once more, and is lost before the standby has received it.
        run(&mut reader, "alter system set primary_conninfo = ''").await.unwrap();
        run(&mut reader, "select pg_reload_conf()").await.unwrap();
        while text(&mut reader, "select count(*) from pg_stat_wal_receiver").await != "0" {
            sleep(PAUSE).await;
        }
        reader.close().await.unwrap();
        run(&mut writer, "update plain set v = 'unsent' where id = 6").await.unwrap();
        let (selection, range) = bed.chunk(0);
        let before = traps::take(&mut connect(&bed.url).await, &selection, &range).await;
        let seen = read(&bed).await;
        primary.lose();
        standby.promote();
        spend(&replica, 10).await;
        assert!(!decide(&replica, &there).await, "it was a standby");
        assert!(!decide(&replica, &seen).await, "it is another server");
        traps::expect(&replica, &selection, &range, &before, Without::Texts(&[START, RESET])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_begin_again_are_compared_by_distance() {
    for url in servers() {
        let programs = Programs::of(&url).await;
        let data = programs.init("wrapped");
        // 120 transactions before the last id of 32 bits; the tables take some of them.
        programs.advance(&data, u32::MAX - 119).await;
        let server = programs.start(&data);
        let bed = Bed::start(&server.url, "wrapped").await;
        let before = read(&bed).await;
        let epoch = |proof: &export::proof::Proof| proof.next_transaction >> 32;
        assert_eq!(epoch(&before.proof), 0, "read before the ids begin again");
        spend(&bed, 200).await;
        assert!(decide(&bed, &before).await, "transactions of the next epoch wrote nothing");
        let later = read(&bed).await;
        assert_eq!(epoch(&later.proof), 1);
        assert!(decide(&bed, &later).await, "rows of the last epoch are old");
        run(&mut connect(&bed.url).await, "update plain set v = 'wrapped' where id = 7").await.unwrap();
        assert!(!decide(&bed, &before).await, "written after the ids began again");
        assert!(!decide(&bed, &later).await);
    }
}
