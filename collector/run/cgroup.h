// What a process's control groups say of it, v1 and v2.
//
// Source: the kernel's admin-guide/cgroup-v1 and cgroup-v2.
// Units:  milliseconds, bytes; -1: not known, or no limit.
// Errors: none: what cannot be read is not known.
// Limits: kMaxText bytes of one file are read.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::collector {

// Where each controller's files of one group lie; "" where it has none.
struct Cgroup {
  std::string memory, cpu, usage, pids, io;  // usage: cpuacct in v1, cpu in v2
  bool memory_v2 = false, cpu_v2 = false, pids_v2 = false, io_v2 = false;
  [[nodiscard]] bool found() const { return !memory.empty() || !usage.empty(); }
};

// From the text of /proc/<pid>/cgroup and of /proc/self/mountinfo. With v1 and v2 mounted side by
// side, v1's controllers are the ones in use where there are any.
[[nodiscard]] Cgroup find_cgroup(std::string_view cgroup, std::string_view mountinfo);
[[nodiscard]] Cgroup cgroup_of_process(int pid);

struct CgroupFacts {
  std::int64_t cpu_ms = -1, throttled_ms = -1;
  std::int64_t memory_bytes = -1;  // without cache that can be taken back at once
  std::int64_t peak_bytes = -1, limit_bytes = -1, oom_kills = -1;
  std::int64_t processes = -1;
  std::int64_t read_bytes = -1, written_bytes = -1;
};
[[nodiscard]] CgroupFacts read_cgroup(const Cgroup& cgroup);
// The memory limit and kills alone: a job that starts does not wait for the rest, which the kernel
// may have to sum up first.
[[nodiscard]] CgroupFacts read_limits(const Cgroup& cgroup);

}  // namespace logboom::collector
