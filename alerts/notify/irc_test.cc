#include "alerts/notify/irc.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <vector>

#include "alerts/notify/line_server.h"

namespace logboom::alerts {
namespace {

// An IRC server as small as it can be, which may drop the connection before a message's echo.
class FakeIrc {
 public:
  explicit FakeIrc(int drops) : drops_(drops), server_([this](LineConnection& c) { serve(c); }) {}
  [[nodiscard]] std::string url() const { return "irc://boom@127.0.0.1:" + server_.port(); }
  [[nodiscard]] std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  void serve(LineConnection& connection) {
    std::string line;
    while (connection.read(line)) {
      if (line == "CAP LS 302") connection.write(":fake CAP * LS :echo-message");
      if (line == "CAP REQ :echo-message") connection.write(":fake CAP * ACK :echo-message");
      if (line == "CAP END") connection.write(":fake 001 boom :Welcome");
      if (line.starts_with("JOIN ")) connection.write(":boom!b@h " + line);
      if (line.starts_with("PRIVMSG ")) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(line);
        if (drops_-- > 0) return;
        connection.write(":boom!b@h " + line);
      }
    }
  }

  int drops_;  // the connection's thread's
  std::mutex mutex_;
  std::vector<std::string> messages_;
  LineServer server_;
};

TEST_CASE("a line is out when its echo has come") {
  FakeIrc irc(0);
  IrcOptions options;
  options.url = irc.url();
  auto channel = make_irc_channel(options);
  REQUIRE(channel);
  CHECK((*channel)->send({"a.1", "#bot", "FAILED bot/x"}, {}).has_value());
  CHECK((*channel)->send({"a.2", "#bot", "RECOVERED bot/x"}, {}).has_value());
  CHECK(irc.messages() ==
        std::vector<std::string>{"PRIVMSG #bot :FAILED bot/x", "PRIVMSG #bot :RECOVERED bot/x"});
}

TEST_CASE("a connection lost before the echo is an error, and the next one is made by itself") {
  FakeIrc irc(1);
  IrcOptions options;
  options.url = irc.url();
  auto channel = make_irc_channel(options);
  REQUIRE(channel);
  const auto first = (*channel)->send({"a.1", "#bot", "FAILED bot/x"}, {});
  REQUIRE_FALSE(first.has_value());
  CHECK(first.error().code == Errc::unavailable);
  // As the outbox does: the end of the old connection may be noticed only now.
  bool sent = false;
  for (int tries = 0; tries < 20 && !sent; ++tries) {
    sent = (*channel)->send({"a.1", "#bot", "FAILED bot/x"}, {}).has_value();
  }
  CHECK(sent);
  CHECK(irc.messages().size() == 2);
}

TEST_CASE("what is no line or no channel never reaches the wire") {
  FakeIrc irc(0);
  IrcOptions options;
  options.url = irc.url();
  auto channel = make_irc_channel(options);
  REQUIRE(channel);
  auto [to, text] = GENERATE(table<std::string, std::string>({
      {"#bot", "a\r\nQUIT"},
      {"#bot", "a\nb"},
      {"#a,#b", "x"},
      {"nick", "x"},
      {"#b c", "x"},
  }));
  CHECK((*channel)->send({"a.1", to, text}, {}).error().code == Errc::invalid);
  CHECK(irc.messages().empty());
}

TEST_CASE("an IRC server that cannot be is refused at once") {
  auto url = GENERATE(as<std::string>(), "irc.example.org", "http://irc.example.org", "irc://",
                      "irc://a b@host", "irc://host:0", "irc://host:x", "irc://host:70000",
                      "irc://1nick@host", "irc://host/#chan");
  IrcOptions options;
  options.url = url;
  CHECK(make_irc_channel(options).error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::alerts
