#include "alerts/notify/irc_session.h"

#include <catch2/catch.hpp>

namespace logboom::alerts {
namespace {

// A session and what it says, joined with '|'.
struct Talk {
  explicit Talk(bool sasl = false, bool echo = true) : echo_(echo) {
    if (sasl) {
      options.user = "boom";
      options.password = "secret";
    }
    session.emplace(options, now);
  }
  std::string said() {
    std::string words;
    for (const auto& line : session->output()) words += (words.empty() ? "" : "|") + line;
    return words;
  }
  std::string hears(std::string_view line) {
    session->receive(line, now);
    return said();
  }
  void come_in() {
    said();
    hears(echo_ ? ":irc CAP * LS :echo-message multi-prefix" : ":irc CAP * LS :multi-prefix");
    if (echo_) hears(":irc CAP * ACK :echo-message");
    hears(":irc 001 logboom :Welcome");
    REQUIRE(session->ready());
  }
  void join(const std::string& channel) {
    session->post(channel, "first", now);
    hears(":logboom!u@h JOIN " + channel);
    hears(echo_ ? ":logboom!u@h PRIVMSG " + channel + " :first" : ":irc PONG irc :out-1");
    REQUIRE(session->result().has_value());
  }

  IrcOptions options;
  std::int64_t now = 1'000'000;
  std::optional<IrcSession> session;

