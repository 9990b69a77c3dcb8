// Which files on disk the rules want, and which directories must be watched to see new ones.
//
// A pattern is an absolute path whose parts may hold *, ? and [...]; a wildcard never spans a '/',
// so a pattern has a fixed depth and a loop of symbolic links cannot be followed for ever.
// Limits:  kMaxEntries names are looked at per directory.
// Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace logboom::collector {

class Discovery {
 public:
  static constexpr std::size_t kMaxEntries = 100'000;

  struct Visitor {
    // A directory to watch; called before its names are read, so that none slips between.
    std::function<void(const std::string& path)> directory;
    std::function<void(const std::string& path, std::size_t rule)> file;
    // A file named as one that is wanted and a suffix (app.log.1 beside app.log), but not wanted by
    // this name itself: `original` is the wanted path. May be empty.
    std::function<void(const std::string& path, std::size_t rule, const std::string& original)>
        rotated{};
    // What cannot be read; `error` as errno.
    std::function<void(const std::string& path, int error)> trouble;
  };

  explicit Discovery(std::vector<std::string> patterns);

  void walk(const Visitor& visitor) const;
  // The same below (or at) one path only.
  void walk_from(const std::string& path, const Visitor& visitor) const;
  // The first rule whose pattern the path matches.
  [[nodiscard]] std::optional<std::size_t> match(const std::string& path) const;
  // The path up to the first part with a wildcard (not with the file's name): where a rule begins.
  [[nodiscard]] std::string base(std::size_t rule) const;

 private:
  struct Pattern {
    std::vector<std::string> parts;
    std::size_t literal = 0;  // how many parts at the start have no wildcard, the name excepted
  };
  void expand(std::size_t rule, const std::string& directory, std::size_t part,
              const Visitor& visitor) const;
  void visit(std::size_t rule, const std::string& path, std::size_t part,
             const Visitor& visitor) const;

  std::vector<Pattern> patterns_;
};

}  // namespace logboom::collector
