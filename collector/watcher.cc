#include "collector/watcher.h"

#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/log.h"

namespace logboom::collector {
namespace {

constexpr std::uint32_t kDirectoryMask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                         IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kTargetMask = IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kMaxReads = 64;  // of a buffer each, before the caller gets its turn

Watcher::Event::What meaning(std::uint32_t mask) {
  using What = Watcher::Event::What;
  if (mask & IN_DELETE_SELF) return What::self_removed;
  if (mask & IN_MOVE_SELF) return What::self_moved;
  if (mask & (IN_CREATE | IN_MOVED_TO)) return What::appeared;
  if (mask & (IN_DELETE | IN_MOVED_FROM)) return What::vanished;
  return What::changed;
}

}  // namespace

Watcher::Watcher() : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_.open()) {
    log::warn("no inotify: files are found by the regular rescan only",
              {{"error", std::strerror(errno)}, {"remedy", "raise fs.inotify.max_user_instances"}});
  }
}

bool Watcher::watch_directory(const std::string& path) { return watch(path, kDirectoryMask); }

bool Watcher::watch_target(const std::string& file_path) { return watch(file_path, kTargetMask); }

bool Watcher::watch(const std::string& path, std::uint32_t mask) {
  if (!inotify_.open()) return false;
  if (watches_.contains(path)) return true;
  const int number = ::inotify_add_watch(inotify_.get(), path.c_str(), mask);
  if (number < 0) {
    if (errno == ENOSPC && !std::exchange(refused_, true)) {
      log::warn("the kernel gives no more inotify watches: some files are found by the rescan only",
                {{"path", path}, {"remedy", "raise fs.inotify.max_user_watches"}});
    }
    return false;
  }
  auto& paths = paths_[number];
  if (paths.size() >= kMaxPathsPerWatch) return true;
  paths.push_back(path);
  watches_[path] = number;
  return true;
}

void Watcher::forget(const std::string& path) {
  const auto found = watches_.find(path);
  if (found == watches_.end()) return;
  const int number = found->second;
  watches_.erase(found);
  const auto paths = paths_.find(number);
  if (paths == paths_.end()) return;
  std::erase(paths->second, path);
  if (!paths->second.empty()) return;
  paths_.erase(paths);
  ::inotify_rm_watch(inotify_.get(), number);
}

std::vector<Watcher::Event> Watcher::read() {
  std::vector<Event> events;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (int reads = 0; reads < kMaxReads && inotify_.open(); ++reads) {
    const auto size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const char* const name = at + sizeof event;
      at += sizeof event + event.len;
      if (event.mask & IN_Q_OVERFLOW) {
        events.push_back({.what = Event::What::overflowed, .path = {}});
        continue;
      }
      const auto paths = paths_.find(event.wd);
      if (paths == paths_.end()) continue;
      if (event.mask & IN_IGNORED) {  // the watch is gone with what it watched
        for (const auto& path : paths->second) watches_.erase(path);
        paths_.erase(paths);
        continue;
      }
      const auto& first = paths->second.front();
      std::string from;
      if (event.mask & IN_MOVED_FROM) {
        moving_ = {event.cookie, first + "/" + name};
      } else if ((event.mask & IN_MOVED_TO) && event.cookie == moving_.first) {
        from = moving_.second;  // the kernel tells the two one after the other
      }
      for (const auto& path : paths->second) {
        auto full = event.len > 0 ? (path == "/" ? "" : path) + "/" + name : path;
        events.push_back({meaning(event.mask), std::move(full), from});
      }
    }
  }
  return events;
}

}  // namespace logboom::collector
