// Gives every run that has ended its verdict, once its log is complete.
//
// Runs wait in the ledger (`pending`), so a kill loses none; a verdict and all that follows from it
// are one write. A run whose sources are not stored up to where its end said they go is waited for,
// kWaitForLog at most.
//
// Owns:    one thread, from start() to stop(). The store must outlive it.
// Threads: verdict() from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "query/why/why.h"
#include "store/store.h"

namespace logboom::query {

inline constexpr std::chrono::milliseconds kWaitForLog{5'000};

class Judge {
 public:
  // Adds to the write that stores the verdict what must be stored with it or not at all. After an
  // error nothing is written, and the run is judged again.
  using OnJudged =
      std::function<Result<void>(const store::Run& run, const store::Judgement& judgement,
                                 std::string_view verdict_json, store::RecordWrite& write)>;

  explicit Judge(store::Store& store, OnJudged on_judged = {});
  ~Judge();
  void start();
  void stop();

  // Judges what is pending now, without waiting for logs; for tests. Returns how many.
  [[nodiscard]] Result<std::size_t> judge_pending();

  // The verdict of a run as JSON: the stored one, or with `fresh` (or where there is none) one
  // computed now. Waits for a run that has ended a moment ago to be judged. Errors: not_found.
  [[nodiscard]] Result<std::string> verdict(std::string_view tool, std::string_view run, bool fresh,
                                            std::stop_token stop);

 private:
  struct Judged {
    store::Judgement judgement;
    std::string json;
    std::optional<std::string> sketch;
    bool first_of_its_kind = false;
    std::string fingerprint;
  };
  struct Waiting {
    std::chrono::steady_clock::time_point since, look_at;
    std::chrono::milliseconds pause{};
    bool failed = false;  // it could not be judged
  };
  struct PendingHash {
    std::size_t operator()(const store::Ledger::Pending& one) const {
      const std::hash<std::string> hash;
      return 31 * hash(one.run) + hash(one.mark);
    }
  };
  void work(const std::stop_token& stop);
  [[nodiscard]] Result<Judged> judge(const store::Run& run, bool complete,
                                     std::stop_token stop) const;
  [[nodiscard]] Result<bool> judge_one(const store::Ledger::Pending& pending, bool wait);
  void forget_waiting(const std::vector<store::Ledger::Pending>& pending);
  [[nodiscard]] std::chrono::milliseconds time_to_next_look() const;
  [[nodiscard]] bool log_complete(const store::Run& run) const;

  store::Store& store_;
  OnJudged on_judged_;
  std::shared_ptr<void> subscription_;
  std::mutex mutex_;  // guards woken_ and judged_
  std::condition_variable_any wake_, done_;
  bool woken_ = true;
  std::uint64_t judged_ = 0;  // raised with every verdict
  // Pending runs that wait for their log, or to be tried again; the thread's own.
  std::unordered_map<store::Ledger::Pending, Waiting, PendingHash> waiting_;
  std::jthread thread_;
};

}  // namespace logboom::query