 private:
  bool echo_;
};

TEST_CASE("registration asks for echoes, and for SASL where there is a user") {
  SECTION("without a user") {
    Talk talk;
    CHECK(talk.said() == "CAP LS 302|NICK logboom|USER logboom 0 * :Logboom alerts");
    CHECK(talk.hears(":irc CAP * LS * :a b") == "");
    CHECK(talk.hears(":irc CAP * LS :echo-message sasl=PLAIN") == "CAP REQ :echo-message");
    CHECK(talk.hears(":irc CAP * ACK :echo-message") == "CAP END");
    CHECK(talk.hears(":irc 001 logboom :hi") == "");
    CHECK(talk.session->ready());
  }
  SECTION("with one") {
    Talk talk(true);
    talk.said();
    CHECK(talk.hears(":irc CAP * LS :echo-message sasl=PLAIN,EXTERNAL") ==
          "CAP REQ :echo-message sasl");
    CHECK(talk.hears(":irc CAP * ACK :echo-message sasl") == "AUTHENTICATE PLAIN");
    CHECK(talk.hears("AUTHENTICATE +") == "AUTHENTICATE Ym9vbQBib29tAHNlY3JldA==");
    CHECK(talk.hears(":irc 903 * :ok") == "CAP END");
  }
  SECTION("refused") {
    Talk talk(true);
    talk.said();
    talk.hears(":irc CAP * LS :sasl");
    talk.hears(":irc CAP * ACK :sasl");
    talk.hears("AUTHENTICATE +");
    talk.hears(":irc 904 * :SASL authentication failed");
    REQUIRE(talk.session->broken().has_value());
    CHECK(talk.session->broken()->code == Errc::denied);
  }
  SECTION("not offered while the services are away") {
    Talk talk(true);
    talk.said();
    talk.hears(":irc CAP * LS :echo-message");
    CHECK(talk.session->broken().has_value());
  }
  SECTION("a server that knows no capabilities") {
    Talk talk;
    talk.said();
    talk.hears(":irc 421 * CAP :Unknown command");
    talk.hears(":irc 001 logboom :hi");
    CHECK(talk.session->ready());
  }
}

TEST_CASE("a nick that is taken gets a tail, but not for ever") {
  Talk talk;
  talk.said();
  CHECK(talk.hears(":irc 433 * logboom :in use") == "NICK logboom_");
  CHECK(talk.hears(":irc 433 * logboom_ :in use") == "NICK logboom__");
  for (int i = 0; i < 10; ++i) talk.hears(":irc 433 * x :in use");
  CHECK(talk.session->broken().has_value());
}

TEST_CASE("a channel is joined when its first message is due, and the echo ends the message") {
  Talk talk;
  talk.come_in();
  talk.session->post("#bot", "FAILED", talk.now);
  CHECK(talk.said() == "JOIN #bot");
  CHECK(talk.hears(":logboom!u@h JOIN #bot") == "PRIVMSG #bot :FAILED");
  CHECK_FALSE(talk.session->result().has_value());
  talk.hears(":other!u@h PRIVMSG #bot :FAILED");
  CHECK_FALSE(talk.session->result().has_value());
  talk.hears("@time=x :LogBoom!u@h PRIVMSG #Bot :FAILED");
  const auto result = talk.session->result();
  REQUIRE(result.has_value());
  CHECK(result->has_value());
  talk.session->post("#bot", "again", talk.now);
  CHECK(talk.said() == "PRIVMSG #bot :again");
}

TEST_CASE("without echoes the answer to a PING after the message ends it") {
  Talk talk(false, false);
  talk.come_in();
  talk.session->post("#bot", "FAILED", talk.now);
  talk.said();
  CHECK(talk.hears(":logboom!u@h JOIN :#bot") == "PRIVMSG #bot :FAILED|PING :out-1");
  SECTION("with no refusal before it") {
    talk.hears(":irc PONG irc :out-0");
    CHECK_FALSE(talk.session->result().has_value());
    talk.hears(":irc PONG irc :out-1");
    const auto result = talk.session->result();
    REQUIRE(result.has_value());
    CHECK(result->has_value());
  }
  SECTION("refused") {
    talk.hears(":irc 404 logboom #bot :Cannot send to channel");
    talk.hears(":irc PONG irc :out-1");
    const auto result = talk.session->result();
    REQUIRE(result.has_value());
    REQUIRE_FALSE(result->has_value());
    CHECK(result->error().code == Errc::limit);
  }
}

TEST_CASE("what a channel refuses is its message's trouble, not the connection's") {
  auto line = GENERATE(as<std::string>(), ":irc 474 logboom #bot :Cannot join (+b)",
                       ":irc 473 logboom #bot :invite only", ":irc 403 logboom #bot :no such",
                       ":op!u@h KICK #bot logboom :out", ":irc 477 logboom #bot :need to register");
  CAPTURE(line);
  Talk talk;
  talk.come_in();
  talk.session->post("#bot", "FAILED", talk.now);
  talk.hears(line);
  const auto result = talk.session->result();
  REQUIRE(result.has_value());
  REQUIRE_FALSE(result->has_value());
  CHECK(result->error().code == Errc::limit);
  CHECK_FALSE(talk.session->broken().has_value());
  CHECK(talk.session->idle());
}

TEST_CASE("an echo that never comes is asked for, and then the message has not arrived") {
  Talk talk;
  talk.come_in();
  talk.session->post("#bot", "FAILED", talk.now);
  talk.hears(":logboom!u@h JOIN #bot");
  talk.now += 6'000;
  talk.session->tick(talk.now);
  CHECK(talk.said() == "PING :out-1");
  talk.hears(":irc PONG irc :out-1");
  const auto result = talk.session->result();
  REQUIRE(result.has_value());
  CHECK_FALSE(result->has_value());
}

TEST_CASE("after a burst messages go out one a second") {
  Talk talk;
  talk.come_in();
  talk.join("#bot");
  int sent = 0;
  for (int i = 0; i < 20; ++i) {
    talk.session->post("#bot", "m", talk.now);
    if (talk.said() == "PRIVMSG #bot :m") {
      ++sent;
      talk.hears(":logboom!u@h PRIVMSG #bot :m");
      REQUIRE(talk.session->result().has_value());
    } else {
      break;
    }
  }
  CHECK(sent == IrcSession::kBurst - 1);  // the first went with the join
  talk.now += 500;
  talk.session->tick(talk.now);
  CHECK(talk.said() == "");
  talk.now += 500;
  talk.session->tick(talk.now);
  CHECK(talk.said() == "PRIVMSG #bot :m");
}

TEST_CASE("silence is asked after, and then ends the connection") {
  Talk talk;
  talk.come_in();
  CHECK(talk.hears("PING :tok en") == "PONG :tok en");
  talk.now += 61'000;
  talk.session->tick(talk.now);
  CHECK(talk.said() == "PING :alive");
  talk.now += 100'000;
  talk.session->tick(talk.now);
  REQUIRE(talk.session->broken().has_value());
  CHECK(talk.session->broken()->code == Errc::timeout);
}

TEST_CASE("a server that never lets us in, or throws us out, breaks the session") {
  Talk talk;
  SECTION("never") {
    talk.now += 31'000;
    talk.session->tick(talk.now);
  }
  SECTION("throws out") {
    talk.come_in();
    talk.session->post("#bot", "FAILED", talk.now);
    talk.hears("ERROR :Closing link (flood)");
    const auto result = talk.session->result();
    REQUIRE(result.has_value());
    CHECK(result->error().code == Errc::unavailable);
  }
  CHECK(talk.session->broken().has_value());
}

TEST_CASE("lines of any shape do no harm: a message still gets through") {
  auto [line, answer] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {":", ""},
      {"@", ""},
      {"@a", ""},
      {": ", ""},
      {":x", ""},
      {"999", ""},
      {"CAP", ""},
      {"CAP *", ""},
      {"CAP * LS", "CAP REQ :echo-message"},
      {"AUTHENTICATE", ""},
      {"NICK", ""},
      {":logboom NICK", ""},
      {"JOIN", ""},
      {"PRIVMSG", ""},
      {"KICK", ""},
      {"PONG", ""},
      {"433", ""},
      {"001", ""},
      {"001 :", ""},
      {"PING", "PONG :"},
      {"404", ""},
      {"A B C D E F G H I J K L M N O P Q R S T U V W X Y Z", ""},
  }));
  CAPTURE(line);
  Talk talk;
  SECTION("before we are in") { talk.hears(line); }
  talk.come_in();
  SECTION("after") { CHECK(talk.hears(line) == answer); }
  CHECK_FALSE(talk.session->broken().has_value());
  CHECK(talk.session->nick() == "logboom");
  talk.join("#bot");
}

TEST_CASE("a refusal without a word is a refusal") {
  auto line = GENERATE(as<std::string>(), "904", "464", "ERROR");
  Talk talk;
  talk.come_in();
  talk.hears(line);
  CHECK(talk.session->broken().has_value());
}

}  // namespace
}  // namespace logboom::alerts
