// conmon, which watches each container of podman and CRI-O: what its command line says.
//
// Source: conmon(8): -c id, -p pid file, -b bundle, -l [k8s-file:]log, --exit-dir, --persist-dir.
// When a container has ended and all its output is in the log, conmon writes the exit code into
// <exit dir>/<id>, and had made a file `oom` before where it saw the kernel kill for memory.
// podman reads that file within some 30 ms and removes it: whoever wants it must watch.
//
// Errors:  none: a process that is gone or not ours to read is passed over.
// Limits:  kMaxProcesses are looked at.
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::collector {

struct Conmon {
  int pid = 0;
  std::string container;  // its id
  std::string log, pid_file, exit_directory;
  std::vector<std::string> oom_directories;  // where a file `oom` would be
  std::string bundle;                        // has config.json
  friend bool operator==(const Conmon&, const Conmon&) = default;
};

// `arguments`: as /proc/<pid>/cmdline has them, each ended by a zero. Nothing: no conmon of a
// container, or one whose log is no file.
[[nodiscard]] std::optional<Conmon> parse_conmon(std::string_view arguments);

inline constexpr std::size_t kMaxProcesses = 100'000;
[[nodiscard]] std::vector<Conmon> find_conmons(const std::string& proc = "/proc");
// Is the process still that container's conmon?
[[nodiscard]] bool conmon_lives(const Conmon& conmon, const std::string& proc = "/proc");

// The pid in a pid file; 0: none there yet.
[[nodiscard]] int read_pid(const std::string& pid_file);
// The code in an exit file; nothing while there is none.
[[nodiscard]] std::optional<int> read_exit_code(const std::string& exit_file);
// The command a bundle's config.json names (process.args), as typed; "" where it says nothing.
[[nodiscard]] std::string command_of_bundle(const std::string& bundle);

}  // namespace logboom::collector
