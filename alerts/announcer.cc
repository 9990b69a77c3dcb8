#include "alerts/announcer.h"

#include <algorithm>
#include <utility>

#include "alerts/fields.h"
#include "alerts/notify/mime.h"
#include "alerts/text.h"
#include "core/metrics.h"

namespace logboom::alerts {
namespace {

constexpr std::string_view kHeld = "alert_held";
constexpr std::int64_t kHourNs = 3600 * std::int64_t{1'000'000'000};
constexpr std::size_t kMaxDigestLines = 200;
constexpr std::size_t kMaxTools = 100'000;  // whose rate is remembered

// What is held back for one recipient of one tool.
struct Digest {
  std::string tool;
  Recipient to;
  std::vector<std::string> keys, lines;
  std::int64_t oldest_ns = INT64_MAX;
};

metrics::Counter& held_counter() {
  static auto& counter =
      metrics::counter("logboom_alerts_held_messages_total", "Messages held back for a digest");
  return counter;
}

std::optional<std::pair<std::string, Recipient>> parse_held_key(std::string_view key) {
  const auto first = key.find('\0');
  const auto second = first == key.npos ? key.npos : key.find('\0', first + 1);
  if (second == key.npos) return std::nullopt;
  auto to = parse_recipient(key.substr(first + 1, second - first - 1));
  if (!to) return std::nullopt;
  return std::pair(std::string(key.substr(0, first)), *std::move(to));
}

}  // namespace

Announcer::Announcer(const Options& options, const Recipients& recipients, Records& records,
                     Silence& silence, Outbox& outbox)
    : options_(options),
      recipients_(recipients),
      records_(records),
      silence_(silence),
      outbox_(outbox) {}

Announcer::Turn Announcer::turn_of(const std::string& tool, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (rates_.size() > kMaxTools) rates_.clear();
  auto& rate = rates_[tool];
  for (auto* times : {&rate.told, &rate.held}) {
    while (!times->empty() && times->front() + kHourNs <= now_ns) times->pop_front();
  }
  if (rate.told.size() < options_.messages_per_hour) {
    rate.told.push_back(now_ns);
    return Turn::now;
  }
  if (rate.held.size() >= kMaxHeld) return Turn::dropped;
  rate.held.push_back(now_ns);
  return Turn::held;
}

std::string Announcer::mail_bytes(const Recipient& to, const Notice& notice) const {
  const std::string link = silence_.link(to, notice.incident.tool);
  auto parts = mail_parts(notice, to.address, link);
  Mail mail;
  mail.from = options_.mail.from;
  mail.to = to.address;
  mail.host = host_of(options_.mail.from);
  mail.subject = std::move(parts.subject);
  mail.message_id = notice.id() + "@" + mail.host;
  if (notice.incident.messages > 1) {
    mail.in_reply_to = notice.incident.id + ".1@" + mail.host;
    mail.references = {mail.in_reply_to};
  }
  mail.list_name = notice.incident.tool;
  mail.unsubscribe_url = link;
  mail.date_ns = notice.now_ns;
  mail.plain = std::move(parts.plain);
  mail.html = std::move(parts.html);
  return mime(mail);
}

void Announcer::add(const Recipient& to, const Notice& notice, store::RecordWrite& changes) {
  Entry entry;
  entry.message_id = notice.id();
  entry.id = entry_id(entry.message_id, to);
  entry.to = to;
  entry.tool = notice.incident.tool;
  entry.title = cut(irc_line(notice), 200);
  entry.created_ns = notice.now_ns;
  const bool mail = to.way == Recipient::Way::mail;
  outbox_.add(entry, mail ? mail_bytes(to, notice) : irc_line(notice), changes);
}

Result<std::size_t> Announcer::announce(const Notice& notice, store::RecordWrite& changes) {
  const auto& incident = notice.incident;
  std::vector<Recipient> wanted;
  for (auto& to : recipients_.of(incident.tool, incident.job, incident.kind)) {
    auto hears = silence_.wanted(to, incident.tool);
    if (!hears) return fail(std::move(hears).error());
    if (*hears) wanted.push_back(std::move(to));
  }
  if (wanted.empty()) return 0;
  const Turn turn = turn_of(incident.tool, notice.now_ns);
  for (const auto& to : wanted) {
    if (turn == Turn::now) {
      add(to, notice, changes);
      continue;
    }
    held_counter().add();
    if (turn == Turn::dropped) continue;
    Fields fields;
    fields.set("line", irc_line(notice));
    fields.set("at", notice.now_ns);
    changes.put(std::string(kHeld), joined_key(joined_key(incident.tool, to.text()), notice.id()),
                fields.json());
  }
  return wanted.size();
}

Result<std::string> Announcer::announce_to(const Recipient& to, const Notice& notice,
                                           store::RecordWrite& changes) {
  const auto before = changes.operations.size();
  add(to, notice, changes);
  if (changes.operations.size() == before) {
    return fail(Errc::unavailable, "no server is configured for " + to.text() +
                                       ", or the outbox is full; see the server's log");
  }
  return entry_id(notice.id(), to);
}

Result<void> Announcer::send_digests(std::int64_t now_ns) {
  std::map<std::string, Digest> digests;
  auto read = records_.each(kHeld, "", [&](std::string_view key, std::string_view value) {
    auto parsed = parse_held_key(key);
    const auto fields = Fields::parse(value);
    if (!parsed || !fields) return true;
    auto& digest = digests[joined_key(parsed->first, parsed->second.text())];
    digest.tool = std::move(parsed->first);
    digest.to = std::move(parsed->second);
    digest.oldest_ns = std::min(digest.oldest_ns, fields->number("at"));
    digest.keys.emplace_back(key);
    if (digest.lines.size() < kMaxDigestLines) digest.lines.push_back(fields->text("line"));
    return true;
  });
  if (!read) return read;
  for (auto& [name, digest] : digests) {
    if (digest.oldest_ns + kHourNs > now_ns) continue;
    store::RecordWrite changes;
    for (const auto& key : digest.keys) changes.remove(std::string(kHeld), key);
    if (digest.keys.size() > digest.lines.size()) {
      digest.lines.push_back("and " + std::to_string(digest.keys.size() - digest.lines.size()) +
                             " more");
    }
    // Made from what it holds, so that a repeat after a crash has the same name.
    Entry entry;
    entry.message_id = run_id_of("digest\n" + digest.keys.front()) + ".1";
    entry.id = entry_id(entry.message_id, digest.to);
    entry.to = digest.to;
    entry.tool = digest.tool;
    entry.title = digest_line(digest.tool, digest.lines, options_.base_url);
    entry.created_ns = now_ns;
    std::string bytes = entry.title;
    if (digest.to.way == Recipient::Way::mail) {
      const std::string link = silence_.link(digest.to, digest.tool);
      auto parts = digest_parts(digest.tool, digest.lines, options_.base_url, link);
      Mail mail;
      mail.from = options_.mail.from;
      mail.to = digest.to.address;
      mail.host = host_of(mail.from);
      mail.subject = std::move(parts.subject);
      mail.message_id = entry.message_id + "@" + mail.host;
      mail.list_name = digest.tool;
      mail.unsubscribe_url = link;
      mail.date_ns = now_ns;
      mail.plain = std::move(parts.plain);
      mail.html = std::move(parts.html);
      bytes = mime(mail);
    }
    (void)outbox_.add(entry, std::move(bytes), changes);
    if (auto written = records_.write(changes); !written) return written;
  }
  return {};
}

}  // namespace logboom::alerts
