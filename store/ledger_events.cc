#include "store/ledger_events.h"

#include <algorithm>
#include <cstdio>

#include "store/ground.h"
#include "store/ledger_format.h"

namespace logboom::store {
namespace {

std::string mark_of(std::int64_t now_ns, std::uint64_t number) {
  char text[48];
  std::snprintf(text, sizeof text, "%019lld.%020llu", static_cast<long long>(now_ns),
                static_cast<unsigned long long>(number));
  return text;
}

// What ends a run, or tells of one that never began, asks for a verdict.
bool asks_for_verdict(RunEvent::Kind kind) {
  return kind == RunEvent::Kind::end || kind == RunEvent::Kind::lost ||
         kind == RunEvent::Kind::missed || kind == RunEvent::Kind::skipped;
}

// Ids are unique by chance, not by force: who names another's run does not take it over.
void own(const Ground& ground, const std::string& tool, const std::string& run, Change& change) {
  auto key = ledger_key(LedgerPart::owner, run);
  const auto owner = ground.db->get(*ground.ledger, key);
  if (owner && *owner) return;
  change.put(ground.ledger, std::move(key), tool);
}

}  // namespace

Result<RunEvent> check_event(RunEvent event) {
  if (event.job.find('\0') != std::string::npos)
    return fail(Errc::invalid, "run event: the job's name holds a zero byte");
  if (event.job.empty() && event.kind != RunEvent::Kind::sample)
    return fail(Errc::invalid, "run event: no job");
  return event;
}

void add_event(const Ground& ground, const std::string& tool, const RunEvent& event,
               std::uint64_t number, Change& change) {
  const auto& ledger = ground.ledger;
  if (event.kind == RunEvent::Kind::check || event.kind == RunEvent::Kind::check_gone) {
    auto key = ledger_key(LedgerPart::check, tool, event.job);
    if (event.kind == RunEvent::Kind::check) {
      change.put(ledger, std::move(key), encode_event(event));
      change.put(ledger, ledger_key(LedgerPart::tool, tool), "");
    } else {
      change.remove(ledger, std::move(key));
    }
    return;
  }
  change.put(ledger, event_key(tool, event), encode_event(event));
  if (event.kind == RunEvent::Kind::sample) return;
  change.put(ledger, job_key(tool, event.job, event.time_ns, event.run), "");
  own(ground, tool, event.run, change);
  change.put(ledger, ledger_key(LedgerPart::tool, tool), "");
  if (asks_for_verdict(event.kind)) {
    change.put(ledger, ledger_key(LedgerPart::pending, tool, event.run),
               mark_of(ground.now(), number));
  }
}

void remove_run(const Ground& ground, std::string_view tool, std::string_view run, Change& change) {
  const auto prefix = ledger_key(LedgerPart::event, tool, run);
  (void)ground.db->each(*ground.ledger, prefix, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    change.remove(ground.ledger, std::string(key));
    return true;
  });
  for (const auto part : {LedgerPart::verdict, LedgerPart::sketch, LedgerPart::pending}) {
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
