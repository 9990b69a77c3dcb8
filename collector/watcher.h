// inotify: which watched directory or file changed.
//
// Directories are watched, not the files in them: one watch tells of all that happens to its names.
// Only the target of a symbolic link needs a watch of its own. Where the kernel gives no more
// watches, or none at all (some network file systems), the regular rescan finds what is new.
// Limits:  kMaxPathsPerWatch names for one directory (symbolic links lead to it by several paths).
// Threads: one.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collector/descriptor.h"

namespace logboom::collector {

class Watcher {
 public:
  struct Event {
    enum class What : std::uint8_t {
      changed,   // a file was written
      appeared,  // a name was made or moved here; `from` is its old one, where that is watched too
      vanished,  // a name was removed or moved away
      self_removed,  // the watched path itself
      self_moved,
      overflowed,  // events were lost: look at everything
    };
    What what = What::changed;
    std::string path;
    std::string from{};
  };
  static constexpr std::size_t kMaxPathsPerWatch = 8;

  Watcher();

  // To wait on; -1 where there is no inotify.
  [[nodiscard]] int descriptor() const { return inotify_.get(); }
  // False when the kernel refuses (logged once). A path already watched is a success.
  bool watch_directory(const std::string& path);
  bool watch_target(const std::string& file_path);
  void forget(const std::string& path);
  // What has happened since; never waits.
  [[nodiscard]] std::vector<Event> read();

 private:
  bool watch(const std::string& path, std::uint32_t mask);

  Descriptor inotify_;
  bool refused_ = false;
  std::unordered_map<int, std::vector<std::string>> paths_;  // by watch
  std::unordered_map<std::string, int> watches_;             // by path
  std::pair<std::uint32_t, std::string> moving_;  // the last name moved away, and its cookie
};

}  // namespace logboom::collector
