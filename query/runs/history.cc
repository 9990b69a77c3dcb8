#include "query/runs/history.h"

#include "query/runs/run_lines.h"

namespace logboom::query {
namespace {

constexpr std::string_view kFirstSeen = "first_seen";

std::string first_seen_key(const store::Run& run, std::string_view fingerprint) {
  auto key = run.tool + '\0' + run.job + '\0' + std::string(fingerprint);
  if (key.size() > store::kMaxRecordKey) key.resize(store::kMaxRecordKey);
  return key;
}

}  // namespace

Result<History> history_of(const store::Ledger& ledger, const store::Run& run) {
  History history{.failing_since = run.id, .skipping_since = run.id};
  // The walk ends once the good runs are found: `wanted` sees every run, newest first.
  store::RunQuery query{
      .job = run.job, .before_ns = run.time_ns(), .limit = kGoodRuns, .look_at_most = kLookBack};
  query.wanted = [&](const store::Run& earlier) {
    const auto outcome = earlier.outcome();
    if (history.last_good.empty()) {
      if (outcome == store::Outcome::succeeded) history.last_good = earlier.id;
      if (store::is_bad(outcome)) {
        history.failing_since = earlier.id;
        ++history.failures;
      }
      if (store::is_bad(outcome) || outcome == store::Outcome::skipped) {
        history.skipping_since = earlier.id;
      }
    }
    return outcome == store::Outcome::succeeded;
  };
  auto good = ledger.runs(run.tool, query);
  if (!good) return fail(std::move(good).error());
  history.good = *std::move(good);
  return history;
}

Result<std::vector<why::Sketch>> sketches_of(store::Store& store,
                                             const std::vector<store::Run>& good) {
  std::vector<why::Sketch> sketches;
  for (const auto& run : good) {
    auto bytes = store.ledger().sketch(run.tool, run.id);
    if (!bytes) return fail(std::move(bytes).error());
    if (*bytes) {
      if (auto sketch = why::Sketch::decode(**bytes)) {
        sketches.push_back(*std::move(sketch));
        continue;
      }
    }
    auto lines = read_run_lines(store, run);
    if (!lines) return fail(std::move(lines).error());
    sketches.push_back(why::sketch(lines->lines, {.start = run.start, .end = run.end}));
  }
  return sketches;
}

Result<std::string> first_seen(const store::Ledger& ledger, const store::Run& run,
                               std::string_view fingerprint) {
  if (fingerprint.empty()) return std::string();
  auto value = ledger.record(kFirstSeen, first_seen_key(run, fingerprint));
  if (!value) return fail(std::move(value).error());
  return value->value_or(run.id);
}

void remember_first_seen(const store::Run& run, std::string_view fingerprint,
                         store::RecordWrite& write) {
  write.put(std::string(kFirstSeen), first_seen_key(run, fingerprint), run.id);
}

}  // namespace logboom::query
