// Each instance of a container is a run: begun with its log file, ended by what its runtime says.
//
// The pod-log tree names the instance (<pod>/<container>/N.log), so its run id is a hash of that,
// the same in its lines (column `run`) and after any restart. From podman's and CRI-O's conmon come
// exit code, out-of-memory kill, command and control group. Without a runtime's word an instance
// has ended when the next one appears or its pod's folder is gone, with an unknown exit.
//
// An end is emitted once all of its output has been read (at most kReadingTime later), so it can
// name the final positions. Runs, and ends not yet acknowledged, are kept in a state file, written
// before their events are emitted: a restart of the collector ends no run and forgets none.
//
// Limits:  kMaxRuns; samples of a run come ever further apart.
// Threads: the collector's only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collector/conmon.h"
#include "collector/container_output.h"
#include "collector/node_events_state.h"
#include "collector/run/cgroup.h"
#include "collector/source_file.h"
#include "collector/troubles.h"
#include "collector/watcher.h"
#include "core/run_event.h"

namespace logboom::collector {

class ContainerRuns {
 public:
  static constexpr std::size_t kMaxRuns = 20'000, kMaxStrayExits = 1'000;
  static constexpr std::chrono::seconds kReadingTime{5};

  struct Settings {
    std::string state_file;  // empty: nothing is kept
    std::string node;
    std::string proc = "/proc";
    // Watched from the start where they are; others are learned from conmon.
    std::vector<std::string> exit_directories{"/run/libpod/exits", "/run/crio/exits",
                                              "/var/run/crio/exits"};
    std::function<Source*(std::uint64_t)> find;
    // False: not now. Starts and ends are then told again.
    std::function<bool(const std::string& tool, RunEvent)> emit;
  };

  explicit ContainerRuns(Settings settings);
  ~ContainerRuns();

  // To wait on; -1: none.
  [[nodiscard]] int descriptor() const { return watcher_.descriptor(); }
  // A source of the pod-log tree was found.
  void added(Source& source);
  // Takes events, samples, ends. Call it often: it knows when it is time.
  void look(Clock::time_point now);
  // Runs whose end the other side has.
  void settled(const std::vector<std::string>& runs);

 private:
  enum class State : std::uint8_t { running, ending, ended, done };
  struct Run;

  void load();
  void save(Clock::time_point now);
  void take_exits();
  void find_runtimes(Clock::time_point now);
  void attach(Run& run, const Conmon& conmon, Clock::time_point now);
  void tend(Run& run, Clock::time_point now);
  void look_for_end(Run& run, Clock::time_point now);
  static bool find_group(Run& run);
  void sample(Run& run, Clock::time_point now);
  void end(Run& run, int exit_code, std::int64_t time_ns, std::string message);
  void conclude(Run& run, Clock::time_point now);
  [[nodiscard]] bool all_read(const Run& run) const;
  [[nodiscard]] bool runtime_lives(Run& run);
  [[nodiscard]] bool superseded(const Run& run) const;

  Settings settings_;
  StateFile file_;
  Watcher watcher_;
  Troubles troubles_;
  std::map<std::string, std::unique_ptr<Run>> runs_;  // by id
  std::map<std::string, Run*> by_container_;          // by the runtime's id
  std::map<std::string, std::pair<int, Clock::time_point>> stray_exits_;
  std::map<std::string, std::int64_t> newest_;             // instance, by folder
  std::vector<std::pair<std::string, RunEvent>> to_emit_;  // once the state is saved
  bool changed_ = false;                                   // must be on disk before more is told
  bool stale_ = false;  // is told again at worst: may be written later
  bool events_ = false;
  Clock::time_point next_tend_{}, next_search_{}, next_save_{}, last_added_ = Clock::now();
};

// The number N of <container>/N.log and of its rotated files; -1: none.
[[nodiscard]] std::int64_t instance_of(std::string_view path);

}  // namespace logboom::collector
