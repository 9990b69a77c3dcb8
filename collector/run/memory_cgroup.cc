#include "collector/run/memory_cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

constexpr std::size_t kMostText = 256 * 1024;
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;  // v1 says so with a huge number

std::string read_text(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 16384> bytes{};
  while (file.open() && text.size() < kMostText) {
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
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The path within the hierarchy of the memory controller, and whether that is v2's.
bool own_path(std::string_view cgroup, std::string& path, bool& v2) {
  for (const auto line : split(cgroup, '\n')) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool memory = has_word(controllers, "memory");
    if (!memory && !(controllers.empty() && path.empty())) continue;
    path = line.substr(second + 1);
    v2 = !memory;
    if (memory) return true;
  }
  return !path.empty();
}

std::int64_t value_of(std::string_view text, std::string_view name) {
  for (const auto line : split(text, '\n')) {
    if (!name.empty() && !(line.starts_with(name) && line.substr(name.size()).starts_with(' '))) {
      continue;
    }
    const auto digits = name.empty() ? line : line.substr(name.size() + 1);
    std::int64_t value = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  return -1;
}

}  // namespace

MemoryCgroup find_memory_cgroup(std::string_view cgroup, std::string_view mountinfo) {
  MemoryCgroup found;
  std::string path;
  if (!own_path(cgroup, path, found.v2)) return {};
  for (const auto line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - ");
    const auto before = split(line.substr(0, dash), ' ');
    if (dash == std::string_view::npos || before.size() < 5) continue;
    const auto after = split(line.substr(dash + 3), ' ');
    if (after.size() < 3 || after[0] != (found.v2 ? "cgroup2" : "cgroup")) continue;
    if (!found.v2 && !has_word(after[2], "memory")) continue;
    // In a container the mount's root is a part of the path already.
    std::string_view inside = path;
    if (before[3] != "/" && inside.starts_with(before[3])) inside.remove_prefix(before[3].size());
    found.directory = std::string(before[4]) + (inside == "/" ? "" : std::string(inside));
    return found;
  }
  return {};
}

MemoryCgroup own_memory_cgroup() {
  return find_memory_cgroup(read_text("/proc/self/cgroup"), read_text("/proc/self/mountinfo"));
}

std::int64_t oom_kills(const MemoryCgroup& cgroup) {
  if (cgroup.directory.empty()) return -1;
  const auto file = cgroup.v2 ? "/memory.events" : "/memory.oom_control";
  return value_of(read_text(cgroup.directory + file), "oom_kill");
}

std::int64_t memory_limit(const MemoryCgroup& cgroup) {
  if (cgroup.directory.empty()) return -1;
  const auto file = cgroup.v2 ? "/memory.max" : "/memory.limit_in_bytes";
  const auto limit = value_of(read_text(cgroup.directory + file), "");
  return limit >= kNoLimit ? -1 : limit;
}

}  // namespace logboom::collector
