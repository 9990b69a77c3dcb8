#include "alerts/announcer.h"

#include <catch2/catch.hpp>

#include "alerts/test_records.h"

namespace logboom::alerts {
namespace {

constexpr std::int64_t kMinute = 60 * std::int64_t{1'000'000'000};

// An announcer whose messages stay in the outbox: its threads have been stopped.
struct Office {
  explicit Office(const std::vector<std::string>& rules)
      : recipients(*Recipients::parse(rules)), silence(*Silence::open(records, "https://logs")) {
    options.mail.from = "alerts@example.org";
    options.messages_per_hour = 3;
    Outbox::Ways ways;
    ways.mail = std::make_unique<FakeChannel>(peer);
    ways.irc = std::make_unique<FakeChannel>(peer);
    outbox = Outbox::start(records, std::move(ways));
    outbox->stop();
    announcer.emplace(options, recipients, records, *silence, *outbox);
  }
  std::size_t announce(std::int64_t messages = 1) {
    return tell("bot", std::to_string(++incidents), messages);
  }
  std::size_t tell(const std::string& tool, const std::string& name, std::int64_t messages = 1,
                   bool write = true) {
    Notice notice;
    notice.now_ns = now;
    notice.incident.id = run_id_of(name);
    notice.incident.tool = tool;
    notice.incident.job = "job" + name;
    notice.incident.messages = messages;
    store::RecordWrite changes;
    const auto told = announcer->announce(notice, changes);
    REQUIRE(told);
    if (write) REQUIRE(records.write(changes));
    return *told;
  }

  MemoryRecords records;
  FakePeer peer;
  Options options;
  Recipients recipients;
  std::unique_ptr<Silence> silence;
  std::unique_ptr<Outbox> outbox;
  std::optional<Announcer> announcer;
  std::int64_t now = 1'000'000 * kMinute;
  int incidents = 0;
};

TEST_CASE("a notice becomes one message for each who wants to hear of it") {
  Office office({"bot=mailto:a@b.org", "bot=irc:#bot", "bot/job2=none"});
  CHECK(office.announce() == 2);
  CHECK(office.records.count("alert_outbox") == 2);
  CHECK(office.announce() == 0);
  CHECK(office.records.count("alert_outbox") == 2);
}

TEST_CASE("a mail names the incident, and a later one the first") {
  Office office({"bot=mailto:a@b.org"});
  office.announce(2);
  const auto mail = office.records.values("alert_message").front();
  const auto id = run_id_of("1");
  CHECK(mail.find("Message-ID: <" + id + ".2@example.org>\r\n") != std::string::npos);
  CHECK(mail.find("In-Reply-To: <" + id + ".1@example.org>\r\n") != std::string::npos);
  CHECK(mail.find("List-Unsubscribe: <https://logs/api/v1/alerts/unsubscribe?tool=bot&to=") !=
        std::string::npos);
}

TEST_CASE("more messages than an hour bears come in one digest per recipient") {
  Office office({"bot=mailto:a@b.org", "bot=irc:#bot"});
  for (int i = 0; i < 10; ++i) office.announce();
  CHECK(office.records.count("alert_outbox") == 3 * 2);
  CHECK(office.records.count("alert_held") == 7 * 2);
  office.now += 59 * kMinute;
  REQUIRE(office.announcer->send_digests(office.now));
  CHECK(office.records.count("alert_outbox") == 6);
  office.now += kMinute;
  REQUIRE(office.announcer->send_digests(office.now));
  CHECK(office.records.count("alert_outbox") == 8);
  CHECK(office.records.count("alert_held") == 0);
  bool told = false;
  for (const auto& bytes : office.records.values("alert_message")) {
    told |= bytes.starts_with("DIGEST bot: 7 messages held back");
  }
  CHECK(told);
  CHECK(office.announce() == 2);
  CHECK(office.records.count("alert_outbox") == 10);
}

TEST_CASE("notices whose write failed spend nobody's turn when they come again") {
  Office office({"bot=mailto:a@b.org"});
  for (int tries = 0; tries < 10; ++tries) office.tell("bot", "1", 1, false);
  office.tell("bot", "1");
  CHECK(office.records.count("alert_outbox") == 1);
  office.tell("bot", "2");
  office.tell("bot", "3");
  CHECK(office.records.count("alert_outbox") == 3);
  for (int tries = 0; tries < 10; ++tries) office.tell("bot", "4");
  CHECK(office.records.count("alert_held") == 1);
}

TEST_CASE("many tools make nobody's limit start again") {
  Office office({"*=irc:#all"});
  for (int i = 0; i < 4; ++i) office.announce();
  CHECK(office.records.count("alert_held") == 1);
  for (std::size_t i = 0; i <= Announcer::kMaxTools; ++i) {
    office.tell("tool" + std::to_string(i), "x", 1, false);
  }
  office.announce();
  CHECK(office.records.count("alert_held") == 2);
}

TEST_CASE("who unsubscribes hears no more of that tool, with the key of the link alone") {
  Office office({"bot=mailto:a@b.org", "bot=mailto:c@d.org"});
  const auto me = *parse_recipient("mailto:a@b.org");
  const auto link = office.silence->link(me, "bot");
  const auto key = link.substr(link.find("&key=") + 5);
  CHECK(office.silence->good_key(key, me, "bot"));
  CHECK_FALSE(office.silence->good_key(key, me, "other"));
  CHECK_FALSE(office.silence->good_key(key, *parse_recipient("mailto:c@d.org"), "bot"));
  CHECK_FALSE(office.silence->good_key("", me, "bot"));
  REQUIRE(office.silence->silence(me, "bot"));
  CHECK(office.announce() == 1);
  // The same after a restart.
  const auto again = Silence::open(office.records, "https://logs");
  REQUIRE(again);
  CHECK((*again)->link(me, "bot") == link);
  CHECK_FALSE(*(*again)->wanted(me, "bot"));
}

}  // namespace
}  // namespace logboom::alerts
