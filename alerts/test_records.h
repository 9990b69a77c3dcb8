// Records in memory whose calls can be made to fail, and a way out that answers as it is told.
// Tests of this folder only.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "alerts/notify/channel.h"
#include "alerts/records.h"

namespace logboom::alerts {

class MemoryRecords final : public Records {
 public:
  Result<std::optional<std::string>> get(std::string_view table,
                                         std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find({std::string(table), std::string(key)});
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }
  Result<void> each(std::string_view table, std::string_view prefix,
                    const Visit& visit) const override {
    std::map<std::pair<std::string, std::string>, std::string> copy;
    {
      const std::lock_guard lock(mutex_);
      copy = values_;
      ++reads_;
    }
    for (const auto& [key, value] : copy) {
      if (key.first == table && key.second.starts_with(prefix) && !visit(key.second, value)) break;
    }
    return {};
  }
  Result<void> write(const store::RecordWrite& changes) override {
    const std::lock_guard lock(mutex_);
    if (failing_writes_ > 0) {
      --failing_writes_;
      return fail(Errc::io, "the disk refuses");
    }
    for (const auto& operation : changes.operations) {
      const std::pair key(operation.table, operation.key);
      if (operation.value) {
        values_[key] = *operation.value;
      } else {
        values_.erase(key);
      }
    }
    return {};
  }

  void fail_writes(int count) {
    const std::lock_guard lock(mutex_);
    failing_writes_ = count;
  }
  // How often a table was read.
  [[nodiscard]] std::size_t reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  [[nodiscard]] std::size_t count(std::string_view table) const {
    std::size_t n = 0;
    (void)each(table, "", [&](std::string_view, std::string_view) { return ++n > 0; });
    return n;
  }
  [[nodiscard]] std::vector<std::string> values(std::string_view table) const {
    std::vector<std::string> found;
    (void)each(table, "", [&](std::string_view, std::string_view value) {
      found.emplace_back(value);
      return true;
    });
    return found;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<std::string, std::string>, std::string> values_;
  int failing_writes_ = 0;
  mutable std::size_t reads_ = 0;
};

// What arrived through a FakeChannel, and its next answers; it outlives the channel.
class FakePeer {
 public:
  void answer_next(Errc code) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(code);
  }
  Result<void> take(const Letter& letter) {
    const std::lock_guard lock(mutex_);
    letters_.push_back(letter);
    arrived_.notify_all();
    if (answers_.empty()) return {};
    const Errc code = answers_.front();
    answers_.pop_front();
    return fail(code, "not so");
  }
  // Waits until so many were tried.
  std::vector<Letter> letters(std::size_t at_least) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return letters_.size() >= at_least; });
    return letters_;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::deque<Errc> answers_;
  std::vector<Letter> letters_;
};

class FakeChannel final : public Channel {
 public:
  explicit FakeChannel(FakePeer& peer) : peer_(peer) {}
  Result<void> send(const Letter& letter, std::stop_token) override { return peer_.take(letter); }

 private:
  FakePeer& peer_;
};

}  // namespace logboom::alerts
