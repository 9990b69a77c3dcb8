#include "collector/node_events.h"

#include <catch2/catch.hpp>

#include "collector/node_events_state.h"
#include "collector/test_support.h"

namespace logboom::collector {
namespace {

using Kind = RunEvent::Kind;

Outcome outcome_of(const Shipment& shipment, Outcome::Kind kind) {
  return {.kind = kind,
          .source = shipment.source,
          .epoch = shipment.epoch,
          .previous = shipment.previous,
          .next = shipment.next,
          .bytes = shipment.bytes.size(),
          .reason = {}};
}

struct Sent {
  Redactor redactor;
  NodeEvents events{"node7-1", redactor};
  StoreTwin store;

  bool emit(const std::string& tool, Kind kind, const std::string& run) {
    return events.emit(tool, make_event(kind, 1, run, "job"));
  }
  std::vector<std::string> stored() const {
    std::vector<std::string> names;
    for (const auto& [tool, event] : store.events()) {
      names.push_back(tool + " " + event.run + " " + std::string(name(event.kind)));
    }
    return names;
  }
};

TEST_CASE("events go in order, one batch of a tool at a time, and ends are told when stored") {
  Sent sent;
  sent.emit("bot", Kind::start, "r1");
  sent.emit("wiki", Kind::start, "r2");
  const auto first = sent.events.due();
  REQUIRE(first.size() == 2);
  CHECK(NodeEvents::owns(first[0].source));
  CHECK(first[0].source_id != first[1].source_id);
  CHECK(first[0].source_id.starts_with("node7-1/events-"));
  sent.emit("bot", Kind::end, "r1");
  CHECK(sent.events.due().empty());
  std::uint64_t expected = 0;
  for (const auto& shipment : first) {
    CHECK(sent.store.apply(shipment, expected) == Outcome::Kind::stored);
    sent.events.answer(outcome_of(shipment, Outcome::Kind::stored));
  }
  CHECK(sent.events.take_ended().empty());
  const auto second = sent.events.due();
  REQUIRE(second.size() == 1);
  CHECK(second[0].previous == 1);
  CHECK_FALSE(sent.events.idle());
  CHECK(sent.store.apply(second[0], expected) == Outcome::Kind::stored);
  sent.events.answer(outcome_of(second[0], Outcome::Kind::stored));
  CHECK(sent.events.idle());
  CHECK(sent.events.take_ended() == std::vector<std::string>{"r1"});
  CHECK(sent.stored() == std::vector<std::string>{"bot r1 start", "wiki r2 start", "bot r1 end"});
  CHECK(sent.store.undecodable() == 0);
}

TEST_CASE("a store that lost what it had gets the rest under a new name") {
  Sent sent;
  sent.emit("bot", Kind::start, "r1");
  const auto first = sent.events.due();
  sent.events.answer(outcome_of(first[0], Outcome::Kind::conflict));
  const auto again = sent.events.due();
  REQUIRE(again.size() == 1);
  CHECK(again[0].source_id != first[0].source_id);
  CHECK(again[0].previous == 0);
  // What the first one's answer says means nothing any more.
  sent.events.answer(outcome_of(first[0], Outcome::Kind::stored));
  CHECK_FALSE(sent.events.idle());
}

TEST_CASE("refused events are dropped, and what follows starts anew") {
  Sent sent;
  sent.emit("bot", Kind::end, "r1");
  const auto first = sent.events.due();
  sent.emit("bot", Kind::end, "r2");
  sent.events.answer(outcome_of(first[0], Outcome::Kind::refused));
  CHECK(sent.events.take_ended() == std::vector<std::string>{"r1"});
  const auto next = sent.events.due();
  REQUIRE(next.size() == 1);
  std::uint64_t expected = 0;
  CHECK(sent.store.apply(next[0], expected) == Outcome::Kind::stored);
  CHECK(sent.stored() == std::vector<std::string>{"bot r2 end"});
}

TEST_CASE("when too many wait, samples give way") {
  Sent sent;
  sent.emit("bot", Kind::sample, "s");
  for (std::size_t i = 1; i < NodeEvents::kMaxQueued; ++i) sent.emit("bot", Kind::start, "r");
  sent.emit("bot", Kind::sample, "dropped");
  CHECK(sent.emit("bot", Kind::end, "kept"));
  CHECK_FALSE(sent.emit("bot", Kind::end, "there is no room for"));
  std::size_t count = 0;
  std::uint64_t expected = 0;
  while (!sent.events.idle()) {
    for (const auto& shipment : sent.events.due()) {
      sent.store.apply(shipment, expected);
      sent.events.answer(outcome_of(shipment, Outcome::Kind::stored));
    }
    REQUIRE(++count < 1'000);
  }
  const auto stored = sent.stored();
  CHECK(stored.size() == NodeEvents::kMaxQueued);
  CHECK(stored.front() == "bot r start");
  CHECK(stored.back() == "bot kept end");
}

TEST_CASE("a sample that is under way gives no way, until it waits again") {
  Sent sent;
  sent.emit("bot", Kind::sample, "s");
  for (std::size_t i = 1; i < NodeEvents::kMaxQueued; ++i) sent.emit("bot", Kind::start, "r");
  const auto shipments = sent.events.due();
  REQUIRE(shipments.size() == 1);
  CHECK_FALSE(sent.emit("bot", Kind::end, "e"));
  SECTION("its batch was lost") {
    sent.events.answer(outcome_of(shipments[0], Outcome::Kind::conflict));
    CHECK(sent.emit("bot", Kind::end, "e"));
    CHECK_FALSE(sent.emit("bot", Kind::end, "e"));
  }
  SECTION("its batch was stored") {
    sent.events.answer(outcome_of(shipments[0], Outcome::Kind::stored));
    for (std::size_t i = 0; i < NodeEvents::kMaxBatch; ++i) {
      REQUIRE(sent.emit("bot", Kind::end, "e"));
    }
    CHECK_FALSE(sent.emit("bot", Kind::end, "e"));
  }
}

TEST_CASE("state survives what it is made of") {
  const StateRows rows = {{"run", "", "-", "a b%c\n", "\x7f"}, {"x"}};
  CHECK(*parse_state(print_state(rows)) == rows);
  CHECK(parse_state(print_state({}))->empty());
  auto text = print_state(rows);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_state(text.substr(0, size)));
  }
  text[text.size() / 2] ^= 1;
  CHECK_FALSE(parse_state(text));
}

}  // namespace
}  // namespace logboom::collector
