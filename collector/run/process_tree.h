// What a command and all its descendants use, from /proc.
//
// Limits:  kMaxTree processes are looked at. A process whose parent ended is no descendant any
//          more.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace logboom::collector {

inline constexpr std::size_t kMaxTree = 1'000;

struct TreeUse {
  std::int64_t cpu_ms = 0;  // with that of children they waited for
  std::int64_t memory_bytes = 0;
  std::int64_t processes = 0;
  std::int64_t read_bytes = 0, written_bytes = 0;  // of disks
};

// The root first, then its descendants.
[[nodiscard]] std::vector<pid_t> tree_of(pid_t root);
[[nodiscard]] TreeUse use_of(const std::vector<pid_t>& processes);

}  // namespace logboom::collector
