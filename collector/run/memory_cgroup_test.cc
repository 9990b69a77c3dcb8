#include "collector/run/memory_cgroup.h"

#include <catch2/catch.hpp>
#include <string>

#include "collector/run/run_test_support.h"

namespace logboom::collector {
namespace {

TEST_CASE("the memory cgroup is found in v1, v2, and inside a container") {
  struct Row {
    std::string cgroup, mounts, directory;
    bool v2;
  };
  const auto row = GENERATE(values<Row>({
      {"4:memory:/a/b\n1:cpu:/\n0::/\n",
       "30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
       "/sys/fs/cgroup/memory/a/b", false},
      {"0::/user.slice/x\n", "30 20 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n",
       "/sys/fs/cgroup/user.slice/x", true},
      {"4:memory:/docker/id\n",
       "30 20 0:26 /docker/id /sys/fs/cgroup/memory ro - cgroup c rw,memory\n",
       "/sys/fs/cgroup/memory", false},
      {"0::/\n", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup", true},
      {"1:cpu:/\n", "30 20 0:26 / /x rw - tmpfs tmpfs rw\n", "", false},
      {"", "", "", false},
  }));
  CAPTURE(row.cgroup);
  const auto found = find_memory_cgroup(row.cgroup, row.mounts);
  CHECK(found.directory == row.directory);
  if (!row.directory.empty()) CHECK(found.v2 == row.v2);
}

TEST_CASE("limits and kills are read from either version's files") {
  TempDirectory directory;
  write_anew(directory / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  write_anew(directory / "memory.limit_in_bytes", "9223372036854771712\n");
  write_anew(directory / "memory.events", "low 0\noom 2\noom_kill 5\noom_group_kill 0\n");
  write_anew(directory / "memory.max", "33554432\n");
  const MemoryCgroup v1{directory.path(), false}, v2{directory.path(), true};
  CHECK(oom_kills(v1) == 3);
  CHECK(memory_limit(v1) == -1);
  CHECK(oom_kills(v2) == 5);
  CHECK(memory_limit(v2) == 33'554'432);
  write_anew(directory / "memory.max", "max\n");
  CHECK(memory_limit(v2) == -1);
  CHECK(oom_kills({}) == -1);
}

}  // namespace
}  // namespace logboom::collector
