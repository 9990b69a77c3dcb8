#include "collector/tool_of_user.h"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace logboom::collector {
namespace {

TEST_CASE("a user's runs belong to a tool") {
  struct Given {
    std::string user;
    bool trusted;
    std::string wanted;
  };
  auto [given, tool] = GENERATE(table<Given, std::string>({
      {{"root", true, ""}, "local"},
      {{"root", true, "bot"}, "bot"},
      {{"root", true, "no tool's name"}, "local"},
      {{"alice", true, ""}, "local"},
      {{"alice", false, ""}, "alice"},
      {{"alice", false, "bot"}, "alice"},
      {{"tools.bot", false, ""}, "bot"},
      {{"tools.bot", false, "other"}, "bot"},
      {{"tools.", false, ""}, "local"},
      {{"_apt", false, ""}, "apt"},
      {{"a b", false, ""}, "a-b"},
      {{"---", false, ""}, "local"},
      {{std::string(100, 'x'), false, ""}, std::string(63, 'x')},
  }));
  CAPTURE(given.user, given.wanted);
  CHECK(tool_of_user(given.user, given.trusted, given.wanted, "local") == tool);
}

TEST_CASE("root and whoever runs the collector are trusted") {
  CHECK(is_trusted(0));
  CHECK(is_trusted(::geteuid()));
  CHECK_FALSE(is_trusted(::geteuid() + 1));
}

}  // namespace
}  // namespace logboom::collector
