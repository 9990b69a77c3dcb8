#include "alerts/outbox.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "alerts/fields.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/time.h"

namespace logboom::alerts {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kTable = "alert_outbox", kBodies = "alert_message", kDead = "alert_dead";
// Nobody tells us when the write with a new message is through, so the table is read: often after
// one was announced, seldom else.
constexpr std::chrono::milliseconds kLookSoon{50}, kLookIdle{1'000};
constexpr auto kAnnounced = std::chrono::seconds(10);
constexpr auto kDiskWait = std::chrono::seconds(1);
constexpr std::size_t kMaxFates = 100;

struct Meters {
  metrics::Counter& sent_mail = metrics::counter(
      "logboom_alerts_sent_messages_total", "Messages that the other side has", {{"way", "mail"}});
  metrics::Counter& sent_irc = metrics::counter(
      "logboom_alerts_sent_messages_total", "Messages that the other side has", {{"way", "irc"}});
  metrics::Counter& refused =
      metrics::counter("logboom_alerts_send_failures_total", "Tries to send a message that failed");
  metrics::Counter& dropped =
      metrics::counter("logboom_alerts_dropped_messages_total",
                       "Messages for which there was no way out or no room");
  metrics::Gauge& waiting =
      metrics::gauge("logboom_alerts_outbox_messages", "Messages not yet out");
  metrics::Gauge& dead =
      metrics::gauge("logboom_alerts_dead_messages", "Messages given up, of the last 7 days");
  metrics::Histogram& seconds = metrics::histogram("logboom_alerts_delivery_seconds",
                                                   "From a message's being due to its being out");
};
Meters& meters() {
  static Meters meters;
  return meters;
}

// A way out with its thread: which messages wait, and who is left alone until when.
struct Lane {
  Recipient::Way way;
  std::unique_ptr<Channel> channel;
  std::chrono::nanoseconds patience;
  struct Pause {
    int tries = 0;
    Clock::time_point until{};
  };
  std::map<std::pair<std::int64_t, std::string>, Entry> entries;  // by (due since, id)
  std::map<std::string, Pause> recipients;  // by address; gone when one gets through
  Pause server;
};

class SendingOutbox final : public Outbox {
 public:
  SendingOutbox(Records& records, Ways ways)
      : records_(records),
        max_(ways.max_outbox),
        first_wait_(ways.first_wait),
        now_(std::move(ways.now)) {
    if (!now_) now_ = [] { return now_ns(); };
    lanes_[0] = {Recipient::Way::mail, std::move(ways.mail), kMailPatience, {}, {}, {}};
    lanes_[1] = {Recipient::Way::irc, std::move(ways.irc), kIrcPatience, {}, {}, {}};
    read_table();
    drop_old_dead();
    for (auto& lane : lanes_) {
      if (lane.channel) {
        threads_.emplace_back([this, &lane](const std::stop_token& stop) { run(lane, stop); });
      }
    }
  }
  ~SendingOutbox() override { stop(); }

  bool add(const Entry& entry, std::string bytes, store::RecordWrite& changes) override {
    const auto& lane = lanes_[entry.to.way == Recipient::Way::mail ? 0 : 1];
    if (!lane.channel || size() >= max_) {
      meters().dropped.add();
      log::warn("alert not sent",
                {{"to", entry.to.text()},
                 {"title", entry.title},
                 {"why", lane.channel ? "the outbox is full" : "no server is configured for it"}});
      return false;
    }
    changes.put(std::string(kTable), entry.id, entry.encode());
    changes.put(std::string(kBodies), entry.id, std::move(bytes));
    const std::lock_guard lock(mutex_);
    announced_ = Clock::now();
    wake_.notify_all();
    return true;
  }

  std::pair<Fate, std::string> wait(const std::string& id,
                                    std::chrono::milliseconds most) override {
    std::unique_lock lock(mutex_);
    fated_.wait_for(lock, most, [&] { return fates_.contains(id); });
    const auto found = fates_.find(id);
    return found == fates_.end() ? std::pair(Fate::waiting, std::string()) : found->second;
  }

  std::size_t size() const override {
    const std::lock_guard lock(mutex_);
    return lanes_[0].entries.size() + lanes_[1].entries.size();
  }

  Result<std::vector<DeadLetter>> dead_letters() const override {
    std::vector<DeadLetter> found;
    auto read = records_.each(kDead, "", [&](std::string_view, std::string_view value) {
      const auto fields = Fields::parse(value);
      auto entry = Entry::decode(value);
      if (fields && entry) {
        found.push_back({*std::move(entry), fields->text("reason"), fields->number("failed")});
      }
      return found.size() < 2 * kMaxDead;
    });
    if (!read) return fail(std::move(read).error());
    std::sort(found.begin(), found.end(),
              [](const DeadLetter& a, const DeadLetter& b) { return a.failed_ns > b.failed_ns; });
    return found;
  }

  void stop() override {
    for (auto& thread : threads_) thread.request_stop();
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  void run(Lane& lane, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (time_to_look()) read_table();
      auto due = next_due(lane);
      if (!due) {
        rest(stop);
        continue;
      }
      auto body = records_.get(kBodies, due->id);
      if (!body) {
        log::warn("cannot read a message to be sent", {{"error", body.error().message}});
        pause(stop, kDiskWait);
        continue;
      }
      if (!*body) {
        forget(lane, *due, stop);
        continue;
      }
      auto sent = lane.channel->send({due->message_id, due->to.address, **std::move(body)}, stop);
      if (sent) {
        delivered(lane, *due, stop);
      } else if (sent.error().code != Errc::cancelled) {
        refused(lane, *due, sent.error(), stop);
      }
    }
  }

  // Not before every message: a backlog of n would be read n times.
  bool time_to_look() {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now - looked_ < look_every(now)) return false;
    looked_ = now;
    return true;
  }

  // Messages that have been written since the last look.
  void read_table() {
    std::vector<Entry> fresh;
    auto read = records_.each(kTable, "", [&](std::string_view key, std::string_view value) {
      const std::lock_guard lock(mutex_);
      if (known_.contains(key)) return true;
      if (auto entry = Entry::decode(value)) fresh.push_back(*std::move(entry));
      return true;
    });
    if (!read) log::warn("cannot read the outbox", {{"error", read.error().message}});
    const std::lock_guard lock(mutex_);
    for (auto& entry : fresh) {
      if (!known_.insert(entry.id).second) continue;
      auto& lane = lanes_[entry.to.way == Recipient::Way::mail ? 0 : 1];
      auto key = std::pair(entry.created_ns, entry.id);
      lane.entries.emplace(std::move(key), std::move(entry));
    }
    set_waiting();
  }

  // The oldest that may go now.
  std::optional<Entry> next_due(const Lane& lane) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (lane.server.until > now) return std::nullopt;
    for (const auto& [key, entry] : lane.entries) {
      const auto pause = lane.recipients.find(entry.to.address);
      if (pause == lane.recipients.end() || pause->second.until <= now) return entry;
    }
    return std::nullopt;
  }

