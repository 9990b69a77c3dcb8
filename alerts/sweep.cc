#include "alerts/sweep.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "alerts/incident.h"

namespace logboom::alerts {
namespace {

constexpr std::int64_t kKeepNs = 400 * 24 * 3600 * std::int64_t{1'000'000'000};
constexpr std::size_t kAtOnce = 1'000;  // changes in one write

using Look = std::function<Result<void>(std::string_view key, std::string_view value,
                                        store::RecordWrite& changes)>;

// Writes what `look` finds to remove, until there is no more.
Result<void> sweep_table(Records& records, std::string_view table, const Look& look) {
  while (true) {
    store::RecordWrite changes;
    Result<void> looked;
    auto read = records.each(table, "", [&](std::string_view key, std::string_view value) {
      looked = look(key, value, changes);
      return looked && changes.operations.size() < kAtOnce;
    });
    if (!read) return read;
    if (!looked || changes.operations.empty()) return looked;
    if (auto written = records.write(changes); !written) return written;
    if (changes.operations.size() < kAtOnce) return {};
  }
}

class KnownJobs {
 public:
  explicit KnownJobs(const store::Ledger& ledger) : ledger_(ledger) {}

  // `key`: TOOL\0JOB, and whatever follows after another \0.
  Result<bool> has(std::string_view key) {
    const auto middle = std::min(key.find('\0'), key.size());
    const std::string tool(key.substr(0, middle));
    key.remove_prefix(std::min(middle + 1, key.size()));
    const std::string job(key.substr(0, key.find('\0')));
    auto found = jobs_.find(tool);
    if (found == jobs_.end()) {
      auto jobs = ledger_.jobs(tool);
      if (!jobs) return fail(std::move(jobs).error());
      auto checks = ledger_.checks(tool);
      if (!checks) return fail(std::move(checks).error());
      found = jobs_.emplace(tool, std::set(jobs->begin(), jobs->end())).first;
      for (auto& check : *checks) found->second.insert(std::move(check.job));
    }
    return found->second.contains(job);
  }

 private:
  const store::Ledger& ledger_;
  std::map<std::string, std::set<std::string>> jobs_;  // by tool
};

}  // namespace

Result<void> sweep(Records& records, const store::Ledger& ledger, std::int64_t now_ns) {
  auto swept = sweep_table(
      records, "incidents",
      [&](std::string_view key, std::string_view value, auto& changes) -> Result<void> {
        const auto incident = Incident::decode(value);
        if (!incident || std::max(incident->closed_ns, incident->last_bad_ns) + kKeepNs >= now_ns) {
          return {};
        }
        changes.remove("incidents", std::string(key));
        changes.remove("incident_keys", incident->id);
        return {};
      });
  KnownJobs jobs(ledger);
  // The last is query/runs/history's: which run of a job failed so first.
  for (const std::string table : {"alert_jobs", "alert_ticks", "first_seen"}) {
    if (!swept) return swept;
    swept = sweep_table(
        records, table,
        [&](std::string_view key, std::string_view value, auto& changes) -> Result<void> {
          auto known = jobs.has(key);
          if (!known) return fail(std::move(known).error());
          if (*known) return {};
          // While its incident is kept, a run that comes after all continues the story.
          const auto state = table == "alert_jobs" ? JobState::decode(value) : std::nullopt;
          if (state && !state->incident.empty()) {
            auto incident = records.get("incidents", state->incident);
            if (!incident) return fail(std::move(incident).error());
            if (*incident) return {};
          }
          changes.remove(table, std::string(key));
          return {};
        });
  }
  return swept;
}

}  // namespace logboom::alerts
