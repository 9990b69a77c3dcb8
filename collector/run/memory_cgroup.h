// The memory cgroup a process lives in, v1 or v2: its limit, and how often the kernel killed there.
//
// Errors: none: what is not known is -1.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::collector {

// Where its files are, from the text of /proc/self/cgroup and /proc/self/mountinfo; "" unknown.
struct MemoryCgroup {
  std::string directory;
  bool v2 = false;
};
[[nodiscard]] MemoryCgroup find_memory_cgroup(std::string_view cgroup, std::string_view mountinfo);
[[nodiscard]] MemoryCgroup own_memory_cgroup();

[[nodiscard]] std::int64_t oom_kills(const MemoryCgroup& cgroup);
[[nodiscard]] std::int64_t memory_limit(const MemoryCgroup& cgroup);  // -1: none

}  // namespace logboom::collector