  void delivered(Lane& lane, const Entry& entry, const std::stop_token& stop) {
    forget(lane, entry, stop);
    {
      const std::lock_guard lock(mutex_);
      lane.recipients.erase(entry.to.address);
      lane.server = {};
    }
    (lane.way == Recipient::Way::mail ? meters().sent_mail : meters().sent_irc).add();
    meters().seconds.observe_seconds(static_cast<double>(now_() - entry.created_ns) / 1e9);
    set_fate(entry.id, Fate::sent, "");
    log::info("alert sent",
              {{"to", entry.to.text()}, {"id", entry.message_id}, {"title", entry.title}});
  }

  void refused(Lane& lane, const Entry& entry, const Error& error, const std::stop_token& stop) {
    meters().refused.add();
    const bool old = now_() - entry.created_ns > lane.patience.count();
    set_fate(entry.id, Fate::failed, error.message);
    if (error.code == Errc::invalid || old) return bury(lane, entry, error, stop);
    std::chrono::milliseconds wait{};
    {
      const std::lock_guard lock(mutex_);
      auto& pause = error.code == Errc::limit ? lane.recipients[entry.to.address] : lane.server;
      wait = outbox_wait(++pause.tries, first_wait_);
      pause.until = Clock::now() + wait;
    }
    log::warn("alert not sent yet; trying again", {{"to", entry.to.text()},
                                                   {"id", entry.message_id},
                                                   {"error", error.message},
                                                   {"wait_ms", wait.count()}});
  }

  void bury(Lane& lane, const Entry& entry, const Error& error, const std::stop_token& stop) {
    auto fields = Fields::parse(entry.encode()).value_or(Fields());
    fields.set("reason", error.message);
    fields.set("failed", now_());
    store::RecordWrite changes;
    changes.put(std::string(kDead), entry.id, fields.json());
    forget(lane, entry, stop, std::move(changes));
    log::error("alert given up",
               {{"to", entry.to.text()}, {"title", entry.title}, {"error", error.message}});
    drop_old_dead();
  }

