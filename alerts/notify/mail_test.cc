#include "alerts/notify/mail.h"

#include <catch2/catch.hpp>
#include <mutex>

#include "alerts/notify/line_server.h"

namespace logboom::alerts {
namespace {

// What an SMTP server is to answer at one stage; "" drops the connection there.
struct Answers {
  std::string greeting = "220 here";
  std::string mail = "250 ok";
  std::string rcpt = "250 ok";
  std::string data = "354 go on";
  std::string done = "250 taken";
};

class FakeSmtp {
 public:
  explicit FakeSmtp(Answers answers)
      : answers_(std::move(answers)), server_([this](LineConnection& c) { serve(c); }) {}

  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + server_.port(); }
  [[nodiscard]] std::string taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  [[nodiscard]] std::string sender() {
    const std::lock_guard lock(mutex_);
    return sender_;
  }

 private:
  static bool say(LineConnection& connection, const std::string& answer) {
    if (!answer.empty()) connection.write(answer);
    return !answer.empty();
  }
  void serve(LineConnection& connection) {
    if (!say(connection, answers_.greeting)) return;
    std::string line;
    while (connection.read(line)) {
      if (line.starts_with("MAIL")) {
        const std::lock_guard lock(mutex_);
        sender_ = line;
      }
      const bool on = line.starts_with("EHLO")   ? say(connection, "250 fake")
                      : line.starts_with("MAIL") ? say(connection, answers_.mail)
                      : line.starts_with("RCPT") ? say(connection, answers_.rcpt)
                      : line.starts_with("DATA")
                          ? say(connection, answers_.data) && take(connection)
                          : say(connection, "250 ok");
      if (!on) return;
    }
  }
  bool take(LineConnection& connection) {
    if (!answers_.data.starts_with("354")) return true;
    std::string line, text;
    while (connection.read(line) && line != ".") text += line + "\n";
    {
      const std::lock_guard lock(mutex_);
      taken_ = text;
    }
    return say(connection, answers_.done);
  }

  Answers answers_;
  std::mutex mutex_;  // guards the next two
  std::string taken_, sender_;
  LineServer server_;
};

MailOptions options_for(const FakeSmtp& smtp) {
  MailOptions options;
  options.url = smtp.url();
  options.from = "alerts@example.org";
  options.timeout = std::chrono::seconds(5);
  return options;
}

const Letter kLetter{"abc.1", "owner@example.org", "Subject: x\r\n\r\nhello\r\n.dot\r\n"};

TEST_CASE("a mail is out when the server has taken all of it") {
  FakeSmtp smtp({});
  auto channel = make_mail_channel(options_for(smtp));
  REQUIRE(channel);
  CHECK((*channel)->send(kLetter, {}).has_value());
  CHECK(smtp.taken() == "Subject: x\n\nhello\n..dot\n");
  CHECK(smtp.sender().starts_with("MAIL FROM:<alerts@example.org>"));
  CHECK((*channel)->send(kLetter, {}).has_value());  // over the same connection
}

TEST_CASE("bounces can come back to an address of the message's own") {
  FakeSmtp smtp({});
  auto options = options_for(smtp);
  options.bounces = "bounce+{id}@example.org";
  auto channel = make_mail_channel(options);
  REQUIRE(channel);
  CHECK((*channel)->send(kLetter, {}).has_value());
  CHECK(smtp.sender().starts_with("MAIL FROM:<bounce+abc.1@example.org>"));
}

TEST_CASE("what the server answers says who has to wait") {
  auto [what, answers, code] = GENERATE(table<std::string, Answers, Errc>({
      {"busy", {.greeting = "421 too busy"}, Errc::unavailable},
      {"drops at once", {.greeting = ""}, Errc::unavailable},
      {"sender refused", {.mail = "550 not you"}, Errc::unavailable},
      {"needs a login", {.mail = "530 authenticate"}, Errc::denied},
      {"no such user", {.rcpt = "550 no such user"}, Errc::invalid},
      {"grey-listed", {.rcpt = "450 come back later"}, Errc::limit},
      {"shutting down", {.rcpt = "421 shutting down"}, Errc::unavailable},
      {"drops after the recipient", {.rcpt = ""}, Errc::unavailable},
      {"no data now", {.data = "451 later"}, Errc::limit},
      {"drops before the text", {.data = ""}, Errc::unavailable},
      {"spam", {.done = "554 spam"}, Errc::invalid},
      {"full", {.done = "452 no space"}, Errc::limit},
      {"drops after the final dot", {.done = ""}, Errc::unavailable},
  }));
  CAPTURE(what);
  FakeSmtp smtp(answers);
  auto channel = make_mail_channel(options_for(smtp));
  REQUIRE(channel);
  const auto sent = (*channel)->send(kLetter, {});
  REQUIRE_FALSE(sent.has_value());
  CAPTURE(sent.error().message);
  CHECK(name(sent.error().code) == name(code));
}

TEST_CASE("a server that is away or silent is an error in time") {
  MailOptions options;
  options.from = "alerts@example.org";
  SECTION("nobody listens") {
    {
      FakeSmtp gone({});
      options.url = gone.url();
    }
    auto channel = make_mail_channel(options);
    REQUIRE(channel);
    CHECK((*channel)->send(kLetter, {}).error().code == Errc::unavailable);
  }
  SECTION("it never greets") {
    LineServer silent([](LineConnection& connection) {
      std::string line;
      (void)connection.read(line);
    });
    options.url = "smtp://127.0.0.1:" + silent.port();
    options.timeout = std::chrono::milliseconds(10);
    auto channel = make_mail_channel(options);
    REQUIRE(channel);
    CHECK((*channel)->send(kLetter, {}).error().code == Errc::timeout);
  }
}

TEST_CASE("TLS that is asked for and not offered is no reason to go without") {
  FakeSmtp smtp({});
  auto options = options_for(smtp);
  options.tls = true;
  auto channel = make_mail_channel(options);
  REQUIRE(channel);
  CHECK_FALSE((*channel)->send(kLetter, {}).has_value());
  CHECK(smtp.taken().empty());
}

TEST_CASE("a mail server or sender that cannot be is refused at once") {
  auto [url, from] = GENERATE(table<std::string, std::string>({
      {"mail.example.org", "a@b.org"},
      {"http://mail.example.org", "a@b.org"},
      {"smtp://mail example", "a@b.org"},
      {"smtp://mail.example.org", "nobody"},
      {"smtp://mail.example.org", "a@b.org\r\nRCPT TO:<x@y>"},
  }));
  MailOptions options;
  options.url = url;
  options.from = from;
  CHECK(make_mail_channel(options).error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::alerts
