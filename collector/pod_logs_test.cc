#include "collector/pod_logs.h"

#include <catch2/catch.hpp>

#include "collector/plain_files.h"
#include "core/run_event.h"

namespace logboom::collector {
namespace {

TEST_CASE("a pod's log path names namespace, pod and container") {
  struct Expected {
    std::string name_space, pod, uid, container;
  };
  auto [path, expected] = GENERATE(table<std::string, Expected>({
      {"/var/log/pods/tool-bot_web-0_1b2c/app/0.log", {"tool-bot", "web-0", "1b2c", "app"}},
      {"/p/kube-system_etcd-node7_0123456789abcdef0123456789abcdef/etcd/12.log",
       {"kube-system", "etcd-node7", "0123456789abcdef0123456789abcdef", "etcd"}},
      {"/p/no-underscores/app/0.log", {"", "no-underscores", "", "app"}},
      {"/p/one_underscore/app/0.log", {"", "one_underscore", "", "app"}},
      {"/p/_leading_x/app/0.log", {"", "_leading_x", "", "app"}},
      {"/p/ns_odd_name_uid/app/0.log", {"ns", "odd_name", "uid", "app"}},
      {"0.log", {"", "", "", ""}},
  }));
  CAPTURE(path);
  const auto parsed = parse_pod_path(path);
  CHECK(parsed.name_space == expected.name_space);
  CHECK(parsed.pod == expected.pod);
  CHECK(parsed.uid == expected.uid);
  CHECK(parsed.container == expected.container);
}

TEST_CASE("a job is a pod's name without what its controller added") {
  auto [pod, job] = GENERATE(table<std::string, std::string>({
      {"web-6d4cf56db6-x7k2p", "web"},  // Deployment
      {"my-web-app-5c9f8d7b4-bcdfg", "my-web-app"},
      {"old-1234567890-x7k2p", "old"},                  // Deployment of an old cluster
      {"daily-report-28391234-x7k2p", "daily-report"},  // CronJob
      {"fluentd-x7k2p", "fluentd"},                     // DaemonSet or Job
      {"redis-0", "redis"},                             // StatefulSet
      {"redis-cluster-12", "redis-cluster"},
      {"plain", "plain"},
      {"two-words", "two-words"},
      {"year-2026-report", "year-2026-report"},
      {"abuse-filter", "abuse-filter"},  // six letters, and vowels
      {"my-tests", "my-tests"},          // five letters, with a vowel
      {"etcd-node7", "etcd-node7"},
      {"x7k2p", "x7k2p"},
      {"-x7k2p", "-x7k2p"},
      {"", ""},
  }));
  CAPTURE(pod);
  CHECK(job_of_pod(pod) == job);
}

TEST_CASE("a tool is found by its namespace") {
  auto [name_space, tool] = GENERATE(table<std::string, std::string>({
      {"tool-bot", "bot"},
      {"tool-", "fallback"},
      {"tool--x", "fallback"},
      {"kube-system", "fallback"},
      {"", "fallback"},
  }));
  CAPTURE(name_space);
  CHECK(tool_of_namespace(name_space, "fallback") == tool);
}

TEST_CASE("rotated logs are logs, temporary and compressed files are not") {
  auto [name, log] = GENERATE(table<std::string, bool>({
      {"0.log", true},
      {"12.log.20260131-120000", true},
      {"0.log.20260131-120000.tmp", false},
      {"0.log.20260131-120000.gz", true},  // seen by is_compressed
      {"0.txt", false},
      {".log", false},
      {"0.logs", false},
  }));
  CAPTURE(name);
  CHECK(is_pod_log(name) == log);
  CHECK(is_compressed(name) == name.ends_with(".gz"));
}

TEST_CASE("a pod's lines carry its names as labels and columns") {
  const auto origin = pod_origin("/p/tool-bot_web-6d4cf56db6-x7k2p_1b/app/0.log", "node7", "x");
  CHECK(origin.tool == "bot");
  REQUIRE(origin.streams.size() == 2);
  CHECK(origin.streams[1].text() ==
        R"({container="app", job="web", namespace="tool-bot", stream="stderr"})");
  CHECK(origin.columns ==
        decltype(origin.columns){{"pod", "web-6d4cf56db6-x7k2p"},
                                 {"node", "node7"},
                                 {"filename", "/p/tool-bot_web-6d4cf56db6-x7k2p_1b/app/0.log"},
                                 {"run", run_id_of("1b/app/0")}});
}

TEST_CASE("a plain file's job is its rule's, or its name") {
  CHECK(file_origin({"/l/*", "bot", "nightly"}, "/l/a.log", "n", "x").streams[0].text() ==
        R"({job="nightly"})");
  const auto origin = file_origin({"/l/*", "", ""}, "/l/update.err.log", "n", "x");
  CHECK(origin.tool == "x");
  CHECK(origin.streams[0].text() == R"({job="update"})");
}

TEST_CASE("a time at a line's start is its time") {
  auto [line, found] = GENERATE(table<std::string, bool>({
      {"2026-01-31T12:00:00Z hello", true},
      {"2026-01-31T12:00:00.123456789+01:00", true},
      {"2026-01-31 12:00:00 hello", false},
      {"hello 2026-01-31T12:00:00Z", false},
      {"2026-01-31T12:00:00Zhello world", false},
      {"", false},
  }));
  CAPTURE(line);
  CHECK(leading_time(line).has_value() == found);
}

}  // namespace
}  // namespace logboom::collector
