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

store::RunRef ref_of(const store::Run& run) { return {run.id, run.time_ns()}; }

Result<History> history_of(const store::Ledger& ledger, const store::Run& run) {
  History history{.failing_since = ref_of(run), .skipping_since = ref_of(run)};
  // What the newest judged bad run knows of its own history is not walked again, but for a little:
  // one that came late, or ended late, may have gone well.
  std::optional<store::Judgement> known;
  store::RunRef skipping_since;
  std::uint64_t newer = 0;
  std::size_t behind = 0;
  store::RunQuery query{
      .job = run.job, .before_ns = run.time_ns(), .limit = 1, .look_at_most = kLookBack};
  query.wanted = [&](const store::Run& earlier) {
    const auto outcome = earlier.outcome();
    const bool bad = store::is_bad(outcome);
    if (outcome == store::Outcome::succeeded) {
      history.last_good = ref_of(earlier);
      return true;
    }
    if (bad || outcome == store::Outcome::skipped) {
      const bool judged = earlier.judgement && !earlier.judgement->failing_since.id.empty();
      history.skipping_since = ref_of(earlier);
      if (judged && skipping_since.id.empty()) skipping_since = earlier.judgement->failing_since;
      if (bad && judged && !known) {
        known = earlier.judgement;
        newer = history.failures;
      }
      if (bad) {
        history.failing_since = ref_of(earlier);
        ++history.failures;
      }
    }
    return known && behind++ >= kLookBehind;
  };
  auto walked = ledger.runs(run.tool, query);
  if (!walked) return fail(std::move(walked).error());
  if (history.last_good.id.empty()) {
    if (known) {
      history.failing_since = known->failing_since;
      history.failures = newer + known->failures;
      history.last_good = known->last_good;
    }
    if (!skipping_since.id.empty()) history.skipping_since = skipping_since;
  }
  if (history.last_good.id.empty()) return history;

  store::RunQuery good_runs{.job = run.job,
                            .before_ns = history.last_good.started_ns + 1,
                            .limit = kGoodRuns,
                            .look_at_most = kLookBack};
  good_runs.wanted = [](const store::Run& earlier) {
    return earlier.outcome() == store::Outcome::succeeded;
  };
  auto good = ledger.runs(run.tool, good_runs);
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

Result<store::RunRef> first_seen(const store::Ledger& ledger, const store::Run& run,
                                 std::string_view fingerprint) {
  if (fingerprint.empty()) return store::RunRef();
  auto value = ledger.record(kFirstSeen, first_seen_key(run, fingerprint));
  if (!value) return fail(std::move(value).error());
  if (!*value) return ref_of(run);
  const auto first = ledger.run(run.tool, **value);
  // Its time is worth having, not more.
  return first && *first ? ref_of(**first) : store::RunRef{.id = **value};
}

void remember_first_seen(const store::Run& run, std::string_view fingerprint,
                         store::RecordWrite& write) {
  write.put(std::string(kFirstSeen), first_seen_key(run, fingerprint), run.id);
}

}  // namespace logboom::query
