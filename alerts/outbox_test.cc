#include "alerts/outbox.h"

#include <catch2/catch.hpp>

#include "alerts/test_records.h"

namespace logboom::alerts {
namespace {

using Fate = Outbox::Fate;
constexpr auto kPatience = std::chrono::seconds(20);

struct Post {
  MemoryRecords records;
  FakePeer mail, irc;
  std::int64_t now = 1'000'000'000'000;
  std::unique_ptr<Outbox> outbox;

  void start(std::size_t max = 100) {
    Outbox::Ways ways;
    ways.mail = std::make_unique<FakeChannel>(mail);
    ways.irc = std::make_unique<FakeChannel>(irc);
    ways.max_outbox = max;
    ways.first_wait = std::chrono::milliseconds(1);
    ways.now = [this] { return now; };
    outbox = Outbox::start(records, std::move(ways));
  }
  // Its id, or "" when it was not taken.
  std::string add(const std::string& message_id, const std::string& to) {
    store::RecordWrite changes;
    Entry entry;
    entry.to = *parse_recipient(to);
    entry.message_id = message_id;
    entry.id = entry_id(message_id, entry.to);
    entry.created_ns = now++;
    const bool taken = outbox->add(entry, "bytes of " + message_id, changes);
    REQUIRE(records.write(changes));
    return taken ? entry.id : "";
  }
  // Once sent, it is taken out; wait() tells after that.
  void check_gone() {
    CHECK(records.count("alert_outbox") == 0);
    CHECK(records.count("alert_message") == 0);
  }
};

TEST_CASE("a message goes out once, whole, by its own way, and is taken out then") {
  Post post;
  post.start();
  const auto a = post.add("i.1", "mailto:a@b.org");
  const auto b = post.add("i.1", "irc:#bot");
  CHECK(post.outbox->wait(a, kPatience).first == Fate::sent);
  CHECK(post.outbox->wait(b, kPatience).first == Fate::sent);
  post.outbox->stop();
  post.check_gone();
  REQUIRE(post.mail.letters(1).size() == 1);
  CHECK(post.mail.letters(1)[0].to == "a@b.org");
  CHECK(post.mail.letters(1)[0].bytes == "bytes of i.1");
  CHECK(post.irc.letters(1).size() == 1);
}

TEST_CASE("what is refused for now is tried again, the same, until it is taken") {
  auto code = GENERATE(Errc::limit, Errc::unavailable, Errc::timeout, Errc::denied);
  Post post;
  for (int i = 0; i < 3; ++i) post.mail.answer_next(code);
  post.start();
  const auto id = post.add("i.1", "mailto:a@b.org");
  const auto letters = post.mail.letters(4);
  REQUIRE(letters.size() == 4);
  for (const auto& letter : letters) CHECK(letter.bytes == "bytes of i.1");
  post.outbox->stop();
  post.check_gone();
  CHECK(post.records.count("alert_dead") == 0);
}

TEST_CASE("what is refused for good is a dead letter, with the reason, for a week") {
  Post post;
  post.mail.answer_next(Errc::invalid);
  post.start();
  const auto id = post.add("i.1", "mailto:a@b.org");
  CHECK(post.outbox->wait(id, kPatience).first == Fate::failed);
  post.outbox->stop();
  post.check_gone();
  auto dead = post.outbox->dead_letters();
  REQUIRE(dead);
  REQUIRE(dead->size() == 1);
  CHECK(dead->front().reason == "not so");
  CHECK(dead->front().entry.message_id == "i.1");
  post.outbox.reset();
  post.now += std::chrono::nanoseconds(Outbox::kKeepDead).count() + 1;
  post.start();
  CHECK(post.records.count("alert_dead") == 0);
}

TEST_CASE("what could not be sent for days is given up") {
  Post post;
  post.start();
  post.outbox->stop();
  const auto id = post.add("i.1", "irc:#bot");
  post.now += std::chrono::nanoseconds(Outbox::kIrcPatience).count() + 1;
  post.irc.answer_next(Errc::unavailable);
  post.start();
  CHECK(post.outbox->wait(id, kPatience).first == Fate::failed);
  post.outbox->stop();
  CHECK(post.records.count("alert_dead") == 1);
}

TEST_CASE("what was written before a crash is sent by the next process, byte for byte") {
  Post post;
  post.start();
  post.outbox->stop();  // as if killed: nothing is sent any more
  const auto a = post.add("i.1", "mailto:a@b.org");
  const auto b = post.add("i.2", "mailto:a@b.org");
  post.start();
  CHECK(post.outbox->wait(a, kPatience).first == Fate::sent);
  CHECK(post.outbox->wait(b, kPatience).first == Fate::sent);
  const auto letters = post.mail.letters(2);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].id == "i.1");  // in order
  CHECK(letters[1].id == "i.2");
}

TEST_CASE("a disk that refuses the removal makes no second message") {
  Post post;
  post.start();
  post.outbox->stop();
  const auto id = post.add("i.1", "mailto:a@b.org");
  post.records.fail_writes(1);
  post.start();
  CHECK(post.outbox->wait(id, kPatience).first == Fate::sent);
  post.outbox->stop();
  post.check_gone();
  CHECK(post.mail.letters(1).size() == 1);
}

TEST_CASE("a backlog goes out in order, and is not read again for each of its messages") {
  Post post;
  post.start();
  post.outbox->stop();
  std::string last;
  for (int i = 300; i > 0; --i) last = post.add("i." + std::to_string(i), "mailto:a@b.org");
  const auto reads = post.records.reads();
  post.outbox.reset();
  post.start();
  CHECK(post.outbox->wait(last, kPatience).first == Fate::sent);
  post.outbox->stop();
  CHECK(post.records.reads() - reads < 100);
  const auto letters = post.mail.letters(300);
  REQUIRE(letters.size() == 300);
  for (std::size_t i = 0; i < 300; ++i) CHECK(letters[i].id == "i." + std::to_string(300 - i));
}

TEST_CASE("a recipient that refuses holds up nobody else") {
  Post post;
  post.start();
  post.outbox->stop();
  post.add("i.1", "mailto:full@b.org");
  const auto other = post.add("i.2", "mailto:a@b.org");
  post.mail.answer_next(Errc::limit);
  post.start();
  CHECK(post.outbox->wait(other, kPatience).first == Fate::sent);
}

TEST_CASE("the outbox has an end, and a way that is not there is no way") {
  Post post;
  post.start();
  post.outbox->stop();
  CHECK_FALSE(post.add("i.1", "mailto:a@b.org").empty());
  post.start(0);
  CHECK(post.add("i.2", "mailto:a@b.org").empty());
  post.outbox = Outbox::start(post.records, {});
  CHECK(post.add("i.3", "mailto:a@b.org").empty());
}

TEST_CASE("waits grow to a quarter of an hour") {
  CHECK(outbox_wait(1, std::chrono::seconds(5)) == std::chrono::seconds(5));
  CHECK(outbox_wait(2, std::chrono::seconds(5)) == std::chrono::seconds(10));
  CHECK(outbox_wait(100, std::chrono::seconds(5)) == std::chrono::minutes(15));
}

}  // namespace
}  // namespace logboom::alerts
