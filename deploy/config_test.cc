#include "deploy/config.h"

#include <catch2/catch.hpp>
#include <tuple>

namespace logboom::deploy {

TEST_CASE("a file option is taken apart") {
  auto [text, tool, job, glob] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"/var/log/*.log", "", "", "/var/log/*.log"},
          {"backup=/var/log/b.log", "", "backup", "/var/log/b.log"},
          {"mytool/backup=/var/log/b=1.log", "mytool", "backup", "/var/log/b=1.log"},
          {"/var/log/a=b.log", "", "", "/var/log/a=b.log"},
      }));
  CAPTURE(text);
  auto option = parse_file_option(text);
  REQUIRE(option);
  CHECK(option->tool == tool);
  CHECK(option->job == job);
  CHECK(option->glob == glob);
}

TEST_CASE("what the options cannot mean together is refused with a remedy") {
  Config config;
  CHECK(check(Role::serve, config));
  CHECK(check(Role::collect, config).error().message.find("--server") != std::string::npos);
  config.server = "http://x:1";
  CHECK(check(Role::collect, config));
  config.brokers = "b:9092";
  CHECK_FALSE(check(Role::collect, config));
  config.brokers.clear();
  config.server = "ftp://x";
  CHECK_FALSE(check(Role::collect, config));
  for (const char* listen : {"nonsense", ":3100", "127.0.0.1:", "127.0.0.1:http"}) {
    Config other;
    other.listen = listen;
    CAPTURE(listen);
    CHECK_FALSE(check(Role::serve, other));
  }
  config.log_level = "loud";
  CHECK_FALSE(check(Role::serve, config));
  config.log_level = "info";
  config.certificate_file = "a.pem";
  CHECK(check(Role::serve, config).error().message.find("--key") != std::string::npos);
  config.key_file = "b.pem";
  config.files = {"bad tool/x=/y"};
  CHECK_FALSE(check(Role::serve, config));
  config.files = {"relative.log"};
  CHECK(check(Role::serve, config).error().message.find("absolute") != std::string::npos);
  config.files.clear();
  config.kafka_properties = {"=x"};
  CHECK_FALSE(check(Role::serve, config));
}

TEST_CASE("backups need a place, and a pause between them") {
  Config config;
  REQUIRE(load(Role::serve, config, {"--backup-every", "1d", "--backup-keep", "3"}));
  CHECK(config.backup_every == std::chrono::hours(24));
  CHECK(config.backup_keep == 3);
  CHECK(check(Role::serve, config).error().message.find("--backup-dir") != std::string::npos);
  config.backup_dir = "relative";
  CHECK(check(Role::serve, config).error().message.find("whole path") != std::string::npos);
  config.backup_dir = "/backups";
  CHECK(check(Role::serve, config));
  config.backup_every = std::chrono::seconds(10);
  CHECK(check(Role::serve, config).error().message.find("minute") != std::string::npos);
  config.backup_every = {};
  CHECK(check(Role::serve, config));
  CHECK_FALSE(load(Role::serve, config, {"--backup-keep", "0"}));
  CHECK_FALSE(load(Role::collect, config, {"--backup-dir", "/x"}));
}

TEST_CASE("the command line wins over the config file, which wins over the defaults") {
  Config config;
  CHECK(load(Role::serve, config, {"--config", "/nowhere.yml"}).error().code == Errc::not_found);
  REQUIRE(load(Role::serve, config, {"--listen", "127.0.0.1:0"}));
  CHECK(config.listen == "127.0.0.1:0");
  CHECK(config.fallback_tool == "local");
  CHECK_FALSE(config.data.empty());
  CHECK_FALSE(load(Role::collect, config, {"--listen", "127.0.0.1:0"}));
  CHECK_FALSE(load(Role::serve, config, {"stray"}));
}

}  // namespace logboom::deploy
