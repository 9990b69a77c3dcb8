#include "ui/cli/follow.h"

#include <catch2/catch.hpp>

#include "core/time.h"
#include "ui/cli/fake_server.h"
#include "ui/cli/shell_for_tests.h"

namespace logboom::ui::cli {
namespace {

using Kind = FakeServer::Kind;

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    ++count;
  }
  return count;
}

TEST_CASE("tail shows what was, then what comes, and ends on an interrupt with 130") {
  const auto kind = GENERATE(Kind::ours, Kind::stock);
  FakeServer server(kind);
  const auto now = now_ns();
  server.add(now - 2, "web", "one");
  server.add(now - 1, "web", "two");
  Running tail(Shell(server.url()), {"tail", "-n", "1", "-o", "raw"});
  REQUIRE(tail.out.wait_for("two\n"));
  server.add(now, "web", "three");
  server.add(now, "web", "three");  // an equal line at an equal time is another line
  REQUIRE(tail.out.wait_for("three\nthree\n"));
  CHECK(tail.stop() == kInterrupted);
  CHECK(tail.out.text() == "two\nthree\nthree\n");
  CHECK(tail.err.text().empty());
}

TEST_CASE("tail goes on where it was after a lost connection") {
  const auto kind = GENERATE(Kind::ours, Kind::stock);
  FakeServer server(kind);
  const auto now = now_ns();
  server.add(now, "web", "one");
  server.add(now, "web", "same");
  server.add(now, "web", "same");
  Running tail(Shell(server.url()), {"tail", "-o", "raw"});
  REQUIRE(tail.out.wait_for("same\nsame\n"));
  server.drop_tails(2);
  REQUIRE(tail.err.wait_for("connection lost"));
  server.add(now, "web", "away");  // the same instant
  REQUIRE(tail.out.wait_for("away\n"));
  server.add(now + 1, "web", "back");
  REQUIRE(tail.out.wait_for("back\n"));
  CHECK(tail.stop() == kInterrupted);
  CHECK(tail.out.text() == "one\nsame\nsame\naway\nback\n");
  const auto err = tail.err.text();
  CHECK(times(err, "connection lost") == 1);
  CHECK(times(err, "reconnected") == 1);
  CHECK((err.find("nothing missed") != std::string::npos) == (kind == Kind::ours));
}

TEST_CASE("a line with an old time that comes late is shown once") {
  FakeServer server;
  const auto now = now_ns();
  server.add(now, "web", "one");
  Running tail(Shell(server.url()), {"tail", "-o", "raw"});
  REQUIRE(tail.out.wait_for("one\n"));
  server.drop_tails(1);
  REQUIRE(tail.err.wait_for("connection lost"));
  server.add(now - 3'600'000'000'000, "web", "late");
  REQUIRE(tail.out.wait_for("late\n"));
  server.drop_tails();
  server.add(now + 1, "web", "end");
  REQUIRE(tail.out.wait_for("end\n"));
  CHECK(tail.stop() == kInterrupted);
  CHECK(tail.out.text() == "one\nlate\nend\n");
}

TEST_CASE("tail filters by job, by level and by words as show does") {
  const auto kind = GENERATE(Kind::ours, Kind::stock);
  FakeServer server(kind);
  server.add(now_ns(), "web", "INFO fine");
  server.add(now_ns(), "other", "ERROR elsewhere");
  server.add(now_ns(), "web", "ERROR here");
  Running tail(Shell(server.url()), {"tail", "-l", "warn+", "web", "-o", "raw"});
  REQUIRE(tail.out.wait_for("here\n"));
  server.add(now_ns(), "other", "WARN elsewhere");
  server.add(now_ns(), "web", "DEBUG fine");
  server.add(now_ns(), "web", "WARN last");
  REQUIRE(tail.out.wait_for("last\n"));
  CHECK(tail.stop() == kInterrupted);
  CHECK(tail.out.text() == "ERROR here\nWARN last\n");
}

TEST_CASE("tail -n 0 shows only what comes") {
  FakeServer server;
  server.add(now_ns(), "web", "before");
  Running tail(Shell(server.url()), {"tail", "-n", "0", "-o", "raw"});
  REQUIRE(server.wait_for_requests(1));
  server.add(now_ns(), "web", "after");
  REQUIRE(tail.out.wait_for("after\n"));
  CHECK(tail.stop() == kInterrupted);
  CHECK(tail.out.text() == "after\n");
}

TEST_CASE("an unknown job is waited for") {
  FakeServer server;
  Running tail(Shell(server.url()), {"tail", "soon"});
  REQUIRE(tail.err.wait_for("has no job 'soon'"));
  server.add(now_ns(), "soon", "first");
  REQUIRE(tail.out.wait_for("first\n"));
  CHECK(tail.stop() == kInterrupted);
}

TEST_CASE("a token that is taken away ends the tail") {
  FakeServer server;
  server.add(now_ns(), "web", "one");
  Running tail(Shell(server.url()), {"tail"});
  REQUIRE(tail.out.wait_for("one\n"));
  server.answer_with(403, "no longer");
  server.drop_tails();
  REQUIRE(tail.err.wait_for("no longer"));
  REQUIRE(tail.err.wait_for("logs login"));
  CHECK(tail.stop() == kNotLetIn);
}

}  // namespace
}  // namespace logboom::ui::cli
