#include "collector/run/cgroup.h"

#include <catch2/catch.hpp>

#include "collector/test_files.h"

namespace logboom::collector {
namespace {

// A tree with the files of one group; the mounts are where the test says.
struct Tree {
  TempDirectory directory;
  void file(const std::string& path, const std::string& text) {
    const auto full = directory / path;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    write_anew(full, text);
  }
  [[nodiscard]] std::string mount_v1(const std::string& at, const std::string& controllers,
                                     const std::string& root = "/") const {
    return "30 20 0:30 " + root + " " + (directory / at) +
           " rw,nosuid shared:9 - cgroup cgroup rw," + controllers + "\n";
  }
  [[nodiscard]] std::string mount_v2(const std::string& at, const std::string& root = "/") const {
    return "31 20 0:31 " + root + " " + (directory / at) + " rw - cgroup2 cgroup2 rw\n";
  }
};

// Both versions tell of the same group.
void check_all(const CgroupFacts& facts) {
  CHECK(facts.memory_bytes == 7000);
  CHECK(facts.peak_bytes == 12000);
  CHECK(facts.limit_bytes == 33554432);
  CHECK(facts.oom_kills == 2);
  CHECK(facts.cpu_ms == 2500);
  CHECK(facts.throttled_ms == 1500);
  CHECK(facts.processes == 4);
  CHECK(facts.read_bytes == 101);
  CHECK(facts.written_bytes == 20);
}

TEST_CASE("a group of v1 tells what it used") {
  Tree tree;
  tree.file("memory/c1/memory.usage_in_bytes", "9000\n");
  tree.file("memory/c1/memory.max_usage_in_bytes", "12000\n");
  tree.file(
      "memory/c1/memory.stat",
      "cache 5\ninactive_file 1\nhierarchical_memory_limit 33554432\ntotal_inactive_file 2000\n");
  tree.file("memory/c1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  tree.file("cpu/c1/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 1500000000\n");
  tree.file("cpu/c1/cpuacct.usage", "2500000000\n");
  tree.file("pids/c1/pids.current", "4\n");
  tree.file("blkio/c1/blkio.throttle.io_service_bytes_recursive",
            "8:0 Read 100\n8:0 Write 20\n8:16 Read 1\n8:0 Total 120\nTotal 121\n");
  const auto group = find_cgroup(
      "9:name=systemd:/c1\n8:pids:/c1\n7:blkio:/c1\n4:memory:/c1\n2:cpu,cpuacct:/c1\n0::/\n",
      "junk\n" + tree.mount_v1("memory", "memory") + tree.mount_v1("cpu", "cpu,cpuacct") +
          tree.mount_v1("pids", "pids") + tree.mount_v1("blkio", "blkio") +
          tree.mount_v2("unified"));
  check_all(read_cgroup(group));
}

TEST_CASE("a group of v2 tells what it used") {
  Tree tree;
  tree.file("g/c1/memory.current", "9000\n");
  tree.file("g/c1/memory.peak", "12000\n");
  tree.file("g/c1/memory.max", "33554432\n");
  tree.file("g/c1/memory.stat", "anon 5\ninactive_file 2000\n");
  tree.file("g/c1/memory.events", "low 0\noom 2\noom_kill 2\noom_group_kill 0\n");
  tree.file("g/c1/cpu.stat", "usage_usec 2500000\nuser_usec 1\nthrottled_usec 1500000\n");
  tree.file("g/c1/pids.current", "4\n");
  tree.file("g/c1/io.stat", "8:0 rbytes=100 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=0\n");
  check_all(read_cgroup(find_cgroup("0::/c1\n", tree.mount_v2("g"))));
}

TEST_CASE("no limit is not known as one") {
  Tree tree;
  tree.file("g/memory.max", "max\n");
  tree.file("m/memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
  CHECK(read_cgroup(find_cgroup("0::/\n", tree.mount_v2("g"))).limit_bytes == -1);
  CHECK(read_cgroup(find_cgroup("4:memory:/\n", tree.mount_v1("m", "memory"))).limit_bytes == -1);
}

TEST_CASE("a mount that shows a part of the hierarchy has the rest of the path") {
  Tree tree;
  const auto at = [&](const std::string& path, const std::string& root) {
    return find_cgroup("4:memory:" + path + "\n", tree.mount_v1("m", "memory", root)).memory;
  };
  CHECK(at("/pod/c1", "/") == tree.directory / "m/pod/c1");
  CHECK(at("/pod/c1", "/pod") == tree.directory / "m/c1");
  CHECK(at("/", "/") == tree.directory / "m");
  CHECK(at("/other", "/pod").empty());
  CHECK(at("/../other", "/").empty());
}

TEST_CASE("the memory controller is found in v1, v2, and inside a container") {
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
  const auto found = find_cgroup(row.cgroup, row.mounts);
  CHECK(found.memory == row.directory);
  if (!row.directory.empty()) CHECK(found.memory_v2 == row.v2);
}

TEST_CASE("limits and kills are read from either version's files") {
  Tree tree;
  tree.file("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  tree.file("memory.limit_in_bytes", "9223372036854771712\n");
  tree.file("memory.events", "low 0\noom 2\noom_kill 5\noom_group_kill 0\n");
  tree.file("memory.max", "33554432\n");
  Cgroup v1, v2;
  v1.memory = v2.memory = tree.directory.path();
  v2.memory_v2 = true;
  CHECK(read_limits(v1).oom_kills == 3);
  CHECK(read_limits(v1).limit_bytes == -1);
  CHECK(read_limits(v2).oom_kills == 5);
  CHECK(read_limits(v2).limit_bytes == 33'554'432);
  tree.file("memory.max", "max\n");
  CHECK(read_limits(v2).limit_bytes == -1);
  CHECK(read_limits({}).oom_kills == -1);
}

TEST_CASE("nothing is known of what is not there") {
  auto text = GENERATE(as<std::string>(), "", "x", "::", "4:memory", "4:memory:/gone\n0::/gone\n");
  Tree tree;
  const auto facts = read_cgroup(find_cgroup(text, tree.mount_v2("g") + "a b - c\n - \n"));
  CHECK(facts.cpu_ms == -1);
  CHECK(facts.memory_bytes == -1);
  CHECK(facts.oom_kills == -1);
  CHECK(facts.read_bytes == -1);
}

}  // namespace
}  // namespace logboom::collector
