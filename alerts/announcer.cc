#include "alerts/announcer.h"

#include <algorithm>
#include <utility>

#include "alerts/fields.h"
#include "alerts/text.h"
#include "core/metrics.h"

namespace logboom::alerts {
namespace {

constexpr std::string_view kHeld = "alert_held";
constexpr std::int64_t kHourNs = 3600 * std::int64_t{1'000'000'000};
constexpr std::size_t kMaxDigestLines = 200;

// What is held back for one recipient of one tool.
struct Digest {
  std::string tool;
  Recipient to;
  std::vector<std::string> keys, lines;
  std::int64_t oldest_ns = INT64_MAX;
};

metrics::Counter& held_counter() {
  static auto& counter =
      metrics::counter("logboom_alerts_held_notices_total", "Notices held back for a digest");
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

void Announcer::Rate::age(std::int64_t now_ns) {
  for (auto* notices : {&told, &held}) {
    while (!notices->empty() && notices->front().first + kHourNs <= now_ns) notices->pop_front();
  }
}

Announcer::Turn Announcer::turn_of(const Notice& notice) {
  const std::lock_guard lock(mutex_);
  if (rates_.size() >= kMaxTools) {
    for (auto& [tool, rate] : rates_) rate.age(notice.now_ns);
    std::erase_if(rates_, [](const auto& tool) {
      return tool.second.told.empty() && tool.second.held.empty();
    });
  }
  auto& rate = rates_[notice.incident.tool];
  rate.age(notice.now_ns);
  const auto id = notice.id();
  const auto has = [&](const Notices& notices) {
    return std::ranges::find(notices, id, &Notices::value_type::second) != notices.end();
  };
  if (has(rate.told)) return Turn::now;
  if (has(rate.held)) return Turn::held;
  if (rate.told.size() < options_.messages_per_hour) {
    rate.told.emplace_back(notice.now_ns, id);
    return Turn::now;
  }
  held_counter().add();
  if (rate.held.size() >= kMaxHeld) return Turn::dropped;
  rate.held.emplace_back(notice.now_ns, id);
  return Turn::held;
}

Mail Announcer::mail_of(const Recipient& to, const std::string& tool, const std::string& message_id,
                        std::int64_t now_ns, MailParts parts) const {
  Mail mail;
  mail.from = options_.mail.from;
  mail.to = to.address;
  mail.host = host_of(options_.mail.from);
  mail.subject = std::move(parts.subject);
  mail.message_id = message_id + "@" + mail.host;
  mail.list_name = tool;
  mail.unsubscribe_url = silence_.link(to, tool);
  mail.date_ns = now_ns;
  mail.plain = std::move(parts.plain);
  mail.html = std::move(parts.html);
  return mail;
}

void Announcer::add(const Recipient& to, const Notice& notice, store::RecordWrite& changes) {
  Entry entry;
  entry.message_id = notice.id();
  entry.id = entry_id(entry.message_id, to);
  entry.to = to;
  entry.tool = notice.incident.tool;
  entry.title = cut(irc_line(notice), 200);
  entry.created_ns = notice.now_ns;
  if (to.way != Recipient::Way::mail) {
    (void)outbox_.add(entry, irc_line(notice), changes);
    return;
  }
  auto mail = mail_of(to, entry.tool, entry.message_id, notice.now_ns,
                      mail_parts(notice, to.address, silence_.link(to, entry.tool)));
  if (notice.incident.messages > 1) {
    mail.in_reply_to = notice.incident.id + ".1@" + mail.host;
    mail.references = {mail.in_reply_to};
  }
  (void)outbox_.add(entry, mime(mail), changes);
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
  const Turn turn = turn_of(notice);
  for (const auto& to : wanted) {
    if (turn == Turn::now) {
      add(to, notice, changes);
      continue;
    }
    if (turn == Turn::dropped) break;
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
      bytes = mime(mail_of(digest.to, digest.tool, entry.message_id, now_ns,
                           digest_parts(digest.tool, digest.lines, options_.base_url,
                                        silence_.link(digest.to, digest.tool))));
    }
    (void)outbox_.add(entry, std::move(bytes), changes);
    if (auto written = records_.write(changes); !written) return written;
  }
  return {};
}

}  // namespace logboom::alerts
