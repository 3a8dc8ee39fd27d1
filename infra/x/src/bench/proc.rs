//! Process data from Linux's `/proc`: processor time and memory of a process with all its descendants, and the
//! processor time of the whole machine.

use std::fs;

/// Unit of the times in `/proc`. Fixed on Linux.
const TICKS_PER_SEC: f64 = 100.0;

/// Lists a process and its living descendants.
pub(super) fn tree(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        all.extend(children(pid));
        next += 1;
    }
    all
}

/// Lists the children of all threads of a process.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| pids(&list)).collect()
}

fn pids(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Returns the processor seconds of a process and its descendants, both living and reaped.
pub(super) fn cpu_secs(root: u32) -> f64 {
    let stats = tree(root).into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats.map(|stat| ticks(&stat)).sum::<f64>() / TICKS_PER_SEC
}

/// Returns the processor seconds of the living descendants whose command line contains `title`. PostgreSQL writes the role of
/// a session there.
pub(super) fn cpu_secs_of(root: u32, title: &str) -> f64 {
    let is_one = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(title)
    };
    let stats = tree(root).into_iter().filter(is_one);
    let stats = stats.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats.map(|stat| ticks(&stat)).sum::<f64>() / TICKS_PER_SEC
}

/// Returns user and system time of the process and of its reaped children.
fn ticks(stat: &str) -> f64 {
    // The second field is a name in brackets and may contain spaces and brackets.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// Returns the bytes of memory that a process and its descendants hold now.
pub(super) fn memory_bytes(root: u32) -> u64 {
    let statuses =
        tree(root).into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
    statuses.map(|status| resident_bytes(&status)).sum()
}

fn resident_bytes(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// Returns the processor seconds that the machine spent on processes or lost to the hypervisor.
pub(super) fn machine_cpu_secs() -> f64 {
    busy_ticks(&fs::read_to_string("/proc/stat").unwrap_or_default()) / TICKS_PER_SEC
}

/// Sums the busy ticks. Interrupts are left out: those of the loopback network belong to the measured command.
fn busy_ticks(stat: &str) -> f64 {
    let all = stat.lines().next().unwrap_or_default();
    let field = |i: usize| all.split_whitespace().nth(i).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    let (user, nice, system, steal) = (field(1), field(2), field(3), field(8));
    user + nice + system + steal
}

/// Returns a short description of the machine.
pub(super) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} × {}", model.map_or("processor", |(_, model)| model.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0";
        assert_eq!(ticks(stat), 110.0);
        assert_eq!(ticks(""), 0.0);
    }

    #[test]
    fn busy_time_includes_processes_and_steal() {
        let stat = "cpu  100 20 3 9000 70 500 600 4 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), 127.0);
    }

    #[test]
    fn memory_is_read_in_kibibytes() {
        assert_eq!(resident_bytes("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t  12 kB\n"), 12_288);
        assert_eq!(resident_bytes("Name:\tkthread\n"), 0);
    }

    #[test]
    fn a_list_of_children_is_read() {
        assert_eq!(pids("12 345 \n"), [12, 345]);
        assert_eq!(pids(""), [] as [u32; 0]);
    }

    #[test]
    fn a_child_is_part_of_the_tree() {
        let mut child = std::process::Command::new("sleep").arg("10").spawn().unwrap();
        assert!(tree(std::process::id()).contains(&child.id()) && memory_bytes(std::process::id()) > 0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
