#include "collector/conmon.h"

#include <catch2/catch.hpp>

#include "collector/test_support.h"

namespace logboom::collector {
namespace {

std::string arguments(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + std::string(1, '\0');
  return text;
}

TEST_CASE("conmon's command line tells where its container's facts are") {
  const auto podman = parse_conmon(arguments({"/usr/bin/conmon",
                                              "--api-version",
                                              "1",
                                              "-c",
                                              "c1",
                                              "-u",
                                              "c1",
                                              "-r",
                                              "/usr/bin/runc",
                                              "-b",
                                              "/b",
                                              "-p",
                                              "/p/pidfile",
                                              "-n",
                                              "name",
                                              "--exit-dir",
                                              "/e",
                                              "-l",
                                              "k8s-file:/pods/0.log",
                                              "--exit-command",
                                              "podman",
                                              "--exit-command-arg",
                                              "-c",
                                              "--exit-command-arg",
                                              "--exit-dir",
                                              "--exit-command-arg",
                                              "-p"}));
  REQUIRE(podman);
  CHECK(*podman == Conmon{0, "c1", "/pods/0.log", "/p/pidfile", "/e", {"/b"}, "/b"});
  const auto crio =
      parse_conmon(arguments({"conmon", "--cid=c2", "-l", "/var/log/pods/x/0.log", "--exit-dir=/e",
                              "--persist-dir=/k", "--container-pidfile", "/p"}));
  REQUIRE(crio);
  CHECK(*crio == Conmon{0, "c2", "/var/log/pods/x/0.log", "/p", "/e", {"/k"}, ""});
}

TEST_CASE("what is no conmon of a container with a log file is passed over") {
  auto words = GENERATE(values<std::vector<std::string>>({
      {},
      {"conmon"},
      {"conmon", "-c"},
      {"conmon", "-c", "c1"},
      {"conmon", "-c", "c1", "-l"},
      {"conmon", "-c", "c1", "-l", "journald:"},
      {"conmon", "-c", "c1", "-l", "journald:/x"},
      {"conmon", "-c", "c1", "-l", "none"},
      {"conmon", "-l", "/pods/0.log"},
  }));
  CHECK_FALSE(parse_conmon(arguments(words)));
}

TEST_CASE("conmons are found among processes") {
  TempDirectory proc;
  const auto process = [&](const std::string& pid, const std::string& name,
                           const std::vector<std::string>& words) {
    std::filesystem::create_directories(proc / pid);
    write_anew(proc / (pid + "/comm"), name + "\n");
    write_anew(proc / (pid + "/cmdline"), arguments(words));
  };
  process("17", "conmon", {"conmon", "-c", "c1", "-l", "/x/0.log"});
  process("18", "bash", {"conmon", "-c", "c2", "-l", "/x/1.log"});
  process("19", "conmon", {"conmon"});
  std::filesystem::create_directories(proc / "self");
  std::filesystem::create_directories(proc / "20");
  const auto found = find_conmons(proc.path());
  REQUIRE(found.size() == 1);
  CHECK(found[0].pid == 17);
  CHECK(conmon_lives(found[0], proc.path()));
  process("17", "conmon", {"conmon", "-c", "other", "-l", "/x/0.log"});
  CHECK_FALSE(conmon_lives(found[0], proc.path()));
}

TEST_CASE("small files of the runtime are read") {
  TempDirectory directory;
  CHECK(read_pid(directory / "none") == 0);
  CHECK_FALSE(read_exit_code(directory / "none"));
  write_anew(directory / "exit", "137");
  CHECK(read_exit_code(directory / "exit") == 137);
  write_anew(directory / "exit", "");
  CHECK_FALSE(read_exit_code(directory / "exit"));
  write_anew(directory / "config.json",
             R"({"process":{"args":["sh","-c","echo 'a b'; exit 3",""]},"x":[1]})");
  CHECK(command_of_bundle(directory.path()) == R"(sh -c 'echo '\''a b'\''; exit 3' '')");
  write_anew(directory / "config.json", "{\"process\":{}");
  CHECK(command_of_bundle(directory.path()).empty());
}

}  // namespace
}  // namespace logboom::collector
