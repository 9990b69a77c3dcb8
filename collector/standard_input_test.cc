#include "collector/standard_input.h"

#include <unistd.h>

#include <array>

#include "collector/descriptor.h"
#include "collector/test_support.h"

namespace logboom::collector {
namespace {

struct Pipe {
  Descriptor read, write;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  void put(std::string_view text) const {
    while (!text.empty()) {
      const auto size = ::write(write.get(), text.data(), text.size());
      if (size < 0) return;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }
};

TEST_CASE("what is piped in arrives line by line, redacted, and is counted") {
  const auto other = std::make_shared<OtherSide>();
  FakeShipper shipper(other);
  Pipe pipe;
  SendOptions options;
  options.tool = "bot";
  options.job = "import";
  options.labels = {{"kind", "manual"}};
  std::jthread writer([&] {
    pipe.put("from 192.0.2.7\r\n");
    (void)until([&] { return other->store.size() == 1; });  // it comes though the pipe stays open
    pipe.put(std::string(kMaxLine + 5, 'x') + "\nno newline");
    pipe.write.close();
  });
  const auto report = send(pipe.read.get(), options, shipper, {});
  REQUIRE(report);
  CHECK(report->lines == 3);
  CHECK(report->delivered == 3);
  CHECK(report->cut == 1);
  CHECK(report->bytes == 16 + kMaxLine + 6 + 10);
  const auto lines = other->store.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].body == "from <ip>");
  CHECK(lines[0].tool == "bot");
  CHECK(lines[0].stream.text() == R"({job="import", kind="manual"})");
  CHECK(lines[1].metadata.at("truncated") == std::to_string(kMaxLine + 5));
  CHECK(lines[2].body == "no newline");
}

TEST_CASE("while the server is away the pipe is not drained without bound") {
  const auto other = std::make_shared<OtherSide>();
  other->away = true;
  FakeShipper shipper(other);
  Pipe pipe;
  SendOptions options;
  options.max_unacked_bytes = 1 << 20;
  std::atomic<bool> written = false;
  std::jthread writer([&] {
    pipe.put(numbered("a line of some length so that they add up", 0, 100'000));
    written = true;
    pipe.write.close();
  });
  std::jthread opener([&] {
    (void)until([&] { return other->under_way >= options.max_unacked_bytes; });
    CHECK_FALSE(written);
    other->away = false;
  });
  const auto report = send(pipe.read.get(), options, shipper, {});
  REQUIRE(report);
  CHECK(report->delivered == 100'000);
  CHECK(other->store.bodies() ==
        expected_lines("a line of some length so that they add up", 0, 100'000));
  CHECK(other->most_under_way < options.max_unacked_bytes + (2 << 20));
}

TEST_CASE("a refusal is told in the server's words, and a stop ends the wait") {
  const auto other = std::make_shared<OtherSide>();
  Pipe pipe;
  pipe.put("a line\n");
  SECTION("refused") {
    pipe.write.close();
    other->refuses = [](const Shipment&) { return true; };
    FakeShipper shipper(other);
    const auto report = send(pipe.read.get(), {}, shipper, {});
    REQUIRE_FALSE(report);
    CHECK(report.error().message.find("refused by the test") != std::string::npos);
  }
  SECTION("stopped") {
    FakeShipper shipper(other);
    std::stop_source stop;
    std::jthread stopper([&] {
      (void)until([&] { return other->store.size() == 1; });
      stop.request_stop();
    });
    const auto report = send(pipe.read.get(), {}, shipper, stop.get_token());
    REQUIRE(report);
    CHECK(report->delivered == 1);
  }
}

TEST_CASE("a wrong tool or label is refused before anything is read") {
  const auto other = std::make_shared<OtherSide>();
  FakeShipper shipper(other);
  SendOptions options;
  options.tool = "../x";
  CHECK(send(0, options, shipper, {}).error().code == Errc::invalid);
  options.tool = "x";
  options.labels = {{"1x", "y"}};
  CHECK(send(0, options, shipper, {}).error().code == Errc::invalid);
}

}  // namespace
}  // namespace logboom::collector
