#include "collector/run/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

constexpr std::size_t kMaxText = 1 << 20;
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;  // v1 says so with a huge number

std::string read_text(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  std::array<char, 8192> bytes;
  while (file.open() && text.size() < kMaxText) {
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    if (got <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(at), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool listed(std::string_view list, std::string_view word) {
  const auto words = split(list, ',');
  return std::ranges::find(words, word) != words.end();
}

std::int64_t number(std::string_view text) {
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::int64_t read_number(const std::string& path) { return number(read_text(path)); }

// "name 17" on a line of its own.
std::int64_t value_of(std::string_view text, std::string_view name) {
  for (const auto line : split(text, '\n')) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
      return number(line.substr(name.size() + 1));
    }
  }
  return -1;
}

std::int64_t scaled(std::int64_t value, std::int64_t divisor) {
  return value < 0 ? -1 : value / divisor;
}

// The group's path in the hierarchy of a controller; "" as controller: v2's.
std::string_view path_of(std::string_view cgroup, std::string_view controller) {
  for (const auto line : split(cgroup, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool fits = controller.empty() ? controllers.empty() : listed(controllers, controller);
    if (fits) return line.substr(second + 1);
  }
  return {};
}

std::string directory_of(std::string_view cgroup, std::string_view mountinfo,
                         std::string_view controller) {
  const auto path = path_of(cgroup, controller);
  // Outside of what this process may see.
  if (path.empty() || path.starts_with("/..")) return {};
  for (const auto line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != (controller.empty() ? "cgroup2" : "cgroup")) continue;
    if (!controller.empty() && !listed(after[2], controller)) continue;
    auto inside = path;
    if (before[3] != "/") {  // the mount shows a part of the hierarchy
      if (!inside.starts_with(before[3])) continue;
      inside.remove_prefix(before[3].size());
    }
    return std::string(before[4]) + (inside == "/" ? "" : std::string(inside));
  }
  return {};
}

void read_io(const Cgroup& cgroup, CgroupFacts& facts) {
  if (cgroup.io.empty()) return;
  auto text = read_text(cgroup.io +
                        (cgroup.io_v2 ? "/io.stat" : "/blkio.throttle.io_service_bytes_recursive"));
  if (text.empty() && !cgroup.io_v2) {
    text = read_text(cgroup.io + "/blkio.throttle.io_service_bytes");
  }
  const auto add = [](std::int64_t& sum, std::int64_t more) {
    if (more >= 0) sum = std::max<std::int64_t>(sum, 0) + more;
  };
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (cgroup.io_v2) {  // 8:0 rbytes=90112 wbytes=0 rios=3 ...
      for (const auto word : words) {
        if (word.starts_with("rbytes=")) add(facts.read_bytes, number(word.substr(7)));
        if (word.starts_with("wbytes=")) add(facts.written_bytes, number(word.substr(7)));
      }
    } else if (words.size() == 3) {  // 8:0 Read 90112
      if (words[1] == "Read") add(facts.read_bytes, number(words[2]));
      if (words[1] == "Write") add(facts.written_bytes, number(words[2]));
    }
  }
}

void read_limits(const Cgroup& cgroup, std::string_view stat, CgroupFacts& facts) {
  const auto& at = cgroup.memory;
  const bool v2 = cgroup.memory_v2;
  facts.limit_bytes =
      v2 ? read_number(at + "/memory.max") : value_of(stat, "hierarchical_memory_limit");
  if (facts.limit_bytes < 0 && !v2) facts.limit_bytes = read_number(at + "/memory.limit_in_bytes");
  if (facts.limit_bytes >= kNoLimit) facts.limit_bytes = -1;
  facts.oom_kills =
      value_of(read_text(at + (v2 ? "/memory.events" : "/memory.oom_control")), "oom_kill");
}

CgroupFacts read_memory(const Cgroup& cgroup) {
  CgroupFacts facts;
  const auto& at = cgroup.memory;
  if (at.empty()) return facts;
  const bool v2 = cgroup.memory_v2;
  const auto stat = read_text(at + "/memory.stat");
  facts.memory_bytes = read_number(at + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  const auto cache = value_of(stat, v2 ? "inactive_file" : "total_inactive_file");
  if (facts.memory_bytes >= 0 && cache > 0) {
    facts.memory_bytes -= std::min(facts.memory_bytes, cache);
  }
  facts.peak_bytes = read_number(at + (v2 ? "/memory.peak" : "/memory.max_usage_in_bytes"));
  read_limits(cgroup, stat, facts);
  return facts;
}

}  // namespace

Cgroup find_cgroup(std::string_view cgroup, std::string_view mountinfo) {
  Cgroup found;
  const auto v2 = directory_of(cgroup, mountinfo, "");
  const auto choose = [&](std::string_view controller, std::string& directory, bool& is_v2) {
    directory = directory_of(cgroup, mountinfo, controller);
    is_v2 = directory.empty();
    if (is_v2) directory = v2;
  };
  bool usage_v2 = false;
  choose("memory", found.memory, found.memory_v2);
  choose("cpu", found.cpu, found.cpu_v2);
  choose("cpuacct", found.usage, usage_v2);
  choose("pids", found.pids, found.pids_v2);
  choose("blkio", found.io, found.io_v2);
  return found;
}

Cgroup cgroup_of_process(int pid) {
  return find_cgroup(read_text("/proc/" + std::to_string(pid) + "/cgroup"),
                     read_text("/proc/self/mountinfo"));
}

CgroupFacts read_limits(const Cgroup& cgroup) {
  CgroupFacts facts;
  if (cgroup.memory.empty()) return facts;
  // v2's memory.stat makes the kernel sum up all groups below.
  read_limits(cgroup, cgroup.memory_v2 ? "" : read_text(cgroup.memory + "/memory.stat"), facts);
  return facts;
}

CgroupFacts read_cgroup(const Cgroup& cgroup) {
  auto facts = read_memory(cgroup);
  if (!cgroup.cpu.empty()) {
    const auto stat = read_text(cgroup.cpu + "/cpu.stat");
    facts.throttled_ms = cgroup.cpu_v2 ? scaled(value_of(stat, "throttled_usec"), 1'000)
                                       : scaled(value_of(stat, "throttled_time"), 1'000'000);
    if (cgroup.cpu_v2) facts.cpu_ms = scaled(value_of(stat, "usage_usec"), 1'000);
  }
  if (!cgroup.cpu_v2 && !cgroup.usage.empty()) {
    facts.cpu_ms = scaled(read_number(cgroup.usage + "/cpuacct.usage"), 1'000'000);
  }
  if (!cgroup.pids.empty()) facts.processes = read_number(cgroup.pids + "/pids.current");
  read_io(cgroup, facts);
  return facts;
}

}  // namespace logboom::collector
