#include "store/ledger_events.h"

#include <algorithm>
#include <cstdio>

#include "store/ground.h"
#include "store/ledger_format.h"

namespace logboom::store {
namespace {

// Made from the event, so that one that comes twice waits once; in order of time.
std::string mark_of(const RunEvent& event) {
  char text[32];
  std::snprintf(text, sizeof text, "%019lld.%d",
                static_cast<long long>(std::max<std::int64_t>(event.time_ns, 0)),
                static_cast<int>(event.kind));
  return text;
}

// What ends a run, or tells of one that never began, asks for a verdict.
bool asks_for_verdict(RunEvent::Kind kind) {
  return kind == RunEvent::Kind::end || kind == RunEvent::Kind::lost ||
         kind == RunEvent::Kind::missed || kind == RunEvent::Kind::skipped;
}

}  // namespace

Result<RunEvent> check_event(RunEvent event) {
  if (event.job.find('\0') != std::string::npos)
    return fail(Errc::invalid, "run event: the job's name holds a zero byte");
  if (event.job.empty() && event.kind != RunEvent::Kind::sample)
    return fail(Errc::invalid, "run event: no job");
  return event;
}

// Ids are unique by chance, not by force: who names another's run does not take it over. True when
// this is the first that is heard of the run.
bool EventWriter::own(const std::string& tool, const std::string& run) {
  if (owners_.contains(run)) return false;
  auto key = ledger_key(LedgerPart::owner, run);
  const auto owner = ground_.db->get(*ground_.ledger, key);
  if (!owner) return true;  // unreadable: then it stays whose it is
  if (*owner) return **owner != tool;
  owners_.emplace(run, tool);
  change_.put(ground_.ledger, std::move(key), tool);
  return true;
}

void EventWriter::add(const std::string& tool, const RunEvent& event, std::int64_t ahead_ns) {
  const auto& ledger = ground_.ledger;
  if (event.kind == RunEvent::Kind::check || event.kind == RunEvent::Kind::check_gone) {
    auto key = ledger_key(LedgerPart::check, tool, event.job);
    if (event.kind == RunEvent::Kind::check) {
      change_.put(ledger, std::move(key), encode_event(event));
      change_.put(ledger, ledger_key(LedgerPart::tool, tool), "");
    } else {
      change_.remove(ledger, std::move(key));
    }
    return;
  }
  change_.put(ledger, event_key(tool, event, ahead_ns), encode_event(event, ahead_ns > 0));
  if (event.kind == RunEvent::Kind::sample) return;
  const bool first = own(tool, event.run);
  const bool begins = event.kind != RunEvent::Kind::end && event.kind != RunEvent::Kind::lost;
  if (first || begins) {
    change_.put(ledger, job_key(tool, event.job, event.time_ns, event.run), "");
    change_.put(ledger, time_key(tool, event.time_ns, event.run), "");
    change_.put(ledger, ledger_key(LedgerPart::tool, tool), "");
  }
  if (asks_for_verdict(event.kind)) {
    change_.put(ledger, pending_key(tool, mark_of(event), event.run), "");
  }
}

void remove_run(const Ground& ground, std::string_view tool, std::string_view run, Change& change) {
  const auto prefix = ledger_key(LedgerPart::event, tool, run);
  (void)ground.db->each(
      *ground.ledger, prefix,
      [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(prefix)) return false;
        change.remove(ground.ledger, std::string(key));
        const auto event = decode_event(value);
        if (event && asks_for_verdict(event->kind)) {
          change.remove(ground.ledger, pending_key(tool, mark_of(*event), run));
        }
        return true;
      },
      true);
  for (const auto part : {LedgerPart::verdict, LedgerPart::sketch}) {
    change.remove(ground.ledger, ledger_key(part, tool, run));
  }
  auto key = ledger_key(LedgerPart::owner, run);
  const auto owner = ground.db->get(*ground.ledger, key);
  if (owner && *owner == tool) change.remove(ground.ledger, std::move(key));
}

std::shared_ptr<void> EventSubscribers::add(Committed committed) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->committed = std::move(committed);
  {
    const std::lock_guard lock(all_->mutex);
    all_->subscribers.push_back(subscriber);
  }
  return std::shared_ptr<void>(nullptr, [all = all_, subscriber](void*) {
    {
      const std::lock_guard lock(all->mutex);
      std::erase(all->subscribers, subscriber);
    }
    const std::lock_guard calling(subscriber->calling);
    subscriber->committed = nullptr;
  });
}

void EventSubscribers::tell(const std::string& tool, const RunEvent& event) const {
  std::vector<std::shared_ptr<Subscriber>> subscribers;
  {
    const std::lock_guard lock(all_->mutex);
    subscribers = all_->subscribers;
  }
  for (const auto& subscriber : subscribers) {
    const std::lock_guard calling(subscriber->calling);
    if (subscriber->committed) subscriber->committed(tool, event);
  }
}

}  // namespace logboom::store
