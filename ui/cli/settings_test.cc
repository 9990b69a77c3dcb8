#include "ui/cli/settings.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "ui/cli/config_file.h"

namespace logboom::ui::cli {
namespace {

namespace fs = std::filesystem;

class Home {
 public:
  Home() {
    std::string name = (fs::temp_directory_path() / "logs-settings-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Home() { fs::remove_all(path_); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  [[nodiscard]] std::string path(const std::string& below) const { return path_ + "/" + below; }

 private:
  std::string path_;
};

constexpr const char* kConfig = R"(# mine
current = "main"

[contexts.main]
url = "https://main.example"   # the usual one
tool = "bot"

[contexts."a b"]
url = 'https://second.example/'
)";

TEST_CASE("flags beat the environment, which beats the config") {
  const Home home;
  REQUIRE(write_private_file(home.path(".config/logs/config.toml"), kConfig));
  REQUIRE(write_private_file(
      home.path(".local/state/logs/credentials.json"),
      print_tokens({{"https://main.example", "stored"}, {"http://other.example", "other"}})));
  auto [flags, extra, url, tool,
        token] = GENERATE(table<Connection, Environment, std::string, std::string, std::string>({
      {{}, {}, "https://main.example", "bot", "stored"},
      {{}, {{"LOGS_CONTEXT", "a b"}}, "https://second.example", "local", ""},
      {{}, {{"LOGS_URL", "other.example"}}, "http://other.example", "bot", "other"},
      {{}, {{"LOKI_ADDR", "http://loki:3100/"}}, "http://loki:3100", "bot", ""},
      {{}, {{"LOKI_ADDR", "http://loki"}, {"LOGS_URL", "http://mine"}}, "http://mine", "bot", ""},
      {{.url = "http://flag", .token = "t", .tool = "x", .context = ""},
       {{"LOGS_URL", "http://env"}, {"LOGS_TOKEN", "e"}, {"LOGS_TOOL", "y"}},
       "http://flag",
       "x",
       "t"},
      {{}, {{"LOGS_TOKEN", "e"}, {"LOGS_TOOL", "y"}}, "https://main.example", "y", "e"},
      {{}, {{"LOKI_BEARER_TOKEN", "l"}, {"LOKI_ORG_ID", "z"}}, "https://main.example", "z", "l"},
      {{.url = "", .token = "", .tool = "", .context = "main"},
       {{"LOGS_URL", "http://env"}, {"LOGS_TOOL", "y"}},
       "https://main.example",
       "bot",
       "stored"},
  }));
  Environment environment = extra;
  environment["HOME"] = home.path("");
  const auto found = settings(flags, environment);
  REQUIRE(found);
  CHECK(found->url == url);
  CHECK(found->tool == tool);
  CHECK(found->token == token);
}

TEST_CASE("without any set-up it is the local server and tool") {
  const Home home;
  const auto found = settings({}, {{"HOME", home.path("")}});
  REQUIRE(found);
  CHECK(found->url == kDefaultUrl);
  CHECK(found->tool == kDefaultTool);
  CHECK(found->token.empty());
}

TEST_CASE("wrong settings are refused in words that help") {
  const Home home;
  REQUIRE(write_private_file(home.path(".config/logs/config.toml"), kConfig));
  auto [flags, expected] = GENERATE(table<Connection, std::string>({
      {{.url = "ftp://x", .token = "", .tool = "", .context = ""}, "http:// or https://"},
      {{.url = "http://a b", .token = "", .tool = "", .context = ""}, "no URL"},
      {{.url = "", .token = "a\nb", .tool = "", .context = ""}, "copy it again"},
      {{.url = "", .token = "", .tool = "../x", .context = ""}, "--tool"},
      {{.url = "", .token = "", .tool = "", .context = "mainn"}, "did you mean 'main'"},
  }));
  const auto found = settings(flags, {{"HOME", home.path("")}});
  REQUIRE(!found);
  CHECK(found.error().code == Errc::invalid);
  CAPTURE(found.error().message, expected);
  CHECK(found.error().message.find(expected) != std::string::npos);
}

TEST_CASE("a config that cannot be read names the line and the remedy") {
  auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"curent = \"x\"", "c.toml:1: unknown key 'curent'; did you mean 'current'?"},
      {"\n[contexts.a]\nuri = \"x\"", "c.toml:3: unknown key 'uri'; did you mean 'url'?"},
      {"[servers.a]", "c.toml:1: unknown table; only [contexts.NAME] is known"},
      {"[contexts.a", "c.toml:1: expected ']' at the end of the table's name"},
      {"[contexts.a b]", "c.toml:1: write a name with such characters in quotes"},
      {"current", "c.toml:1: expected key = \"value\""},
      {"current = 5", "c.toml:1: expected a string in quotes, such as url = \"https://...\""},
      {"current = \"x", "c.toml:1: the string has no closing quote"},
      {"current = \"x\" y", "c.toml:1: unexpected text after the string"},
      {"current = \"\\n\"", "c.toml:1: only \\\" and \\\\ may be escaped in a string"},
  }));
  CAPTURE(text);
  const auto parsed = parse_config(text, "c.toml");
  REQUIRE(!parsed);
  CHECK(parsed.error().message == expected);
}

TEST_CASE("setting a value leaves the rest of the config alone") {
  const std::string changed = set_config_value(
      set_config_value(kConfig, "contexts.main", "tool", "new"), "", "current", "a b");
  CHECK(changed == R"(# mine
current = "a b"

[contexts.main]
url = "https://main.example"   # the usual one
tool = "new"

[contexts."a b"]
url = 'https://second.example/'
)");
  std::string fresh = set_config_value("", "", "current", "x");
  fresh = set_config_value(fresh, context_table("it's"), "url", "http://q\"\\");
  const auto parsed = parse_config(fresh, "c.toml");
  REQUIRE(parsed);
  CHECK(parsed->current == "x");
  CHECK(parsed->contexts.at("it's").url == "http://q\"\\");
}

TEST_CASE("tokens are kept in a file of their owner alone") {
  const Home home;
  const auto path = home.path("deep/er/credentials.json");
  const Tokens tokens = {{"http://a", "one"}, {"http://\"b", "two"}};
  REQUIRE(write_private_file(path, print_tokens(tokens)));
  CHECK((fs::status(path).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  const auto text = read_file(path);
  REQUIRE(text);
  CHECK(*parse_tokens(**text) == tokens);
  CHECK(!parse_tokens("{\"http://a\": 5}"));
  CHECK(!parse_tokens("not json"));
  CHECK(*read_file(home.path("none")) == std::nullopt);
}

}  // namespace
}  // namespace logboom::ui::cli
