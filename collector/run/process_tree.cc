#include "collector/run/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

// A small file of /proc; "" when the process is gone or not ours to look at.
std::string read_small(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 8192> bytes{};
  const auto got = file.open() ? ::read(file.get(), bytes.data(), bytes.size()) : -1;
  return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string process(pid_t pid) { return "/proc/" + std::to_string(pid); }

void add_children(const std::string& list, std::vector<pid_t>& pids) {
  std::string_view left = list;
  while (!left.empty() && pids.size() < kMaxTree) {
    const auto end = std::min(left.find_first_of(" \n"), left.size());
    if (const auto pid = number(left.substr(0, end)); pid > 0) {
      pids.push_back(static_cast<pid_t>(pid));
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

void add_children_of(pid_t pid, std::vector<pid_t>& pids) {
  const auto tasks = process(pid) + "/task";
  DIR* const directory = ::opendir(tasks.c_str());
  if (directory == nullptr) return;
  while (const auto* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    add_children(read_small(tasks + "/" + entry->d_name + "/children"), pids);
  }
  ::closedir(directory);
}

std::int64_t line_value(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  return at == std::string_view::npos ? 0 : number(text.substr(at + name.size()));
}

void add_use(pid_t pid, TreeUse& use) {
  static const std::int64_t ticks = ::sysconf(_SC_CLK_TCK), page = ::sysconf(_SC_PAGESIZE);
  const auto stat = read_small(process(pid) + "/stat");
  // The name, in brackets, may hold anything.
  const auto after_name = stat.rfind(')');
  if (after_name == std::string::npos || after_name + 2 > stat.size()) return;
  ++use.processes;
  std::string_view left = std::string_view(stat).substr(after_name + 2);
  // Fields count from 3 (state): utime 14, stime 15, cutime 16, cstime 17, rss 24.
  for (int index = 3; index <= 24 && !left.empty(); ++index) {
    const auto end = std::min(left.find(' '), left.size());
    const auto value = number(left.substr(0, end));
    if (index >= 14 && index <= 17) use.cpu_ms += value * 1000 / ticks;
    if (index == 24) use.memory_bytes += value * page;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  const auto io = read_small(process(pid) + "/io");
  use.read_bytes += line_value(io, "\nread_bytes: ");
  use.written_bytes += line_value(io, "\nwrite_bytes: ");
}

}  // namespace

std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> pids{root};
  for (std::size_t i = 0; i < pids.size(); ++i) add_children_of(pids[i], pids);
  return pids;
}

TreeUse use_of(const std::vector<pid_t>& processes) {
  TreeUse use;
  for (const auto pid : processes) add_use(pid, use);
  return use;
}

}  // namespace logboom::collector
