#include "collector/cron_checks.h"

#include <catch2/catch.hpp>

#include "collector/test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

// A root with crontabs, and what is told of them.
struct Root {
  TempDirectory directory;
  std::map<std::string, RunEvent> told;  // by tool/job
  std::vector<std::string> gone;
  bool full = false;      // nothing is taken
  std::size_t asked = 0;  // how often to take something
  CronChecks::Clock::time_point now = CronChecks::Clock::now();

  Root() {
    for (const char* path : {"etc/cron.d", "var/spool/cron/crontabs", "state"}) {
      std::filesystem::create_directories(directory / path);
    }
  }
  CronChecks::Settings settings() {
    return {.root = directory.path(),
            .state_file = directory / "state/checks",
            .node = "node7",
            .fallback_tool = "local",
            .rescan_interval = std::chrono::milliseconds(1'000),
            .emit = [this](const std::string& tool, RunEvent event) {
              ++asked;
              if (full) return false;
              if (event.kind == Kind::check) told[tool + "/" + event.job] = event;
              if (event.kind == Kind::check_gone) gone.push_back(tool + "/" + event.job);
              return true;
            }};
  }
  void look(CronChecks& checks) {
    now += std::chrono::seconds(2);
    checks.look(now);
  }
};

TEST_CASE("entries of all crontabs that run through logs are told as checks") {
  Root root;
  std::filesystem::create_directory_symlink("/usr/share/zoneinfo/Europe/Berlin",
                                            root.directory / "etc/localtime");
  write_anew(root.directory / "etc/crontab",
             "0 1 * * * root logs run --job a x\n0 2 * * * root y\n");
  write_anew(root.directory / "etc/cron.d/backup",
             "SHELL=/usr/bin/logs-sh\nLOGS_TOOL=bot\n# why\n0 3 * * * root b.sh\n"
             "0 4 * * * tools.wiki c.sh\n61 * * * * root bad\n");
  write_anew(root.directory / "etc/cron.d/backup.dpkg-old", "0 1 * * * root logs run --job z x\n");
  write_anew(root.directory / "var/spool/cron/crontabs/nobody-here",
             "SHELL=/usr/bin/logs-sh\nLOGS_TOOL=bot\n@reboot d.sh\n");
  CronChecks checks(root.settings());
  root.look(checks);
  REQUIRE(root.told.size() == 4);
  CHECK(root.told.contains("local/a"));
  CHECK(root.told.contains("bot/b"));
  CHECK(root.told.contains("wiki/c"));
  REQUIRE(root.told.contains("nobody-here/d"));
  const auto& check = root.told.at("bot/b");
  CHECK(check.schedule == "0 3 * * *");
  CHECK(check.zone == "Europe/Berlin");
  CHECK(check.origin == "/etc/cron.d/backup:4");
  CHECK(check.user == "root");
  CHECK(root.gone.empty());
}

TEST_CASE("a check changes and goes with its entry, and is told once") {
  Root root;
  const auto path = root.directory / "etc/cron.d/backup";
  write_anew(path, "0 3 * * * root logs run --job a x\n0 4 * * * root logs run --job b x\n");
  CronChecks checks(root.settings());
  root.look(checks);
  CHECK(root.told.size() == 2);
  root.told.clear();
  root.look(checks);
  CHECK(root.told.empty());
  write_anew(path, "0 5 * * * root logs run --job a x  \n");
  root.look(checks);
  REQUIRE(root.told.size() == 1);
  CHECK(root.told.at("local/a").schedule == "0 5 * * *");
  CHECK(root.gone == std::vector<std::string>{"local/b"});
  std::filesystem::remove(path);
  root.look(checks);
  CHECK(root.gone == std::vector<std::string>{"local/b", "local/a"});
}

TEST_CASE("what was taken out while no collector ran is told as gone by the next") {
  Root root;
  const auto path = root.directory / "etc/cron.d/backup";
  write_anew(path, "0 3 * * * root logs run --job a x\n0 4 * * * root logs run --job b x\n");
  {
    CronChecks checks(root.settings());
    root.look(checks);
  }
  write_anew(path, "0 3 * * * root logs run --job a x\n");
  root.told.clear();
  CronChecks checks(root.settings());
  root.look(checks);
  CHECK(root.told.size() == 1);
  CHECK(root.gone == std::vector<std::string>{"local/b"});
}

TEST_CASE("a check that finds the queue full is told once there is room, and so is its end") {
  Root root;
  const auto path = root.directory / "etc/cron.d/backup";
  write_anew(path, "0 3 * * * root logs run --job a x\n0 4 * * * root logs run --job b x\n");
  root.full = true;
  CronChecks checks(root.settings());
  root.look(checks);
  CHECK(root.told.empty());
  CHECK(root.asked == 1);  // the first that finds it full is asked for alone
  root.full = false;
  root.look(checks);
  CHECK(root.told.size() == 2);
  std::filesystem::remove(path);
  root.full = true;
  root.asked = 0;
  root.look(checks);
  CHECK(root.gone.empty());
  CHECK(root.asked == 1);
  root.full = false;
  root.look(checks);
  CHECK(root.gone == std::vector<std::string>{"local/a", "local/b"});
  root.look(checks);
  CHECK(root.gone.size() == 2);
}

TEST_CASE("what cannot be read after a restart is not told as gone") {
  Root root;
  const auto etc = root.directory / "etc/cron.d";
  const bool directory = GENERATE(true, false);
  write_anew(etc + "/backup", "0 3 * * * root logs run --job a x\n");
  {
    CronChecks checks(root.settings());
    root.look(checks);
  }
  const auto broken = directory ? etc : etc + "/backup";
  std::filesystem::rename(broken, root.directory / "aside");
  std::filesystem::create_symlink(broken, broken);  // to itself
  {
    CronChecks checks(root.settings());
    root.look(checks);
    root.look(checks);
  }
  root.told.clear();
  CronChecks checks(root.settings());
  root.look(checks);
  CHECK(root.gone.empty());
  std::filesystem::remove(broken);
  SECTION("it is there again") {
    std::filesystem::rename(root.directory / "aside", broken);
    root.look(checks);
    CHECK(root.gone.empty());
    CHECK(root.told.contains("local/a"));
  }
  SECTION("it is gone indeed") {
    root.look(checks);
    CHECK(root.gone == std::vector<std::string>{"local/a"});
  }
}

TEST_CASE("of two entries with one job's name the first counts") {
  Root root;
  write_anew(root.directory / "etc/crontab",
             "0 1 * * * root logs run --job a x\n0 2 * * * root logs run --job a y\n");
  CronChecks checks(root.settings());
  root.look(checks);
  REQUIRE(root.told.size() == 1);
  CHECK(root.told.at("local/a").schedule == "0 1 * * *");
}

TEST_CASE("the system's zone is read from its link, else from its name") {
  TempDirectory directory;
  std::filesystem::create_directories(directory / "etc");
  CHECK(system_zone(directory.path()).empty());
  write_anew(directory / "etc/timezone", "Asia/Tokyo\n");
  CHECK(system_zone(directory.path()) == "Asia/Tokyo");
  std::filesystem::create_symlink("../usr/share/zoneinfo/America/Lima",
                                  directory / "etc/localtime");
  CHECK(system_zone(directory.path()) == "America/Lima");
  std::filesystem::remove(directory / "etc/localtime");
  write_anew(directory / "etc/timezone", "Not/A_Zone\n");
  CHECK(system_zone(directory.path()).empty());
}

}  // namespace
}  // namespace logboom::collector
