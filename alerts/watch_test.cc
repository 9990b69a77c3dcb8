#include "alerts/watch.h"

#include <catch2/catch.hpp>

namespace logboom::alerts {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond;
constexpr std::int64_t kTick = 1'000'000 * kMinute;
constexpr std::int64_t kFloor = 600'000;  // ms

store::Run run(std::string id, std::int64_t start_ns, std::int64_t end_ns = 0) {
  store::Run run;
  run.id = std::move(id);
  run.start = RunEvent{};
  run.start->time_ns = start_ns;
  if (end_ns != 0) {
    run.end = RunEvent{};
    run.end->kind = RunEvent::Kind::end;
    run.end->time_ns = end_ns;
  }
  return run;
}

TEST_CASE("a tick's run started near it, or the run before it still lives, or it was missed") {
  using Runs = std::vector<store::Run>;
  store::Run missed;
  missed.id = "tick";
  missed.missed = RunEvent{};
  missed.missed->time_ns = kTick;
  auto lost = run("gone", kTick - 60 * kMinute);
  lost.lost = RunEvent{};
  auto [what, runs, kind, other] =
      GENERATE_COPY(table<std::string, Runs, TickFate::Kind, std::string>({
          {"none", {}, TickFate::Kind::missed, ""},
          {"on time", {run("a", kTick + kSecond)}, TickFate::Kind::ran, ""},
          {"a bit early", {run("a", kTick - 10 * kSecond)}, TickFate::Kind::ran, ""},
          {"within grace", {run("a", kTick + 5 * kMinute)}, TickFate::Kind::ran, ""},
          {"after grace", {run("a", kTick + 6 * kMinute)}, TickFate::Kind::missed, ""},
          {"the one before, over",
           {run("a", kTick - 60 * kMinute, kTick - kMinute)},
           TickFate::Kind::missed,
           ""},
          {"the one before lives", {run("a", kTick - 60 * kMinute)}, TickFate::Kind::skipped, "a"},
          {"the one before lived then",
           {run("a", kTick - 60 * kMinute, kTick + kMinute)},
           TickFate::Kind::skipped,
           "a"},
          {"the one before is lost", {lost}, TickFate::Kind::missed, ""},
          {"its own entry", {missed}, TickFate::Kind::missed, ""},
      }));
  CAPTURE(what);
  const auto fate = fate_of_tick(kTick, 5 * 60'000, runs);
  CHECK(fate.kind == kind);
  CHECK(fate.other == other);
}

RunEvent sample(std::int64_t time_ns, std::int64_t quiet_ms, std::int64_t cpu_ms) {
  RunEvent event;
  event.kind = RunEvent::Kind::sample;
  event.time_ns = time_ns;
  event.quiet_ms = quiet_ms;
  event.cpu_ms = cpu_ms;
  return event;
}

TEST_CASE("a run that says nothing any more is lost, but not what is silent by nature") {
  auto [trigger, sampled, minutes, lost] = GENERATE(table<std::string, bool, int, bool>({
      {"command", true, 4, false},
      {"command", true, 6, true},
      {"cron", false, 6, true},
      {"container", true, 6, true},
      {"container", false, 6000, false},
      {"ping", false, 50, false},
      {"ping", false, 70, true},
  }));
  CAPTURE(trigger, minutes);
  LiveRun live;
  live.trigger = trigger;
  live.sampled = sampled;
  live.started_ns = live.heard_ns = kTick;
  CHECK(is_lost(live, kTick + minutes * kMinute, 5 * 60'000, 60 * 60'000) == lost);
}

TEST_CASE("a run is idle when it has used next to no CPU since its last output") {
  LiveRun live;
  live.take(sample(kTick, 0, 5'000), kTick);
  CHECK(is_idle(live));
  SECTION("and then nothing") {
    live.take(sample(kTick + 20 * kMinute, 20 * 60'000, 5'100), kTick);
    CHECK(live.quiet_cpu_ms == 100);
    CHECK(is_idle(live));
  }
  SECTION("but it computes") {
    live.take(sample(kTick + 20 * kMinute, 20 * 60'000, 900'000), kTick);
    CHECK_FALSE(is_idle(live));
  }
  SECTION("after new output the count starts again") {
    live.take(sample(kTick + 20 * kMinute, 0, 900'000), kTick);
    live.take(sample(kTick + 40 * kMinute, 20 * 60'000, 900'010), kTick);
    CHECK(live.quiet_cpu_ms == 10);
    CHECK(is_idle(live));
  }
  SECTION("its own figure is better than ours") {
    auto event = sample(kTick + 20 * kMinute, 20 * 60'000, 5'100);
    event.quiet_cpu_ms = 700'000;
    live.take(event, kTick);
    CHECK_FALSE(is_idle(live));
  }
}

TEST_CASE("how long a silence may be comes from the job's habit") {
  auto [trigger, habit, own, hours, limit] =
      GENERATE(table<std::string, std::int64_t, std::int64_t, int, std::optional<std::int64_t>>({
          {"cron", 1'000, -1, 1, kFloor},
          {"cron", 1'000'000, -1, 1, 3'000'000},
          {"cron", -1, -1, 1, 6 * kFloor},
          {"container", -1, -1, 48, std::nullopt},
          {"container", -1, 1'000, 1, std::nullopt},
          {"container", -1, 10'000'000, 48, 30'000'000},
          {"container", 2'000'000, -1, 1, 6'000'000},
      }));
  CAPTURE(trigger, habit);
  LiveRun live;
  live.trigger = trigger;
  live.max_quiet_ms = own;
  live.started_ns = kTick;
  CHECK(quiet_limit_ms(live, habit, kFloor, kTick + hours * 60 * kMinute) == limit);
}

}  // namespace
}  // namespace logboom::alerts
