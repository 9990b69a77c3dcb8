// A crontab of a stranger: entries, schedules, the runs they should make. The first byte says
// whether it is a user's or the system's.
#include "collector/crontab.h"
#include "core/cron_schedule.h"
#include "core/run_event.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace logboom;
using logboom::fuzz::hold;

constexpr std::int64_t kNow = 1'769'860'800'000'000'000;  // 2026-01-31T12:00:00Z

void check(const CronSchedule& schedule) {
  const auto next = schedule.next(kNow, "Europe/Berlin");
  if (!next) return;
  hold(*next > kNow, "the next tick lies in the future");
  if (schedule.period()) return;
  hold(*next % 60'000'000'000 == 0, "ticks lie on full minutes");
  const auto prev = schedule.prev(*next + 1, "Europe/Berlin");
  hold(prev == next, "the tick before just behind a tick is that tick");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  if (const auto schedule = CronSchedule::parse(text)) check(*schedule);
  const auto table = collector::parse_crontab(text, data[0] % 2 == 0 ? "alice" : "");
  hold(table.entries.size() <= collector::kMaxEntries, "entries keep to the limit");
  int line = 0;
  for (const auto& entry : table.entries) {
    hold(entry.line > line, "lines rise");
    line = entry.line;
    hold(!entry.user.empty() && !entry.command.empty(), "an entry is whole");
    const auto schedule = CronSchedule::parse(entry.schedule);
    hold(schedule.has_value(), "an entry's schedule is one");
    check(*schedule);
    if (const auto run = collector::expected_run(entry)) {
      hold(!run->job.empty() || entry.command.find("--job") != std::string::npos,
           "an expected run has a name");
    }
  }
  return 0;
}
