// What a container's instance has said so far, over all the files it wrote (rotation makes
// several). Threads: the collector's only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace logboom::collector {

struct ContainerOutput {
  std::uint64_t lines = 0;
  std::int64_t first_ns = 0, last_ns = 0;  // 0: none yet
  std::int64_t max_quiet_ns = 0;
  std::map<std::string, std::uint64_t> positions;  // by source: what was shipped of it

  void line(std::int64_t time_ns) {
    ++lines;
    if (last_ns != 0) max_quiet_ns = std::max(max_quiet_ns, time_ns - last_ns);
    first_ns = first_ns == 0 ? time_ns : std::min(first_ns, time_ns);
    last_ns = std::max(last_ns, time_ns);
  }
};

}  // namespace logboom::collector
