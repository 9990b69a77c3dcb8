#include "query/runs/judge.h"

#include <algorithm>

#include "core/log.h"
#include "core/metrics.h"
#include "query/runs/answer.h"
#include "query/runs/history.h"
#include "query/runs/run_lines.h"

namespace logboom::query {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPerTool = 16;  // judged of one tool before the others have their turn
constexpr std::size_t kAtOnce = 256;  // of one tool, by judge_pending()
constexpr std::chrono::milliseconds kLookAgain{50};  // while a log is waited for, at first
constexpr std::chrono::milliseconds kLookAgainAtMost{400};
constexpr std::chrono::milliseconds kIdle{5'000};      // between looks nobody asked for
constexpr std::chrono::milliseconds kTryAgain{1'000};  // after the store failed
constexpr std::chrono::milliseconds kWaitForVerdict{6'000};

store::Outcome outcome_of(const why::Verdict& verdict, const store::Run& run) {
  return store::parse_outcome(verdict.outcome).value_or(run.outcome());
}

why::Facts facts_of(const store::Run& run, bool complete) {
  why::Facts facts{.start = run.start, .end = run.end};
  facts.lost = run.lost && !run.end;
  facts.missed = run.missed && !run.start && !run.end;
  facts.skipped = run.skipped && !run.start && !run.end;
  facts.log_complete = complete;
  return facts;
}

metrics::Counter& judged_counter(store::Outcome outcome) {
  return metrics::counter("logboom_query_judged_runs_total", "Runs that got a verdict, by outcome",
                          {{"outcome", std::string(store::name(outcome))}});
}

}  // namespace

Judge::Judge(store::Store& store, OnJudged on_judged)
    : store_(store), on_judged_(std::move(on_judged)) {}

Judge::~Judge() { stop(); }

void Judge::start() {
  subscription_ = store_.ledger().subscribe([this](const std::string&, const RunEvent& event) {
    if (event.kind == RunEvent::Kind::start || event.kind == RunEvent::Kind::sample) return;
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wake_.notify_all();
  });
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Judge::stop() {
  subscription_.reset();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Judge::work(const std::stop_token& stop) {
  bool told = false;
  auto pause = kIdle;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, pause, [this] { return woken_; });
      woken_ = false;
    }
    if (stop.stop_requested()) return;
    auto pending = store_.ledger().pending(
        kPerTool, [this](const auto& one) { return waiting_.contains(one); });
    Result<void> outcome;
    bool judged_some = false;
    if (!pending) outcome = fail(std::move(pending).error());
    for (std::size_t i = 0; pending && i < pending->size() && !stop.stop_requested(); ++i) {
      const auto& one = (*pending)[i];
      auto judged = judge_one(one, true);
      if (!judged) {
        // One that cannot be judged does not keep the others from being, nor does it take the
        // place of others of its tool. How long its log has been waited for stays as it is.
        const auto now = Clock::now();
        auto& waiting = waiting_.try_emplace(one, Waiting{now, now, kLookAgain}).first->second;
        waiting.look_at = now + kTryAgain;
        waiting.failed = true;
        outcome = fail(std::move(judged).error());
      } else if (*judged) {
        waiting_.erase(one);
        judged_some = true;
      }
    }
    if (pending) forget_waiting(*pending);
    pause = !pending ? kTryAgain : judged_some ? std::chrono::milliseconds{0} : time_to_next_look();
    if (!outcome && !told) {
      log::error("runs cannot be judged and are tried again", {{"error", outcome.error().message}});
    }
    // A turn without an error tells nothing of those that only wait to be tried again.
    told = !pending ||
           std::ranges::any_of(waiting_, [](const auto& entry) { return entry.second.failed; });
  }
}

std::chrono::milliseconds Judge::time_to_next_look() const {
  const auto now = Clock::now();
  auto next = now + kIdle;
  for (const auto& [one, waiting] : waiting_) next = std::min(next, waiting.look_at);
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(next - now), kLookAgain);
}

Result<std::size_t> Judge::judge_pending() {
  auto pending = store_.ledger().pending(kAtOnce);
  if (!pending) return fail(std::move(pending).error());
  for (const auto& one : *pending) {
    if (auto judged = judge_one(one, false); !judged) return fail(std::move(judged).error());
  }
  return pending->size();
}

// A run that ended anew has another mark; the old one's will not come again.
void Judge::forget_waiting(const std::vector<store::Ledger::Pending>& pending) {
  decltype(waiting_) still;
  for (const auto& one : pending) {
    if (auto entry = waiting_.extract(one)) still.insert(std::move(entry));
  }
  waiting_ = std::move(still);
}

bool Judge::log_complete(const store::Run& run) const {
  if (!run.end) return true;
  for (const auto& [source, position] : run.end->sources) {
    if (store_.next_position(source).value_or(0) < position) return false;
  }
  return true;
}

// False: its log is still waited for.
Result<bool> Judge::judge_one(const store::Ledger::Pending& pending, bool wait) {
  if (const auto waiting = waiting_.find(pending);
      wait && waiting != waiting_.end() && Clock::now() < waiting->second.look_at) {
    return false;
  }
  auto run = store_.ledger().run(pending.tool, pending.run);
  if (!run && run.error().code != Errc::corrupt) return fail(std::move(run).error());
  store::RecordWrite write;
  if (!run || !*run) {  // nothing to judge: it must not be looked at for ever
    log::error("a run cannot be read and gets no verdict", {{"run", pending.run}});
    write.verdicts.push_back({.tool = pending.tool, .run = pending.run, .mark = pending.mark});
    auto written = store_.ledger().write(write);
    if (!written) return fail(std::move(written).error());
    return true;
  }
  const bool complete = log_complete(**run);
  if (!complete && wait) {
    const auto now = Clock::now();
    auto& waiting = waiting_.try_emplace(pending, Waiting{now, now, kLookAgain}).first->second;
    if (now - waiting.since < kWaitForLog) {
      waiting.look_at = now + waiting.pause;
      waiting.pause = std::min(2 * waiting.pause, kLookAgainAtMost);
      return false;
    }
  }
  auto judged = judge(**run, complete, {});
  if (!judged) return fail(std::move(judged).error());
  if (judged->first_of_its_kind) remember_first_seen(**run, judged->fingerprint, write);
  write.verdicts.push_back({.tool = pending.tool,
                            .run = pending.run,
                            .judgement = judged->judgement,
                            .json = judged->json,
                            .sketch = judged->sketch,
                            .mark = pending.mark});
  if (on_judged_) {
    auto added = on_judged_(**run, judged->judgement, judged->json, write);
    if (!added) return fail(std::move(added).error());
  }
  auto written = store_.ledger().write(write);
  if (!written) return fail(std::move(written).error());
  judged_counter(judged->judgement.outcome).add();
  {
    const std::lock_guard lock(mutex_);
    ++judged_;
  }
  done_.notify_all();
  return true;
}

Result<Judge::Judged> Judge::judge(const store::Run& run, bool complete,
                                   std::stop_token stop) const {
  auto lines = read_run_lines(store_, run, std::move(stop));
  if (!lines) return fail(std::move(lines).error());
  auto history = history_of(store_.ledger(), run);
  if (!history) return fail(std::move(history).error());
  auto good = sketches_of(store_, history->good);
  if (!good) return fail(std::move(good).error());
  why::Case the_case{.facts = facts_of(run, complete),
                     .lines = std::move(lines->lines),
                     .dropped_lines = 0,
                     .good = *std::move(good)};
  the_case.dropped_lines = lines->total - the_case.lines.size();
  const auto verdict = why::explain(the_case);
  Judged judged;
  auto& judgement = judged.judgement;
  judgement.outcome = outcome_of(verdict, run);
  judgement.cause = verdict.cause;
  judgement.confidence = verdict.confidence;
  judgement.headline = verdict.headline;
  judgement.fingerprint = judged.fingerprint = verdict.fingerprint;
  judgement.last_good = history->last_good;
  const bool bad = store::is_bad(judgement.outcome);
  if (bad) {
    judgement.failing_since = history->failing_since;
    judgement.failures = static_cast<std::uint32_t>(history->failures);
  }
  // A skipped tick is no failure, but people still ask since when.
  if (judgement.outcome == store::Outcome::skipped) {
    judgement.failing_since = history->skipping_since;
  }
  auto first = first_seen(store_.ledger(), run, verdict.fingerprint);
  if (!first) return fail(std::move(first).error());
  judged.first_of_its_kind = bad && !verdict.fingerprint.empty() && first->id == run.id;
  if (judgement.outcome == store::Outcome::succeeded) {
    judged.sketch = why::sketch(the_case.lines, the_case.facts).encode();
    if (judged.sketch->size() > store::kMaxRecordValue) judged.sketch.reset();
  }
  judged.json = verdict_json({.run = run,
                              .verdict = verdict,
                              .lines = the_case.lines,
                              .failing_since = judgement.failing_since,
                              .last_good = judgement.last_good,
                              .first_seen = bad ? *first : store::RunRef(),
                              .failures = bad ? history->failures : 0,
                              .dropped_lines = the_case.dropped_lines,
                              .complete = complete});
  return judged;
}

Result<std::string> Judge::verdict(std::string_view tool, std::string_view id, bool fresh,
                                   std::stop_token stop) {
  const auto deadline = Clock::now() + kWaitForVerdict;
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = judged_;
    }
    auto run = store_.ledger().run(tool, id);
    if (!run) return fail(std::move(run).error());
    if (!*run)
      return fail(Errc::not_found, "no run " + std::string(id) + " of tool " + std::string(tool));
    const bool over = (*run)->end_ns() != 0;
    const bool outdated = (*run)->judgement && (*run)->judgement->outcome != (*run)->outcome();
    if (!over || fresh || Clock::now() >= deadline) {
      auto judged = judge(**run, log_complete(**run), stop);
      if (!judged) return fail(std::move(judged).error());
      return std::move(judged->json);
    }
    if ((*run)->judgement && !outdated) {
      auto json = store_.ledger().verdict(tool, id);
      if (!json) return fail(std::move(json).error());
      if (*json) return *std::move(*json);
    }
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, stop, kLookAgain, [&] { return judged_ != seen; });
    if (stop.stop_requested()) return fail(Errc::cancelled, "whoever asked is gone");
  }
}

}  // namespace logboom::query