  // Takes the message out, durably; a disk that refuses is asked until it does or we stop.
  void forget(Lane& lane, const Entry& entry, const std::stop_token& stop,
              store::RecordWrite changes = {}) {
    {
      const std::lock_guard lock(mutex_);
      lane.entries.erase({entry.created_ns, entry.id});
    }
    changes.remove(std::string(kTable), entry.id);
    changes.remove(std::string(kBodies), entry.id);
    while (true) {
      auto written = records_.write(changes);
      if (written) break;
      log::error("cannot take a sent message out of the outbox",
                 {{"id", entry.id}, {"error", written.error().message}});
      if (stop.stop_requested()) return;
      pause(stop, kDiskWait);
    }
    const std::lock_guard lock(mutex_);
    known_.erase(entry.id);
    set_waiting();
  }

  void drop_old_dead() {
    auto dead = dead_letters();
    if (!dead) return;
    const std::int64_t oldest =
        now_() - std::chrono::duration_cast<std::chrono::nanoseconds>(kKeepDead).count();
    store::RecordWrite changes;
    std::int64_t kept = 0;
    for (std::size_t i = 0; i < dead->size(); ++i) {
      const auto& letter = (*dead)[i];
      if (i >= kMaxDead || letter.failed_ns < oldest) {
        changes.remove(std::string(kDead), letter.entry.id);
      } else {
        ++kept;
      }
    }
    meters().dead.set(kept);
    if (changes.operations.empty()) return;
    if (auto written = records_.write(changes); !written) {
      log::warn("cannot drop old dead letters", {{"error", written.error().message}});
    }
  }

  void set_fate(const std::string& id, Fate fate, std::string why) {
    {
      const std::lock_guard lock(mutex_);
      if (fates_.size() >= kMaxFates) fates_.clear();
      fates_[id] = {fate, std::move(why)};
    }
    fated_.notify_all();
  }

  void set_waiting() {
    meters().waiting.set(
        static_cast<std::int64_t>(lanes_[0].entries.size() + lanes_[1].entries.size()));
  }

  // Until the next look at the table.
  void rest(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto announced = announced_;
    wake_.wait_for(lock, stop, look_every(Clock::now()), [&] { return announced_ != announced; });
  }
  [[nodiscard]] std::chrono::milliseconds look_every(Clock::time_point now) const {
    return now - announced_ < kAnnounced ? kLookSoon : kLookIdle;
  }
  void pause(const std::stop_token& stop, std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [] { return false; });
  }

  Records& records_;
  const std::size_t max_;
  const std::chrono::milliseconds first_wait_;
  std::function<std::int64_t()> now_;
  mutable std::mutex mutex_;  // guards all below but the channels and threads
  std::condition_variable_any wake_;
  std::condition_variable fated_;
  Lane lanes_[2];
  std::set<std::string, std::less<>> known_;  // what was read from the table and not yet removed
  std::map<std::string, std::pair<Fate, std::string>> fates_;
  Clock::time_point announced_{}, looked_{};
  std::vector<std::jthread> threads_;
};

}  // namespace

std::string Entry::encode() const {
  Fields fields;
  fields.set("id", id);
  fields.set("message_id", message_id);
  fields.set("to", to.text());
  fields.set("tool", tool);
  fields.set("title", title);
  fields.set("created", created_ns);
  return fields.json();
}

std::optional<Entry> Entry::decode(std::string_view json) {
  const auto fields = Fields::parse(json);
  if (!fields) return std::nullopt;
  auto to = parse_recipient(fields->text("to"));
  Entry entry;
  entry.id = fields->text("id");
  if (!to || entry.id.empty()) return std::nullopt;
  entry.to = *std::move(to);
  entry.message_id = fields->text("message_id");
  entry.tool = fields->text("tool");
  entry.title = fields->text("title");
  entry.created_ns = fields->number("created");
  return entry;
}

std::string entry_id(std::string_view message_id, const Recipient& to) {
  return std::string(message_id) + "." + run_id_of(to.text());
}

std::chrono::milliseconds outbox_wait(int tries, std::chrono::milliseconds first) {
  const int doublings = std::clamp(tries - 1, 0, 10);
  return std::min<std::chrono::milliseconds>(first * (1 << doublings), std::chrono::minutes(15));
}

std::unique_ptr<Outbox> Outbox::start(Records& records, Ways ways) {
  return std::make_unique<SendingOutbox>(records, std::move(ways));
}

}  // namespace logboom::alerts
