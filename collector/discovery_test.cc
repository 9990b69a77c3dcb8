#include "collector/discovery.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "collector/test_support.h"

namespace logboom::collector {
namespace {

struct Seen {
  std::vector<std::string> directories, files, troubles;

  Discovery::Visitor visitor() {
    return {.directory = [this](const std::string& path) { directories.push_back(path); },
            .file = [this](const std::string& path, std::size_t) { files.push_back(path); },
            .trouble = [this](const std::string& path, int) { troubles.push_back(path); }};
  }
};

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::ranges::sort(list);
  return list;
}

TEST_CASE("a path fits a pattern part by part") {
  auto [pattern, path, fits] = GENERATE(table<std::string, std::string, bool>({
      {"/a/*.log", "/a/b.log", true},
      {"/a/*.log", "/a/b/c.log", false},
      {"/a/*/c.log", "/a/b/c.log", true},
      {"/a/*.log", "/a/.hidden.log", false},
      {"/a/[bc]?.log", "/a/c1.log", true},
      {"/a/[bc]?.log", "/a/d1.log", false},
      {"/a/b.log", "/a/b.log", true},
      {"/a//b.log", "/a/b.log", true},
      {"/*", "/b", true},
  }));
  CAPTURE(pattern, path);
  CHECK(Discovery({pattern}).match(path).has_value() == fits);
}

TEST_CASE("a walk finds every file and names every directory that must be watched") {
  const TempDirectory directory;
  std::filesystem::create_directories(directory / "x/one");
  std::filesystem::create_directories(directory / "x/two");
  append(directory / "x/one/a.log", "a");
  append(directory / "x/two/b.log", "b");
  append(directory / "x/two/b.txt", "b");
  append(directory / "x/file.log", "c");
  const Discovery discovery({directory / "x/*/*.log"});
  CHECK(discovery.base(0) == directory / "x");
  Seen seen;
  discovery.walk(seen.visitor());
  CHECK(sorted(seen.files) == std::vector{directory / "x/one/a.log", directory / "x/two/b.log"});
  CHECK(sorted(seen.directories) ==
        std::vector{directory / "x", directory / "x/one", directory / "x/two"});
  CHECK(seen.troubles.empty());

  Seen below;
  discovery.walk_from(directory / "x/two", below.visitor());
  CHECK(below.files == std::vector{directory / "x/two/b.log"});
  Seen elsewhere;
  discovery.walk_from(directory / "y", elsewhere.visitor());
  CHECK((elsewhere.files.empty() && elsewhere.directories.empty()));
}

TEST_CASE("a base folder that is not there yet is waited for in its nearest parent") {
  const TempDirectory directory;
  const Discovery discovery({directory / "not/yet/*.log"});
  Seen seen;
  discovery.walk(seen.visitor());
  CHECK(seen.directories == std::vector{directory.path()});
  CHECK(seen.files.empty());
}

TEST_CASE("a loop of symbolic links ends and is told") {
  const TempDirectory directory;
  std::filesystem::create_directories(directory / "x");
  std::filesystem::create_directory_symlink(directory / "x", directory / "x/self");
  std::filesystem::create_symlink(directory / "x/b", directory / "x/a");
  std::filesystem::create_symlink(directory / "x/a", directory / "x/b");
  append(directory / "x/real.log", "a");
  Seen seen;
  Discovery({directory / "x/*/*/*.log"}).walk(seen.visitor());
  CHECK(seen.files == std::vector{directory / "x/self/self/real.log"});
  CHECK_FALSE(seen.troubles.empty());
}

}  // namespace
}  // namespace logboom::collector
