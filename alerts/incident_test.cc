#include "alerts/incident.h"

#include <catch2/catch.hpp>

namespace logboom::alerts {
namespace {

using store::Outcome;

constexpr std::int64_t kHour = 3600 * std::int64_t{1'000'000'000};

std::string_view word(Tell tell) {
  constexpr std::string_view kWords[] = {"-",      "failed", "changed", "recovered", "flapping",
                                         "steady", "frozen", "resumed", "test"};
  return kWords[static_cast<std::size_t>(tell)];
}

// A job as its runs are judged one after the other.
struct Job {
  JobState state;
  std::optional<Incident> last;
  std::int64_t now = 100 * kHour;
  int runs = 0;

  // f: fails; g: fails differently; m: missed; l: lost; u: suspect; s: skipped; .: succeeds.
  std::string judge(char outcome, std::int64_t ended_ns = 0, std::string run = {}) {
    Judged judged;
    judged.tool = "bot";
    judged.job = "report";
    judged.run = run.empty() ? "r" + std::to_string(++runs) : std::move(run);
    judged.now_ns = now;
    judged.ended_ns = ended_ns == 0 ? now : ended_ns;
    judged.began_ns = judged.ended_ns - 1;
    judged.fingerprint = std::string(1, outcome);
    switch (outcome) {
      case 'm':
        judged.outcome = Outcome::missed;
        break;
      case 'l':
        judged.outcome = Outcome::lost;
        break;
      case 'u':
        judged.outcome = Outcome::suspect;
        break;
      case 's':
        judged.outcome = Outcome::skipped;
        break;
      case '.':
        judged.outcome = Outcome::succeeded;
        break;
      default:
        judged.outcome = Outcome::failed;
    }
    const auto copy = JobState::decode(state.encode());  // as it is read back
    REQUIRE(copy);
    REQUIRE(*copy == state);
    auto step = alerts::step(*copy, last, judged);
    state = std::move(step.state);
    if (step.incident) last = std::move(step.incident);
    return std::string(word(step.tell));
  }
};

TEST_CASE("a job is told of when its state changes, not at every run") {
  auto [runs, told] = GENERATE(table<std::string, std::string>({
      {"...", "- - -"},
      {"f", "failed"},
      {".f", "- failed"},
      {".fff", "- failed - -"},
      {".ff.", "- failed - recovered"},
      {".ffg", "- failed - changed"},
      {".fgf", "- failed changed -"},
      {"fm.", "failed changed recovered"},
      {"m.", "failed recovered"},
      {"u.", "failed recovered"},
      {"l.", "failed recovered"},
      {".fs.", "- failed - recovered"},
      {"sss", "- - -"},
      {"fabcdefgh", "failed changed changed changed - - - - -"},
  }));
  CAPTURE(runs);
  Job job;
  std::string words;
  for (const char run : runs) {
    job.now += kHour;
    words += (words.empty() ? "" : " ") + job.judge(run);
  }
  CHECK(words == told);
}

TEST_CASE("a job that flaps says so once, is quiet, and speaks when three runs agree") {
  auto [runs, told] = GENERATE(table<std::string, std::string>({
      {"f.f.", "failed recovered failed flapping"},
      {"f.f.f.f.", "failed recovered failed flapping - - - -"},
      {"f.f.f...", "failed recovered failed flapping - - - steady"},
      {"f.f.fff", "failed recovered failed flapping - - steady"},
      {"f.f.f...f.", "failed recovered failed flapping - - - steady failed recovered"},
      {"f.f.g", "failed recovered failed flapping -"},
      {"f.f...", "failed recovered failed flapping - steady"},
  }));
  CAPTURE(runs);
  Job job;
  std::string words;
  for (const char run : runs) {
    job.now += kHour / 60;
    words += (words.empty() ? "" : " ") + job.judge(run);
  }
  CHECK(words == told);
}

TEST_CASE("changes a day apart are no flapping") {
  Job job;
  for (int i = 0; i < 10; ++i) {
    job.now += 13 * kHour;
    CHECK(job.judge('f') == "failed");
    job.now += 13 * kHour;
    CHECK(job.judge('.') == "recovered");
  }
}

TEST_CASE("an incident knows its first and last run, its failures and what was before") {
  Job job;
  for (const char run : std::string("...")) job.judge(run);
  job.now += kHour;
  const auto first_bad = job.now;
  job.judge('f');
  job.now += kHour;
  job.judge('g');
  REQUIRE(job.last);
  CHECK(job.last->open());
  CHECK(job.last->first_run == "r4");
  CHECK(job.last->last_run == "r5");
  CHECK(job.last->last_good == "r3");
  CHECK(job.last->good_before == 3);
  CHECK(job.last->failures == 2);
  CHECK(job.last->first_bad_ns == first_bad - 1);
  CHECK(job.last->id.size() == 12);
  CHECK(job.last->notes.size() == 1);
  const auto read = Incident::decode(job.last->encode());
  REQUIRE(read);
  CHECK(*read == *job.last);
  job.now += kHour;
  job.judge('.');
  CHECK_FALSE(job.last->open());
}

TEST_CASE("a success that ended before the last failure does not close its incident") {
  Job job;
  const auto tick = job.now;
  job.now += kHour;
  CHECK(job.judge('m', tick) == "failed");
  CHECK(job.judge('.', tick - 1) == "-");
  CHECK(job.last->open());
  CHECK(job.judge('.', tick + 1) == "recovered");
}

TEST_CASE("a failure older than the last good run, told late, is no alarm") {
  Job job;
  job.now += kHour;
  CHECK(job.judge('.') == "-");
  CHECK(job.judge('f', job.now - kHour / 2) == "-");
  CHECK_FALSE(job.last.has_value());
  CHECK(job.judge('f') == "failed");
}

TEST_CASE("a failure that ended a little before a good run is told") {
  Job job;
  job.now += kHour;
  CHECK(job.judge('.') == "-");
  CHECK(job.judge('f', job.now - kHour / 10) == "failed");
}

TEST_CASE("a good run of a clock that was ahead silences nothing") {
  Job job;
  job.now += 24 * kHour;
  CHECK(job.judge('.') == "-");
  job.now -= 24 * kHour;
  CHECK(job.judge('f') == "failed");
  job.now += kHour;
  CHECK(job.judge('.') == "recovered");
  job.now += kHour;
  CHECK(job.judge('f', job.now - kHour / 2) == "failed");
}

TEST_CASE("a run of a clock that is ahead does not keep its incident open for ever") {
  Job job;
  CHECK(job.judge('f', job.now + 1'000 * kHour) == "failed");
  job.now += kHour;
  CHECK(job.judge('.') == "recovered");
  job.now += kHour;
  CHECK(job.judge('f') == "failed");
}

TEST_CASE("judging a run again tells nothing, unless its outcome turned") {
  Job job;
  CHECK(job.judge('f', 0, "a") == "failed");
  CHECK(job.judge('f', 0, "a") == "-");
  CHECK(job.judge('g', 0, "a") == "-");
  CHECK(job.last->failures == 1);
  CHECK(job.judge('.', 0, "b") == "recovered");
  CHECK(job.judge('f', 0, "a") == "-");
  CHECK_FALSE(job.last->open());
  CHECK(job.judge('.', 0, "b") == "-");

  Job other;
  CHECK(other.judge('l', 0, "c") == "failed");
  SECTION("a lost run that ended well after all recovers") {
    CHECK(other.judge('.', 0, "c") == "recovered");
  }
  SECTION("a lost run that failed after all fails differently") {
    CHECK(other.judge('f', 0, "c") == "changed");
    CHECK(other.last->failures == 1);
  }
}

TEST_CASE("the same failures make the same incident id, another first run another") {
  Job a, b, c;
  a.judge('f', 0, "x");
  b.judge('f', 0, "x");
  c.judge('f', 0, "y");
  CHECK(a.last->id == b.last->id);
  CHECK(a.last->id != c.last->id);
}

TEST_CASE("what is no incident is read as none") {
  auto text = GENERATE(as<std::string>(), "", "{}", "[", R"({"id":"x","kind":"odd"})", "null");
  CHECK_FALSE(Incident::decode(text));
}

}  // namespace
}  // namespace logboom::alerts
